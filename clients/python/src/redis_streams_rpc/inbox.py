"""Notices to this instance: cancellations, credit, and words of other members."""

import asyncio
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError

from .connections import LOST, Pauses, connect
from .credit import is_credit
from .texts import parse

if TYPE_CHECKING:
    from .member import Member


def read_notice(text: str) -> tuple[str, str] | None:
    """The stream and the name of what is cancelled; None: it is no cancellation."""
    try:
        said = parse(text)
    except ValueError:
        return None
    if isinstance(said, list) and len(said) == 2 and all(isinstance(part, str) for part in said):
        return said[0], said[1]
    return None


class Inbox:
    """Listens to the channels of this instance and of its group."""

    def __init__(self, member: "Member") -> None:
        self._member = member

    def take(self, text: Any) -> None:
        """A notice came."""
        member = self._member
        if text == "audit":
            member.recovery.audit_soon()
        elif text in ("joined", "left"):
            member.recovery.look_soon()
        elif text in ("paused", "report"):
            member.recovery.renew_soon()
        elif text == "statistics":
            member.statistics.tell_soon()
        elif isinstance(text, str) and text.startswith("due "):
            member.scheduled.told(text)
        elif isinstance(text, str) and is_credit(text):
            member.running.handling.windows.credit(text)
        elif isinstance(text, str) and (notice := read_notice(text)):
            member.running.cancel(*notice)

    async def work(self) -> None:
        name, pauses = self._member.keys.name, Pauses()
        channels = [name("inbox", self._member.consumer), name("nudge", self._member.group)]
        redis = connect(self._member.options.address, self._member.keys)
        try:
            while True:
                try:
                    async with redis.pubsub() as pubsub:
                        await pubsub.ssubscribe(*channels)
                        self._member.scheduled.look_at_all()
                        while True:
                            said = await pubsub.get_message(timeout=1)
                            pauses.reset()
                            if said and said["type"] == "sunsubscribe":
                                # Its slot has another owner now.
                                break
                            if said and said["type"] == "smessage":
                                self.take(said["data"])
                except (RedisError, *LOST):
                    await asyncio.gather(redis.connection_pool.disconnect(), pauses.wait())
        finally:
            await redis.aclose()
