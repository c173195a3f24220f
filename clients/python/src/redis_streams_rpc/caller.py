"""A caller: many calls in flight, streams of values, events."""

import secrets
from collections.abc import AsyncIterator
from typing import Any, Literal

from .calls import Call, raise_end, value_of
from .connections import Pauses, check_layout, connect, is_passing, now
from .entry import LONGEST_KEY
from .errors import RedisStreamsError
from .header import LONGEST_TIME, header_line
from .line import Line
from .patterns import pattern_text
from .sending import FAIL, GRACE, STORE, Item
from .sequence import End
from .shards import shard_of
from .texts import units, write_json

WhenNoConsumer = Literal["wait", "fail"] | float


class Caller:
    """Calls services and emits events. Use it with `async with`, or `connect` and `close`.

    `timeout` is in seconds, 0 for none. `when_no_consumer`: what happens to calls whose pattern no instance serves:
    `"wait"`, `"fail"`, or for how many seconds they wait for the first one.
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379",
        *,
        prefix: str = "nrs",
        shards: int = 1,
        timeout: float = 10,
        when_no_consumer: WhenNoConsumer = 1.0,
        max_backlog: int = 1_000_000,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self._url, self._prefix, self._shards, self._backlog = url, prefix, shards, max_backlog
        self._timeout, self._when = timeout, when_no_consumer
        self._lines: list[Line] = []
        self._number = 10_000_000_000

    async def __aenter__(self) -> "Caller":
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connects; waits for a Redis that is not there yet."""
        pauses = Pauses()
        while not self._lines:
            redis = connect(self._url)
            try:
                keys = await check_layout(redis, self._prefix, self._shards)
                self._lines = [Line(self._url, each, self.id, self._backlog) for each in keys]
            except Exception as error:
                if not is_passing(error):
                    raise
                await pauses.wait()
            finally:
                await redis.aclose()
        for line in self._lines:
            await line.log.ready.wait()

    async def close(self) -> None:
        """Calls that still wait fail with CLOSED."""
        for line in self._lines:
            for call in list(line.calls.values()):
                call.fail("CLOSED", "the caller was closed", "may-have-run")
        for line in self._lines:
            await line.close()
        self._lines = []

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
        line = self._line(text)
        seconds = self._timeout if timeout is None else timeout
        rest = _rest(headers, key)
        body = write_json(data)
        self._number += 1

        def fields(call: Call) -> list[str]:
            left = max(1, int(call.until - now())) if seconds else 0
            line_ = header_line(call.id, self.id, left, idle=int(idle * 1000), once=once, depth=depth)
            return ["c", line_, "d", body, *rest]

        until = now() + (seconds * 1000 if seconds else LONGEST_TIME)
        call = Call(str(self._number), text, until, idle * 1000, once, len(body), fields)
        when = self._when if when_no_consumer is None else when_no_consumer
        mode = {"wait": STORE, "fail": FAIL}.get(str(when), GRACE)
        line.calls[call.id] = call
        try:
            line.store(call, mode, now() + when * 1000 if isinstance(when, int | float) else 0)
            while not isinstance(seen := await self._next(line, call), End):
                yield value_of(seen)
            raise_end(seen)
        finally:
            del line.calls[call.id]
            if not call.is_over:
                line.leave(call)

    async def _next(self, line: Line, call: Call) -> Any:
        try:
            return await call.next()
        except TimeoutError:
            outcome = await line.give_up(call)
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
    ) -> str:
        """Stores an event, and says the id of its entry. After `expires` seconds (0: never) it is of no use."""
        text = pattern_text(pattern)
        line = self._line(text)
        until = now() + (self._timeout * 1000 or LONGEST_TIME)
        fields = [
            "c",
            header_line("-", "-", int(expires * 1000)),
            "d",
            write_json(data),
            *_rest(headers, key),
        ]
        live = line.keys.name("live", text)
        item = Item(line.keys.stream(text), live, STORE, lambda: fields, lambda: now() > until, len(fields[3]))
        line.sender.add(item)
        return (await item.stored)[0]

    def _line(self, pattern: str) -> Line:
        if not self._lines:
            raise RedisStreamsError("CLOSED", "the caller is not connected")
        return self._lines[shard_of(pattern, self._shards)]


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
