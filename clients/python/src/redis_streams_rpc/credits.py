"""What a caller tells services of its streams in one shard: how far their readers have come, and that it lives."""

import asyncio
import contextlib
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from .connections import LOST, now
from .credit import MOST_RUNS, Heard, credit_text, sign_every
from .ended import SOON, end
from .scripts import command
from .steady import steadily

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .calls import Call
    from .keys import Keys


class Credits:
    """Tells each instance in one message what has moved in one turn, and repeats all of it: a message may be lost."""

    def __init__(self, redis: "Redis", keys: "Keys", caller: str) -> None:
        self._redis, self._keys, self._caller = redis, keys, caller
        self._open: set[Call] = set()
        """Streams whose run is known."""
        self._moved: dict[Call, bool] = {}
        """Those whose reader has moved in this turn, and whether that is told in any case."""
        self._every, self._signed = sign_every(0), now()
        """Milliseconds from one repeat to the next, and when the last one was."""
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(steadily(self._work, "telling how far readers are"))

    async def close(self) -> None:
        await end([self._task], SOON)

    def begun(self, call: "Call") -> None:
        """Its run is known now. One with an idle time hears at once that this caller lives."""
        if not self._open:
            self._every, self._signed = sign_every(0), now()
        self._open.add(call)
        self._every = min(self._every, sign_every(call.idle))
        self.moved(call, bool(call.idle))

    def moved(self, call: "Call", certainly: bool = False) -> None:
        """Its reader has come further."""
        self._moved[call] = self._moved.get(call, False) or certainly
        self._wake.set()

    async def _work(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            timer = None
            if self._open:
                timer = loop.call_later(max(0, self._signed + self._every - now()) / 1000, self._wake.set)
            await self._wake.wait()
            if timer:
                timer.cancel()
            self._wake.clear()
            if self._open and now() >= self._signed + self._every:
                self._sign()
            moved, self._moved = self._moved, {}
            await self._post(moved)

    def _sign(self) -> None:
        """All is said again."""
        self._open = {call for call in self._open if not (call.is_over or call.is_left)}
        self._every, self._signed = sign_every(0), now()
        for call in self._open:
            self._every = min(self._every, sign_every(call.idle))
            self._moved[call] = True

    async def _post(self, moved: "dict[Call, bool]") -> None:
        letters: dict[str, list[Heard]] = {}
        for call, certainly in moved.items():
            if (reading := call.reading) is None or call.is_over or call.is_left:
                continue
            if said := reading.credit() if certainly else reading.due():
                letters.setdefault(reading.instance, []).append(said)
        for instance, runs in letters.items():
            for at in range(0, len(runs), MOST_RUNS):
                text = credit_text(self._caller, runs[at : at + MOST_RUNS])
                # What is lost is said again.
                with contextlib.suppress(RedisError, *LOST):
                    await command(self._redis, "SPUBLISH", self._keys.name("inbox", instance), text)
