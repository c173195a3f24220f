"""A caller: many calls in flight, streams of values, events."""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, Literal

from .calls import Call, raise_end, value_of
from .checks import LARGEST, SHORTEST, duration, fitting, key_name, no_consumer, number, whole
from .connections import Address, Where, find_layout, now
from .entry import LONGEST_KEY
from .errors import WEEK, RedisStreamsError
from .extra_fields import extra_fields
from .frame import NOTHING
from .header import LONGEST_TIME, header_line
from .keys import Keys
from .line import Line
from .log_rate import one_per_kind
from .nesting import DEEPEST, within
from .patterns import pattern_text
from .places import MOST_SHARDS, Lanes
from .priorities import Priority, class_of
from .reading import Reading, Window, window_of
from .scheduling import call_later, check_call, event_later, wait_of
from .sealed_calls import opened, sealed_call, sealed_data
from .sealed_text import CODEC, EntryFacts
from .sending import FAIL, GRACE, STORE, Item
from .sequence import End
from .shards import class_streams, shard_of
from .spreading import Spreads
from .texts import named, write_json

if TYPE_CHECKING:
    from .sealed import Sealing

WhenNoConsumer = Literal["wait", "fail"] | float


class Caller:
    """Calls services and emits events. Use it with `async with`, or `connect` and `close`.

    `url`: a list of URLs are nodes of a Cluster; or `Sentinels`. `shards`: 0 stands for 1, or for 24 in a Cluster; all
    services and callers of a prefix have the same number. `timeout` is in seconds, 0 for none. `when_no_consumer`: what
    happens to calls whose pattern no instance serves: `"wait"`, `"fail"`, or for how many seconds they wait for one.
    `lanes`: as the services have them. `max_payload`: most bytes of data; more is PAYLOAD_TOO_LARGE. `sealing`: seals
    what leaves, and refuses replies that are not sealed.
    """

    def __init__(
        self,
        url: Where = "redis://localhost:6379",
        *,
        prefix: str = "nrs",
        shards: int = 0,
        timeout: float = 10,
        when_no_consumer: WhenNoConsumer = 1.0,
        max_backlog: int = 1_000_000,
        max_payload: int = 1_048_576,
        lanes: Mapping[str, Sequence[Any]] | None = None,
        sealing: "Sealing | None" = None,
    ) -> None:
        self.id = secrets.token_urlsafe(16)
        self._address, self._prefix = Address(url), key_name(prefix, "a prefix")
        self._backlog = whole("max_backlog", max_backlog, 1, 1_000_000_000)
        self._most = whole("max_payload", max_payload, 1, LARGEST)
        self._shards = whole("shards", shards, 0, MOST_SHARDS) or self._address.default_shards
        self._timeout, self._when = duration("timeout", timeout), no_consumer(when_no_consumer)
        self._lanes = Lanes(lanes)
        self._spreads, self._sealing = Spreads(self._shards), sealing
        if sealing:
            sealing.must_write()
        self._keys: list[Keys] = []
        self._lines: dict[int, Line] = {}
        self._number, self._was_closed = 10_000_000_000, False

    async def __aenter__(self) -> "Caller":
        await self.connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def connect(self) -> None:
        """Connects; waits for a Redis that is not there yet."""
        if self._keys:
            return
        self._keys = await find_layout(self._address, self._prefix, self._shards)
        if self._was_closed:
            # Its batches are numbered anew: under its earlier name Redis would take them for repeats.
            self.id, self._was_closed = secrets.token_urlsafe(16), False

    async def close(self) -> None:
        """Calls that still wait fail with CLOSED. It may connect again."""
        lines, self._keys, self._lines, self._was_closed = list(self._lines.values()), [], {}, True
        await asyncio.gather(*(line.close() for line in lines))
        one_per_kind.flush()

    async def call(self, pattern: Any, data: Any = None, **options: Any) -> Any:
        """The last value of the reply. Options are those of `stream`; without `window` the service does not wait."""
        last = None
        async for value in self.stream(pattern, data, **{"window": False, **options}):
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
        depth: int | None = None,
        when_no_consumer: WhenNoConsumer | None = None,
        delay: float | timedelta = 0,
        not_before: datetime | None = None,
        on_stored: Callable[[str], None] | None = None,
        priority: Priority | None = None,
        window: Window | bool | None = None,
    ) -> AsyncIterator[Any]:
        """The values of the reply, each as soon as it comes. Leaving the loop cancels the call.

        `idle`: each value renews the deadline to so many seconds from then. `key`: an idempotency key.
        `depth`: how many handlers wait for the call, one inside the other; a call that a handler makes knows it.
        `delay` (seconds) or `not_before`: it is added to its stream when it is due, and its times count from then.
        `on_stored` is told its id, which `cancel_scheduled` takes. `priority`: `"high"` passes what waits, where all
        who answer the pattern have classes. `window`: how far the service may be ahead of the loop; False: as far as it
        likes, as with `once`.
        """
        text, wide = pattern_text(pattern), window_of(window, once)
        seconds, sealing = self._timeout if timeout is None else duration("timeout", timeout), self._sealing
        duration("idle", idle)
        when = self._when if when_no_consumer is None else no_consumer(when_no_consumer)
        if sealing and idle:
            # A seal binds the idle time, and not how long the first value may take.
            seconds = min(seconds or idle, idle)
        if sealing and not seconds:
            raise RedisStreamsError("INVALID_OPTION", "a call that is sealed has a timeout")
        rest, wait = extra_fields(headers, key, sealing), wait_of(delay, not_before)
        body, inside = fitting(write_json(data), self._most), within.get()
        deep = whole("depth", depth, 0, DEEPEST) if depth is not None else inside.depth if inside else 0
        stream, line = self._place(text)
        self._number += 1

        def fields(call: Call) -> list[str]:
            left = max(1, int(call.until - now())) if seconds else 0
            data, codec = body, "json"
            if sealing:
                data, codec = sealed_call(sealing, call, self.id, body, headers, left), CODEC
            if call.later:
                # It counts from when it is due.
                left = int(seconds * 1000)
            flags: dict[str, Any] = {"once": once, "depth": deep, "window": wide.size if wide else None}
            line_ = header_line(call.id, self.id, left, idle=int(idle * 1000), codec=codec, **flags)
            return ["c", line_, "d", data, *rest, *(["p", text] if call.of_class or call.stream != text else [])]

        until = now() + wait + (seconds * 1000 if seconds else LONGEST_TIME)
        call = Call(str(self._number), text, stream, line, until, idle * 1000, once, len(body), fields)
        call.key, call.on_stored, call.reading = key, on_stored, Reading(wide) if wide else None
        call.of_class = class_of(text, priority, self._lanes, self._shards)
        if sealing:
            call.must_be_sealed()
        if wait:
            check_call(wait, seconds, when)
            call.later, when = call_later(line.keys, stream, text, f"{self.id}/{call.id}", wait, not_before), "wait"
        mode = {"wait": STORE, "fail": FAIL}.get(str(when), GRACE)
        grace = now() + when * 1000 if isinstance(when, int | float) else 0
        if key is None and text not in self._lanes and self._shards > 1 and not wait:
            self._spread(call, mode, grace)
        call.line.calls[call.id] = call
        if inside:
            inside.calls += 1
        try:
            call.line.store(call, mode if call.stream == stream else FAIL, grace)
            while not isinstance(seen := await self._next(call), End):
                value = opened(sealing, call, self.id, seen) if sealing else value_of(seen)
                if value is not NOTHING:
                    yield value
            raise_end(seen)
        finally:
            if inside:
                inside.calls -= 1
            del call.line.calls[call.id]
            if call.is_broken or not call.is_over:
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
            outcome = await call.line.giving_up.outcome(call)
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
        delay: float | timedelta = 0,
        not_before: datetime | None = None,
        message_id: str | None = None,
        message_window: float = 300,
        priority: Priority | None = None,
    ) -> str:
        """Stores an event, and says the id of its entry; TIMEOUT after the `timeout` of the caller.

        After `expires` seconds (0: never) the event is of no use.
        With `delay` (seconds) or `not_before` it is added to its stream when it is due, and the id is what
        `cancel_scheduled` takes. Another event of its pattern with the same `message_id`, which is the id then, adds
        nothing until `message_window` seconds after it is due.
        """
        text = pattern_text(pattern)
        duration("expires", expires)
        number("message_window", message_window, SHORTEST, WEEK)
        body, sealing, more = fitting(write_json(data), self._most), self._sealing, self._lanes.fields(text)
        of_class = class_of(text, priority, self._lanes, self._shards)
        if of_class:
            more = ["p", text]
        rest, wait = extra_fields(headers, key, sealing), wait_of(delay, not_before)
        stream, line = self._place(text)
        until = now() + (self._timeout * 1000 or LONGEST_TIME)
        live = line.keys.name("live", text)
        size = len(body)

        def fields() -> list[str]:
            written, codec = body, "json"
            if sealing:
                facts = EntryFacts(text, stream, key=key)
                written = sealed_data(sealing, body, headers, facts, until - now() + wait)
                codec = CODEC
            return ["c", header_line("-", "-", int(expires * 1000), codec=codec), "d", written, *rest, *more]

        later = event_later(line.keys, stream, text, wait, not_before, message_id, message_window)

        def is_over() -> bool:
            return item.stored.done() or now() > until

        item = Item(line.keys.stream(stream), live, STORE, fields, is_over, size, later)
        # An event that is due later is for all groups that there are then.
        if of_class and not wait:
            item.of_class, item.rule = line.class_keys(of_class), "e"
        line.sender.add(item)
        try:
            entry, _ = await asyncio.wait_for(item.stored, self._timeout or None)
        except asyncio.TimeoutError:
            raise RedisStreamsError("TIMEOUT", "no answer by the deadline", item.outcome) from None
        return message_id or (later.id if later else entry)

    async def cancel_scheduled(self, pattern: Any, id_: str) -> bool:
        """Takes back what is due later: an event by what `emit` said, a call by its id. True: it does not run."""
        text = pattern_text(pattern)
        stream, line = self._place(text)
        streams = [stream] if text in self._lanes else [text, *class_streams(text, self._shards)]
        return await line.take_back(streams, text, named(id_, "an id", LONGEST_KEY))

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
