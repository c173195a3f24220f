"""From what was handed to this instance to what became of it."""

import asyncio
import contextlib
import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from .delivery import Delivery
from .ending import Ending, Over
from .entry import Request
from .failing import Failing
from .handlers import Handler
from .handling import Handling
from .header import Malformed
from .log_rate import about
from .nesting import DEEPEST
from .slots import Refused, Slots
from .starting import Starting

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

MOST_WAITING = 1_000
"""Deliveries that wait for a slot, or for their time, after which no more are read that would wait too."""
LOCKED = "handlers wait for calls of their own, which stand behind this one"


class Running:
    """Everything that this instance holds."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._entries: Counter[tuple[str, str, str]] = Counter()
        self._by_name: dict[tuple[str, str, str], Delivery] = {}
        self._parked: set[Delivery] = set()
        # Calls of each depth have slots of their own: those that wait for deeper ones do not keep these waiting.
        self._slots = [Slots[Delivery](member.options.concurrency, member.isolation) for _ in range(DEEPEST + 1)]
        self._one_by_one: dict[tuple[str, str, str], asyncio.Lock] = {}
        self._changed = asyncio.Event()
        self._starting, self._ending = Starting(member), Ending(member)
        self.handling, self._failing = Handling(member, self._ending), Failing(member, self._ending)
        self.tasks: set[asyncio.Task[None]] = set()
        member.isolation.listeners.add(self)
        member.tallies.holders.add(self)

    @property
    def room(self) -> int:
        """How many more calls and events may be read."""
        if self._member.isolation.is_closed:
            return 0
        held = sum(1 for one in self._by_name.values() if one not in self._parked and not one.depth)
        return self._member.options.concurrency - held

    @property
    def nested_wanted(self) -> int:
        """How many calls that handlers have made may be read now: they have room of their own."""
        if self._member.isolation.is_closed:
            return 0
        return min(self._member.options.concurrency, MOST_WAITING - sum(slots.waiting for slots in self._slots[1:]))

    @property
    def takes_suspect(self) -> bool:
        """Whether there is room for what is handed out for the last time: also where handlers may wait for it."""
        return self._member.isolation.takes and (self.room > 0 or self.handling.does_any_wait)

    def refuse_waiting(self) -> int:
        """Refuses calls from outside that wait for a slot and have certainly not run. Answers how many."""
        return self._slots[0].refuse(
            lambda one: one.sender is not None and one.deliveries == 1 and one.note.attempts == 0
        )

    @property
    def nested_room(self) -> int:
        """How many more may be read that wait for a slot, to find calls that handlers have made."""
        return max(0, MOST_WAITING + len(self._parked) + len(self.handling) - len(self._by_name))

    @property
    def resting(self) -> set[str]:
        """Streams of which nothing is read until fewer deliveries wait for their time, or for the end of a pause."""
        return {one.stream for one in self._parked} if len(self._parked) >= MOST_WAITING else set()

    def held(self) -> list[tuple[str, bool]]:
        """The pattern of each call and event that runs or waits for a slot, and whether it runs."""
        return [(one.pattern, one in self.handling) for one in self._by_name.values() if one not in self._parked]

    def opened(self) -> None:
        """Others may begin again after a suspect, or another suspect may be taken."""
        for slots in self._slots:
            slots.next()
        self._changed.set()
        self._member.recovery.opened()

    async def has_room(self) -> None:
        """Returns when something has ended."""
        self._changed.clear()
        await self._changed.wait()

    def holds(self, group: str, stream: str, id_: str) -> bool:
        return (group, stream, id_) in self._entries

    def take(self, deliveries: list[Delivery]) -> None:
        """Runs what an entry holds."""
        for delivery in deliveries:
            self._entries[delivery.entry] += 1
            self._by_name[delivery.group, delivery.stream, delivery.name] = delivery
            if delivery.judge(self._member.options.max_deliveries):
                self._member.isolation.expect(delivery)
        if any(delivery.is_suspect for delivery in deliveries):
            line = "%s: handed out %d times and on its last delivery; it runs apart (entry %s)"
            told = (deliveries[0].pattern, deliveries[0].deliveries, deliveries[0].id)
            log.warning(line, *told, extra=about(deliveries[0].pattern))
        for delivery in deliveries:
            task = asyncio.create_task(self._run(delivery))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)

    def cancel(self, stream: str, name: str) -> None:
        """Its caller has given it up."""
        delivery = self._by_name.get((self._member.group, stream, name))
        if delivery and not delivery.cancelled:
            delivery.cancelled = "CANCELLED"
            self.handling.stop(delivery)

    async def drain(self, seconds: float) -> None:
        """Waits until everything has ended that is not waiting for its time."""
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(self._drained(), seconds)

    async def _drained(self) -> None:
        while len(self._by_name) > len(self._parked):
            await self.has_room()

    @contextlib.contextmanager
    def park(self, delivery: Delivery) -> Any:
        """While it waits it takes no room from others."""
        self._parked.add(delivery)
        self._member.isolation.leave(delivery)
        self._changed.set()
        try:
            yield
        finally:
            self._parked.discard(delivery)

    async def _run(self, delivery: Delivery) -> None:
        key = delivery.entry
        try:
            if isinstance(delivery.request, Malformed):
                if delivery.sender and delivery.group != self._member.group:
                    await self._ending.acknowledge(delivery)
                await self._ending.malformed(delivery, delivery.request)
            else:
                await self._run_request(delivery, delivery.request)
        except Over:
            pass
        except Exception as error:
            log.exception("%s of %s could not be run", delivery.name, delivery.stream, extra=about(delivery.stream))
            await self._bury(delivery, error)
        finally:
            self._by_name.pop((delivery.group, delivery.stream, delivery.name), None)
            self._entries[key] -= 1
            if not self._entries[key]:
                del self._entries[key]
                self._one_by_one.pop(key, None)
            self._member.isolation.leave(delivery)
            self._changed.set()

    async def _bury(self, delivery: Delivery, error: Exception) -> None:
        """Nobody foresaw it. Given up without an end, the delivery would come again, and fail again, for ever."""
        try:
            await self._ending.dead_letter(delivery, "final", error)
        except Over:
            pass
        except Exception:
            log.exception(
                "%s of %s could not be given up", delivery.name, delivery.stream, extra=about(delivery.stream)
            )
            with self.park(delivery):
                await self._member.lost.wait()

    async def _run_request(self, delivery: Delivery, request: Request) -> None:
        """Runs it again until an attempt is the last one."""
        while True:
            wait = delivery.note.due - self._member.clock.ms()
            if wait > 0:
                with self.park(delivery):
                    await asyncio.sleep(wait / 1000)
            if self._member.paused.pattern(delivery.pattern):
                await self._starting.refuse_paused(delivery, len(self._parked) >= MOST_WAITING)
                with self.park(delivery):
                    await self._member.paused.wait(delivery.pattern)
            handler, data = await self._starting.prepare(delivery, request)
            # What waits for the lease must not keep others waiting while it runs apart.
            await self._starting.held()
            async with self._one_of_pack(delivery):
                error = await self._in_slot(delivery, request, handler, data)
            if error is None:
                return

    async def _in_slot(self, delivery: Delivery, request: Request, handler: Handler, data: Any) -> BaseException | None:
        """Runs the handler, and tells Redis what it came to before others begin; answers why it is to run again."""
        slots = self._slots[delivery.depth]
        try:
            await (self._member.isolation.begin(delivery, slots) if delivery.is_suspect else slots.take(delivery))
        except Refused:
            await self._ending.fault(delivery, "OVERLOADED", LOCKED, "not-run")
        try:
            await self._starting.start(delivery, request, handler)
            error = await self.handling.run(delivery, request, handler, data)
            if error is not None:
                await self._failing.failed(delivery, request, handler, error)
            return error
        finally:
            slots.give()
            self._member.isolation.leave(delivery)

    def _one_of_pack(self, delivery: Delivery) -> Any:
        """The calls of a pack run one by one on its last permitted delivery."""
        if not delivery.size or delivery.counted < self._member.options.max_deliveries:
            return contextlib.nullcontext()
        return self._one_by_one.setdefault(delivery.entry, asyncio.Lock())
