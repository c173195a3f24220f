"""Sealed texts: what stands in front of their bodies, and what is bound to them."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .frame import NOTHING
from .texts import whole

CODEC = "text:sealed"
DOMAIN = "nrs-sealed-1"
LONGEST_HEAD = 512
_NAME = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_HEAD = re.compile(
    r"1\.(gcm|hmac|ed25519)\.([A-Za-z0-9_-]{1,64})\.([A-Za-z0-9_-]{1,64})\.(-|[A-Za-z0-9_-]{22})"
    r"\.(0|[1-9][0-9]{0,14})\.(0|[1-9][0-9]{0,10})\.(-|[A-Za-z0-9_-]{43})\.([a-z0-9:-]{1,40})\."
)


class Untrusted(ValueError):
    """A message without the proof that it must have."""


class OtherCodec(ValueError):
    """Data in a codec that this side does not read."""


@dataclass(frozen=True)
class ProvenCaller:
    """Who sent a message: `name`, as the key with the id `key` proves; `replayed_by` put it back as a dead letter."""

    name: str
    key: str
    proof: str
    replayed_by: str | None = None


def is_name(text: object) -> bool:
    """Whether it may name a key, or who seals."""
    return isinstance(text, str) and _NAME.match(text) is not None


@dataclass(frozen=True)
class SealedText:
    """A sealed text in its parts. Nothing of it is proven yet. Times are milliseconds."""

    proof: str
    key: str
    name: str
    id: str
    time: int
    within: int
    print: str
    form: str
    head: str
    """All before the body, the last point included."""
    body: str


def read_sealed(text: str) -> SealedText | None:
    """None: it is none."""
    found = _HEAD.match(text, 0, LONGEST_HEAD)
    if found is None:
        return None
    proof, key, name, id_, time, within, print_, form = found.groups()
    head = found[0]
    return SealedText(proof, key, name, id_, int(time), int(within), print_, form, head, text[len(head) :])


def identity_of(codec: str | None, data: str) -> str:
    """What the digest of an idempotency key is made of: sealed texts of the same data differ, their prints do not."""
    sealed = read_sealed(data) if codec == "sealed" else None
    return sealed.print if sealed else data


def joined(parts: Iterable[str]) -> bytes:
    """Texts as one, which says by itself where it ends."""
    texts = [whole(part).encode() for part in parts]
    return b"%d;" % len(texts) + b"".join(b"%d:%b" % (len(text), text) for text in texts)


@dataclass(frozen=True)
class EntryFacts:
    """What the seal of an entry binds beside its data. `caller` and `call` are empty of an event."""

    pattern: str
    stream: str
    caller: str = ""
    call: str = ""
    idle: int = 0
    once: bool = False
    message: bool = False
    group: str = ""
    key: str | None = None
    headers: dict[str, str] | None = None
    """Those that stand beside the data."""

    def bound(self, head: str) -> bytes:
        flags = f"idle={self.idle} once={int(self.once)} message={int(self.message)}"
        kind = "request" if self.call else "event"
        parts = [DOMAIN, kind, head, self.pattern, self.stream, self.caller, self.call, flags, self.group]
        headers = self.headers or {}
        names = sorted(headers, key=lambda name: name.encode("utf-16-be", "surrogatepass"))
        return joined([*parts, self.key or "", *(part for name in names for part in (name, headers[name]))])


@dataclass(frozen=True)
class ReplyFacts:
    """What the seal of a reply binds. `request` is the sealed text of its request."""

    pattern: str
    caller: str
    call: str
    key: str | None
    instance: str
    deliveries: int
    nonce: float
    index: int
    is_last: bool
    request: SealedText

    def bound(self, head: str) -> bytes:
        place = f"{self.index} {'last' if self.is_last else 'next'}"
        if self.key is not None:
            return joined([DOMAIN, "result", head, self.pattern, self.key, self.request.print, place])
        run = f"{self.instance} {self.deliveries} {_whole(self.nonce)}"
        return joined([DOMAIN, "reply", head, self.pattern, self.caller, self.call, run, place])


def _whole(nonce: float) -> str:
    """A number as JavaScript writes it, where it is whole."""
    return str(int(nonce)) if nonce == int(nonce) else repr(nonce)


def bound_print(pattern: str, key: str, form: str, data: bytes) -> bytes:
    """What the print of data under an idempotency key is made of."""
    return joined([DOMAIN, "print", pattern, key]) + form.encode() + b" " + data


def packed(headers: str, data: bytes) -> bytes:
    """JSON of hidden headers, or nothing, and data."""
    text = headers.encode()
    return b"%d:%b%b" % (len(text), text, data)


def unpacked(content: bytes) -> tuple[str, bytes]:
    """The same back. Raises ValueError: who has the key wrote something else."""
    length, colon, _ = content[:8].partition(b":")
    if not colon or not length.isdigit() or int(length) > len(content) - len(length) - 1:
        raise ValueError("what was sealed is not headers and data")
    begin = len(length) + 1
    end = begin + int(length)
    return content[begin:end].decode(), content[end:]


def packet_of(value: Any, is_last: bool) -> dict[str, Any]:
    """A value as Nest's serializers have it; NOTHING: there is none."""
    return {**({} if value is NOTHING else {"response": value}), **({"isDisposed": True} if is_last else {})}
