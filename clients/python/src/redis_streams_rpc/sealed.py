"""Messages that only holders of a key can read or make. Needs the extra `sealed`.

See docs/sealed.md of the repository: what it defends against, and what it does not.
"""

import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .errors import RedisStreamsError
from .seal_keys import Key, Mode, OwnKey, PublicKey, SecretKey, bad
from .sealed_text import (
    CODEC,
    EntryFacts,
    OtherCodec,
    ProvenCaller,
    ReplyFacts,
    SealedText,
    Untrusted,
    bound_print,
    is_name,
    packed,
    read_sealed,
    unpacked,
)
from .texts import read_headers, read_json, write_json

__all__ = ["Key", "OwnKey", "ProvenCaller", "PublicKey", "Sealing", "SecretKey"]

LETTER = "letter"
MOST_REPLAYS, MOST_KEYS, MOST_OPERATORS = 8, 1_000, 100
MARGIN = 60_000
"""Milliseconds that a message is remembered longer than it could be taken again: clocks are estimates."""


@dataclass(frozen=True)
class Opened:
    """What a sealed entry held. `id` is that of its message, which is remembered for `remember` milliseconds."""

    data: Any
    headers: dict[str, str]
    caller: ProvenCaller
    id: str
    remember: int


class Sealing:
    """How one side seals and opens: `Caller(…, sealing=…)` and `Service(…, sealing=…)`.

    `name`: who this side is. `keys`: all of them read; the first that has no other `holder` writes. `mode`: `"encrypt"`
    with AES-256-GCM, or `"sign"`: HMAC-SHA256 with secrets, Ed25519 with pairs of keys. `headers`: hides those of calls
    and events too. `tolerance`: by how many seconds clocks may differ. `remember`: for how many seconds a service
    remembers an event beyond the time in which it could be stored. `operators`: who may put dead letters back.
    """

    def __init__(
        self,
        name: str,
        keys: Sequence[Key],
        *,
        mode: Mode = "encrypt",
        headers: bool = False,
        tolerance: float = 60,
        remember: float = 3_600,
        operators: Iterable[str] = (),
    ) -> None:
        self.name, self.mode, self.hides_headers, self._operators = name, mode, headers, frozenset(operators)
        if not is_name(name):
            raise bad("the name", "has 1 to 64 letters, digits, _ and -")
        if mode not in ("encrypt", "sign") or (headers and mode == "sign"):
            raise bad("the mode", 'is "encrypt" or "sign", which hides no headers')
        if not 1 <= tolerance <= 3_600 or not 0 <= remember <= 604_800:
            raise bad("the tolerance", "is of 1 to 3,600 seconds, and what is remembered of 0 to 604,800")
        if len(self._operators) > MOST_OPERATORS or not all(map(is_name, self._operators)):
            raise bad("operators", f"are {MOST_OPERATORS} names at most")
        self._tolerance, self._remember = int(tolerance * 1000), int(remember * 1000)
        self._keys = {key.id: key for key in keys}
        if not 1 <= len(keys) <= MOST_KEYS or len(self._keys) < len(keys):
            raise bad("keys", f"are 1 to {MOST_KEYS}, each with an id of its own")
        if not all(isinstance(key, SecretKey if mode == "encrypt" else Key) for key in keys):
            raise bad("keys", "are secrets; pairs of keys are for the mode sign")
        if all(isinstance(key, PublicKey) for key in keys):
            raise bad("keys", "are public, and one to write with is needed")
        own = (key for key in keys if isinstance(key, SecretKey | OwnKey) and key.holder in (None, name))
        self._own = next(own, None)
        """What one writes with the key of another holder would prove nothing."""

    def entry(self, data: str, headers: dict[str, str] | None, facts: EntryFacts, within: int) -> str:
        """Seals JSON of an entry that may be stored for so many milliseconds. `headers` are hidden."""
        key, content = self._writer, data.encode()
        print_ = "-"
        if facts.key is not None:
            print_ = _base64(key.print(self.mode, bound_print(facts.pattern, facts.key, "json", content)))
        id_ = secrets.token_urlsafe(16)
        head = self._head(key, f"{id_}.{int(time.time() * 1000)}.{within}.{print_}.json")
        hidden = write_json(headers) if headers is not None else ""
        return head + _base64(key.seal(self.mode, facts.bound(head), packed(hidden, content)))

    def open_entry(self, text: str, facts: EntryFacts, added: int, timeout: int, now: int) -> Opened:
        """Opens an entry that was added at a time (ms), with a timeout (ms). Raises Untrusted, and ValueError."""
        sealed = _read(text)
        content = self._open(sealed, facts)
        self._check_times(sealed, facts, added, timeout)
        end = sealed.time + sealed.within + self._tolerance + (facts.idle if facts.call else self._remember)
        by, told = sealed, sealed
        for _ in range(MOST_REPLAYS):
            if told.form != LETTER:
                break
            told, content = self._letter(told, content, facts.pattern)
        if told.form == LETTER:
            raise Untrusted(f"it was put back more than {MOST_REPLAYS} times")
        if told.form != "json":
            raise OtherCodec(f"{told.form} was sealed, and this side reads json")
        hidden, data = unpacked(content)
        replayed_by = by.name if by is not told else None
        caller = ProvenCaller(told.name, told.key, told.proof, replayed_by)
        headers = read_headers(hidden) if hidden else {}
        return Opened(_json(data), headers, caller, sealed.id, max(0, end - now) + MARGIN)

    def reply(self, packet: dict[str, Any], facts: ReplyFacts) -> str:
        """Seals a packet of a reply: a request that was sealed with a secret is answered with the same."""
        key = self._writer if facts.request.proof == "ed25519" else self._of(facts.request.key)
        if isinstance(key, PublicKey):
            raise Untrusted("there is no key to answer with")
        head = self._head(key, "-.0.0.-.json")
        return head + _base64(key.seal(self.mode, facts.bound(head), packed("", write_json(packet).encode())))

    def open_reply(self, payload: Any, facts: ReplyFacts) -> dict[str, Any]:
        """The packet of a reply. Raises Untrusted, and ValueError for one that cannot be read."""
        codec, text = payload if isinstance(payload, list) and len(payload) == 2 else ("", "")
        if codec != CODEC or not isinstance(text, str):
            raise Untrusted("it is not sealed")
        sealed = _read(text)
        key = self._reader(sealed)
        if not isinstance(key, PublicKey) and sealed.key != facts.request.key:
            raise Untrusted("it is sealed with another key than the request")
        content = key.open(self.mode, facts.bound(sealed.head), _bytes(sealed.body))
        if content is None:
            raise Untrusted("its proof is not that of this reply")
        if sealed.form != "json":
            raise OtherCodec(f"{sealed.form} was sealed, and this side reads json")
        packet = _json(unpacked(content)[1])
        if not isinstance(packet, dict):
            raise ValueError("a sealed reply is an object")
        return packet

    def must_write(self) -> None:
        """Raises KEY_UNAVAILABLE where there is no key that this side may write with."""
        _ = self._writer

    @property
    def _writer(self) -> SecretKey | OwnKey:
        if self._own is None:
            raise RedisStreamsError("KEY_UNAVAILABLE", "there is no key that this side may write with")
        return self._own

    def _head(self, key: SecretKey | OwnKey, rest: str) -> str:
        return f"1.{key.proof(self.mode)}.{key.id}.{self.name}.{rest}."

    def _of(self, id_: str) -> Key:
        if id_ not in self._keys:
            raise Untrusted(f"there is no key {id_} here")
        return self._keys[id_]

    def _reader(self, sealed: SealedText) -> SecretKey | PublicKey:
        key = self._of(sealed.key)
        if isinstance(key, OwnKey):
            raise Untrusted("it is signed with a key of this side")
        if key.proof(self.mode) != sealed.proof:
            raise Untrusted(f"it is proven by {sealed.proof}, not by {key.proof(self.mode)}")
        return key

    def _open(self, sealed: SealedText, facts: EntryFacts) -> bytes:
        key = self._reader(sealed)
        if key.holder not in (None, sealed.name):
            raise Untrusted(f"the key {key.id} does not prove that it comes from {sealed.name}")
        content = key.open(self.mode, facts.bound(sealed.head), _bytes(sealed.body))
        if content is None or (facts.key is not None and sealed.print == "-"):
            raise Untrusted("its proof is not that of this entry")
        return content

    def _letter(self, around: SealedText, content: bytes, pattern: str) -> tuple[SealedText, bytes]:
        """What an operator has put back: it was taken then, so when it was sealed does not matter."""
        if around.name not in self._operators:
            raise Untrusted(f"{around.name} may not put letters back")
        said = _json(unpacked(content)[1])
        try:
            facts = EntryFacts(
                said["pattern"],
                said["stream"],
                said.get("caller", ""),
                said.get("call", ""),
                int(said["idle"]),
                bool(said["once"]),
                bool(said.get("message")),
                said.get("group", ""),
                said.get("key"),
                said.get("headers"),
            )
            sealed = _read(said["text"])
            bound = self._open(sealed, facts)
        except (KeyError, TypeError, AttributeError, OverflowError) as error:
            raise Untrusted("it holds no letter") from error
        if facts.pattern != pattern:
            raise Untrusted("its proof is not that of this entry")
        return sealed, bound

    def _check_times(self, sealed: SealedText, facts: EntryFacts, added: int, timeout: int) -> None:
        """The entry must have been stored when the message could be, and must not last longer."""
        latest = sealed.time + sealed.within + self._tolerance
        if not sealed.time - self._tolerance <= added <= latest:
            raise Untrusted(f"it was stored {added - sealed.time} ms after it was sealed")
        if facts.call and (timeout > facts.idle if facts.idle else not timeout or added + timeout > latest):
            raise Untrusted("its deadline was changed")


def _read(text: str) -> SealedText:
    sealed = read_sealed(text)
    if sealed is None:
        raise Untrusted("it is not sealed")
    return sealed


def _json(data: bytes) -> Any:
    text = data.decode()
    return read_json(text) if text else None


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except ValueError as error:
        raise Untrusted("it is no base64") from error
