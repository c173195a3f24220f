"""Suspects, which are handed out for the last time, run apart: one that ends its process takes no other with it."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Literal, Protocol
from weakref import WeakSet

CLEARING = 0.5
"""Seconds for which a suspect waits for running handlers to end, while nothing else begins."""
APART = 1.0
"""Seconds after its start in which nothing else begins."""
BESIDE = 4.0
"""Seconds after that in which all but suspects may begin."""
SHORTEST_REST = 0.01
"""Fewest seconds between two suspects, in which all but suspects may begin."""
MOST_HELD = 10
"""Suspects that are held and cannot start; below this number one more may be taken, which perhaps can."""

Phase = Literal["open", "clearing", "overdue", "apart", "beside", "resting"]
"""
`open`: there is no suspect; `clearing`: one waits until nothing runs, and nothing else begins; `overdue`: it has waited
long enough, and begins at the next free slot, beside what still runs; `apart`: it runs, and nothing else begins;
`beside`: it still runs, and all but suspects may begin again; `resting`: all but suspects may begin, for as long as
they were kept waiting.
"""


class Timer:
    """The clock of the event loop."""

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def after(self, seconds: float, then: Callable[[], None]) -> Callable[[], None]:
        """Answers what cancels it."""
        return asyncio.get_running_loop().call_later(seconds, then).cancel


class Room(Protocol):
    """Where handlers run."""

    def take_free(self) -> bool:
        """Takes a slot, if one is free."""

    def give(self) -> None:
        """Gives it back."""


class Listener(Protocol):
    def opened(self) -> None:
        """Others may begin again, or another suspect may be taken."""


@dataclass(eq=False)
class _Turn:
    room: Room
    came: "asyncio.Future[None]"


class Isolation:
    """Runs the suspects of a process one at a time, and alone if possible.

    One of them keeps others waiting for CLEARING + APART at most, and other suspects for BESIDE more: it may be
    harmless and slow, and what runs beside it may never end.
    """

    def __init__(self, timer: Timer | None = None) -> None:
        self._timer = timer or Timer()
        self._phase: Phase = "open"
        self._waiting: dict[Any, _Turn | None] = {}
        """Suspects that have not started; None: it is not ready to start."""
        self._current: Any = None
        self._cancel: Callable[[], None] = lambda: None
        self._closed_at = self._stopped = 0.0
        """When nothing else began to begin, and for how many seconds this suspect kept others waiting."""
        self.running = 0
        """Handlers that run in this process, and what has run and is not settled."""
        self.listeners: WeakSet[Listener] = WeakSet()

    @property
    def is_closed(self) -> bool:
        """Nothing but a suspect may begin."""
        return self._phase in ("clearing", "apart")

    @property
    def takes(self) -> bool:
        """One more suspect may be taken: there is none, or those that are here wait for what may never end."""
        return self._phase == "open" or (self._phase == "overdue" and len(self._waiting) < MOST_HELD)

    @contextmanager
    def taking(self) -> Iterator[None]:
        """While a suspect is fetched nothing else begins: it could end the process, and the suspect with it."""
        fetch = object()
        self.expect(fetch)
        try:
            yield
        finally:
            self.leave(fetch)

    def expect(self, suspect: Any) -> None:
        """It is here, and will begin."""
        self._waiting.setdefault(suspect)
        if self._phase == "open":
            self._clear()

    async def begin(self, suspect: Any, room: Room) -> None:
        """Returns with a slot of the room, when it may run."""
        came: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[suspect] = _Turn(room, came)
        if self._phase == "open":
            self._clear()
        self.next()
        try:
            await came
        except asyncio.CancelledError:
            self.leave(suspect)
            if came.done() and not came.cancelled():
                room.give()
            raise

    def next(self) -> None:
        """Starts the next suspect, if it is time: the first one that finds a slot."""
        if self._phase != "overdue" and (self._phase != "clearing" or self.running):
            return
        for suspect, turn in self._waiting.items():
            if turn and not turn.came.done() and turn.room.take_free():
                del self._waiting[suspect]
                self._current = suspect
                self._enter("apart", APART, lambda: self._enter("beside", BESIDE, self._passed))
                turn.came.set_result(None)
                return

    def leave(self, suspect: Any) -> None:
        """It has ended, or waits for something else. Does nothing for what is no suspect."""
        if self._current is suspect:
            self._current = None
            self._rest()
        elif suspect in self._waiting:
            del self._waiting[suspect]
            if not self._waiting and self._current is None and self._phase != "resting":
                self._rest()

    def _passed(self) -> None:
        """It still runs, and has kept other suspects waiting for long enough."""
        self._current, self._stopped = None, 0.0
        self._rest()

    def _clear(self) -> None:
        self._enter("clearing", CLEARING, lambda: self._enter("overdue"))

    def _rest(self) -> None:
        self._note()
        seconds, self._stopped = max(SHORTEST_REST, self._stopped), 0.0
        self._enter("resting", seconds, self._rested)

    def _rested(self) -> None:
        if self._waiting:
            self._clear()
        else:
            self._enter("open")

    def _note(self) -> None:
        """Counts for how long others were kept waiting up to now."""
        at = self._timer.now()
        if self.is_closed:
            self._stopped += at - self._closed_at
        self._closed_at = at

    def _enter(self, phase: Phase, seconds: float = 0, then: Callable[[], None] | None = None) -> None:
        self._cancel()
        self._note()
        was_closed, self._phase = self.is_closed, phase
        self._cancel = self._timer.after(seconds, then) if then else lambda: None
        self.next()
        if (was_closed and not self.is_closed) or phase == "open":
            for listener in list(self.listeners):
                listener.opened()
