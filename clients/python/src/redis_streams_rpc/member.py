"""A member of a group: its lease, and what it does for as long as it holds that lease."""

import asyncio
import contextlib
import logging
import os
import re
import secrets
import socket
from collections.abc import Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any

from redis.exceptions import RedisError, ResponseError

from .connections import LOST, Clock, Memory, connect, hello, now
from .ended import end
from .errors import RedisStreamsError
from .facts import Facts
from .inbox import Inbox
from .intake import Intake
from .isolation import Isolation
from .keys import Keys
from .log_rate import about
from .pauses import PausedPatterns
from .places import Place
from .priorities import tell_left
from .recovery import Recovery, broadcast_group
from .running import Running
from .scheduled import Scheduled
from .scripts import command, run
from .settling import Settling
from .statistics import Statistics
from .tallies import Tallies

if TYPE_CHECKING:
    from .service import Options

log = logging.getLogger("redis_streams_rpc")

TOMBSTONE_LIFE = 86_400_000
SERVED = 604_800_000
WITHOUT_CONNECTIONS = 2_000
# Looks within which groups that answer a pattern by a wildcard must have left it, and seconds between two.
YIELD_PAUSES = [0.05, 0.1, 0.2, 0.4, 0.8, *[1.0] * 9]


def consumer_name() -> str:
    """A name that is used once."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", socket.gethostname())[:64] or "host"
    return f"{host}-{os.getpid()}-{secrets.token_urlsafe(9)}"


class Member:
    """One instance in one shard, from its first lease to the loss of it."""

    def __init__(
        self,
        options: "Options",
        keys: Keys,
        place: Place,
        isolation: Isolation | None = None,
        tallies: Tallies | None = None,
    ) -> None:
        self.options, self.keys, self.place, self.streams = options, keys, place, place.streams
        self.all_streams = {**place.broadcasts, **place.streams}
        self.group, self.consumer, self.token = options.group, consumer_name(), secrets.token_urlsafe(16)
        self.isolation, self.tallies = isolation or Isolation(), tallies or Tallies(options.handlers)
        """Those of all handlers of the service in this process."""
        self.clock = Clock()
        self.doubt = 0
        self.since: dict[tuple[str, str], str] = {}
        """Up to which id the events of a stream are not for a group."""
        self.memory = Memory("", "")
        self.is_started = self.is_closing = False
        self.lost = asyncio.Event()
        self.others = 0
        """Live members of the group beside this one, as the last renewal of the lease said."""
        self._renewed = -1e12
        self._is_known = False
        self._connecting = asyncio.Lock()
        self._connections: dict[str, int] = {}
        # Renewals of the lease share this connection: what hangs must not cost the lease.
        wait = max(1.0, min(3.5, options.lease_ttl / 3000))
        self.commands = connect(options.address, keys, wait, made=partial(self._on_connection, "commands"))
        self.settling, self.paused, self.facts = Settling(self), PausedPatterns(self), Facts(self)
        self.running, self.recovery = Running(self), Recovery(self)
        self.intakes = [self._intake(self.group, place.streams)] if place.streams else []
        if place.broadcasts:
            self.intakes.append(self._intake(broadcast_group(self.group, self.consumer), place.broadcasts))
        self.inbox, self.scheduled, self.statistics = Inbox(self), Scheduled(self), Statistics(self)
        self._tasks: list[asyncio.Task[None]] = []

    def _on_connection(self, role: str, id_: int) -> None:
        self.doubt += 1
        self._is_known = False
        self._connections[role] = id_
        if self.is_started:
            self.recovery.renew_soon()

    def _intake(self, group: str, streams: dict[str, str]) -> Intake:
        reader = connect(self.options.address, self.keys, made=partial(self._on_connection, group))
        return Intake(self, group, streams, reader)

    @property
    def is_fresh(self) -> bool:
        """Whether a handler may start: the last renewal that was confirmed was sent less than a lease ago."""
        return not self.lost.is_set() and now() - self._renewed < self.options.lease_ttl

    async def script(self, name: str, keys: list[str], args: list[Any]) -> Any:
        """Runs a script whose first key is the lease, and whose first argument is its token."""
        return await run(self.commands, name, [self.keys.name("lease", self.consumer), *keys], [self.token, *args])

    async def know(self) -> None:
        """Learns which memory the connections have reached, where that is not known."""
        async with self._connecting:
            while not self._is_known:
                # A connection that is made meanwhile makes it unknown again.
                self._is_known = True
                try:
                    self.memory = await hello(self.commands, self.keys, self.clock)
                except BaseException:
                    self._is_known = False
                    raise

    async def after(self, error: Exception) -> None:
        """A command has failed: what it did is not known."""
        self.doubt += 1
        if isinstance(error, LOST):
            await self.commands.connection_pool.disconnect()
        await asyncio.sleep(0.05)

    async def join(self) -> None:
        """Takes the lease, lists itself in its groups, and says what it answers."""
        await self.know()
        await self.renew(take=True)
        # Who answers a pattern by a wildcard leaves it first: the group begins after what that one goes on with.
        if not self.options.unannounced:
            await self._announce(check=True)
        await self.make_groups()
        await self.facts.tell()
        await tell_left(self.commands, self.keys, self.group, self.place.own, self.options.shards)

    def start(self) -> None:
        """Begins to read, and to do everything else."""
        self.is_started = True
        works = [self._renew_often, self.settling.work, self.inbox.work, self.recovery.work, self.scheduled.work]
        works += [self.statistics.work, self.recovery.clean_often, *(intake.work for intake in self.intakes)]
        for work in works:
            self._tasks.append(asyncio.create_task(self._steadily(work())))

    async def _steadily(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception:
            log.exception("the instance %s stops", self.consumer)
            self.fenced()

    async def make_groups(self) -> None:
        """Makes sure that the groups of each stream are there, and lists itself in them."""
        name = self.keys.name
        for intake, stream, kind in [(read, *each) for read in self.intakes for each in read.streams.items()]:
            keys = [self.keys.stream(stream), name("groups", stream), name("incarnation"), name("started", stream)]
            args = [intake.group, kind, 0, secrets.token_urlsafe(16), self.consumer, ""]
            said = await run(self.commands, "group", keys, args)
            if said[0] == "wrong":
                if not self.is_started:
                    raise RedisStreamsError("REDIS", f"{said[1]} is a key of the type {said[2]}")
                log.warning("%s is a key of the type %s", said[1], said[2], extra=about(said[1]))
                continue
            self.since[intake.group, stream] = said[1]

    def _announced(self) -> tuple[list[str], list[str]]:
        """Keys and flags of the patterns whose requests it answers."""
        answers = self.place.answers
        keys = [self.keys.name("live", pattern) for pattern in answers]
        flags: list[str] = []
        for pattern, words in answers.items():
            # The second one is what it may have said before.
            pair = " ".join(["packs", *words]), " ".join(words) or "-"
            flags += pair if self.running.handling.packs.takes(pattern) else reversed(pair)
        return keys, flags

    async def _announce(self, check: bool) -> None:
        keys, flags = self._announced()
        args = [self.group, self.consumer, self.options.lease_ttl, SERVED, int(check), *flags]
        said = await self.script("announce", keys, args)
        for pause in YIELD_PAUSES:
            if said[0] != "yields":
                break
            await asyncio.sleep(pause)
            said = await self.script("announce", keys, args)
        if said[0] in ("conflict", "yields"):
            pattern = list(self.place.answers)[int(said[1])]
            raise RedisStreamsError("GROUP_CONFLICT", f"the group {said[2]} answers {pattern}")

    def _note(self) -> str:
        """Which connections it has, and for how long it may be without any (ms): others look whether they are there."""
        return " ".join(map(str, [WITHOUT_CONNECTIONS, *self._connections.values()]))

    async def renew(self, take: bool = False) -> None:
        """Renews the lease, and takes what was left in the inbox. A lease that was gone is a doubt."""
        sent = now()
        name = self.keys.name
        keys = [name("members", self.group), name("inbox", self.consumer)]
        keys += [name("sockets", self.group), name("paused", self.group)]
        said = await self.script("lease", keys, [self.consumer, self.options.lease_ttl, int(take), self._note()])
        self.clock.heard(said[1], sent)
        if said[0] == "fenced":
            return self.fenced()
        if said[0] == "missing":
            self.doubt += 1
            return await self.renew(take=True)
        self._renewed, self.others = sent, max(0, int(said[2]) - 1)
        # They were taken out of Redis: nobody says them again.
        for notice in said[4:]:
            self.inbox.take(notice)
        try:
            await self.paused.heard(said[3])
        except ResponseError as error:
            log.warning("what is paused could not be read: %s", error)

    async def _renew_often(self) -> None:
        while True:
            await asyncio.sleep(self.options.lease_ttl / 3000)
            await self.renew_now()

    async def renew_now(self) -> None:
        """Renews, announces and offers; a Redis that is not there is tried again at the next renewal."""
        try:
            await self.know()
            await self.renew()
            if not self.options.unannounced and not self.lost.is_set():
                await self._announce(check=False)
            if not self.lost.is_set():
                await self.facts.tell()
            for offer in self.options.offers:
                await offer(self)
        except Exception as error:
            log.warning("the lease was not renewed: %s", error)
            await self.after(error)

    def fenced(self) -> None:
        """Another took this instance for dead: nothing that it holds is its own any more."""
        self.lost.set()

    async def leave(self) -> None:
        """Lets handlers end, gives the lease back, and leaves no connection."""
        self.is_closing = True
        await asyncio.gather(*(intake.ended() for intake in self.intakes))
        if not self.lost.is_set():
            await self.running.drain(self.options.drain)
        await end([*self._tasks, *self.running.tasks])
        self.settling.drop_all()
        with contextlib.suppress(RedisError, *LOST):
            if not self.lost.is_set():
                await self._release()
        await self._disconnect()

    async def _disconnect(self) -> None:
        for redis in (self.commands, *(intake.reader for intake in self.intakes)):
            await redis.aclose()

    async def _release(self) -> None:
        name = self.keys.name
        await self.recovery.drop_own()
        keys, flags = self._announced()
        kinds = [name("left", self.consumer), *(name(kind, self.group) for kind in ("members", "sockets", "facts"))]
        await self.script("release", [*kinds, *keys], [self.group, self.consumer, TOMBSTONE_LIFE, *flags])
        streams = [self.keys.stream(stream) for stream in self.streams]
        await run(self.commands, "unlist", streams, [self.group, self.consumer])
        await command(self.commands, "SPUBLISH", name("nudge", self.group), "left")

    async def abandon(self) -> None:
        """Leaves before it has begun."""
        with contextlib.suppress(RedisError, *LOST):
            await self._release()
        await self._disconnect()

    def successor(self) -> "Member":
        """What takes its place, under another name."""
        return Member(self.options, self.keys, self.place, self.isolation, self.tallies)

    async def tell(self, consumer: str, word: str) -> None:
        """Says a word on the channel of another member."""
        with contextlib.suppress(RedisError, *LOST):
            await command(self.commands, "SPUBLISH", self.keys.name("inbox", consumer), word)
