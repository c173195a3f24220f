"""How a delivery ends: replies, faults, acknowledgement, another attempt, a dead letter."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from redis.exceptions import ResponseError

from .connections import LOST
from .delivery import Delivery
from .frame import ENDS, ERROR, FAULT, LAST, NEXT, NOTHING, PACKED, PACKED_LAST, Reply, fault, write_frame, write_reply
from .header import Malformed
from .letters import of_entry
from .log_rate import about
from .raised import LONGEST_TEXT, letter_fields, text_of
from .results import read_result
from .sealed_text import CODEC, ReplyFacts, packet_of, read_sealed
from .settling import LOG_LIFE, Outcome, log_life, lost_reply
from .texts import begins, units, write_json

if TYPE_CHECKING:
    from .member import Member

_logger = logging.getLogger("redis_streams_rpc")

KEPT_LETTERS = 10_000
LONGEST_RESULT = 1_048_576
"""Characters of what is stored under a key."""
UNKNOWN = {"status": "error", "message": "Internal server error"}
UNSETTLED = 64
"""Values of a stream after which it waits until they are written."""


class Over(Exception):
    """The delivery has ended, or is not this instance's any more."""


class Ending:
    """Ends deliveries of a member."""

    def __init__(self, member: "Member") -> None:
        self._member = member

    async def insist(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Repeats a command until Redis has answered it."""
        while True:
            try:
                return await ask()
            except (*LOST, ResponseError) as error:
                if self._member.lost.is_set():
                    raise Over from error
                await self._member.after(error)

    async def script(self, name: str, keys: list[str], args: list[Any], again: list[Any] | None = None) -> str:
        """Runs a script under the lease until Redis has answered. `again`: what a repeat asks with."""
        said, tries = "missing", 0

        async def ask() -> Any:
            nonlocal tries
            tries += 1
            return await self._member.script(name, keys, again if again and tries > 1 else args)

        while said == "missing":
            said = str(await self.insist(ask))
            if said == "missing":
                await self.insist(lambda: self._member.renew(take=True))
        if said == "fenced":
            self._member.fenced()
            raise Over
        return said

    async def value(self, delivery: Delivery, kind: int, payload: Any, as_is: bool = False) -> bool:
        """A reply that does not end the call; false: it cannot be written, and has ended it. `as_is`: it is sealed."""
        if delivery.sender is None:
            return True
        written, text = self._reply(delivery, *self._sealed(delivery, kind, payload, as_is))
        if written in ENDS:
            await self._answer(delivery, text)
            return False
        if delivery.window is not None:
            delivery.window.sent(units(text))
        outcome = Outcome(delivery, text, ends=False)
        if delivery.replies % UNSETTLED:
            self._member.settling.post(outcome)
        else:
            await self._member.settling.settle(outcome)
        return True

    async def values(self, delivery: Delivery, idle: int, values: AsyncGenerator[Any, Any]) -> bool:
        """A stream, as its reader takes it; false: it is over. Values renew its deadline by its idle time (ms)."""
        window = delivery.window
        try:
            async for value in values:
                if delivery.until and idle and (window is None or window.renews):
                    delivery.until = self._member.clock.ms() + idle
                if not await self.value(delivery, NEXT, value):
                    return False
                if window is not None:
                    # Its end is asked for as a value is.
                    await window.opened()
        finally:
            await values.aclose()
        return True

    async def complete(self, delivery: Delivery, kind: int, payload: Any, as_is: bool = False) -> None:
        """The last reply of a request, or the end of an event."""
        if delivery.sender is None:
            result = f"={delivery.digest} []" if delivery.key_record else ""
            await self._settle(Outcome(delivery, drop=False, result=result))
            return
        await self._answer(delivery, self._reply(delivery, *self._sealed(delivery, kind, payload, as_is))[1])

    async def _answer(self, delivery: Delivery, text: str) -> None:
        """Ends a request with its last reply."""
        result = ""
        if delivery.key_record:
            result = f"={delivery.stamp} [{','.join(delivery.kept)}]" if delivery.is_kept else "-"
        await self._settle(Outcome(delivery, text, result=result))

    async def _settle(self, outcome: Outcome) -> None:
        await self._member.settling.settle(outcome)

    def _sealed(self, delivery: Delivery, kind: int, payload: Any, as_is: bool) -> tuple[int, Any]:
        """A reply as it leaves: sealed at its place, where messages are."""
        sealing, request = self._member.options.sealing, delivery.request
        if as_is or sealing is None or isinstance(request, Malformed) or (sender := delivery.sender) is None:
            return kind, payload
        found, is_last = read_sealed(request.data), kind != NEXT
        assert found
        run = (self._member.consumer, delivery.deliveries, delivery.nonce, delivery.replies)
        facts = ReplyFacts(delivery.pattern, sender.caller, sender.call, request.key, *run, is_last, found)
        packet = {"err": payload or UNKNOWN} if kind == ERROR else packet_of(payload, is_last)
        try:
            text = sealing.reply(packet, facts)
        except (TypeError, ValueError) as error:
            text = sealing.reply({"err": _unwritable(error)}, replace(facts, is_last=True))
            is_last = True
        return PACKED_LAST if is_last else PACKED, [CODEC, text]

    def _reply(self, delivery: Delivery, kind: int, payload: Any) -> tuple[int, str]:
        """The kind that it has come to, and its text."""
        assert delivery.sender
        index = delivery.replies
        delivery.replies += 1
        try:
            text = write_reply(Reply(delivery.sender.call, kind, delivery.deliveries, delivery.nonce, index, payload))
        except (TypeError, ValueError) as error:
            return self._reply_instead(delivery, ERROR, _unwritable(error))
        if len(text.encode()) > self._member.options.max_reply:
            told = fault("PAYLOAD_TOO_LARGE", "the reply is too large", "may-have-run")
            return self._reply_instead(delivery, FAULT, told)
        delivery.is_kept = delivery.is_kept and kind != FAULT
        if delivery.key_record:
            self._keep(delivery, write_json([kind, *([] if payload is NOTHING else [payload])]))
        return kind, text

    def _keep(self, delivery: Delivery, text: str) -> None:
        """Holds nothing of what is more than can be stored."""
        delivery.kept_size += units(text) + 1
        delivery.is_kept = delivery.is_kept and delivery.kept_size <= LONGEST_RESULT
        if delivery.is_kept:
            delivery.kept.append(text)
        else:
            delivery.kept = []

    def _reply_instead(self, delivery: Delivery, kind: int, told: Any) -> tuple[int, str]:
        delivery.replies -= 1
        return self._reply(delivery, kind, told)

    async def fault(self, delivery: Delivery, code: str, message: str, outcome: str, **more: Any) -> NoReturn:
        """Tells the caller, and ends the request."""
        await self._settle(Outcome(delivery, self._fault(delivery, code, message, outcome, **more), result="-"))
        raise Over

    def _fault(self, delivery: Delivery, code: str, message: str, outcome: str, **more: Any) -> str:
        assert delivery.sender
        told = fault(code, message, outcome) | more
        said = Reply(delivery.sender.call, FAULT, delivery.deliveries, delivery.nonce, delivery.replies, told)
        return write_reply(said)

    async def given_up(self, delivery: Delivery) -> None:
        """At its deadline, or when its caller has given it up."""
        if delivery.sender is None:
            await self._settle(Outcome(delivery, drop=False, result="-"))
            return
        message = "the deadline has passed" if delivery.cancelled == "TIMEOUT" else "the call was cancelled"
        told = self._fault(delivery, delivery.cancelled, message, "may-have-run")
        await self._settle(Outcome(delivery, told, result="-"))

    async def acknowledge(self, delivery: Delivery) -> NoReturn:
        """An event that is not run here."""
        await self._settle(Outcome(delivery, drop=False))
        raise Over

    async def drop(self, delivery: Delivery) -> NoReturn:
        """It is not run, and nobody is told."""
        await self._settle(Outcome(delivery, drop=delivery.sender is not None))
        raise Over

    async def stored(self, delivery: Delivery, result: str) -> NoReturn:
        """Answers with what another entry of its key has ended with."""
        replies = read_result(result)
        if replies is None:
            await self.no_result(delivery)
        if delivery.sender is None:
            await self.acknowledge(delivery)
        for kind, payload in replies[:-1]:
            if not await self.value(delivery, kind, payload, as_is=True):
                raise Over
        # An event has left no reply.
        kind, payload = replies[-1] if replies else (LAST, NOTHING)
        await self.complete(delivery, kind, payload, as_is=bool(replies))
        raise Over

    async def no_result(self, delivery: Delivery) -> NoReturn:
        """Another entry of its key has run, and what became of it cannot be read."""
        if delivery.sender is None:
            await self.dead_letter(delivery, "idempotency", None)
        await self.fault(delivery, "REPLY_LOST", "the record of the key cannot be read", "may-have-run")

    async def unreadable(self, delivery: Delivery, code: str, message: str, reason: str = "malformed") -> NoReturn:
        """What this instance must not run becomes a dead letter, but for a request whose key belongs to other data."""
        if delivery.sender is None or code != "IDEMPOTENCY_MISMATCH":
            await self._letter(delivery, reason, message, code, "not-run")
        await self.fault(delivery, code, message, "not-run")

    async def malformed(self, delivery: Delivery, found: Malformed) -> NoReturn:
        await self._letter(delivery, "malformed", found.why, found.code, "not-run")

    async def dead_letter(
        self, delivery: Delivery, reason: str, error: BaseException | None, payload: Any = NOTHING
    ) -> NoReturn:
        """No instance runs it again. `payload`: what its caller gets of the error; without it, a fault."""
        told = f"given up: {reason}"
        if error is None:
            await self._letter(delivery, reason, told, "DEAD_LETTERED", "may-have-run")
        why = text_of(error)
        # What else was raised is for operators only.
        fault = self._told(delivery, "DEAD_LETTERED", why if reason == "handler" else told, "may-have-run")
        if payload is not NOTHING and delivery.sender:
            fault = self._reply(delivery, *self._sealed(delivery, ERROR, payload, False))[1]
        await self._write_letter(delivery, reason, why, fault, letter_fields(error))

    async def _letter(self, delivery: Delivery, reason: str, why: str, code: str, outcome: str) -> NoReturn:
        await self._write_letter(delivery, reason, why, self._told(delivery, code, why, outcome), [])

    def _told(self, delivery: Delivery, code: str, why: str, outcome: str) -> str:
        return self._fault(delivery, code, why, outcome) if delivery.sender else ""

    async def _write_letter(self, delivery: Delivery, reason: str, why: str, reply: str, raised: list[str]) -> NoReturn:
        """`reply`: how its caller is told; empty: nobody is."""
        member, name, stream = self._member, self._member.keys.name, delivery.stream
        frame, lost, log, lease = "", "", "", name("lease", member.consumer)
        if sender := delivery.sender:
            frame = write_frame(member.consumer, [reply])
            lost = write_frame(member.consumer, [lost_reply(delivery)])
            log = member.keys.log(sender.caller)
        keys = [member.keys.stream(stream), name("due", stream), name("dead", member.group), log or lease]
        keys += [name("started", stream), delivery.key_record or lease, name("part", stream)]
        fields = ["stream", stream, "pattern", delivery.pattern, "id", delivery.name, "reason", reason]
        fields += ["error", begins(why, LONGEST_TEXT), "deliveries", str(delivery.deliveries)]
        fields += ["attempts", str(delivery.note.attempts + (reason in ("attempts", "handler")))]
        fields += ["consumer", member.consumer, "at", str(member.clock.ms()), *raised]
        fields += [*(["broadcast", "1"] if delivery.group != member.group else []), *of_entry(delivery.fields)]
        life = log_life(delivery, member.clock.ms()) if sender else LOG_LIFE
        args = [delivery.group, member.consumer, delivery.id, delivery.size, delivery.place, int(delivery.is_shared)]
        args += [int(sender is not None), frame]
        said = await self.script("dead-letter", keys, [*args, lost, life, KEPT_LETTERS, *fields])
        line = "%s: became dead letter %s, %s (entry %s): %s"
        if said.startswith("ok "):
            told = (delivery.pattern, said.removeprefix("ok "), reason, delivery.name, why)
            _logger.error(line, *told, extra=about(delivery.pattern))
        raise Over

    async def retry(self, delivery: Delivery, delay: int, attempts: int) -> None:
        """Notes when it is due again, in milliseconds from now. It stays this instance's."""
        member, name, stream = self._member, self._member.keys.name, delivery.stream
        keys = [member.keys.stream(stream), name("due", stream), name("part", stream)]
        args = [delivery.group, member.consumer, delivery.id, delay, attempts, delivery.note.state]
        args += [delivery.note.spared, delivery.size, delivery.place, int(delivery.is_shared)]
        if await self.script("retry", keys, args) not in ("ok", "unnoted"):
            raise Over

    async def no_handler(self, delivery: Delivery) -> None:
        """Another member or group answers it, or its caller is told that none does."""
        assert delivery.sender
        member, name, stream = self._member, self._member.keys.name, delivery.stream
        message = "There is no matching message handler defined in the remote service."
        frame = write_frame(member.consumer, [self._fault(delivery, "NO_HANDLER", message, "not-run")])
        keys = [member.keys.stream(stream), name("due", stream), name("live", delivery.pattern)]
        keys += [member.keys.log(delivery.sender.caller), name("groups", stream), name("part", stream)]
        life = log_life(delivery, member.clock.ms())
        args = [delivery.group, member.consumer, delivery.id, frame, life, int(delivery.deliveries == 1)]
        args += ["" if delivery.until is None else int(delivery.until), delivery.size, delivery.place, 0]
        said = await self.script("no-handler", keys, args)
        if said.startswith("handed "):
            await self._member.tell(said.removeprefix("handed "), "audit")


def _unwritable(error: Exception) -> dict[str, str]:
    return {"status": "error", "message": f"the reply cannot be written as JSON: {error}"}
