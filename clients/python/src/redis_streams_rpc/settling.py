"""What has ended leaves in one fenced step: replies, results of keys, acknowledgement, deletion, notes."""

import asyncio
import logging
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from redis.exceptions import ResponseError

from .connections import LOST, Pauses, is_passing
from .delivery import Delivery
from .frame import FAULT, Reply, fault, write_frame, write_reply

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

MOST = 200
LARGEST_FRAME, LARGEST_SCRIPT = 1_048_576, 4_194_304
LOG_LIFE, AFTER_DEADLINE = 60_000, 30_000


@dataclass(eq=False)
class Outcome:
    """A reply, and with `ends` the end of its delivery. `drop`: the entry is deleted. `result`: of its key."""

    delivery: Delivery
    reply: str = ""
    ends: bool = True
    drop: bool = True
    result: str = ""
    done: "asyncio.Future[None]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())


def log_life(delivery: Delivery, now: int) -> int:
    """The life of a reply log in milliseconds."""
    return max(LOG_LIFE, int(delivery.until) - now + AFTER_DEADLINE) if delivery.until else LOG_LIFE


def lost_reply(delivery: Delivery) -> str:
    """What takes the place of a reply that a full log has no room for."""
    assert delivery.sender
    told = fault("REPLY_LOST", "the reply log of the caller is full", "may-have-run")
    return write_reply(Reply(delivery.sender.call, FAULT, delivery.deliveries, delivery.nonce, 0, told))


class Settling:
    """Settles what has ended, one step at a time, in the order in which it ended."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._queue: list[Outcome] = []
        self._wake = asyncio.Event()

    async def settle(self, outcome: Outcome) -> None:
        """Returns when the outcome is settled, or is not this instance's any more."""
        self.post(outcome)
        await outcome.done

    def post(self, outcome: Outcome) -> None:
        """Settles an outcome without waiting for it."""
        self._queue.append(outcome)
        self._wake.set()

    async def work(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._queue:
                batch = self._next_batch()
                await self._settle(batch)
                for outcome in batch:
                    if not outcome.done.done():
                        outcome.done.set_result(None)

    def drop_all(self) -> None:
        """Nothing of this is this instance's any more."""
        for outcome in self._queue:
            outcome.done.cancel()
        self._queue.clear()

    def _next_batch(self) -> list[Outcome]:
        batch, size = list[Outcome](), 0
        while self._queue and len(batch) < MOST and size < LARGEST_SCRIPT:
            if batch and batch[0].delivery.group != self._queue[0].delivery.group:
                break
            batch.append(self._queue.pop(0))
            size += len(batch[-1].reply)
        return batch

    async def _settle(self, batch: list[Outcome]) -> None:
        """Repeats until Redis has answered. After a doubt each entry is settled by a script that checks its owner."""
        care, pauses = "0", Pauses()
        while True:
            try:
                if any(o.delivery.doubt != self._member.doubt for o in batch):
                    for outcome in batch:
                        await self._checked(outcome)
                    return
                said = (await self._plain(batch, care)).split(" ")
                if said[0] == "missing":
                    await self._member.renew(take=True)
                    continue
            except (*LOST, ResponseError) as error:
                if not is_passing(error):
                    log.warning("what has ended could not be settled, and is tried again: %s", error)
                await self._member.after(error)
                await pauses.wait()
                continue
            if said[0] == "full":
                self._lose(batch, {int(at) for at in said[1:]})
                care = "1"
            elif said[0] == "fenced":
                return self._member.fenced()
            else:
                return

    def _lose(self, batch: list[Outcome], full: set[int]) -> None:
        """Replaces the replies that full logs have no room for. `full`: the places of their frames, from 1."""
        logs = {log for at, (log, *_) in enumerate(self._frames(batch), 1) if at in full}
        for outcome in batch:
            if outcome.delivery.sender and self._member.keys.log(outcome.delivery.sender.caller) in logs:
                self._lost(outcome)

    def _lost(self, outcome: Outcome) -> Outcome:
        if outcome.reply and outcome.delivery.sender:
            outcome.reply = lost_reply(outcome.delivery)
        if not outcome.ends:
            # Its caller has heard the end: nobody would ask for another value.
            self._member.running.cancel(outcome.delivery.stream, outcome.delivery.name)
        return outcome

    def _frames(self, batch: list[Outcome]) -> list[tuple[str, str, int]]:
        """Frames by the keys of their logs, with the lives of these."""
        found: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in batch:
            if outcome.reply and outcome.delivery.sender:
                found[outcome.delivery.sender.caller].append(outcome)
        frames, now = [], self._member.clock.ms()
        for caller, outcomes in found.items():
            parts: list[list[str]] = [[]]
            for outcome in outcomes:
                if parts[-1] and sum(map(len, parts[-1])) + len(outcome.reply) > LARGEST_FRAME - 1_024:
                    parts.append([])
                parts[-1].append(outcome.reply)
            life = max(log_life(outcome.delivery, now) for outcome in outcomes)
            log = self._member.keys.log(caller)
            frames += [(log, write_frame(self._member.consumer, part), life) for part in parts]
        return frames

    async def _plain(self, batch: list[Outcome], care: str) -> str:
        name, group = self._member.keys.name, batch[0].delivery.group
        frames = self._frames(batch)
        ended = [outcome for outcome in batch if outcome.ends]
        results = [(o.delivery, o.result) for o in ended if o.delivery.key_record and o.result]
        streams: dict[str, list[Outcome]] = defaultdict(list)
        for outcome in ended:
            streams[outcome.delivery.stream].append(outcome)
        keys = [log for log, _, _ in frames] + [delivery.key_record for delivery, _ in results]
        keys += [self._member.keys.stream(stream) for stream in streams]
        args: list[Any] = [part for _, frame, life in frames for part in (frame, life, care)]
        args += [part for delivery, result in results for part in (delivery.name, result)]
        packs_keys: list[str] = []
        notes: dict[str, list[str]] = defaultdict(list)
        for stream, outcomes in streams.items():
            lone = [outcome for outcome in outcomes if not outcome.delivery.size]
            kept = [outcome.delivery.id for outcome in lone if not outcome.drop]
            dropped = [outcome.delivery.id for outcome in lone if outcome.drop]
            letters = _letters([outcome.delivery for outcome in outcomes if outcome.delivery.size])
            args += [len(kept), len(dropped), len(letters), *kept, *dropped]
            args += [part for pair in letters.items() for part in pair]
            if letters:
                packs_keys += [name(kind, stream) for kind in ("part", "due", "started")]
            for outcome in outcomes:
                notes[name("due", stream)].append(f"{group} {outcome.delivery.name}")
                if outcome.delivery.is_started_once and not outcome.delivery.size:
                    notes[name("started", stream)].append(f"{group} {outcome.delivery.id}")
        for fields in notes.values():
            args += [len(fields), *fields]
        head = [len(frames), len(results), len(streams), len(notes), 0]
        return str(await self._member.script("settle", [*keys, *packs_keys, *notes], [group, *head, *args]))

    async def _checked(self, outcome: Outcome) -> None:
        """The same of one outcome; Redis sees whose it is."""
        member = self._member
        if not outcome.ends:
            said = (await self._plain([outcome], "0")).split(" ")[0]
            if said == "full":
                said = (await self._plain([self._lost(outcome)], "1")).split(" ")[0]
        else:
            said = await self._settle_one(outcome)
        if said == "missing":
            await member.renew(take=True)
            await self._checked(outcome)
        elif said == "fenced":
            member.fenced()

    async def _settle_one(self, outcome: Outcome) -> str:
        member, delivery = self._member, outcome.delivery
        log, frame, life = (self._frames([outcome]) or [("", "", LOG_LIFE)])[0]
        lost = write_frame(member.consumer, [lost_reply(delivery)]) if frame else ""
        name, stream = member.keys.name, delivery.stream
        lease = name("lease", member.consumer)
        keys = [name("incarnation"), member.keys.stream(stream), name("due", stream), name("started", stream)]
        keys += [delivery.key_record or lease, log or lease, name("part", stream)]
        args = [delivery.group, member.consumer, delivery.id, delivery.since, int(outcome.drop), frame, lost, life]
        args += [outcome.result if delivery.key_record else "", delivery.size, delivery.place]
        return str(await member.script("settle-checked", keys, [*args, int(delivery.is_shared)]))


def _letters(deliveries: list[Delivery]) -> dict[str, str]:
    """Which calls of packs have ended, by what these are noted under."""
    found: dict[str, list[str]] = {}
    for delivery in deliveries:
        letters = found.setdefault(delivery.pack, ["."] * delivery.size)
        letters[delivery.place] = "x"
    return {pack: "".join(letters) for pack, letters in found.items()}
