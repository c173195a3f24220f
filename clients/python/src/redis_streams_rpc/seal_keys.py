"""Keys that messages are sealed with, and what each of them can prove. Needs the extra `sealed`."""

import hmac
import re
import secrets
import time
from base64 import b64decode
from collections import OrderedDict
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Literal

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import load_pem_private_key, load_pem_public_key

from .errors import RedisStreamsError
from .sealed_text import DOMAIN, is_name

SALT, NONCE, TAG, MAC, SIGNATURE = 16, 12, 16, 32, 64
LEAST, MOST = 32, 1024
"""Bytes of a secret."""
MOST_SEALED, LONGEST = 1_048_576, 3_600
"""Messages that one subkey seals at most, and for how many seconds it does."""
MOST_KEPT = 512
"""Subkeys of other processes that are kept."""
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]+={0,2}\Z")

Mode = Literal["encrypt", "sign"]


def bad(name: str, reason: str) -> RedisStreamsError:
    return RedisStreamsError("INVALID_OPTION", f"sealed: {name} {reason}")


class _Subkeys:
    """Keys made of a secret: each process seals with one of its own, for an hour and a million messages at most."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret
        self._own: tuple[bytes, AESGCM] | None = None
        self._until, self._left = 0.0, 0
        self._others: OrderedDict[bytes, AESGCM] = OrderedDict()
        self.for_signing, self.for_prints = self._derive(b"", "hmac"), self._derive(b"", "print")

    def _derive(self, salt: bytes, purpose: str) -> bytes:
        return HKDF(SHA256(), 32, salt, f"{DOMAIN} {purpose}".encode()).derive(self._secret)

    def seal(self, bound: bytes, content: bytes) -> bytes:
        if self._own is None or not self._left or time.monotonic() >= self._until:
            salt = secrets.token_bytes(SALT)
            self._own = salt, AESGCM(self._derive(salt, "gcm"))
            self._left, self._until = MOST_SEALED, time.monotonic() + LONGEST
        self._left -= 1
        nonce = secrets.token_bytes(NONCE)
        return self._own[0] + nonce + self._own[1].encrypt(nonce, content, bound)

    def open(self, bound: bytes, body: bytes) -> bytes | None:
        if len(body) < SALT + NONCE + TAG:
            return None
        salt, nonce, text = body[:SALT], body[SALT : SALT + NONCE], body[SALT + NONCE :]
        key = self._others.get(salt) or AESGCM(self._derive(salt, "gcm"))
        try:
            content = key.decrypt(nonce, text, bound)
        except InvalidTag:
            return None
        # What strangers make up is never kept, so they displace nothing.
        self._others[salt] = key
        self._others.move_to_end(salt)
        if len(self._others) > MOST_KEPT:
            self._others.popitem(last=False)
        return content


@dataclass(frozen=True, eq=False)
class SecretKey:
    """A secret that both sides have: 32 to 1,024 random bytes, or their base64. `holder`: who it proves."""

    id: str
    secret: bytes | str = field(repr=False)
    holder: str | None = None
    _subkeys: _Subkeys = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.id, self.holder)
        object.__setattr__(self, "_subkeys", _Subkeys(_read_secret(self.secret)))

    def proof(self, mode: Mode) -> str:
        return "gcm" if mode == "encrypt" else "hmac"

    def seal(self, mode: Mode, bound: bytes, content: bytes) -> bytes:
        if mode == "encrypt":
            return self._subkeys.seal(bound, content)
        return content + self._mac(bound, content)

    def open(self, mode: Mode, bound: bytes, body: bytes) -> bytes | None:
        """The content; None: it was not sealed with this key, or not as this message."""
        if mode == "encrypt":
            return self._subkeys.open(bound, body)
        content = body[:-MAC]
        return content if len(body) >= MAC and hmac.compare_digest(self._mac(bound, content), body[-MAC:]) else None

    def print(self, mode: Mode, data: bytes) -> bytes:
        if mode == "encrypt":
            return hmac.digest(self._subkeys.for_prints, data, "sha256")
        return sha256(data).digest()

    def _mac(self, bound: bytes, content: bytes) -> bytes:
        return hmac.digest(self._subkeys.for_signing, bound + content, "sha256")


@dataclass(frozen=True, eq=False)
class OwnKey:
    """An own Ed25519 key, to sign with: a key of `cryptography`, or PEM."""

    id: str
    private_key: Ed25519PrivateKey | str | bytes = field(repr=False)
    holder: None = field(default=None, init=False)
    _key: Ed25519PrivateKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.id, None)
        key = self.private_key
        try:
            read = load_pem_private_key(_bytes(key), None) if isinstance(key, str | bytes) else key
        except (ValueError, TypeError):
            read = None
        if not isinstance(read, Ed25519PrivateKey):
            raise bad(f"the key {self.id}", "is no private Ed25519 key")
        object.__setattr__(self, "_key", read)

    def proof(self, mode: Mode) -> str:
        return "ed25519"

    def seal(self, mode: Mode, bound: bytes, content: bytes) -> bytes:
        return content + self._key.sign(bound + content)

    def print(self, mode: Mode, data: bytes) -> bytes:
        return sha256(data).digest()


@dataclass(frozen=True, eq=False)
class PublicKey:
    """The public Ed25519 key of another side, `holder`, to verify with."""

    id: str
    public_key: Ed25519PublicKey | str | bytes = field(repr=False)
    holder: str
    _key: Ed25519PublicKey = field(init=False, repr=False)

    def __post_init__(self) -> None:
        _check(self.id, self.holder)
        key = self.public_key
        try:
            read = load_pem_public_key(_bytes(key)) if isinstance(key, str | bytes) else key
        except (ValueError, TypeError):
            read = None
        if not isinstance(read, Ed25519PublicKey):
            raise bad(f"the key {self.id}", "is no public Ed25519 key")
        object.__setattr__(self, "_key", read)

    def proof(self, mode: Mode) -> str:
        return "ed25519"

    def open(self, mode: Mode, bound: bytes, body: bytes) -> bytes | None:
        """The content; None: it was not signed with this key, or not as this message."""
        if len(body) < SIGNATURE:
            return None
        content = body[:-SIGNATURE]
        try:
            self._key.verify(body[-SIGNATURE:], bound + content)
        except InvalidSignature:
            return None
        return content


Key = SecretKey | OwnKey | PublicKey


def _check(id_: object, holder: object) -> None:
    if not is_name(id_):
        raise bad("the id of a key", "has 1 to 64 letters, digits, _ and -")
    if holder is not None and not is_name(holder):
        raise bad("the holder of a key", "has 1 to 64 letters, digits, _ and -")


def _bytes(text: str | bytes) -> bytes:
    return text.encode() if isinstance(text, str) else text


def _read_secret(secret: object) -> bytes:
    found = b""
    if isinstance(secret, str) and _BASE64.match(secret):
        text = secret.rstrip("=").replace("-", "+").replace("_", "/")
        found = b64decode(text + "=" * (-len(text) % 4)) if len(text) % 4 != 1 else b""
    elif isinstance(secret, bytes | bytearray):
        found = bytes(secret)
    if not LEAST <= len(found) <= MOST or len(set(found)) == 1:
        raise bad("a secret", f"has {LEAST} to {MOST} random bytes, or is their base64")
    return found
