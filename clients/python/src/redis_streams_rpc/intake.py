"""Reading: what this instance is given, as long as it can run it."""

import asyncio
import contextlib
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .connections import LOST, Pauses, is_passing, now
from .delivery import Delivery, deliveries_of, read_note
from .far_calls import FarCalls
from .header import Malformed, is_event_pack_line, is_pack_line, line_of
from .log_rate import about
from .packs import CallsPerEntry
from .scripts import command, run

if TYPE_CHECKING:
    from redis.asyncio import Redis

    from .member import Member

log = logging.getLogger("redis_streams_rpc")

BLOCK = 500
NESTED_EVERY, APART = 0.1, 0.02
"""Seconds between two looks for calls that handlers make, and for what dead instances have left."""
FEWEST = 4
"""Calls that are worth a read where other members want some too."""
LEFT_OUT = 5_000
"""Milliseconds for which a stream that cannot be read is left out."""


class Intake:
    """Reads streams through one group, and hands on what it gets: for the service, or broadcasts for this instance."""

    def __init__(self, member: "Member", group: str, streams: dict[str, str], reader: "Redis") -> None:
        self.group, self.streams, self.reader = group, streams, reader
        self._member = member
        self._done = asyncio.Event()
        self._left_out: dict[str, float] = {}
        self._marks: dict[str, str] = {}
        self._far = FarCalls(member, self)
        self.reads = 0
        packed = [stream for stream, kind in streams.items() if kind == "r" and member.running.handling.packs.has_room]
        self.calls = CallsPerEntry(packed)
        """How many calls an entry has: room is a number of calls, and what is read are entries."""

    async def ended(self) -> None:
        """Returns when no read is open any more."""
        await self._done.wait()

    async def work(self) -> None:
        member, pauses = self._member, Pauses()
        try:
            while not member.is_closing and not member.lost.is_set():
                try:
                    await member.know()
                    await self._turn()
                    self.reads += 1
                    pauses.reset()
                except (*LOST, ResponseError) as error:
                    member.doubt += 1
                    if not is_passing(error):
                        await self._mend(error)
                    await self.reader.connection_pool.disconnect()
                    await pauses.wait()
        finally:
            self._done.set()

    async def _mend(self, error: Exception) -> None:
        """Makes groups that are missing, and leaves out for a while what cannot be read: the rest goes on."""
        log.warning("the group %s could not be read: %s", self.group, error)
        try:
            await self._member.make_groups()
            for stream in self.streams:
                try:
                    await command(self.reader, "XPENDING", self._member.keys.stream(stream), self.group)
                except ResponseError as refused:
                    if is_passing(refused):
                        raise
                    log.warning("the stream %s is left out for a while: %s", stream, refused, extra=about(stream))
                    self._left_out[stream] = now() + LEFT_OUT
        except (*LOST, ResponseError) as refused:
            log.warning("the groups could not be made: %s", refused)

    @property
    def _readable(self) -> dict[str, str]:
        """What may be read now: nothing that would wait for the end of a pause, and no more than may wait."""
        member, at = self._member, now()
        resting = member.running.resting
        return {
            stream: kind
            for stream, kind in self.streams.items()
            if self._left_out.get(stream, 0) <= at and stream not in resting and not self._is_paused(stream)
        }

    def _is_paused(self, stream: str) -> bool:
        """Whether all that can be in it waits; calls that are refused do not."""
        patterns = self._member.place.patterns.get(stream, ())
        pauses = [self._member.paused.pattern(pattern) for pattern in patterns]
        return bool(pauses) and all(pause is not None and not pause.get("refuse") for pause in pauses)

    async def _turn(self) -> None:
        member = self._member
        readable = self._readable
        if not readable or not member.is_fresh or member.paused.is_instance_paused:
            await asyncio.sleep(0.05)
            return
        room = member.running.room
        if room <= 0 or member.recovery.has_left:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(member.running.has_room(), NESTED_EVERY)
            if member.running.room <= 0:
                await self._read_nested()
            elif member.recovery.has_left:
                # What dead instances have left is older than what is not read yet.
                member.recovery.look_soon()
                await asyncio.sleep(APART)
            return
        room = min(room, self._share) if self.group == member.group else room
        count = self.entries(room / len(readable), readable)
        streams = [member.keys.stream(stream) for stream in readable]
        words = ["XREADGROUP", "GROUP", self.group, member.consumer, "COUNT", count, "BLOCK", BLOCK]
        doubt, since = member.doubt, member.memory.incarnation
        said = await command(self.reader, *words, "STREAMS", *streams, *[">"] * len(streams))
        await self._take(said or [], doubt, since)

    @property
    def _share(self) -> int:
        """Most calls of a read beside other members: Redis gives what comes at once to one reader, up to its number."""
        return max(FEWEST, -(-self._member.options.concurrency // (1 + self._member.others)))

    def entries(self, room: float, streams: Iterable[str]) -> int:
        """How many entries bring so many calls; 1 at least."""
        return max(1, int(room / self.calls.most(streams)))

    async def _read_nested(self) -> None:
        """Calls that handlers make have room of their own: otherwise they would wait for what waits for them."""
        member = self._member
        if member.isolation.is_closed:
            return
        streams = [stream for stream, kind in self._readable.items() if kind == "r"]
        force, wanted = await self._far.unlock(), member.running.nested_wanted
        if wanted <= 0 or not streams:
            return
        doubt, since = member.doubt, member.memory.incarnation
        others = member.running.nested_room
        others = self.entries(others, streams) if others else 0
        args: list[str | int] = [self.group, member.consumer, wanted, others, int(force)]
        for stream in streams:
            args += [wanted, self._marks.get(stream, "")]
        said = await run(self.reader, "nested", [member.keys.stream(stream) for stream in streams], args)
        # Up to where there is no such call: the next look goes on there.
        self._marks |= {stream: self._far.noted(stream, mark) for stream, mark in zip(streams, said[1], strict=True)}
        await self._take(said[0], doubt, since)

    async def _take(self, streams: list[Any], doubt: int, since: str) -> None:
        member = self._member
        names = {member.keys.stream(stream): stream for stream in self.streams}
        for key, entries in streams:
            stream = names[key]
            packs = {id_: line for id_, fields in entries if fields and is_pack_line(line := line_of(fields))}
            letters = await self.look(stream, packs) if packs else {}
            for id_, fields in entries:
                if id_ in letters and letters[id_] is None:
                    continue
                self.accept(stream, id_, fields, 1, "", letters.get(id_), doubt, since)
        self.calls.learn()

    async def look(self, stream: str, packs: dict[str, str]) -> dict[str, Any]:
        """What is noted of packs, by their header lines; None: one is not this instance's any more."""
        member, name = self._member, self._member.keys.name
        keys = [name("incarnation"), member.keys.stream(stream), name("part", stream)]
        notes = [f"{id_} {self.group}" if is_event_pack_line(line) else id_ for id_, line in packs.items()]
        said = await run(self.reader, "look", keys, [self.group, member.consumer, *notes])
        return dict(zip(packs, said[1:], strict=True))

    def accept(
        self, stream: str, id_: str, fields: Any, deliveries: int, note: str, known: Any, doubt: int, since: str
    ) -> None:
        """Runs what an entry holds, if it does not run here already."""
        running = self._member.running
        if not fields or running.holds(self.group, stream, id_):
            return
        try:
            found = deliveries_of(self.group, stream, id_, fields, deliveries, note, known, doubt, since)
        except Exception:
            log.exception("the entry %s of %s could not be read", id_, stream, extra=about(stream))
            wrong, noted = Malformed("the entry cannot be read"), read_note(note)
            found = [Delivery(self.group, stream, id_, wrong, stream, deliveries, noted, fields, doubt, since)]
        self.calls.brought(stream, len(found))
        running.take(found)
