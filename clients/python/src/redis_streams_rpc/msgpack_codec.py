"""The codec `b64:msgpack`: a list with one value, as MessagePack. Needs the extra `msgpack`."""

import math
import re
from base64 import b64decode, b64encode
from datetime import datetime, timezone
from typing import Any

import msgpack

from .frame import NOTHING
from .texts import DEEPEST
from .values import SAFE, BigInt, InvalidDate, Map, Set, is_big

NAME = "b64:msgpack"
_SINGLE, _BIGINT, _MAP, _SET, _TIME = 0, 1, 2, 3, -1
_WHOLE = re.compile(rb"-?[0-9]{1,1000}\Z")


def pack(value: Any) -> bytes:
    """The bytes of a value."""
    return bytes(msgpack.packb([_plain(value)], datetime=True))


def unpack(data: bytes) -> Any:
    """The value of bytes. Raises ValueError for what no writer writes."""
    try:
        items = msgpack.unpackb(data, ext_hook=_extension, timestamp=3, strict_map_key=False)
    except (msgpack.UnpackException, RecursionError) as error:
        raise ValueError(f"this is no MessagePack: {error}") from error
    if not isinstance(items, list) or len(items) != 1:
        raise ValueError("this is no list with one value")
    _check(items, DEEPEST + 1)
    return items[0]


def to_base64(value: Any) -> str:
    """A value as the field `d`."""
    return b64encode(pack(value)).decode()


def from_base64(text: str) -> Any:
    """The same back."""
    return unpack(b64decode(text, validate=True))


def _plain(value: Any) -> Any:
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int):
        return msgpack.ExtType(_BIGINT, str(int(value)).encode()) if is_big(value) else value
    if isinstance(value, float):
        return msgpack.ExtType(_SINGLE, b"\1") if value == 0 and math.copysign(1, value) < 0 else value
    if value is NOTHING:
        return msgpack.ExtType(_SINGLE, b"\0")
    if isinstance(value, InvalidDate):
        return msgpack.ExtType(_SINGLE, b"\2")
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=timezone.utc)
    if isinstance(value, Map):
        return msgpack.ExtType(_MAP, msgpack.packb([_plain(item) for pair in value for item in pair], datetime=True))
    if isinstance(value, Set | set | frozenset):
        return msgpack.ExtType(_SET, msgpack.packb([_plain(item) for item in value], datetime=True))
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items() if item is not NOTHING}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    return value


def _extension(code: int, data: bytes) -> Any:
    if code == _SINGLE and data in (b"\0", b"\1", b"\2"):
        return (NOTHING, -0.0, InvalidDate())[data[0]]
    if code == _BIGINT and _WHOLE.match(data):
        return BigInt(data)
    if code in (_MAP, _SET):
        items = msgpack.unpackb(data, ext_hook=_extension, timestamp=3, strict_map_key=False)
        if isinstance(items, list) and (code == _SET or len(items) % 2 == 0):
            return Set(items) if code == _SET else Map(zip(items[::2], items[1::2], strict=True))
    raise ValueError(f"an extension of the type {code} that is not known")


def _check(value: Any, room: int) -> None:
    if isinstance(value, int) and not isinstance(value, BigInt) and abs(value) > SAFE:
        raise ValueError("a whole number beyond 2^53")
    if not isinstance(value, list | dict):
        return
    if room <= 0:
        raise ValueError("nested too deeply")
    for item in [*value.keys(), *value.values()] if isinstance(value, dict) else value:
        for part in item if isinstance(item, tuple) else (item,):
            _check(part, room - 1)
