"""Replies of one call, in the order in which they come, and what its caller sees of them."""

from dataclasses import dataclass
from typing import Any

from .errors import CODES
from .frame import DONE, ERROR, FAULT, LAST, NEXT, NOTHING, PACKED, PACKED_LAST, RESTART, Reply, fault
from .texts import visible

MOST_WAITING = 1_000
"""Values of a call that wait for one that is missing."""

Run = tuple[str, int, float]
"""Instance, deliveries and nonce."""


@dataclass(frozen=True)
class Value:
    """A value for the caller. `codec` names the serializer that wrote it; None: it is JSON's."""

    payload: Any
    codec: str | None
    reply: Reply
    """What it came in, and from which instance: a seal binds that."""
    instance: str

    @property
    def run(self) -> Run:
        return self.instance, self.reply.deliveries, self.reply.nonce

    @property
    def index(self) -> int:
        """Its number in its run."""
        return self.reply.index


@dataclass(frozen=True)
class End:
    """The call has ended: completely, with what its handler threw, or with a fault."""

    error: Any = NOTHING
    fault: dict[str, str] | None = None
    is_broken: bool = False
    """Its handler may go on: the service did not end it."""


class Sequence:
    """Follows one run of a call at a time, and hands its replies on in order, each once."""

    def __init__(self, is_sealed: bool = False) -> None:
        self._is_sealed = is_sealed
        """Nothing but faults is believed that is not sealed, and of faults not that a handler has not run."""
        self.ended = False
        self._run: Run | None = None
        self._next = 0
        self._waiting: dict[int, Reply] = {}
        self._has_handed = False

    def take(self, instance: str, reply: Reply) -> list[Value | End]:
        """What the caller sees now."""
        if self.ended:
            return []
        if reply.kind == FAULT:
            return [self._fail(_known_fault(reply.payload, self._is_sealed), is_broken=False)]
        if reply.kind not in range(8):
            return [self._fail(fault("REDIS", f"a reply of the kind {reply.kind}", "may-have-run"))]
        run = (instance, reply.deliveries, reply.nonce)
        if run != self._run:
            if self._run is not None and not self._follows(reply):
                return []
            if self._has_handed and reply.kind != RESTART:
                return [self._fail(fault("INTERRUPTED", "another run began the stream anew", "may-have-run"))]
            self._run, self._next, self._waiting = run, 0, {}
        if reply.index >= self._next:
            self._waiting[reply.index] = reply
            # The one that comes next waits for nothing.
            if reply.index != self._next and len(self._waiting) > MOST_WAITING:
                return [self._fail(fault("REPLY_LOST", "values are missing", "may-have-run"))]
        return self._hand_on()

    def _follows(self, reply: Reply) -> bool:
        deliveries = self._run[1] if self._run else 0
        return reply.deliveries > deliveries or (reply.deliveries == deliveries and reply.kind != RESTART)

    def _hand_on(self) -> list[Value | End]:
        seen: list[Value | End] = []
        while (reply := self._waiting.pop(self._next, None)) is not None and not self.ended:
            self._next += 1
            if self._is_sealed and reply.kind not in (PACKED, PACKED_LAST, RESTART):
                seen.append(self._fail(fault("UNTRUSTED", "a reply is not sealed", "may-have-run")))
            elif reply.kind in (NEXT, LAST, PACKED, PACKED_LAST):
                seen.append(_value(reply, self._run[0] if self._run else ""))
            elif reply.kind == ERROR:
                seen.append(self._end(End(error=reply.payload)))
            if reply.kind in (LAST, DONE, PACKED_LAST) and not self.ended:
                seen.append(self._end(End()))
        self._has_handed = self._has_handed or any(isinstance(item, Value) for item in seen)
        return seen

    def _fail(self, told: dict[str, str], is_broken: bool = True) -> End:
        return self._end(End(fault=told, is_broken=is_broken))

    def _end(self, end: End) -> End:
        self.ended = True
        self._waiting = {}
        return end


def _value(reply: Reply, instance: str) -> Value:
    payload = reply.payload
    if reply.kind in (NEXT, LAST):
        return Value(payload, None, reply, instance)
    if isinstance(payload, list) and len(payload) == 2 and isinstance(payload[0], str):
        return Value(payload[1], payload[0], reply, instance)
    return Value(payload, "?", reply, instance)


def _known_fault(payload: Any, is_sealed: bool) -> dict[str, str]:
    said = payload if isinstance(payload, dict) else {}
    code, outcome = said.get("code"), said.get("outcome")
    return fault(
        code if isinstance(code, str) and code in CODES else "REDIS",
        # It stands in lines and errors of this process.
        visible(message) if isinstance(message := said.get("message"), str) else "the service reported a fault",
        "not-run" if outcome == "not-run" and not is_sealed else "may-have-run",
    )
