"""The reply log of a caller, read to its end by blocking: it has every frame that is published."""

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from .connections import LOST, Pauses, is_passing, now
from .ended import SOON, end
from .entry import fields_of
from .frame import Frame, read_frame
from .scripts import command, run
from .steady import steadily

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger("redis_streams_rpc")

LIFE = 120_000
BLOCK = 2_000
UNTRIMMED = 4_194_304
"""Characters read after which the log is trimmed here: a caller that sends nothing trims it with no batch."""


def place(id_: str) -> tuple[int, int]:
    """An id in a form that can be compared."""
    ms, _, seq = id_.partition("-")
    return int(ms), int(seq or 0)


class ReplyLog:
    """Hands every frame on, in the order of the log. `lost_at` says until when it proves nothing (ms, `now()`)."""

    def __init__(self, redis: "Redis", key: str, take: Callable[[Frame], None], doubt: Callable[[], None]) -> None:
        self.last = "0-0"
        self.lost_at = -1.0
        self._redis, self._key, self._take, self._doubt = redis, key, take, doubt
        self._moved = asyncio.Condition()
        self._untrimmed = 0
        self._task = asyncio.create_task(steadily(self._work, "reading replies"))

    async def close(self) -> None:
        await end([self._task], SOON)

    async def has_read(self, id_: str) -> None:
        """Waits until everything up to this id was handed on."""
        async with self._moved:
            await self._moved.wait_for(lambda: place(self.last) >= place(id_))

    async def _work(self) -> None:
        pauses = Pauses()
        while True:
            try:
                await self._attach()
                while True:
                    await self._read()
                    pauses.reset()
            except (*LOST, ResponseError) as error:
                log.warning("the reply log cannot be read, and is tried again: %s", error)
                if not is_passing(error):
                    self._lose()
                await self._redis.connection_pool.disconnect()
                await pauses.wait()

    async def _attach(self) -> None:
        """Makes the log if it is missing. One that begins anew has lost what was in it."""
        born = await run(self._redis, "attach", [self._key], [LIFE])
        if born:
            if self.last != "0-0":
                self._lose()
            self.last = born
            return
        info = await command(self._redis, "XINFO", "STREAM", self._key)
        end = dict(zip(info[::2], info[1::2], strict=True))["last-generated-id"]
        if place(end) < place(self.last):
            self._lose()
            self.last = "0-0"

    async def _read(self) -> None:
        answer = await command(self._redis, "XREAD", "COUNT", 100, "BLOCK", BLOCK, "STREAMS", self._key, self.last)
        for id_, fields in answer[0][1] if answer else []:
            found = fields_of(fields)
            if "b" in found and self.last != "0-0":
                self._lose()
            text = found.get("f", "")
            self._untrimmed += len(text)
            self._hand_on(text)
            async with self._moved:
                self.last = id_
                self._moved.notify_all()
        if self._untrimmed > UNTRIMMED:
            await command(self._redis, "XTRIM", self._key, "MINID", self.last)
            self._untrimmed = 0
        if not answer:
            await self._attach()

    def _hand_on(self, text: str) -> None:
        try:
            frame = read_frame(text) if text else None
            if frame:
                self._take(frame)
        except Exception:
            log.exception("a frame could not be handed on")
            return self._lose()
        if text and (frame is None or frame.unreadable):
            self._lose()

    def _lose(self) -> None:
        self.lost_at = now()
        self._doubt()
