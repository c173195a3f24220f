"""What a caller seals, and what it opens."""

from typing import TYPE_CHECKING, Any

from .calls import Call
from .errors import RedisStreamsError, RemoteError
from .frame import NOTHING, PACKED_LAST
from .sealed_text import EntryFacts, OtherCodec, ReplyFacts, Untrusted, read_sealed
from .sequence import Value

if TYPE_CHECKING:
    from .sealed import Sealing

LONGEST_WITHIN = 99_999_999_999
"""Milliseconds in which a message may be stored: what has eleven digits."""


def sealed_data(sealing: "Sealing", body: str, headers: dict[str, str] | None, facts: EntryFacts, within: float) -> str:
    """Seals JSON for an entry, with headers that are hidden or stand beside it."""
    hidden, beside = (headers, None) if sealing.hides_headers else (None, headers)
    bound = EntryFacts(**{**vars(facts), "headers": beside})
    return sealing.entry(body, hidden, bound, max(1, min(LONGEST_WITHIN, int(within))))


def sealed_call(sealing: "Sealing", call: Call, caller: str, body: str, headers: Any, left: float) -> str:
    """The data of a call, sealed for the entry that it is about to become."""
    facts = EntryFacts(call.pattern, call.stream, caller, call.id, int(call.idle), call.once, key=call.key)
    text = sealed_data(sealing, body, headers, facts, left)
    call.request = read_sealed(text)
    return text


def opened(sealing: "Sealing", call: Call, caller: str, value: Value) -> Any:
    """A value that came sealed; NOTHING: there is none. Raises what was thrown."""
    reply = value.reply
    assert call.request
    place = (value.instance, reply.deliveries, reply.nonce, reply.index, reply.kind == PACKED_LAST)
    facts = ReplyFacts(call.pattern, caller, call.id, call.key, *place, call.request)
    try:
        packet = sealing.open_reply([value.codec, value.payload], facts)
    except ValueError as error:
        code = {Untrusted: "UNTRUSTED", OtherCodec: "CODEC_MISMATCH"}.get(type(error), "INVALID_MESSAGE")
        raise RedisStreamsError(code, f"a reply of {call.pattern}: {error}", "may-have-run") from error
    if packet.get("err") is not None:
        raise RemoteError(packet["err"])
    # The last one of a stream may hold none.
    return packet.get("response", NOTHING if reply.kind == PACKED_LAST else None)
