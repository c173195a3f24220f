"""Calls that are given up: Redis says what became of them, a page at a time, and who may run them is told."""

import asyncio
import json
import logging
import secrets
from typing import TYPE_CHECKING

from redis.exceptions import RedisError

from .calls import Call
from .connections import LOST
from .ended import end
from .errors import Outcome
from .keys import Keys
from .scheduling import places
from .scripts import run

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .reply_log import ReplyLog

log = logging.getLogger("redis_streams_rpc")

PAGE = 100
AT_ONCE = 8
"""Pages that Redis is asked about at once: each takes a connection, and a pool has 100."""
RESOLUTION = 0.15
"""Seconds that whoever waits for a call waits for the answer. Then it may have run, and asking goes on without them."""
CATCHING_UP = 5
"""Seconds that the log may take to be read up to where a reply can be."""
INBOX_LIFE = 60_000

Asked = tuple[Call, "asyncio.Future[Outcome]"]


class GivingUp:
    """Asks about the calls of one shard."""

    def __init__(self, redis: "Redis", keys: Keys, caller: str, replies: "ReplyLog") -> None:
        self._redis, self._keys, self._caller, self._replies = redis, keys, caller, replies
        self._asked: list[Asked] = []
        self._pages = set[asyncio.Task[None]]()
        self._room = asyncio.Semaphore(AT_ONCE)

    async def outcome(self, call: Call) -> Outcome:
        """What is known of a call within a moment. A reply that comes meanwhile ends the call as ever."""
        decided = self.ask(call)
        await asyncio.wait({decided}, timeout=RESOLUTION)
        return decided.result() if decided.done() else "may-have-run"

    def ask(self, call: Call) -> "asyncio.Future[Outcome]":
        """Calls that are given up in the same turn are asked about together."""
        loop = asyncio.get_running_loop()
        decided: asyncio.Future[Outcome] = loop.create_future()
        if call.entry is None and call.due is None:
            decided.set_result(call.outcome)
            return decided
        self._asked.append((call, decided))
        if len(self._asked) == 1:
            loop.call_soon(self._begin)
        return decided

    async def close(self) -> None:
        """Waits for what is asked, but no longer than anybody does."""
        self._begin()
        if self._pages:
            await asyncio.wait(self._pages, timeout=RESOLUTION)
        await end(self._pages)

    def _begin(self) -> None:
        asked, self._asked = self._asked, []
        for at in range(0, len(asked), PAGE):
            task = asyncio.create_task(self._page(asked[at : at + PAGE]))
            self._pages.add(task)
            task.add_done_callback(self._pages.discard)

    async def _page(self, page: list[Asked]) -> None:
        outcomes: list[Outcome] = ["may-have-run"] * len(page)
        try:
            async with self._room:
                outcomes = await self._decide(page)
        except (RedisError, *LOST) as error:
            log.debug("it is not known what became of %d calls: %s", len(page), error)
        finally:
            for (_, decided), outcome in zip(page, outcomes, strict=True):
                if not decided.done():
                    decided.set_result(outcome)

    async def _decide(self, page: list[Asked]) -> list[Outcome]:
        name, calls = self._keys.name, [call for call, _ in page]
        taken_back = await self._take_back([call for call in calls if call.entry is None])
        keys, args = [name("incarnation"), self._keys.log(self._caller)], [secrets.token_urlsafe(16)]
        for call in calls:
            keys.append(self._keys.stream(call.stream))
            keys += [name(kind, call.stream) for kind in ("started", "groups", "part")]
            args += [call.entry or "", "0", "0"]
        _, incarnation, last, *verdicts = await run(self._redis, "decide", keys, args)
        notices: dict[str, list[str]] = {}
        for call, verdict in zip(calls, verdicts, strict=True):
            if verdict.startswith("may ") and verdict != "may -":
                notice = json.dumps([call.stream, call.entry], ensure_ascii=False, separators=(",", ":"))
                notices.setdefault(verdict.removeprefix("may "), []).append(notice)
        for owner, texts in notices.items():
            await run(self._redis, "abort", [name("inbox", owner)], [INBOX_LIFE, *texts])
        if any(verdict == "gone" and call not in taken_back for call, verdict in zip(calls, verdicts, strict=True)):
            # They were settled, and their replies are in the log.
            await asyncio.wait_for(self._replies.has_read(last), CATCHING_UP)
        return [
            "not-run" if (verdict == "not-run" or call in taken_back) and _is_in(call, incarnation) else "may-have-run"
            for call, verdict in zip(calls, verdicts, strict=True)
        ]

    async def _take_back(self, calls: list[Call]) -> set[Call]:
        """Takes back what waits until it is due. Calls that were due before get the entries that they became."""
        keys: list[str] = []
        args: list[str] = []
        for call in calls:
            id_ = f"{self._caller}/{call.id}"
            keys += [self._keys.stream(call.stream), *places(self._keys, call.stream, call.pattern, id_)]
            args += [id_, str(call.due), f"{call.id} {self._caller}"]
        said = await run(self._redis, "withdraw", keys, args) if calls else []
        for call, word in zip(calls, said, strict=True):
            if word not in ("withdrawn", "gone"):
                call.entry = word
        return {call for call, word in zip(calls, said, strict=True) if word == "withdrawn"}


def _is_in(call: Call, incarnation: str) -> bool:
    """Whether Redis still has the memory in which the only entry of the call was stored."""
    return call.copies == 1 and call.memory is not None and call.memory.incarnation == incarnation
