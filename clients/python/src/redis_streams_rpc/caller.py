"""A caller: many calls in flight, streams of values, events."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Mapping, Sequence
from functools import partial
from typing import Any, Literal

from .calls import Call, raise_end, value_of
from .connections import Address, Pauses, check_layout, connect, is_passing, now
from .entry import LONGEST_KEY
from .errors import RedisStreamsError
from .header import LONGEST_TIME, header_line
from .keys import Keys
from .line import Line
from .patterns import pattern_text
from .places import Lanes
from .sending import FAIL, GRACE, STORE, Item, Later
from .sequence import End
from .shards import shard_of
from .spreading import Spreads
from .texts import units, write_json

LONGEST_DELAY = 31_536_000
WhenNoConsumer = Literal["wait", "fail"] | float


class Caller:
    """Calls services and emits events. Use it with `async with`, or `connect` and `close`.

    `url`: a list of URLs are nodes of a Cluster. `shards`: 0 stands for 1, or for 24 in a Cluster; all services and
    callers of a prefix have the same number. `timeout` is in seconds, 0 for none. `when_no_consumer`: what happens to
    calls whose pattern no instance serves: `"wait"`, `"fail"`, or for how many seconds they wait for the first one.
    `lanes`: as the services have them.
    """

    def __init__(
        self,
        url: str | Sequence[str] = "redis://localhost:6379",
        *,
        prefix: str = "nrs",
        shards: int = 0,
        timeout: float = 10,
        when_no_consumer: WhenNoConsumer = 1.0,
        max_backlog: int = 1_000_000,
        lanes: Mapping[str, Sequence[Any]] | None = None,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self._address, self._prefix, self._backlog = Address(url), prefix, max_backlog
        self._shards = shards or self._address.default_shards
        self._timeout, self._when, self._lanes = timeout, when_no_consumer, Lanes(lanes)
        self._spreads = Spreads(self._shards)
        self._keys: list[Keys] = []
        self._lines: dict[int, Line] = {}
        self._number = 10_000_000_000

    async def __aenter__(self) -> "Caller":
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connects; waits for a Redis that is not there yet."""
        pauses = Pauses()
        while not self._keys:
            redis = connect(self._address, Keys(self._prefix))
            try:
                self._keys = await check_layout(redis, self._prefix, self._shards)
            except Exception as error:
                if not is_passing(error):
                    raise
                await pauses.wait()
            finally:
                await redis.aclose()

    async def close(self) -> None:
        """Calls that still wait fail with CLOSED."""
        lines = list(self._lines.values())
        for line in lines:
            for call in list(line.calls.values()):
                call.fail("CLOSED", "the caller was closed", call.outcome)
        self._keys, self._lines = [], {}
        for line in lines:
            await line.close()

    async def call(self, pattern: Any, data: Any = None, **options: Any) -> Any:
        """The last value of the reply. Options: `timeout`, `headers`, `key`, `once`, `when_no_consumer`, `depth`."""
        last = None
        async for value in self.stream(pattern, data, **options):
            last = value
        return last

    async def stream(
        self,
        pattern: Any,
        data: Any = None,
        *,
        timeout: float | None = None,
        idle: float = 0,
        headers: dict[str, str] | None = None,
        key: str | None = None,
        once: bool = False,
        depth: int = 0,
        when_no_consumer: WhenNoConsumer | None = None,
    ) -> AsyncIterator[Any]:
        """The values of the reply, each as soon as it comes. Leaving the loop cancels the call.

        `idle`: each value renews the deadline to so many seconds from then. `key`: an idempotency key.
        """
        text = pattern_text(pattern)
        stream, line = self._place(text)
        seconds = self._timeout if timeout is None else timeout
        rest = _rest(headers, key)
        body = write_json(data)
        self._number += 1

        def fields(call: Call) -> list[str]:
            left = max(1, int(call.until - now())) if seconds else 0
            line_ = header_line(call.id, self.id, left, idle=int(idle * 1000), once=once, depth=depth)
            return ["c", line_, "d", body, *rest, *(["p", text] if call.stream != text else [])]

        until = now() + (seconds * 1000 if seconds else LONGEST_TIME)
        call = Call(str(self._number), text, stream, line, until, idle * 1000, once, len(body), fields)
        when = self._when if when_no_consumer is None else when_no_consumer
        mode = {"wait": STORE, "fail": FAIL}.get(str(when), GRACE)
        grace = now() + when * 1000 if isinstance(when, int | float) else 0
        if key is None and text not in self._lanes and self._shards > 1:
            self._spread(call, mode, grace)
        call.line.calls[call.id] = call
        try:
            call.line.store(call, mode if call.stream == stream else FAIL, grace)
            while not isinstance(seen := await self._next(call), End):
                yield value_of(seen)
            raise_end(seen)
        finally:
            del call.line.calls[call.id]
            if not call.is_over:
                call.line.leave(call)

    def _spread(self, call: Call, mode: str, grace: float) -> None:
        """Chooses one of the streams of a pattern; a call that is refused there goes to the pattern's own one."""
        own, home, heard = call.stream, call.line, partial(self._spreads.heard, call.pattern)
        call.stream = self._spreads.stream(own)
        if call.stream == own:
            call.heard = heard
            return

        def elsewhere() -> None:
            is_wanted = call.line.calls.pop(call.id, None) is not None
            call.stream, call.line, call.elsewhere, call.heard = own, home, None, heard
            if is_wanted:
                home.calls[call.id] = call
                home.store(call, mode, grace)

        call.line, call.elsewhere = self._line(call.stream), elsewhere

    async def _next(self, call: Call) -> Any:
        try:
            return await call.next()
        except TimeoutError:
            outcome = await call.line.give_up(call)
            if outcome != "replied":
                call.fail("TIMEOUT", "no reply by the deadline", outcome)
            return await call.next()

    async def emit(
        self,
        pattern: Any,
        data: Any = None,
        *,
        headers: dict[str, str] | None = None,
        key: str | None = None,
        expires: float = 0,
        delay: float = 0,
        message_id: str | None = None,
        message_window: float = 300,
    ) -> str:
        """Stores an event, and says the id of its entry; TIMEOUT after the `timeout` of the caller.

        After `expires` seconds (0: never) the event is of no use.
        With `delay` (seconds) it is added to its stream when it is due, and the id is only of the time when that is.
        Another event of its pattern with the same `message_id` adds nothing until `message_window` seconds after that.
        """
        text = pattern_text(pattern)
        stream, line = self._place(text)
        until = now() + (self._timeout * 1000 or LONGEST_TIME)
        fields = [
            "c",
            header_line("-", "-", int(expires * 1000)),
            "d",
            write_json(data),
            *_rest(headers, key),
            *self._lanes.fields(text),
        ]
        live = line.keys.name("live", text)
        size = len(fields[3])
        later = _later(line.keys, stream, text, delay, message_id, message_window)

        def is_over() -> bool:
            return item.stored.done() or now() > until

        item = Item(line.keys.stream(stream), live, STORE, lambda: fields, is_over, size, later)
        line.sender.add(item)
        try:
            return (await asyncio.wait_for(item.stored, self._timeout or None))[0]
        except asyncio.TimeoutError:
            raise RedisStreamsError("TIMEOUT", "no answer by the deadline", item.outcome) from None

    def _place(self, pattern: str) -> tuple[str, Line]:
        """The stream of a pattern, and the line to its shard."""
        stream = self._lanes.stream(pattern)
        return stream, self._line(stream)

    def _line(self, stream: str) -> Line:
        """What is made for a shard when it is needed first."""
        if not self._keys:
            raise RedisStreamsError("CLOSED", "the caller is not connected")
        shard = shard_of(stream, self._shards)
        if shard not in self._lines:
            self._lines[shard] = Line(self._address, self._keys[shard], self.id, self._backlog)
        return self._lines[shard]


def _later(keys: Keys, stream: str, pattern: str, delay: float, message: str | None, window: float) -> Later | None:
    """How an event is stored that is due later, or has a message id."""
    if not 0 <= delay <= LONGEST_DELAY:
        raise RedisStreamsError("INVALID_OPTION", "a delay is of 0 seconds to a year")
    if not delay and message is None:
        return None
    if message is not None and not 1 <= units(message) <= LONGEST_KEY:
        raise RedisStreamsError("INVALID_OPTION", "a message id has 1 to 256 characters")
    places = [keys.name("later", stream), keys.name("when", stream), keys.sent(pattern, message or "")]
    waits = secrets.token_urlsafe(16) if message is None else f"{units(pattern)}:{pattern}:{message}"
    return Later(places, waits, int(delay * 1000), 0 if message is None else max(1, int(window * 1000)))


def _rest(headers: dict[str, str] | None, key: str | None) -> list[str]:
    """The fields of an entry that are there only where they are needed."""
    rest: list[str] = []
    if headers:
        rest += ["h", write_json(headers)]
        if units(rest[1]) > 16_384:
            raise RedisStreamsError("PAYLOAD_TOO_LARGE", "headers have 16,384 characters at most")
    if key is not None:
        if not 1 <= units(key) <= LONGEST_KEY:
            raise RedisStreamsError("INVALID_OPTION", "an idempotency key has 1 to 256 characters")
        rest += ["k", key]
    return rest
