"""What is decided about a request or an event before its handler starts."""

import asyncio
import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from . import digests
from .delivery import Delivery
from .ending import Ending, Over
from .entry import Request
from .handlers import Handler
from .log_rate import about
from .reply_log import place
from .scripts import run
from .sealed_text import CODEC, EntryFacts, OtherCodec, Untrusted, identity_of
from .texts import UnsafeJson, read_json

if TYPE_CHECKING:
    from .member import Member
    from .sealed import Sealing

_logger = logging.getLogger("redis_streams_rpc")


class Starting:
    """Ends what is not to start, and says how to run the rest."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._ending = Ending(member)

    async def refuse_paused(self, delivery: Delivery, is_full: bool) -> None:
        """A call of a paused pattern that was never handed out before is refused, if it is not to wait."""
        pause = self._member.paused.pattern(delivery.pattern) or {}
        is_new = delivery.sender is not None and delivery.deliveries == 1 and not delivery.note.attempts
        if is_new and (pause.get("refuse") or is_full):
            until = {"until": pause["until"]} if "until" in pause else {}
            await self._ending.fault(delivery, "PAUSED", "an operator has paused the pattern", "not-run", **until)

    async def prepare(self, delivery: Delivery, request: Request) -> tuple[Handler, Any]:
        """The handler and its data."""
        member, header = self._member, request.header
        sender, is_broadcast = header.sender, delivery.group != member.group
        if sender and is_broadcast:
            # The group of the service answers it, if any does.
            await self._ending.no_handler(delivery)
            raise Over
        if header.version != 1:
            if sender is None:
                await self._ending.dead_letter(delivery, "version", None)
            await self._ending.fault(delivery, "UNSUPPORTED_VERSION", f"version {header.version}", "not-run")
        if sender is None and not self._is_for_us(delivery, request):
            await self._ending.acknowledge(delivery)
        if delivery.cancelled:
            await self._ending.given_up(delivery)
            raise Over
        if not delivery.size and delivery.counted > member.options.max_deliveries:
            await self._ending.dead_letter(delivery, "deliveries", None)
        if total := header.timeout or header.idle:
            # A value that was sent has renewed the deadline, but nobody else knows of it.
            delivery.until = float(delivery.ms + total)
            if member.clock.ms() > delivery.until:
                has_run = delivery.deliveries > 1 or delivery.note.attempts > 0
                if sender is not None:
                    outcome = "may-have-run" if has_run else "not-run"
                    await self._ending.fault(delivery, "TIMEOUT", "the deadline has passed", outcome)
                if not has_run:
                    await self._ending.acknowledge(delivery)
            if sender is None:
                delivery.until = None
        if is_broadcast:
            handler = member.options.handlers.broadcasts.get(delivery.pattern)
        else:
            handler = member.options.handlers.find(delivery.pattern, sender is None, header.message)
        if handler is None:
            if sender is None:
                if member.options.sealing is None and header.codec == "json" and not header.codec_name:
                    # What cannot be read is a dead letter, whoever would handle it.
                    await self._data(delivery, request)
                await self._ending.acknowledge(delivery)
            await self._ending.no_handler(delivery)
            raise Over
        data = await self._data(delivery, request)
        if request.key is not None and not delivery.key_record:
            await self._claim_key(delivery, request, request.key)
        return handler, data

    def _is_for_us(self, delivery: Delivery, request: Request) -> bool:
        since = self._member.since.get((delivery.group, delivery.stream), "")
        is_older = bool(since) and place(delivery.id) <= place(since)
        return not is_older and request.group in (None, delivery.group)

    async def _data(self, delivery: Delivery, request: Request) -> Any:
        """What the codec makes of the data."""
        options, header = self._member.options, request.header
        if len(request.data) > options.max_payload or len(request.data.encode()) > options.max_payload:
            await self._ending.unreadable(delivery, "PAYLOAD_TOO_LARGE", "the data is too large")
        codec = header.codec + (f":{header.codec_name}" if header.codec_name else "")
        if options.sealing is not None:
            return await self._opened(delivery, request, codec, options.sealing)
        try:
            if codec == "json":
                return read_json(request.data) if request.data else None
            if codec == "obj":
                said = read_json(request.data)
                if isinstance(said, dict) and "data" in said:
                    return said["data"]
        except UnsafeJson as error:
            await self._ending.unreadable(delivery, "INVALID_MESSAGE", f"the data cannot be read: {error}")
        await self._ending.unreadable(delivery, "CODEC_MISMATCH", f"data in {codec} is not read here")

    async def _opened(self, delivery: Delivery, request: Request, codec: str, sealing: "Sealing") -> Any:
        """The data of a sealed entry, if its message came for the first time."""
        member, header, sender = self._member, request.header, request.header.sender
        names = (sender.caller, sender.call) if sender else ("", "")
        facts = EntryFacts(
            delivery.pattern,
            delivery.stream,
            *names,
            idle=header.idle,
            once=header.once,
            message=header.message,
            group=request.group or "",
            key=request.key,
            headers=request.headers,
        )
        try:
            if codec != CODEC:
                raise Untrusted("it is not sealed")
            opened = sealing.open_entry(request.data, facts, delivery.ms, header.timeout, member.clock.ms())
        except Untrusted as error:
            await self._ending.unreadable(delivery, "UNTRUSTED", f"untrusted message: {error}", "untrusted")
        except OtherCodec as error:
            await self._ending.unreadable(delivery, "CODEC_MISMATCH", str(error))
        except ValueError as error:
            await self._ending.unreadable(delivery, "INVALID_MESSAGE", f"the data cannot be read: {error}")
        note = member.keys.seen(delivery.group, opened.id)
        ask = partial(run, member.commands, "admit", [note], [f"{delivery.name} {delivery.stream}", opened.remember])
        if (await self._ending.insist(ask))[0] != "1":
            line = "%s of %s repeats a message that came before: dropped"
            _logger.warning(line, delivery.name, delivery.stream, extra=about(delivery.pattern))
            await self._ending.drop(delivery)
        delivery.caller, delivery.headers = opened.caller, {**request.headers, **opened.headers}
        return opened.data

    async def _claim_key(self, delivery: Delivery, request: Request, key: str) -> None:
        """The first entry of a key runs; others wait for it, and answer with its result."""
        keys, stream, pause = self._member.keys, delivery.stream, 0.05
        record, digest = (
            keys.idempotency(delivery.group, delivery.pattern, key),
            digests.digest(identity_of(request.header.codec_name, request.data)),
        )
        mine, other = f".{digest} {delivery.name} {stream}", stream
        while True:
            names = [keys.stream(stream), keys.stream(other), keys.name("part", stream), keys.name("part", other)]
            ask = partial(run, self._member.commands, "claim-keys", [*names, record], [stream, other, mine])
            word, text = await self._ending.insist(ask)
            if word == "run":
                delivery.key_record, delivery.digest = record, digest
                return
            if word == "elsewhere":
                other = text
            elif word in ("wait", "later"):
                left = (delivery.until - self._member.clock.ms()) / 1000 if delivery.until else pause
                with self._member.running.park(delivery):
                    await asyncio.sleep(max(0, min(pause, left)))
                pause = min(1.0, pause * 2)
                if delivery.until and self._member.clock.ms() >= delivery.until:
                    delivery.cancelled = delivery.cancelled or "TIMEOUT"
                if delivery.cancelled:
                    # The entry that it waits for may have run.
                    await self._ending.given_up(delivery)
                    raise Over
            elif word == "stored":
                await self._ending.stored(delivery, text)
            elif word == "mismatch":
                message = "the key was used before with other data"
                await self._ending.unreadable(delivery, "IDEMPOTENCY_MISMATCH", message, "idempotency")
            else:
                await self._ending.no_result(delivery)

    async def held(self) -> None:
        """Waits until the lease certainly holds."""
        while not self._member.is_fresh:
            if self._member.lost.is_set():
                raise Over
            await asyncio.sleep(0.05)

    async def start(self, delivery: Delivery, request: Request, handler: Handler) -> None:
        """Waits until a handler may start, and notes what may be started once only, or may be the last time."""
        await self.held()
        once = request.header.once or handler.once
        if not delivery.size:
            if once and not delivery.is_started_once:
                await self._start_once(delivery)
        elif once or delivery.counted >= self._member.options.max_deliveries:
            await self._mark(delivery, once)

    async def _start_once(self, delivery: Delivery) -> None:
        name = self._member.keys.name
        keys = [self._member.keys.stream(delivery.stream), name("started", delivery.stream)]
        said = await self._ending.script("start", keys, [delivery.group, self._member.consumer, delivery.id])
        if said != "ok 1":
            raise Over
        delivery.is_started_once = True

    async def _mark(self, delivery: Delivery, once: bool) -> None:
        name, stream = self._member.keys.name, delivery.stream
        keys = [self._member.keys.stream(stream), name("due", stream), name("part", stream), name("started", stream)]
        letters, attempts = ["."] * delivery.size, ["0"] * delivery.size
        attempts[delivery.place] = str(delivery.note.attempts)

        def args(letter: str) -> list[Any]:
            letters[delivery.place] = letter
            noted = " ".join(attempts) if delivery.note.attempts else ""
            told = [delivery.group, self._member.consumer, delivery.pack, "".join(letters), noted]
            return [*told, "1" if once else "0"]

        # On its last permitted delivery it runs whoever has marked it: an instance that left by itself is no reason.
        is_over = once or delivery.counted > self._member.options.max_deliveries
        # A mark that a repeat finds may be its own, but not where it was there before.
        again = None if delivery.was_marked else args("T")
        said = await self._ending.script("mark", keys, args("t" if is_over else "T"), again=again if is_over else None)
        sign = said.split(" ")[1][delivery.place]
        if sign == "t" and once and delivery.sender is None:
            await self._ending.acknowledge(delivery)
        if sign == "t" and once:
            await self._ending.fault(delivery, "INTERRUPTED", "its instance died", "may-have-run")
        if sign == "t":
            await self._ending.dead_letter(delivery, "deliveries", None)
        if sign != "1":
            raise Over
        if once:
            delivery.is_started_once = True
