"""How a delivery ends: replies, faults, acknowledgement, another attempt, a dead letter."""

import logging
from collections.abc import AsyncGenerator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn

from redis.exceptions import ResponseError

from .answers import Answers
from .connections import LOST
from .delivery import Delivery
from .frame import ENDS, ERROR, FAULT, LAST, NEXT, NOTHING, write_frame
from .header import Malformed
from .letters import of_entry
from .log_rate import about
from .raised import LONGEST_TEXT, letter_fields, text_of
from .results import read_result
from .settling import LOG_LIFE, Outcome, log_life, lost_reply
from .tallies import End
from .texts import begins, units

if TYPE_CHECKING:
    from .member import Member

_logger = logging.getLogger("redis_streams_rpc")

KEPT_LETTERS = 10_000
_WANTED: dict[str, End] = {"PAUSED": "paused", "CANCELLED": "cancelled"}
"""Faults that an operator or the caller wanted: nothing is wrong."""
UNSETTLED = 64
"""Values of a stream after which it waits until they are written."""


class Over(Exception):
    """The delivery has ended, or is not this instance's any more."""


class Ending:
    """Ends deliveries of a member."""

    def __init__(self, member: "Member") -> None:
        self._member, self._answers = member, Answers(member)

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
        written, text = self._answers.reply(delivery, kind, payload, as_is)
        if written in ENDS:
            await self._answer(delivery, FAULT if written == FAULT else ERROR, text)
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
            self._count(delivery, "failed" if kind == ERROR else "handled")
            await self._settle(Outcome(delivery, drop=False, result=result))
            return
        written, text = self._answers.reply(delivery, kind, payload, as_is)
        # What is sealed does not show what it is.
        await self._answer(delivery, kind if kind == ERROR else written, text)

    async def _answer(self, delivery: Delivery, kind: int, text: str) -> None:
        """Ends a request with its last reply."""
        self._count(delivery, "failed" if kind == ERROR else "refused" if kind == FAULT else "answered")
        result = ""
        if delivery.key_record:
            result = f"={delivery.stamp} [{','.join(delivery.kept)}]" if delivery.is_kept else "-"
        await self._settle(Outcome(delivery, text, result=result))

    async def _settle(self, outcome: Outcome) -> None:
        await self._member.settling.settle(outcome)

    def _count(self, delivery: Delivery, end: End) -> None:
        self._member.tallies.ended(delivery.pattern, end)

    async def fault(self, delivery: Delivery, code: str, message: str, outcome: str, **more: Any) -> NoReturn:
        """Tells the caller, and ends the request."""
        self._count(delivery, _WANTED.get(code, "refused"))
        told = self._answers.fault(delivery, code, message, outcome, **more)
        await self._settle(Outcome(delivery, told, result="-"))
        raise Over

    async def given_up(self, delivery: Delivery) -> None:
        """At its deadline, or when its caller has given it up."""
        self._count(delivery, _WANTED.get(delivery.cancelled, "refused"))
        if delivery.sender is None:
            await self._settle(Outcome(delivery, drop=False, result="-"))
            return
        message = "the deadline has passed" if delivery.cancelled == "TIMEOUT" else "the call was cancelled"
        told = self._answers.fault(delivery, delivery.cancelled, message, "may-have-run")
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
        fault = self._answers.told(delivery, "DEAD_LETTERED", why if reason == "handler" else told, "may-have-run")
        if payload is not NOTHING and delivery.sender:
            fault = self._answers.reply(delivery, ERROR, payload)[1]
        await self._write_letter(delivery, reason, why, fault, letter_fields(error))

    async def _letter(self, delivery: Delivery, reason: str, why: str, code: str, outcome: str) -> NoReturn:
        await self._write_letter(delivery, reason, why, self._answers.told(delivery, code, why, outcome), [])

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
            self._count(delivery, "dead")
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
        self._count(delivery, "retried")

    async def no_handler(self, delivery: Delivery) -> None:
        """Another member or group answers it, or its caller is told that none does."""
        assert delivery.sender
        member, name, stream = self._member, self._member.keys.name, delivery.stream
        message = "There is no matching message handler defined in the remote service."
        frame = write_frame(member.consumer, [self._answers.fault(delivery, "NO_HANDLER", message, "not-run")])
        keys = [member.keys.stream(stream), name("due", stream), name("live", delivery.pattern)]
        keys += [member.keys.log(delivery.sender.caller), name("groups", stream), name("part", stream)]
        life = log_life(delivery, member.clock.ms())
        args = [delivery.group, member.consumer, delivery.id, frame, life, int(delivery.deliveries == 1)]
        args += ["" if delivery.until is None else int(delivery.until), delivery.size, delivery.place, 0]
        said = await self.script("no-handler", keys, args)
        if said.startswith("handed "):
            await self._member.tell(said.removeprefix("handed "), "audit")
