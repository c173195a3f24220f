"""A caller in one shard: what it sends, the log that it reads, and what becomes of calls that wait."""

import asyncio
import contextlib
import json
import secrets
from typing import Any

from redis.exceptions import RedisError

from .calls import Call
from .connections import LOST, Address, Memory, connect, now
from .ended import end
from .errors import RedisStreamsError
from .frame import Frame
from .keys import Keys
from .reply_log import LIFE, ReplyLog, place
from .scripts import run
from .sending import STORE, Item, Sender
from .steady import steadily

FIRST_ASK, NEXT_ASK = 2_000, 5_000
INBOX_LIFE = 60_000
GIVE_UP = 5
DECIDING = 20
"""Calls that are given up at once; others wait for these. Each takes a connection, and a pool has 100."""


class Line:
    """Sends, reads and asks in one shard."""

    def __init__(self, address: Address, keys: Keys, caller: str, backlog: int) -> None:
        self.keys, self.caller = keys, caller
        self.calls: dict[str, Call] = {}
        self._asking, self._deciding = asyncio.Event(), asyncio.Semaphore(DECIDING)
        self._redis, self._reader, self._others = (connect(address, keys) for _ in range(3))
        self.log = ReplyLog(self._reader, keys.log(caller), self._take, self._asking.set)
        self.sender = Sender(self._redis, keys, caller, backlog, lambda: self.log.last)
        self._leaving: set[asyncio.Task[str]] = set()
        self._asker = asyncio.create_task(steadily(self._ask_often, "asking about calls"))

    async def close(self) -> None:
        await end([self._asker])
        await self.sender.close()
        await self.log.close()
        await asyncio.gather(*self._leaving)
        for redis in (self._redis, self._reader, self._others):
            await redis.aclose()

    def store(self, call: Call, mode: str, grace: float) -> None:
        """Stores the entry of a call. Until `grace` (ms, `now()`) one that no instance serves is tried again."""
        item = Item(
            self.keys.stream(call.stream),
            self.keys.name("live", call.pattern),
            mode,
            lambda: call.fields(call),
            lambda: call.is_over or call.is_left or now() > call.until,
            call.size,
            heard=call.heard,
        )
        call.item = item
        item.stored.add_done_callback(lambda stored: self._stored(call, mode, grace, stored))
        self.sender.add(item)

    def _stored(self, call: Call, mode: str, grace: float, stored: "asyncio.Future[tuple[str, Memory | None]]") -> None:
        if stored.cancelled():
            return
        error = stored.exception()
        if error is None:
            call.entry, call.memory = stored.result()
            if call.memory is None:
                call.copies += 1
            call.asked = now()
            if call.is_left and not call.is_over:
                self.leave(call)
        elif isinstance(error, RedisStreamsError):
            if call.elsewhere and error.code in ("NO_CONSUMER", "OVERLOADED"):
                call.elsewhere()
            elif error.code == "NO_CONSUMER" and now() < min(grace, call.until):
                asyncio.get_running_loop().call_later(0.1, self.store, call, mode, grace)
            else:
                call.fail(error.code, error.message, error.outcome)

    def leave(self, call: Call) -> None:
        """Nobody waits for the call any more: it is cancelled, at once or when its entry is known."""
        call.is_left = True
        if call.entry:
            task = asyncio.create_task(self.give_up(call))
            self._leaving.add(task)
            task.add_done_callback(self._leaving.discard)

    def _take(self, frame: Frame) -> None:
        for reply in frame.replies:
            if call := self.calls.get(reply.call):
                call.take(frame.instance, reply)

    async def give_up(self, call: Call) -> str:
        """Ends the wait for a call; says `not-run`, `may-have-run`, or `replied` if its reply is there now."""
        if call.entry is None:
            return call.outcome
        try:
            return await asyncio.wait_for(self._decide(call, call.entry), GIVE_UP)
        except (asyncio.TimeoutError, RedisError, *LOST):
            return "may-have-run"

    async def _decide(self, call: Call, entry: str) -> str:
        async with self._deciding:
            return await self._decide_now(call, entry)

    async def _decide_now(self, call: Call, entry: str) -> str:
        name, stream = self.keys.name, call.stream
        keys = [name("incarnation"), self.keys.log(self.caller), self.keys.stream(stream)]
        keys += [name(kind, stream) for kind in ("started", "groups", "part")]
        fresh = secrets.token_urlsafe(16)
        said = await run(self._others, "decide", keys, [fresh, entry, 0, 0])
        verdict = said[3]
        if verdict == "gone":
            await self.log.has_read(said[2])
            return "replied" if call.is_over else "may-have-run"
        if verdict == "not-run":
            return "not-run" if call.memory and call.memory.incarnation == said[1] else "may-have-run"
        owner = verdict.removeprefix("may ")
        if owner != "-":
            notice = json.dumps([stream, entry], ensure_ascii=False, separators=(",", ":"))
            await run(self._others, "abort", [name("inbox", owner)], [INBOX_LIFE, notice])
        return "may-have-run"

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
            await asyncio.wait_for(self.log.has_read(said[3]), GIVE_UP)
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


def _is_due(call: Call, is_urgent: bool) -> bool:
    waited, since = now() - call.began, now() - call.asked
    return is_urgent or (since >= FIRST_ASK if waited < FIRST_ASK + 1_000 else since >= NEXT_ASK)
