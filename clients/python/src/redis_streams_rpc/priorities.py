"""Classes of importance: what matters more and less than the rest of its pattern has a stream of its own."""

from typing import TYPE_CHECKING, Literal

from .errors import RedisStreamsError
from .patterns import LONGEST
from .shards import class_streams
from .texts import units

if TYPE_CHECKING:
    from .places import Lanes

Priority = Literal["high", "normal", "low"]
LONGEST_PATTERN = LONGEST - 8
"""Of a pattern that has classes: their streams have names of a permitted length."""


def class_of(pattern: str, priority: Priority | None, lanes: "Lanes", shards: int) -> str | None:
    """The stream that a message goes to if all who read its pattern read that; None: it is in the middle class."""
    if priority is None or priority == "normal":
        return None
    if priority not in ("high", "low"):
        raise RedisStreamsError("INVALID_OPTION", 'a priority is "high", "normal" or "low"')
    if pattern in lanes or units(pattern) > LONGEST_PATTERN:
        why = f"a pattern with a priority is in no lane, and has {LONGEST_PATTERN} characters at most"
        raise RedisStreamsError("INVALID_OPTION", why)
    return class_streams(pattern, shards)[priority == "low"]
