"""Which streams an instance reads in each shard, and what it answers there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .errors import RedisStreamsError
from .handlers import Handlers
from .patterns import LONGEST, pattern_text
from .shards import shard_of, spread_streams
from .texts import named, units

MOST_SHARDS = 256
LONGEST_SPREAD = LONGEST - 8
"""Of a pattern that is spread: each of its streams has a name of a permitted length."""


@dataclass
class Place:
    """What is read in one shard: streams with their kinds, `r` with requests, `e` with events only."""

    streams: dict[str, str] = field(default_factory=dict)
    broadcasts: dict[str, str] = field(default_factory=dict)
    """Streams of events that every instance gets; their kind is `b`."""
    patterns: dict[str, set[str]] = field(default_factory=dict)
    """Those that have handlers here, by their streams."""
    own: set[str] = field(default_factory=set)
    """Streams of a pattern of their own: no lanes, and none over which a pattern is spread."""
    answers: dict[str, list[str]] = field(default_factory=dict)
    """What is said of each pattern whose requests are answered there, beside whether it takes packs: words."""

    def reads(self, stream: str, kind: str, pattern: str) -> None:
        self.streams[stream] = "r" if "r" in (kind, self.streams.get(stream)) else "e"
        self.patterns.setdefault(stream, set()).add(pattern)


class Lanes:
    """The streams of patterns: their own, or a lane that several share. `given`: lists of patterns by lane."""

    def __init__(self, given: Mapping[str, Sequence[Any]] | None) -> None:
        self._lanes: dict[str, str] = {}
        for lane, patterns in (given or {}).items():
            named(lane, "a lane", LONGEST)
            for pattern in map(pattern_text, patterns):
                if self._lanes.setdefault(pattern, lane) != lane:
                    raise RedisStreamsError("INVALID_OPTION", f"{pattern} is in two lanes")

    def __contains__(self, pattern: str) -> bool:
        return pattern in self._lanes

    def stream(self, pattern: str) -> str:
        return self._lanes.get(pattern, pattern)

    def fields(self, pattern: str) -> list[str]:
        """The field that names the pattern of an entry, where the stream does not."""
        return ["p", pattern] if pattern in self._lanes else []


def places_of(handlers: Handlers, lanes: Lanes, shards: int) -> list[Place]:
    """What is read in each shard, in their order."""
    places = [Place() for _ in range(shards)]
    for pattern in handlers.patterns:
        handler = handlers.messages.get(pattern)
        kind, stream = "e" if handler is None else "r", lanes.stream(pattern)
        streams = [stream]
        if handler is not None and handler.spread:
            if pattern in lanes:
                raise RedisStreamsError("INVALID_OPTION", f"{pattern} is in a lane, which is one stream")
            if units(pattern) > LONGEST_SPREAD:
                raise RedisStreamsError("INVALID_OPTION", f"a pattern that is spread has {LONGEST_SPREAD} characters")
            streams = spread_streams(pattern, shards)
        for each in streams:
            place = places[shard_of(each, shards)]
            place.reads(each, kind, pattern)
            if each == pattern and pattern not in lanes:
                place.own.add(each)
            if handler is not None:
                place.answers[pattern] = [
                    *([f"spread={handler.spread}"] if handler.spread else []),
                    *["once"] * handler.once,
                ]
    for pattern in handlers.broadcasts:
        stream = lanes.stream(pattern)
        place = places[shard_of(stream, shards)]
        place.broadcasts[stream] = "b"
        place.patterns.setdefault(stream, set()).add(pattern)
    return places
