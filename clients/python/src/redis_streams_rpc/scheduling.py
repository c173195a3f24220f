"""Calls and events that are due later: when that is, and taking them back."""

import secrets
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from .checks import number
from .connections import now
from .entry import LONGEST_KEY
from .errors import RedisStreamsError
from .header import LONGEST_TIME
from .keys import Keys
from .scripts import run
from .sending import Later
from .texts import named, units

if TYPE_CHECKING:
    from redis.asyncio import Redis

LONGEST_DELAY = 31_536_000
"""Seconds: a year."""


def wait_of(delay: float | timedelta, not_before: datetime | None) -> float:
    """Milliseconds until something is due, by the clock of this process where there is a time."""
    wait = number("delay", delay.total_seconds() if isinstance(delay, timedelta) else delay, 0, LONGEST_DELAY) * 1000
    if not_before is not None:
        if wait or not_before.tzinfo is None:
            raise RedisStreamsError("INVALID_OPTION", "not_before has a time zone, and stands without a delay")
        wait = max(0.0, (not_before - datetime.now(not_before.tzinfo)).total_seconds() * 1000)
    if wait > LONGEST_DELAY * 1000:
        raise RedisStreamsError("INVALID_OPTION", "not_before is a year ahead at most")
    return wait


def event_later(
    keys: Keys, stream: str, pattern: str, wait: float, at: datetime | None, message: str | None, window: float
) -> Later | None:
    """How an event is stored that is due later, or has a message id."""
    if not wait and message is None:
        return None
    if message is not None:
        named(message, "a message id", LONGEST_KEY)
    waits = secrets.token_urlsafe(16) if message is None else waiting_id(pattern, message)
    remembered = 0 if message is None else max(1, int(window * 1000))
    return Later(places(keys, stream, pattern, message or ""), waits, *_due(wait, at), remembered)


def call_later(keys: Keys, stream: str, pattern: str, name: str, wait: float, at: datetime | None) -> Later:
    """How a call is stored that is due later; `name` is its id with that of its caller."""
    return Later(places(keys, stream, pattern, name), name, *_due(wait, at), 0)


def check_call(wait: float, seconds: float, when: Any) -> None:
    """A call that is due later has a deadline that a header line can hold, and waits for a service."""
    if wait + seconds * 1000 > LONGEST_TIME:
        raise RedisStreamsError("INVALID_OPTION", "a call is over after 24 days, its delay included")
    if when == "fail":
        raise RedisStreamsError("INVALID_OPTION", 'when_no_consumer="fail" is decided at once: not with a delay')


def _due(wait: float, at: datetime | None) -> tuple[float | None, int]:
    return (now() + wait, 0) if at is None and wait else (None, int(at.timestamp() * 1000) if at and wait else 0)


def places(keys: Keys, stream: str, pattern: str, message: str) -> list[str]:
    """Keys of what waits in a stream, of when it is due, and of the message ids of a pattern."""
    return [keys.name("later", stream), keys.name("when", stream), keys.sent(pattern, message)]


def waiting_id(pattern: str, message: str) -> str:
    """Other patterns of a stream may have the same message id."""
    return f"{units(pattern)}:{pattern}:{message}"


async def take_back(redis: "Redis", keys: Keys, streams: list[str], pattern: str, id_: str) -> bool:
    """Takes back what waits under an id. Says whether it still waited."""
    names: list[str] = []
    args: list[str] = []
    for stream in streams:
        for each in (waiting_id(pattern, id_), id_):
            names += [keys.stream(stream), *places(keys, stream, pattern, id_)]
            args += [each, "0", ""]
    return "withdrawn" in await run(redis, "withdraw", names, args)
