"""Requests that were handed out and are pending under nobody: an operator has deleted their consumer."""

import logging
from typing import TYPE_CHECKING

from .connections import now
from .log_rate import about
from .scripts import run

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

PAGE, PAGES = 100, 50
"""Entries of a page, and pages of a stream at one look: the rest of a long stream can wait."""


class Orphans:
    """Adopts requests that belong to nobody at two looks. Otherwise their callers would wait for the deadline."""

    apart = 30_000
    """Fewest milliseconds between two looks."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._seen: dict[tuple[str, str], float] = {}
        self._looked = -1e12

    async def look(self) -> bool:
        """Looks if it is time. Says whether something was adopted: it is pending under this instance now."""
        at = now()
        if at - self._looked < self.apart:
            return False
        self._looked, before, self._seen = at, self._seen, {}
        has_adopted = False
        for stream, kind in self._member.streams.items():
            twice = []
            for id_ in await self._in(stream) if kind == "r" else []:
                first = before.get((stream, id_), at)
                if at - first >= self.apart:
                    twice.append(id_)
                else:
                    self._seen[stream, id_] = first
            if twice:
                has_adopted = await self._adopt(stream, twice) or has_adopted
        return has_adopted

    async def _in(self, stream: str) -> list[str]:
        member, found, after = self._member, list[str](), ""
        keys = self._keys(stream)
        for _ in range(PAGES):
            after, *ids = await run(member.commands, "orphans", keys, [member.group, after, PAGE])
            found += [id_ for id_ in ids if not member.running.holds(member.group, stream, id_)]
            if not after:
                break
        return found

    def _keys(self, stream: str) -> list[str]:
        keys = self._member.keys
        return [keys.stream(stream), keys.name("groups", stream), keys.name("started", stream)]

    async def _adopt(self, stream: str, ids: list[str]) -> bool:
        member = self._member
        log.warning("%d requests of %s belonged to nobody; adopted", len(ids), stream, extra=about(stream))
        said = await member.script("adopt", self._keys(stream), [member.group, member.consumer, *ids])
        if said == "fenced":
            member.fenced()
        return said not in ("missing", "fenced")
