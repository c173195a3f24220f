"""Tasks that go on for as long as their owner."""

import logging
from collections.abc import Awaitable, Callable

from .connections import Pauses

log = logging.getLogger("redis_streams_rpc")


async def steadily(work: Callable[[], Awaitable[None]], what: str) -> None:
    """Does the work again when it fails with what nobody foresaw: whoever waits for it would wait for ever."""
    pauses = Pauses()
    while True:
        try:
            return await work()
        except Exception:
            log.exception("%s failed, and goes on", what)
            await pauses.wait()
