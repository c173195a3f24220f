"""What is handed out for the last time runs apart, with a clock of the tests."""

import asyncio
from collections.abc import Callable

import pytest

from redis_streams_rpc.isolation import MOST_HELD, Isolation, Timer
from redis_streams_rpc.slots import Slots


class Clock(Timer):
    """Time passes when it is told to."""

    def __init__(self) -> None:
        self.at, self.timers = 0.0, list[tuple[float, Callable[[], None]]]()

    def now(self) -> float:
        return self.at

    def after(self, seconds: float, then: Callable[[], None]) -> Callable[[], None]:
        timer = self.at + seconds, then
        self.timers.append(timer)
        return lambda: self.timers.remove(timer) if timer in self.timers else None


class Process:
    """Handlers by their names, which run until they are told to end."""

    def __init__(self, slots: int) -> None:
        self.clock, self.ran = Clock(), list[str]()
        self.isolation = Isolation(self.clock)
        self.slots = Slots[str](slots, self.isolation)
        self.isolation.listeners.add(self)
        self._ends: dict[str, asyncio.Event] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def opened(self) -> None:
        self.slots.next()

    async def _run(self, name: str, is_suspect: bool) -> None:
        try:
            await (self.isolation.begin(name, self.slots) if is_suspect else self.slots.take(name))
            self.ran.append(name)
            try:
                await self._ends[name].wait()
            finally:
                self.slots.give()
        finally:
            self.isolation.leave(name)

    async def take(self, *names: str) -> None:
        """Those whose names are in capitals are suspects."""
        for name in names:
            self._ends[name] = asyncio.Event()
            if name.isupper():
                self.isolation.expect(name)
            self._tasks[name] = asyncio.create_task(self._run(name, name.isupper()))
            await self._settle()

    async def end(self, name: str) -> None:
        self._ends[name].set()
        await self._settle()

    async def cancel(self, name: str) -> None:
        self._tasks[name].cancel()
        await self._settle()

    async def wait(self, seconds: float) -> None:
        """Timers fire in their order, each at its time."""
        until = self.clock.at + seconds
        while due := sorted((timer for timer in self.clock.timers if timer[0] <= until), key=lambda timer: timer[0]):
            self.clock.timers.remove(due[0])
            self.clock.at = due[0][0]
            due[0][1]()
            await self._settle()
        self.clock.at = until

    async def _settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def test_a_suspect_runs_alone() -> None:
    it = Process(5)
    await it.take("running", "LAST", "behind")
    assert (it.ran, it.isolation.is_closed) == (["running"], True)
    await it.end("running")
    assert it.ran == ["running", "LAST"]
    await it.end("LAST")
    assert (it.ran, it.isolation.running) == (["running", "LAST", "behind"], 1)


async def test_it_begins_beside_what_never_ends_and_others_begin_soon_after_it() -> None:
    it = Process(5)
    await it.take("endless", "SLOW", "other")
    await it.wait(0.49)
    assert it.ran == ["endless"]
    await it.wait(0.02)
    assert it.ran == ["endless", "SLOW"]
    await it.wait(0.98)
    assert it.ran == ["endless", "SLOW"]
    await it.wait(0.02)
    assert (it.ran, it.isolation.is_closed) == (["endless", "SLOW", "other"], False)


async def test_suspects_run_one_after_the_other_and_others_in_between() -> None:
    it = Process(5)
    await it.take("FIRST", "SECOND", "other")
    await it.wait(0.2)
    assert (it.ran, it.isolation.takes) == (["FIRST"], False)
    await it.end("FIRST")
    # The others have as long as they were kept waiting before.
    assert (it.ran, it.isolation.takes) == (["FIRST", "other"], False)
    await it.end("other")
    await it.wait(0.19)
    await it.take("third")
    assert it.ran == ["FIRST", "other", "third"]
    await it.end("third")
    await it.wait(0.02)
    assert it.ran == ["FIRST", "other", "third", "SECOND"]
    await it.end("SECOND")
    await it.wait(0.02)
    assert (it.isolation.takes, it.isolation.running, it.clock.timers) == (True, 0, [])


async def test_the_next_one_begins_at_some_time_however_long_one_runs() -> None:
    it = Process(5)
    await it.take("A", "B", "C")
    await it.wait(4.9)
    assert it.ran == ["A"]
    await it.wait(0.7)
    assert it.ran == ["A", "B"]
    await it.wait(5.7)
    assert it.ran == ["A", "B", "C"]
    await it.wait(5.1)
    assert (it.isolation.takes, it.clock.timers) == (True, [])


async def test_one_that_waits_for_a_slot_keeps_no_other_waiting() -> None:
    it = Process(1)
    inner = Slots[str](1, it.isolation)
    await it.take("endless", "LAST")
    await it.wait(0.6)
    assert (it.isolation.is_closed, it.isolation.takes) == (False, True)
    # Others have room of their own.
    await asyncio.wait_for(inner.take("nested"), 5)
    for at in range(MOST_HELD):
        it.isolation.expect(at)
    assert not it.isolation.takes
    await it.end("endless")
    assert it.ran == ["endless", "LAST"]


async def test_one_that_is_not_ready_keeps_others_waiting_no_longer() -> None:
    it = Process(5)
    it.isolation.expect("early")
    await it.take("other")
    await it.wait(0.4)
    assert it.ran == []
    await it.wait(0.2)
    assert it.ran == ["other"]
    # It ends without having begun.
    it.isolation.leave("early")
    await it.wait(0.6)
    assert it.isolation.takes


async def test_nothing_begins_while_one_is_fetched() -> None:
    it = Process(5)
    with it.isolation.taking():
        await it.take("other")
        assert (it.ran, it.isolation.takes) == ([], False)
        await it.take("LAST")
    assert it.ran == ["LAST"]
    await it.end("LAST")
    assert it.ran == ["LAST", "other"]


async def test_nothing_was_there_to_be_fetched() -> None:
    it = Process(5)
    with pytest.raises(OSError), it.isolation.taking():
        await it.take("other")
        raise OSError
    await it.wait(0.02)
    assert (it.ran, it.isolation.takes, it.clock.timers) == (["other"], True, [])


async def test_what_is_cancelled_leaves_no_trace() -> None:
    it = Process(1)
    await it.take("running", "WAITING", "other")
    await it.cancel("WAITING")
    await it.cancel("other")
    await it.take("BEGINS")
    await it.end("running")
    await it.wait(1)
    assert it.ran == ["running", "BEGINS"]
    await it.cancel("BEGINS")
    await it.wait(2)
    assert (it.isolation.running, it.isolation.takes, it.clock.timers) == (0, True, [])


async def test_one_that_is_cancelled_in_the_turn_in_which_it_may_begin_gives_its_slot_back() -> None:
    it = Process(1)
    await it.take("running", "LAST")
    it._ends["running"].set()
    await asyncio.sleep(0)
    assert it.isolation.running == 1
    await it.cancel("LAST")
    await it.wait(2)
    assert (it.ran, it.isolation.running, it.isolation.takes) == (["running"], 0, True)
