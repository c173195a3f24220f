"""What other instances left, what this one has lost sight of, and what nobody needs any more."""

import asyncio
import contextlib
import logging
import re
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .connections import LOST, is_passing, now
from .frame import FAULT, Reply, fault, write_frame, write_reply
from .header import Header, read_header
from .inbox import read_notice
from .intake import Intake
from .log_rate import about
from .orphans import Orphans
from .scripts import command, run
from .settling import LOG_LIFE

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

_OLD_CONSUMER = re.compile(r"[A-Za-z0-9_.-]{1,40}-\d+-[A-Za-z0-9_-]{12}\Z")
TOMBSTONE, TOMBSTONE_LIFE = "+", 86_400_000
AUDITED = 2_000
SEARCH_AGAIN = 1_000
"""Milliseconds until what a dead instance has left is searched again for calls that handlers have made."""
CLEAN_EVERY, GROUP_LIFE, PAGE, TRIM = 10.0, 604_800_000, 500, 10_000


def broadcast_group(group: str, consumer: str) -> str:
    """Names of groups have no braces, so this is never that of a service."""
    return f"{group}{{{consumer}}}"


def broadcaster_of(group: str, other: str) -> str:
    """The consumer that reads the broadcasts of `group` through another group; empty: it is something else."""
    rest = other.removeprefix(group)
    if rest.startswith("{") and rest.endswith("}") and len(rest) > 2:
        return rest[1:-1]
    # Earlier versions named them so.
    return rest[1:] if rest.startswith("~") and _OLD_CONSUMER.match(rest[1:]) else ""


class Recovery:
    """Looks at the leases of the other members, and at what is pending under its own."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._missing: dict[str, float] = {}
        self._unseen: dict[tuple[str, str, str], int] = {}
        self._wake = asyncio.Event()
        self._is_renewal_due = False
        self._orphans = Orphans(member)
        self._searched: dict[tuple[str, str], float] = {}
        self.has_left = False
        """Whether there was no room for all that dead instances have left."""
        self._has_suspects = False
        """Whether there was something to be handed out for the last time."""

    def look_soon(self) -> None:
        """Somebody joined or left."""
        self._wake.set()

    def opened(self) -> None:
        """Another suspect may be taken, if there are more."""
        if self._has_suspects and self._member.running.takes_suspect:
            self._wake.set()

    def audit_soon(self) -> None:
        """Something was handed to this instance."""
        self._wake.set()

    def renew_soon(self) -> None:
        """Operators have said something."""
        self._is_renewal_due = True
        self._wake.set()

    async def work(self) -> None:
        member = self._member
        while True:
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(self._wake.wait(), member.options.lease_ttl / 3000)
            self._wake.clear()
            try:
                if self._is_renewal_due:
                    self._is_renewal_due = False
                    await member.renew_now()
                for intake in member.intakes:
                    await self._audit(intake)
                if self._unseen:
                    asyncio.get_running_loop().call_later(0.3, self._wake.set)
                await self._look()
                if await self._orphans.look():
                    self._wake.set()
            except (*LOST, ResponseError) as error:
                # It is not known what they have left: reading must not wait for a look that may fail for ever.
                self.has_left = False
                if not is_passing(error):
                    log.warning("taking over failed: %s", error)
                await member.after(error)

    async def _audit(self, intake: Intake) -> None:
        """Fetches what is pending under this instance and was never seen: the answer of a read was lost."""
        member, group, streams = self._member, intake.group, list(intake.streams)
        reads, doubt, since = intake.reads, member.doubt, member.memory.incarnation
        found = await self._pending(group, streams)
        # A read that is under way may be about to say it: only what stays unseen for two reads is missing.
        others = {key: seen for key, seen in self._unseen.items() if key[0] != group}
        unseen = {key: self._unseen.get(key, reads) for key in found if not member.running.holds(*key)}
        self._unseen = others | unseen
        for stream in streams:
            ids = [id_ for (_, of, id_), seen in unseen.items() if of == stream and reads >= seen + 2]
            if ids:
                keys = [member.keys.stream(stream), member.keys.name("due", stream), member.keys.name("part", stream)]
                said = await member.script("fetch", keys, [group, member.consumer, *ids[:100]])
                if said[0] == "ok":
                    self._accept(intake, stream, said, doubt, since)

    async def _pending(self, group: str, streams: list[str]) -> set[tuple[str, str, str]]:
        """All that is pending under this instance, page by page."""
        member, found, starts = self._member, set[tuple[str, str, str]](), dict.fromkeys(streams, "-")
        while starts:
            keys = [member.keys.stream(stream) for stream in starts]
            args = [group, member.consumer, AUDITED, *starts.values()]
            said = await run(member.commands, "snapshot", keys, args)
            pages = dict(zip(starts, said, strict=True))
            found |= {(group, stream, id_) for stream, ids in pages.items() for id_ in ids or []}
            starts = {stream: f"({ids[-1]}" for stream, ids in pages.items() if ids and len(ids) >= AUDITED}
        return found

    def _accept(self, intake: Intake, stream: str, said: Any, doubt: int, since: str) -> None:
        for (id_, fields), deliveries, note, known in zip(*said[1:5], strict=True):
            intake.accept(stream, id_, fields, int(deliveries), note, known, doubt, since)

    async def _look(self) -> None:
        """Takes over from every consumer whose lease is a tombstone, or is missing at two looks."""
        member, name, streams = self._member, self._member.keys.name, list(self._member.all_streams)
        keys = [
            key
            for stream in streams
            for key in (member.keys.stream(stream), name("started", stream), name("groups", stream))
        ]
        said = await run(member.commands, "scan", keys, [member.group])
        places: dict[str, list[str]] = {}
        groups: dict[str, list[tuple[str, str]]] = {}
        for stream, names in zip(streams, said[len(streams) :], strict=True):
            for group in names:
                if consumer := broadcaster_of(member.group, group):
                    groups.setdefault(consumer, []).append((stream, group))
                    places.setdefault(consumer, [])
        places.pop(member.consumer, None)
        for stream, consumers in zip(streams, said, strict=False):
            for consumer in dict.fromkeys(consumers) if stream in member.streams else []:
                if consumer != member.consumer:
                    places.setdefault(consumer, []).append(stream)
        leases = (
            await run(member.commands, "leases", [name("lease", consumer) for consumer in places], []) if places else []
        )
        gone = []
        for consumer, lease in zip(places, leases[::2], strict=True):
            if lease == TOMBSTONE or (lease == "" and await self._revoke(consumer)):
                gone.append(consumer)
        self._missing = {consumer: at for consumer, at in self._missing.items() if consumer in places}
        self._searched = {place: at for place, at in self._searched.items() if place[0] in gone}
        self.has_left, waiting = False, []
        for consumer in gone:
            for stream, group in groups.get(consumer, []):
                await self._drop(stream, consumer, group)
            for stream in places[consumer]:
                await self._end_interrupted(consumer, stream)
                if await self._claim(consumer, stream, suspects=False):
                    waiting.append((consumer, stream))
        await self._take_suspects(waiting)

    async def _take_suspects(self, waiting: list[tuple[str, str]]) -> None:
        """They come last, one at a time: what is taken over beside one that ends the process loses a delivery."""
        self._has_suspects = bool(waiting)
        for consumer, stream in waiting:
            if self._wake.is_set() or not self._member.running.takes_suspect:
                return
            with self._member.isolation.taking():
                await self._claim(consumer, stream, suspects=True)

    async def _revoke(self, consumer: str) -> bool:
        """Whether a lease is missing for the second time, and is revoked now."""
        first, ttl = self._missing.get(consumer), self._member.options.lease_ttl
        if first is None or now() - first > 2 * ttl:
            self._missing[consumer] = now()
            asyncio.get_running_loop().call_later(ttl / 2000 + 0.01, self._wake.set)
            return False
        if now() - first < ttl / 2:
            return False
        name, group = self._member.keys.name, self._member.group
        keys = [name("lease", consumer), name("sockets", group), name("facts", group)]
        said = await self._member.script("revoke", keys, [TOMBSTONE_LIFE, consumer, ""])
        self._missing.pop(consumer, None)
        return bool(said == "revoked")

    async def _claim(self, dead: str, stream: str, suspects: bool) -> bool:
        """Claims what it can run; says whether only entries are left that may have ended other instances."""
        member, name = self._member, self._member.keys.name
        keys = [name("lease", dead), name("left", dead), member.keys.stream(stream)]
        keys += [name("due", stream), name("part", stream)]
        nested_from, has_suspects = "-", False
        # What an operator has paused takes nothing over.
        while not member.is_closing and not member.paused.is_instance_paused:
            room, nested = 1 if suspects else member.running.room, ""
            if room <= 0:
                # Handlers may wait for calls that the dead one had.
                self.has_left = True
                if now() - self._searched.get((dead, stream), -SEARCH_AGAIN) < SEARCH_AGAIN:
                    return False
                room, nested = member.running.nested_wanted, nested_from
                if room <= 0:
                    return False
            room = min(100, member.intakes[0].entries(room, [stream]))
            doubt, since = member.doubt, member.memory.incarnation
            args = [member.group, dead, member.consumer, room, member.options.max_deliveries, int(suspects), nested]
            said = await member.script("claim", keys, args)
            if said[0] == "on":
                nested_from, has_suspects = f"({said[1]}", has_suspects or said[2] == "1"
                continue
            if said[0] != "ok":
                if nested:
                    self._searched[dead, stream] = now()
                return bool(said[0] == "suspects") or has_suspects
            if said[1]:
                log.info("took over %d entries of %s from %s", len(said[1]), stream, dead, extra=about(dead))
            # What was cancelled while nobody listened does not run.
            notices = await command(member.commands, "LRANGE", name("inbox", dead), 0, -1)
            self._accept(member.intakes[0], stream, said, doubt, since)
            for notice in map(read_notice, notices):
                if notice:
                    member.running.cancel(*notice)
            if suspects:
                return False
        return False

    async def _drop(self, stream: str, consumer: str, group: str) -> None:
        """Destroys the group of broadcasts of a consumer that is gone, or of this one."""
        name = self._member.keys.name
        keys = [name("lease", consumer), self._member.keys.stream(stream), name("groups", stream)]
        await run(self._member.commands, "drop-group", keys, [group, int(consumer == self._member.consumer)])

    async def drop_own(self) -> None:
        """Destroys the group of this instance's broadcasts."""
        for intake in self._member.intakes[1:]:
            for stream in intake.streams:
                await self._drop(stream, self._member.consumer, intake.group)

    async def _end_interrupted(self, dead: str, stream: str) -> None:
        """Tells the callers of what the dead one has started, and nobody may start again."""
        member, name = self._member, self._member.keys.name
        lease = name("lease", dead)
        stream_keys = [member.keys.stream(stream), name("started", stream)]
        said = await run(member.commands, "interrupted", [lease, *stream_keys], [dead, member.group, TOMBSTONE])
        for id_, line in zip(said[1::2], said[2::2], strict=True):
            header, frame, log_key = read_header(line), "", name("lease", member.consumer)
            sender = header.sender if isinstance(header, Header) else header.tells
            if sender:
                told = fault("INTERRUPTED", "the instance that ran it died", "may-have-run")
                frame = write_frame(member.consumer, [write_reply(Reply(sender.call, FAULT, 2, 0, 0, told))])
                log_key = member.keys.log(sender.caller)
            args = [member.consumer, dead, member.group, id_, frame, LOG_LIFE, TOMBSTONE]
            await member.script("end-interrupted", [lease, *stream_keys, log_key], args)

    async def clean_often(self) -> None:
        """Removes what every group has handled, and notes about what is gone."""
        while True:
            await asyncio.sleep(CLEAN_EVERY)
            try:
                await self.clean()
            except (*LOST, ResponseError) as error:
                log.debug("cleaning failed: %s", error)

    async def clean(self) -> None:
        for stream, kind in self._member.all_streams.items():
            await self._clean(stream, kind)

    async def _clean(self, stream: str, kind: str) -> None:
        member, name = self._member, self._member.keys.name
        keys = [member.keys.stream(stream), name("groups", stream), name("started", stream)]
        keys += [name("streams"), name("looked")]
        after, stayed, more = "", "0", "1"
        own = int(stream in member.place.own)
        while more == "1" and not member.is_closing:
            args = [member.group, kind, GROUP_LIFE, -1, -1, PAGE, after, stayed, TRIM, stream, own]
            _, more, after, stayed, *_ = await run(member.commands, "janitor", keys, args)
            await asyncio.sleep(0)
        places = [name("due", stream), member.keys.stream(stream), name("part", stream)]
        await run(member.commands, "sweep", places, [])
