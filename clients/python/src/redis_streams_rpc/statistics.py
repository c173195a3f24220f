"""What operators ask an instance: what it has done since its service was made."""

import asyncio
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .connections import LOST, now
from .tallies import ENDS, Tally
from .texts import units, write_json

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

PAUSE = 0.5
"""Seconds between two answers, whoever asks."""
LIFE = 60_000
"""Milliseconds for which an answer stands in Redis."""
LONGEST = 262_144
"""Characters (UTF-16) of an answer. Of more patterns than fit, those that were called least are left out."""


class Statistics:
    """Answers in Redis when somebody asks, which is in the first shard."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._asked = asyncio.Event()

    def tell_soon(self) -> None:
        """Somebody asks."""
        self._asked.set()

    async def work(self) -> None:
        while True:
            await self._asked.wait()
            await self._tell()
            await asyncio.sleep(PAUSE)
            # Who has asked meanwhile reads what was answered.
            self._asked.clear()

    async def _tell(self) -> None:
        """Nothing depends on it."""
        member = self._member
        key = member.keys.name("stats", member.group)
        try:
            await member.script("facts", [key], [member.consumer, self.text(), LIFE])
        except ResponseError as error:
            log.warning("what this instance has done cannot be said in Redis: %s", error)
        except LOST as error:
            await member.after(error)

    def of_method(self, pattern: str) -> dict[str, Any] | None:
        """What a contract says of one of its methods; None: it was not called."""
        running, tally = self._held()[0][pattern], self._member.tallies.find(pattern)
        calls = tally.durations.total() if tally else 0
        if tally is None or not calls + running:
            return None
        errors = min(calls, tally.ends["failed"] + tally.ends["retried"] + tally.ends["dead"])
        return {"calls": calls, "errors": errors, "inFlight": running, "durations": sorted(tally.durations.items())}

    def _held(self) -> tuple[Counter[str], Counter[str]]:
        """How many run and wait, by pattern."""
        held = [one for holder in list(self._member.tallies.holders) for one in holder.held()]
        running = Counter(pattern for pattern, is_running in held if is_running)
        return running, Counter(pattern for pattern, is_running in held if not is_running)

    def text(self) -> str:
        """The answer: JSON."""
        tallies, (running, waiting) = self._member.tallies, self._held()
        found = {pattern: tallies.find(pattern) for pattern in {*tallies.used, *running, *waiting}}
        used = [(pattern, tally, tally.ends.total()) for pattern, tally in found.items() if tally]
        texts, length = list[str](), 0
        for pattern, tally, _ in sorted(used, key=lambda one: one[2], reverse=True):
            text = write_json([pattern, running[pattern], waiting[pattern], *_row(tally)])
            length += units(text) + 1
            if length > LONGEST:
                break
            texts.append(text)
        head = {"at": self._member.clock.ms(), "up": int(now() - tallies.made_at), "running": running.total()}
        head |= {"waiting": waiting.total(), "more": len(used) - len(texts)}
        return f'{write_json(head)[:-1]},"patterns":[{",".join(texts)}]}}'


def _row(tally: Tally) -> list[Any]:
    """What stands after the numbers of those that run and wait: ends, durations, and the ends that were wanted."""
    ends = [tally.ends[end] for end in ENDS]
    return [*ends[:6], sorted(tally.durations.items()), *ends[6:]]
