"""Classes of importance: what matters more and less than the rest of its pattern has a stream of its own."""

import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Literal

from redis.exceptions import RedisError

from .connections import LOST
from .errors import RedisStreamsError
from .log_rate import about
from .patterns import LONGEST
from .scripts import command
from .shards import class_streams
from .texts import units

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .keys import Keys
    from .places import Lanes

log = logging.getLogger("redis_streams_rpc")

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


async def tell_left(redis: "Redis", keys: "Keys", group: str, patterns: Iterable[str], shards: int) -> None:
    """Says that entries are left in classes that the group has read before: no instance in Python reads them."""
    try:
        for pattern, stream in ((each, stream) for each in patterns for stream in class_streams(each, shards)):
            if left := await _left(redis, keys.stream(stream), group):
                line = (
                    '%d entries are left in %s, a class of %s, which only Nest instances with "priorities" read: '
                    'start one until "drained" does not name it any more'
                )
                log.error(line, left, stream, pattern, extra=about(stream))
    except (RedisError, *LOST) as error:
        # `doctor` still finds what is left.
        log.debug("it is not known what is left in classes: %s", error)


async def _left(redis: "Redis", key: str, group: str) -> int:
    """How many entries the group has not finished, about; 0 where it has never read the stream."""
    if not await command(redis, "EXISTS", key):
        return 0
    for fields in await command(redis, "XINFO", "GROUPS", key):
        about: dict[str, Any] = dict(zip(fields[::2], fields[1::2], strict=True))
        if about["name"] == group:
            # Redis does not know the lag where entries were deleted: perhaps there is one.
            lag = about.get("lag")
            return int(about["pending"]) + (1 if lag is None else int(lag))
    return 0
