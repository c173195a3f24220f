"""One call that waits for its replies."""

import asyncio
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from .connections import Memory, now
from .errors import Outcome, RedisStreamsError, RemoteError
from .frame import NOTHING, Reply, fault
from .sequence import End, Sequence, Value

if TYPE_CHECKING:
    from .line import Line
    from .reading import Reading
    from .sealed_text import SealedText
    from .sending import Item, Later


@dataclass(eq=False)
class Call:
    """What is known of a call, also its stream and the line to its shard.

    Times are of this process' clock, and like `idle` in milliseconds.
    """

    id: str
    pattern: str
    stream: str
    line: "Line"
    until: float
    idle: float
    once: bool
    size: int
    fields: Callable[["Call"], list[str]]
    """The fields of its entry, with the time that remains."""
    heard: Callable[[int], None] | None = None
    """Is told over how many streams its pattern is spread."""
    elsewhere: Callable[[], None] | None = None
    """Sends it to the pattern's own stream; None: it was sent there."""
    began: float = field(default_factory=now)
    asked: float = field(default_factory=now)
    entry: str | None = None
    due: int | None = None
    """When it is added to its stream (a time of Redis, ms), if it was stored to be due later."""
    copies: int = 1
    """How many entries it may have had: what is said of the last one is not said of all."""
    memory: Memory | None = None
    item: "Item | None" = None
    """What was handed to its sender last."""
    is_over: bool = False
    """Whether nothing more comes."""
    is_broken: bool = False
    """Whether its handler may go on although it is over."""
    is_left: bool = False
    """Whether nobody waits for it any more."""
    _seen: deque[Value | End] = field(default_factory=deque)
    key: str | None = None
    of_class: str | None = None
    """The stream that it goes to if all who answer its pattern read that."""
    later: "Later | None" = None
    """How it is stored that it is due later."""
    on_stored: Callable[[str], None] | None = None
    """Is told its id with that of its caller, once it is stored."""
    request: "SealedText | None" = None
    """Its sealed data as they were sent last."""
    reading: "Reading | None" = None
    """How far its reader is; None: the service does not wait for it."""
    _sequence: Sequence = field(default_factory=Sequence)
    _waiter: "asyncio.Future[None] | None" = None

    def must_be_sealed(self) -> None:
        """Replies that are not sealed are not believed."""
        self._sequence = Sequence(is_sealed=True)

    def take(self, instance: str, reply: Reply) -> None:
        """A reply came."""
        for item in self._sequence.take(instance, reply):
            if isinstance(item, Value):
                self._renew()
                if self.reading and self.reading.come(item):
                    self.line.credits.begun(self)
            self._see(item)

    def _renew(self) -> None:
        """Its idle time begins anew."""
        if self.idle:
            self.until = now() + self.idle

    @property
    def outcome(self) -> Outcome:
        """What is known of it without an answer."""
        is_sent = (
            self.entry is not None
            or self.due is not None
            or self.copies > 1
            or (self.item is not None and self.item.is_sent)
        )
        return "may-have-run" if is_sent else "not-run"

    def fail(self, code: str, message: str, outcome: str) -> None:
        """Ends the call here."""
        if not self.is_over:
            self._see(End(fault=fault(code, message, outcome)))

    def _see(self, item: Value | End) -> None:
        if self.is_over:
            return
        if isinstance(item, End) and item.fault and self.copies > 1:
            item = End(fault={**item.fault, "outcome": "may-have-run"}, is_broken=item.is_broken)
        self.is_over = isinstance(item, End)
        self.is_broken = isinstance(item, End) and item.is_broken
        self._seen.append(item)
        if self._waiter and not self._waiter.done():
            self._waiter.set_result(None)

    async def next(self) -> Value | End:
        """What comes next; TimeoutError at the deadline."""
        while not self._seen:
            left = (self.until - now()) / 1000
            if left <= 0:
                raise TimeoutError
            self._waiter = asyncio.get_running_loop().create_future()
            try:
                await asyncio.wait_for(self._waiter, left)
            except asyncio.TimeoutError:
                continue  # A value may have renewed the deadline.
        item = self._seen.popleft()
        if self.reading and isinstance(item, Value):
            self.reading.take(item)
            # Its service went no further until now.
            self._renew()
            self.line.credits.moved(self)
        return item


def value_of(value: Value) -> Any:
    """The value for the application: JSON as it is, and MessagePack where the extra is there."""
    if value.codec is None:
        return None if value.payload is NOTHING else value.payload
    if value.codec == "b64:msgpack":
        from . import msgpack_codec

        said = msgpack_codec.from_base64(value.payload)
        return None if said is NOTHING else said
    raise RedisStreamsError("CODEC_MISMATCH", f"the reply was written with {value.codec}", "may-have-run")


def raise_end(end: End) -> None:
    """Raises what ended a call, if it did not complete."""
    if end.fault is not None:
        outcome = end.fault["outcome"]
        raise RedisStreamsError(
            end.fault["code"], end.fault["message"], "not-run" if outcome == "not-run" else "may-have-run"
        )
    if end.error is not NOTHING:
        raise RemoteError(end.error)
