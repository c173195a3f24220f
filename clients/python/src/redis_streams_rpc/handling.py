"""How a handler runs: until it answers, its deadline passes, or its caller has given it up."""

import asyncio
import inspect
import logging
from typing import TYPE_CHECKING, Any

from .connections import now
from .delivery import Delivery
from .ending import Ending
from .entry import Request
from .frame import DONE, LAST, NOTHING
from .handlers import Context, Handler
from .log_rate import about
from .nesting import DEEPEST, Within, within
from .packs import Packs
from .send_window import Windows

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

GRACE = 5.0
"""Seconds that a handler has to end when its signal has fired."""


class Handling:
    """The handlers of this instance that run."""

    def __init__(self, member: "Member", ending: Ending) -> None:
        self._member, self._ending = member, ending
        self._handlers: dict[Delivery, tuple[asyncio.Task[None], Within]] = {}
        self.packs, self.windows = Packs(member.options.concurrency), Windows(member)
        self.progress = 0
        """Starts and ends of handlers so far."""
        self._nonce = 0

    def __len__(self) -> int:
        return len(self._handlers)

    def __contains__(self, delivery: Delivery) -> bool:
        return delivery in self._handlers

    @property
    def does_any_wait(self) -> bool:
        """Whether a handler waits for calls of its own."""
        return any(of.calls > 0 for _, of in self._handlers.values())

    @property
    def do_all_wait(self) -> bool:
        """Whether every handler waits for calls of its own."""
        return bool(self._handlers) and all(of.calls > 0 for _, of in self._handlers.values())

    def stop(self, delivery: Delivery) -> None:
        """Tells its handler to end, if it runs."""
        if found := self._handlers.get(delivery):
            found[0].cancel()

    async def run(self, delivery: Delivery, request: Request, handler: Handler, data: Any) -> BaseException | None:
        """Runs the handler; answers what it raised, if that decides."""
        self._nonce += 1
        delivery.nonce, delivery.replies, delivery.kept = self._nonce, 0, []
        delivery.is_kept, delivery.kept_size = True, 2
        self.windows.begin(delivery, request)
        idle, inside = request.header.idle / 1000, Within(min(DEEPEST, request.header.depth + 1))
        task = asyncio.create_task(self._call(delivery, request, handler, data, inside))
        self._handlers[delivery] = task, inside
        self.progress += 1
        try:
            if delivery.cancelled:
                task.cancel()
            while not task.done():
                left = (delivery.until - self._member.clock.ms()) / 1000 if delivery.until else None
                if left is not None and left <= 0 and not delivery.cancelled:
                    delivery.cancelled = "TIMEOUT"
                    task.cancel()
                # It may also be cancelled while this waits, and then has all of its time from then on.
                is_ending = bool(delivery.cancelled)
                # Its first value may bring the deadline forward, to its idle time.
                most = min(left, idle) if left is not None and idle else left
                done, _ = await asyncio.wait({task}, timeout=GRACE if is_ending else most)
                if not done and is_ending:
                    line = "the handler of %s goes on after its end"
                    log.warning(line, delivery.pattern, extra=about(delivery.pattern))
                    break
        except asyncio.CancelledError:
            task.cancel()
            raise
        finally:
            self._handlers.pop(delivery, None)
            self.windows.end(delivery)
            self.progress += 1
        if delivery.cancelled and (not task.done() or task.cancelled() or task.exception()):
            await self._ending.given_up(delivery)
            return None
        return asyncio.CancelledError() if task.cancelled() else task.exception()

    async def _call(self, delivery: Delivery, request: Request, handler: Handler, data: Any, inside: Within) -> None:
        if delivery.until and self._member.clock.ms() > delivery.until:
            # This process was too slow.
            delivery.cancelled = "TIMEOUT"
            raise asyncio.CancelledError
        context = Context(
            delivery.pattern,
            delivery.name,
            delivery.deliveries,
            delivery.note.attempts,
            request.headers if delivery.headers is None else delivery.headers,
            request.key,
            inside.depth,
            delivery.until,
            delivery.caller,
        )
        within.set(inside)
        began = now()
        try:
            said = handler.run(data, context) if handler.takes_context else handler.run(data)
            if inspect.isasyncgen(said):
                if not await self._ending.values(delivery, request.header.idle, said):
                    return
                end: tuple[int, Any] = DONE, NOTHING
            else:
                end = LAST, await said if inspect.isawaitable(said) else said
        finally:
            ran = now() - began
            self.packs.took(delivery.pattern, ran)
            self._member.tallies.ran(delivery.pattern, ran)
        await self._ending.complete(delivery, *end)
