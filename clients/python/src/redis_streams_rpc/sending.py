"""Numbered batches: what a caller sends is stored exactly once, also when an answer is lost."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from itertools import takewhile
from typing import TYPE_CHECKING
from urllib.parse import unquote

from redis.exceptions import ResponseError

from .connections import LOST, Clock, Memory, Pauses, hello, is_passing, now
from .ended import SOON, end
from .errors import Outcome, RedisStreamsError
from .keys import Keys
from .scripts import run
from .steady import steadily

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger("redis_streams_rpc")

MOST = 500
LARGEST = 1_048_576
"""Characters after which a batch takes no further entry."""
MAX_AGE, LIFE = 2_000, 600_000
STORE, FAIL, GRACE = "0", "1", "2"


@dataclass(frozen=True)
class Later:
    """An entry that waits under `id` until it is due."""

    keys: list[str]
    """Of what waits, when that is due, and of the message ids of its pattern."""
    id: str
    due: float | None
    """When that is, a time of `now()`; None: it is due `at` a time of Redis (ms), or 0 at once."""
    at: int
    window: int
    """For how many milliseconds after that another one with this id adds nothing; 0: `id` is no message id."""

    @property
    def words(self) -> list[str | int]:
        """As the script has them."""
        due = f"+{max(1, round(self.due - now()))}" if self.due is not None else str(self.at or "")
        return [self.id, due, self.window]


@dataclass(eq=False)
class Item:
    """One entry to store. `fields` makes its fields at the moment of sending; `is_over`: it is of no use any more."""

    stream: str
    live: str
    mode: str
    fields: Callable[[], list[str]]
    is_over: Callable[[], bool]
    size: int
    later: Later | None = None
    of_class: list[str] = field(default_factory=list)
    """Keys of the class that it goes to if all who read its pattern read that."""
    rule: str = ""
    """Who must read that: `c` of a call, `e` of an event."""
    is_in_class: bool = False
    heard: Callable[[int], None] | None = None
    """Is told over how many streams all services spread the pattern."""
    stored: "asyncio.Future[tuple[str, Memory | None]]" = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )
    """Its id, and the memory that it is in; None: another memory may have had it too."""
    is_sent: bool = False
    """Whether Redis may have it, as far as was heard."""

    def is_like(self, other: "Item") -> bool:
        """Whether the two are in one section of a batch."""
        if self.later or other.later or bool(self.heard) != bool(other.heard):
            return False
        mine, theirs = ((one.stream, one.live, one.mode, one.of_class[-1:], one.rule) for one in (self, other))
        return mine == theirs

    def fail(self, code: str, message: str, maybe: bool = False) -> None:
        self.is_sent = self.is_sent and maybe
        if not self.stored.done():
            self.stored.set_exception(RedisStreamsError(code, message, self.outcome))

    @property
    def outcome(self) -> Outcome:
        """What is known of it without an answer."""
        return "may-have-run" if self.is_sent else "not-run"


class Sender:
    """Sends one batch at a time, under a number, and one without an answer again under the same number."""

    def __init__(self, redis: "Redis", keys: Keys, caller: str, backlog: int, read_to: Callable[[], str]) -> None:
        self.clock = Clock()
        self.memory: Memory | None = None
        self._redis, self._backlog, self._read_to = redis, backlog, read_to
        self._keys = [keys.name("caller", caller), keys.name("incarnation"), keys.log(caller)]
        self._own, self._live = keys.stream(""), keys.name("live", "")
        self._hello = partial(hello, redis, keys, self.clock)
        self._epoch, self._number = 1, 0
        self._queue: deque[Item] = deque()
        self._wake = asyncio.Event()
        self._task = asyncio.create_task(steadily(self._work, "sending"))

    def add(self, item: Item) -> None:
        self._queue.append(item)
        self._wake.set()

    async def close(self) -> None:
        await end([self._task], SOON)
        for item in self._queue:
            item.fail("CLOSED", "the caller was closed")

    async def _work(self) -> None:
        pauses = Pauses()
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = self._next_batch()
                try:
                    await self._send(batch, pauses)
                except asyncio.CancelledError:
                    for item in batch:
                        item.fail("CLOSED", "the caller was closed", maybe=True)
                    raise
                except Exception:
                    log.exception("a batch could not be sent")
                    self._refuse(batch, "REDIS", "the batch could not be sent", True)
                    # Whether its number was used is not known.
                    self._epoch, self._number, self.memory = self._epoch + 1, 0, None

    def _next_batch(self) -> list[Item]:
        batch, size = list[Item](), 0
        while self._queue and len(batch) < MOST and size < LARGEST:
            batch.append(self._queue.popleft())
            size += batch[-1].size
        return batch

    async def _send(self, batch: list[Item], pauses: Pauses) -> None:
        """Repeats one batch until Redis has said what became of it."""
        versions: list[list[Item]] = []
        first = now()
        is_lost = False
        lost_in = set[str]()
        """Memories that may have it, as no answer came."""
        while True:
            if not is_lost and all(item.is_over() for item in batch):
                return self._refuse(batch, "TIMEOUT", "not sent by its deadline")
            if is_lost and now() - first > LIFE / 2:
                self._number, self._epoch = 0, self._epoch + 1
                return self._refuse(batch, "REDIS", "no answer for too long", True)
            try:
                self.memory = self.memory or await self._hello()
                # What is of no use any more is left out of a repeat: the answer says which version was stored.
                # Whoever was told meanwhile that it was not sent was told the truth.
                wanted = [item for item in batch if not item.is_over()]
                if not wanted and not is_lost:
                    continue
                versions.append(wanted)
                sent = now()
                words = (await self._run(len(versions) - 1, wanted, self.memory)).split(" ")
            except LOST:
                # Without a memory it was not sent yet.
                if self.memory:
                    is_lost = True
                    lost_in.add(self.memory.incarnation)
                self.memory = None
                await self._redis.connection_pool.disconnect()
                await pauses.wait()
                continue
            except ResponseError as error:
                if is_lost or is_passing(error):
                    self.memory = None
                    await pauses.wait()
                    continue
                return self._refuse(batch, "REDIS", str(error))
            pauses.reset()
            self.clock.heard(words[1], sent)
            if words[0] in ("ok", "done"):
                self._number += 1
                return self._stored(
                    batch, versions, words[2:], self.memory if lost_in <= {self.memory.incarnation} else None
                )
            if words[0] == "inc":
                self.memory = None
            elif words[0] in ("gap", "old"):
                # Redis has lost the record, and with it its memory: nothing of this batch is there.
                self._epoch, self._number, self.memory = max(self._epoch, int(words[2])) + 1, 0, None
                await self._redis.connection_pool.disconnect()

    async def _run(self, version: int, items: list[Item], memory: Memory) -> str:
        keys, args, sections = list(self._keys), list[str | int](), 0
        for at, item in enumerate(items):
            fields = item.fields()
            item.is_sent = True
            if at == 0 or not item.is_like(items[at - 1]):
                sections += 1
                mark = "n" if self._becomes_known(item) else ""
                if item.later:
                    keys += [*item.later.keys[:2], item.stream, item.later.keys[2]]
                    keys += [item.live, *item.of_class] if item.of_class else []
                    args += [STORE + item.rule + mark, 4, 1, len(fields) + 3, *item.later.words, *fields]
                    continue
                keys += [item.stream, item.live, *item.of_class[-1:]]
                args += [
                    item.mode + ("p" if item.heard else "") + item.rule + mark,
                    1,
                    1 + len(list(takewhile(item.is_like, items[at + 1 :]))),
                ]
            args += [len(fields), *fields]
        read = self._read_to()
        trim = read if read != "0-0" else ""
        head: list[str | int] = [self._epoch, self._number + 1, version, memory.incarnation, self.clock.ms()]
        head += [MAX_AGE, LIFE, self._backlog, trim, sections]
        return str(await run(self._redis, "enqueue", keys, [*head, *args]))

    def _becomes_known(self, item: Item) -> bool:
        """Whether services with wildcards hear of its stream: it is that of a pattern, and no lane."""
        return item.stream.removeprefix(self._own) == item.live.removeprefix(self._live)

    def _stored(self, batch: list[Item], versions: list[list[Item]], words: list[str], memory: Memory | None) -> None:
        if words[0] in ("?", "-"):
            return self._refuse(batch, "REDIS", "the verdict is not kept", words[0] == "?")
        items = versions[int(words[0])]
        kept = set(map(id, items))
        self._refuse([item for item in batch if id(item) not in kept], "TIMEOUT", "not sent by its deadline")
        at = 0
        # A version of nothing is answered with nothing.
        for token in filter(None, words[1:]):
            first = items[at]
            said, _, refused = token.removeprefix("~").partition("!")
            if first.heard:
                first.heard(int(said.partition("/")[2] or 1))
            id_, count = said.split("^")[0].split("*")[0].split(":")
            ms, _, seq = id_.partition("-")
            taken = 0
            while at < len(items) and (taken == 0 or first.is_like(items[at])):
                if taken < int(count):
                    items[at].is_in_class = bool(first.rule) and said == token.partition("!")[0]
                    if not items[at].stored.done():
                        items[at].stored.set_result((f"{ms}-{int(seq) + taken}", memory))
                else:
                    self._refused(items[at], refused)
                at, taken = at + 1, taken + 1

    def _refused(self, item: Item, reason: str) -> None:
        if reason in ("NONE", "NEVER"):
            item.fail("NO_CONSUMER", "There is no matching message handler defined in the remote service.")
        elif reason == "FULL":
            item.fail("OVERLOADED", "the stream holds as many entries as it may")
        else:
            item.fail("REDIS", unquote(reason[1:]) or "refused")

    def _refuse(self, items: list[Item], code: str, message: str, maybe: bool = False) -> None:
        for item in items:
            item.fail(code, message, maybe)
