"""One line per kind: a fault that repeats a thousand times a second must not fill a disk."""

import copy
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

INTERVAL = 5.0
"""Seconds in which one line of each kind and level is written."""
MOST_KINDS = 1_000
"""Of one level at once: what lines are about is named by callers, so there may be any number."""

Kind = tuple[str, str]
Task = Callable[[], None]


def about(name: str) -> dict[str, str]:
    """`extra` of a line that is about a pattern or a stream: its lines are of another kind than those of others."""
    return {"about": name}


@dataclass
class _Said:
    """The current interval of one kind of line."""

    until: float
    left: int = 0
    last: logging.LogRecord | None = None
    """How many lines were left out since one was written, and the last of them."""


def _timer(seconds: float, task: Task) -> Task:
    """It does not keep the process alive, and needs no event loop."""
    timer = threading.Timer(seconds, task)
    timer.daemon = True
    timer.start()
    return timer.cancel


class OnePerKind(logging.Filter):
    """Lets one line of each kind and level pass in an interval, and always says how many it left out.

    The kind of a line is its text before names are put in, and what it is about. Levels count for themselves: a normal
    line must not hide an error.
    """

    def __init__(
        self, now: Callable[[], float] = time.monotonic, after: Callable[[float, Task], Task] = _timer
    ) -> None:
        super().__init__()
        self._now, self._after = now, after
        self._lock = threading.Lock()
        self._levels: dict[int, dict[Kind, _Said]] = {}
        self._cancel: Task | None = None

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the line is written now."""
        if getattr(record, "is_told", False):
            return True
        with self._lock:
            at, kinds = self._now(), self._levels.setdefault(record.levelno, {})
            kind: Kind = str(record.msg), str(getattr(record, "about", ""))
            if kind not in kinds and not _has_room(kinds, at):
                kind = "", ""
            said = kinds.get(kind)
            if said is not None and at < said.until:
                said.left, said.last = said.left + 1, record
                self._wake(said.until - at)
                return False
            kinds[kind] = _Said(at + INTERVAL)
        if said is not None and said.left:
            record.msg = f"{record.msg} ({said.left} more like this)"
        return True

    def flush(self) -> None:
        """Says at once how many lines were left out."""
        self._tell(everything=True)

    def forget(self) -> None:
        """Begins anew, and says nothing."""
        with self._lock:
            self._levels = {}
            self._stop()

    def _wake(self, seconds: float) -> None:
        if self._cancel is None:
            self._cancel = self._after(seconds, self._tell)

    def _stop(self) -> None:
        if self._cancel is not None:
            self._cancel()
            self._cancel = None

    def _tell(self, everything: bool = False) -> None:
        """An interval has ended."""
        lines: list[tuple[int, logging.LogRecord]] = []
        with self._lock:
            self._stop()
            at, later = self._now(), list[float]()
            for said in (said for kinds in self._levels.values() for said in kinds.values()):
                if said.last is None:
                    continue
                if not everything and said.until > at:
                    later.append(said.until)
                    continue
                lines.append((said.left, said.last))
                said.until, said.left, said.last = at + INTERVAL, 0, None
            if later:
                self._wake(min(later) - at)
        for left, last in lines:
            _write(left, last)


def _write(left: int, last: logging.LogRecord) -> None:
    record = copy.copy(last)
    record.msg, record.args = "%d more like this, the last: %s", (left, last.getMessage())
    record.is_told = True
    logging.getLogger(record.name).handle(record)


def _has_room(kinds: dict[Kind, _Said], at: float) -> bool:
    if len(kinds) >= MOST_KINDS:
        for kind in [kind for kind, said in kinds.items() if said.last is None and said.until <= at]:
            del kinds[kind]
    return len(kinds) < MOST_KINDS


one_per_kind = OnePerKind()
"""Of all services and callers of this process."""
