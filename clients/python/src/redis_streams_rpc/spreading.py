"""Which stream a call goes to, where services read its pattern in several shards."""

from .connections import now
from .shards import used_streams

COUNTS = 2_000
"""Milliseconds for which counts what was heard."""


class Spreads:
    """Knows what services have announced of each pattern, as answers to what was sent to its own stream say."""

    def __init__(self, shards: int) -> None:
        self._shards = shards
        self._heard: dict[str, tuple[float, list[str]]] = {}
        self._turn = 0

    def heard(self, pattern: str, spread: int) -> None:
        """All who answer the pattern read so many streams of it; 1: some read its own one only."""
        if spread < 2:
            self._heard.pop(pattern, None)
            return
        known = self._heard.get(pattern)
        used = min(spread, self._shards)
        streams = known[1] if known and len(known[1]) == used else used_streams(pattern, self._shards, used)
        self._heard[pattern] = now(), streams

    def stream(self, pattern: str) -> str:
        """Where the next call goes: to each of its streams in turn. Each round asks its own one again."""
        at, streams = self._heard.get(pattern, (0.0, []))
        if not streams or now() - at > COUNTS:
            return pattern
        self._turn += 1
        return streams[self._turn % len(streams)]
