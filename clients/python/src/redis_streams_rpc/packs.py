"""Packs, several calls in one entry: where callers may send them, and how many calls an entry brings."""

from collections.abc import Iterable

ROOM = 64
"""Handlers that must be able to run at once where packs are taken (docs/decisions/0025-packs.md)."""
LONG = 50.0
"""Milliseconds of a handler above which the calls of a pack would wait while other instances have room."""
FOLLOW = 0.025
"""How fast the mean follows: over some 40 runs, so that one long run among many short ones does not stop packs."""
EXPECTED = 16.0
"""Calls of an entry before the first read, where packs are taken: what several instances get at most."""


class Packs:
    """Whether this instance takes packs of a pattern: where many handlers may run at once, and they are short."""

    def __init__(self, concurrency: int) -> None:
        self.has_room = concurrency >= ROOM
        self._means: dict[str, float] = {}

    def took(self, pattern: str, ms: float) -> None:
        """A handler of the pattern ran for so many milliseconds."""
        mean = self._means.get(pattern, 0.0)
        self._means[pattern] = mean + (ms - mean) * FOLLOW

    def takes(self, pattern: str) -> bool:
        return self.has_room and self._means.get(pattern, 0.0) <= LONG


class CallsPerEntry:
    """How many calls an entry of a stream has, on average over the latest reads; 1 at least."""

    def __init__(self, expecting: Iterable[str]) -> None:
        self._means = dict.fromkeys(expecting, EXPECTED)
        self._brought: dict[str, list[int]] = {}

    def brought(self, stream: str, calls: int) -> None:
        """An entry with so many calls was read."""
        self._brought.setdefault(stream, []).append(calls)

    def learn(self) -> None:
        """A read is over. A lone call says nothing of how the calls of a burst come."""
        for stream, calls in self._brought.items():
            if sum(calls) > 1:
                self._means[stream] = max(1.0, (self.most([stream]) + sum(calls) / len(calls)) / 2)
        self._brought.clear()

    def most(self, streams: Iterable[str]) -> float:
        """Of the stream where most come together."""
        return max((self._means.get(stream, 1.0) for stream in streams), default=1.0)
