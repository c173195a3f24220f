"""A caller in one shard: what it sends, the log that it reads, and what becomes of calls that wait."""

import asyncio
import contextlib
import logging
import secrets
from typing import Any

from redis.exceptions import RedisError

from .calls import Call
from .connections import LOST, Address, Memory, connect, now
from .credits import Credits
from .ended import SOON, end
from .errors import RedisStreamsError
from .frame import Frame
from .giving_up import GivingUp
from .keys import Keys
from .log_rate import about
from .reply_log import LIFE, ReplyLog, place
from .scheduling import take_back
from .scripts import run
from .sending import STORE, Item, Sender
from .steady import steadily

log = logging.getLogger("redis_streams_rpc")

FIRST_ASK, NEXT_ASK = 2_000, 5_000
CATCHING_UP = 5
"""Seconds that the log may take to be read up to where a reply can be."""


class Line:
    """Sends, reads and asks in one shard."""

    def __init__(self, address: Address, keys: Keys, caller: str, backlog: int) -> None:
        self.keys, self.caller = keys, caller
        self.calls: dict[str, Call] = {}
        self._asking = asyncio.Event()
        self._redis, self._reader, self._others = (connect(address, keys) for _ in range(3))
        self.log = ReplyLog(self._reader, keys.log(caller), self._take, self._asking.set)
        self.sender = Sender(self._redis, keys, caller, backlog, lambda: self.log.last)
        self.giving_up = GivingUp(self._others, keys, caller, self.log)
        self.credits = Credits(self._others, keys, caller)
        self._asker = asyncio.create_task(steadily(self._ask_often, "asking about calls"))

    async def close(self) -> None:
        await end([self._asker], SOON)
        # What is not stored yet must not be while the rest is asked about.
        calls = sorted(self.calls.values(), key=_is_stored)
        await asyncio.gather(*(self._close(call) for call in calls))
        await self.sender.close()
        await self.giving_up.close()
        await self.credits.close()
        await self.log.close()
        for redis in (self._redis, self._reader, self._others):
            await redis.aclose()

    async def _close(self, call: Call) -> None:
        outcome = await self.giving_up.outcome(call) if _is_stored(call) else call.outcome
        call.fail("CLOSED", "the caller was closed", outcome)

    def class_keys(self, stream: str) -> list[str]:
        """Keys of what waits in the stream of a class, of when it is due, and of that stream."""
        return [self.keys.name("later", stream), self.keys.name("when", stream), self.keys.stream(stream)]

    def store(self, call: Call, mode: str, grace: float) -> None:
        """Stores the entry of a call. Until `grace` (ms, `now()`) one that no instance serves is tried again."""
        has_class = call.of_class is not None and call.elsewhere is None
        if has_class:
            call.stream = call.pattern
        item = Item(
            self.keys.stream(call.stream),
            self.keys.name("live", call.pattern),
            mode,
            lambda: call.fields(call),
            lambda: call.is_over or call.is_left or now() > call.until,
            call.size,
            later=call.later,
            heard=call.heard,
            of_class=self.class_keys(call.of_class) if has_class and call.of_class else [],
            rule="c" if has_class else "",
        )
        call.item = item
        item.stored.add_done_callback(lambda stored: self._stored(call, mode, grace, stored))
        self.sender.add(item)

    def _stored(self, call: Call, mode: str, grace: float, stored: "asyncio.Future[tuple[str, Memory | None]]") -> None:
        if stored.cancelled():
            return
        error = stored.exception()
        if error is None:
            entry, call.memory = stored.result()
            if call.of_class and call.item and call.item.is_in_class:
                call.stream = call.of_class
            if call.later:
                call.due = int(entry.partition("-")[0])
            else:
                call.entry = entry
            if call.memory is None:
                call.copies += 1
            call.asked = now()
            if call.is_left and not call.is_over:
                self.leave(call)
            self._tell(call)
        elif isinstance(error, RedisStreamsError):
            if call.elsewhere and error.code in ("NO_CONSUMER", "OVERLOADED"):
                call.elsewhere()
            elif error.code == "NO_CONSUMER" and now() < min(grace, call.until):
                asyncio.get_running_loop().call_later(0.1, self.store, call, mode, grace)
            else:
                call.fail(error.code, error.message, error.outcome)

    def _tell(self, call: Call) -> None:
        told, call.on_stored = call.on_stored, None
        try:
            if told:
                told(f"{self.caller}/{call.id}")
        except Exception:
            log.exception("on_stored of a call of %s failed", call.pattern, extra=about(call.pattern))

    async def take_back(self, streams: list[str], pattern: str, id_: str) -> bool:
        """Takes back what is due later. Says whether it still waited."""
        try:
            return await take_back(self._others, self.keys, streams, pattern, id_)
        except (RedisError, *LOST) as error:
            message = f"it is not known whether it was taken back: {error}"
            raise RedisStreamsError("REDIS", message, "may-have-run") from error

    def leave(self, call: Call) -> None:
        """Nobody waits for the call any more: it is cancelled, at once or when its entry is known."""
        call.is_left = True
        if call.entry or call.due:
            self.giving_up.ask(call)

    def _take(self, frame: Frame) -> None:
        weighed = set[Call]()
        for reply in frame.replies:
            if call := self.calls.get(reply.call):
                if call.reading and call not in weighed:
                    weighed.add(call)
                    call.reading.weigh(frame.size)
                call.take(frame.instance, reply)

    async def _ask_often(self) -> None:
        """Asks about calls that have waited for some time, and about all when the log proves nothing any more."""
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._asking.wait(), 0.5)
            is_urgent = self._asking.is_set()
            self._asking.clear()
            due = [call for call in self.calls.values() if call.entry and not call.is_over and _is_due(call, is_urgent)]
            for at in range(0, len(due), 200):
                with contextlib.suppress(RedisError, *LOST):
                    await self._ask(due[at : at + 200])
            if is_urgent:
                await asyncio.sleep(1)

    async def _ask(self, calls: list[Call]) -> None:
        name = self.keys.name
        keys = [name("incarnation"), self.keys.log(self.caller)]
        args: list[Any] = [secrets.token_urlsafe(16), LIFE]
        asked = [(call, call.entry) for call in calls]
        for call, entry in asked:
            keys += [self.keys.stream(call.stream), name("live", call.pattern), name("part", call.stream)]
            args += [entry, 0, 0]
            call.asked = now()
        said = await run(self._others, "re-ask", keys, args)
        gone = [
            (call, flag)
            for (call, entry), flag in zip(asked, said[4], strict=True)
            if flag != "1" and call.entry == entry
        ]
        if not gone:
            return
        if said[3] and place(said[3]) >= place(self.log.last):
            await asyncio.wait_for(self.log.has_read(said[3]), CATCHING_UP)
        for call, flag in gone:
            if not call.is_over:
                self._lost(call, flag, said[2], has_log=said[3] != "")

    def _lost(self, call: Call, flag: str, born: str, has_log: bool) -> None:
        """The entry of a call is gone, and no reply to it is in the log."""
        is_proved = has_log and self.log.lost_at < call.began
        is_other_memory = call.memory is not None and call.memory.born != born
        if not is_proved and not is_other_memory:
            call.fail("REPLY_LOST", "the reply could not be kept", "may-have-run")
        elif call.once or flag == "o":
            call.fail("REPLY_LOST", "Redis has lost the call, which may be started once only", "may-have-run")
        else:
            call.entry = None
            call.copies += 1
            self.store(call, STORE, 0)


def _is_stored(call: Call) -> bool:
    return call.entry is not None or call.due is not None


def _is_due(call: Call, is_urgent: bool) -> bool:
    waited, since = now() - call.began, now() - call.asked
    return is_urgent or (since >= FIRST_ASK if waited < FIRST_ASK + 1_000 else since >= NEXT_ASK)
