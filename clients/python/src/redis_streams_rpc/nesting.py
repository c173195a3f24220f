"""Calls that handlers make: how deep they are, and which handlers wait for them."""

from contextvars import ContextVar
from dataclasses import dataclass

DEEPEST = 16
"""Calls that are nested deeper count as nested so deep."""


@dataclass(eq=False)
class Within:
    """The handler that the present code runs in. `depth` is that of the calls that it makes."""

    depth: int
    calls: int = 0
    """Of its calls those that have not ended: it waits for them."""


within: ContextVar[Within | None] = ContextVar("redis_streams_rpc_within", default=None)
