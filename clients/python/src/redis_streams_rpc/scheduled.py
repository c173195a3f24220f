"""What is due later, and is added to its stream when it is due. Each member does that, whoever stored it."""

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .connections import LOST, Pauses, is_passing, now
from .log_rate import about
from .scripts import run

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

EVERY = 30_000
"""Milliseconds after which all streams are looked at, whatever was told: a word may be lost."""
APART = 0.002
TOGETHER = 64
MOST, SIZE = 100, 1_048_576
"""What one look adds at most: entries, and bytes of these."""
_TOLD = re.compile(r"due (\d{1,16}) (.+)\Z", re.DOTALL)


class Scheduled:
    """Knows when the next of each stream is due (a time of Redis, ms), and looks then."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._due: dict[str, float] = {}
        self._all_at = 0.0
        self._wake = asyncio.Event()

    def look_at_all(self) -> None:
        """Words may have been missed."""
        self._all_at = 0.0
        self._wake.set()

    def told(self, text: str) -> None:
        """A sender says that something of a stream is due at a time, before all that was known."""
        told = _TOLD.match(text)
        if told and told[2] in self._member.all_streams and float(told[1]) < self._due.get(told[2], float("inf")):
            self._due[told[2]] = float(told[1])
            self._wake.set()

    async def work(self) -> None:
        member, pauses = self._member, Pauses()
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), self._wait())
            self._wake.clear()
            try:
                await self._look()
                pauses.reset()
            except (*LOST, ResponseError) as error:
                self._all_at = 0.0
                if not is_passing(error):
                    log.warning("what is due could not be looked at: %s", error)
                await member.after(error)
                await pauses.wait()

    def _wait(self) -> float:
        """Seconds until something is to be looked at."""
        first = min(self._due.values(), default=float("inf")) - self._member.clock.ms()
        return max(APART, min(first, self._all_at - now()) / 1000)

    def _turn(self) -> list[str]:
        """The streams whose turn it is. The next look begins at another one: one look adds so much."""
        if now() >= self._all_at:
            self._all_at = now() + EVERY
            return list(self._member.all_streams)
        at = self._member.clock.ms()
        return [stream for stream, due in self._due.items() if due <= at]

    async def _look(self) -> None:
        member, name = self._member, self._member.keys.name
        streams = self._turn()
        for at in range(0, len(streams), TOGETHER):
            some = streams[at : at + TOGETHER]
            keys = [key for one in some for key in (member.keys.stream(one), name("later", one), name("when", one))]
            # What is told from here on may be news to the answer, also where it comes before that.
            for stream in some:
                self._due.pop(stream, None)
            sent = now()
            said = await run(member.commands, "promote", keys, [MOST, SIZE])
            member.clock.heard(said[0], sent)
            for stream, following, failed in zip(some, said[2::3], said[3::3], strict=True):
                self._heard(stream, following, failed)

    def _heard(self, stream: str, following: Any, failed: str) -> None:
        if failed:
            log.warning("what is due in %s cannot be added to it: %s", stream, failed, extra=about(stream))
        elif following != "":
            # Put last: of streams that are due together another one is first at the next look.
            known = self._due.pop(stream, float("inf"))
            self._due[stream] = min(known, float(following))
