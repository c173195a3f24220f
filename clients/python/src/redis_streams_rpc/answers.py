"""What the run of a request says to its caller, as text: values, its end, errors and faults."""

import logging
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from .delivery import Delivery
from .frame import ERROR, FAULT, NEXT, NOTHING, PACKED, PACKED_LAST, Reply, fault, write_reply
from .header import Malformed
from .log_rate import about
from .sealed_text import CODEC, ReplyFacts, packet_of, read_sealed
from .texts import units, write_json

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

LONGEST_RESULT = 1_048_576
"""Characters of what is stored under a key."""
UNKNOWN = {"status": "error", "message": "Internal server error"}


class Answers:
    """Writes the replies of this instance's runs: sealed where messages are, bounded, and kept for their keys."""

    def __init__(self, member: "Member") -> None:
        self._member = member

    def reply(self, delivery: Delivery, kind: int, payload: Any, as_is: bool = False) -> tuple[int, str]:
        """The kind that it has come to, and its text. `as_is`: it was written before, and is sealed if messages are."""
        return self._written(delivery, *self._sealed(delivery, kind, payload, as_is))

    def fault(self, delivery: Delivery, code: str, message: str, outcome: str, **more: Any) -> str:
        """What the transport has to say of a request."""
        assert delivery.sender
        told = fault(code, message, outcome) | more
        said = Reply(delivery.sender.call, FAULT, delivery.deliveries, delivery.nonce, delivery.replies, told)
        return write_reply(said)

    def told(self, delivery: Delivery, code: str, why: str, outcome: str) -> str:
        """The same; empty for an event, of which nobody is told."""
        return self.fault(delivery, code, why, outcome) if delivery.sender else ""

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
            text = sealing.reply({"err": _unwritable(delivery, error)}, replace(facts, is_last=True))
            is_last = True
        return PACKED_LAST if is_last else PACKED, [CODEC, text]

    def _written(self, delivery: Delivery, kind: int, payload: Any) -> tuple[int, str]:
        assert delivery.sender
        index = delivery.replies
        delivery.replies += 1
        try:
            text = write_reply(Reply(delivery.sender.call, kind, delivery.deliveries, delivery.nonce, index, payload))
        except (TypeError, ValueError) as error:
            return self._instead(delivery, ERROR, _unwritable(delivery, error))
        if len(text.encode()) > self._member.options.max_reply:
            told = fault("PAYLOAD_TOO_LARGE", "the reply is too large", "may-have-run")
            return self._instead(delivery, FAULT, told)
        delivery.is_kept = delivery.is_kept and kind != FAULT
        if delivery.key_record:
            _keep(delivery, write_json([kind, *([] if payload is NOTHING else [payload])]))
        return kind, text

    def _instead(self, delivery: Delivery, kind: int, told: Any) -> tuple[int, str]:
        delivery.replies -= 1
        return self._written(delivery, kind, told)


def _keep(delivery: Delivery, text: str) -> None:
    """Holds nothing of what is more than can be stored."""
    delivery.kept_size += units(text) + 1
    delivery.is_kept = delivery.is_kept and delivery.kept_size <= LONGEST_RESULT
    if delivery.is_kept:
        delivery.kept.append(text)
    else:
        delivery.kept = []


def _unwritable(delivery: Delivery, error: Exception) -> dict[str, str]:
    """What its caller gets instead."""
    line = "%s: a reply cannot be written as JSON: %s (entry %s)"
    log.error(line, delivery.pattern, error, delivery.name, extra=about(delivery.pattern))
    return {"status": "error", "message": f"the reply cannot be written as JSON: {error}"}
