"""What became of calls and events in this process, by pattern, and how long their handlers ran."""

import math
from collections import Counter
from typing import Literal, Protocol, get_args
from weakref import WeakSet

from .connections import now
from .handlers import Handlers

End = Literal["answered", "handled", "failed", "refused", "retried", "dead", "paused", "cancelled"]
"""How one has ended here. `retried` ends an attempt; `paused` and `cancelled` are what somebody wanted."""
ENDS: tuple[End, ...] = get_args(End)
GROWTH, BUCKETS = math.log(1.2), 128
"""A bucket of durations begins at 1.2^bucket microseconds; the last one at three hours."""


def bucket_of(ms: float) -> int:
    """In which bucket a duration is counted."""
    micros = ms * 1000
    return 0 if micros <= 1 else min(int(math.log(micros) / GROWTH), BUCKETS - 1)


class Holder(Protocol):
    """Who holds calls and events."""

    def held(self) -> list[tuple[str, bool]]:
        """The pattern of each that runs or waits for a slot, and whether it runs."""


class Tally:
    """Of one pattern."""

    def __init__(self) -> None:
        self.ends: Counter[End] = Counter()
        self.durations: Counter[int] = Counter()
        """How many are in each bucket."""


class Tallies:
    """One for each pattern that the service handles, whatever else others send."""

    def __init__(self, handlers: Handlers) -> None:
        self._handlers, self._of = handlers, dict[str, Tally]()
        self.made_at = now()
        """When the service was made."""
        self.holders: WeakSet[Holder] = WeakSet()

    def ended(self, pattern: str, end: End) -> None:
        """One of its calls or events, or an attempt, has ended."""
        if tally := self.find(pattern):
            tally.ends[end] += 1

    def ran(self, pattern: str, ms: float) -> None:
        """A handler of it ran for so many milliseconds."""
        if tally := self.find(pattern):
            tally.durations[bucket_of(ms)] += 1

    def find(self, pattern: str) -> Tally | None:
        """That of a pattern which has a handler."""
        if pattern not in self._of and pattern in self._handlers:
            self._of[pattern] = Tally()
        return self._of.get(pattern)

    @property
    def used(self) -> list[str]:
        """The patterns of what has ended or run."""
        return list(self._of)
