"""Rich JSON, the codec of contracts: values that JSON has no form for, as objects with one key."""

import math
import re
from base64 import b64decode, b64encode
from collections.abc import Callable
from datetime import datetime, timezone
from typing import Any

from .frame import NOTHING
from .values import BigInt, InvalidDate, Map, Set, is_big

LONGEST_BIGINT = 10_000
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z\Z")
_WHOLE = re.compile(r"-?[0-9]+\Z")
_NUMBERS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf, "-0": -0.0}


def to_rich(value: Any) -> Any:
    """The JSON of a value."""
    if value is None or isinstance(value, str | bool):
        return value
    if isinstance(value, int):
        return {"$bigint": str(int(value))} if is_big(value) else value
    if isinstance(value, float):
        return _number(value)
    for type_, word, write in _WRITERS:
        if isinstance(value, type_):
            return {word: write(value)}
    if isinstance(value, dict):
        made = {key: to_rich(item) for key, item in value.items() if item is not NOTHING}
        return {"$" + key: item for key, item in made.items()} if _is_escaped(made) else made
    if isinstance(value, list | tuple):
        return [to_rich(item) for item in value]
    raise TypeError(f"rich JSON has no form for {type(value).__name__}")


def _is_escaped(value: dict[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith("$")


def _number(value: float) -> Any:
    if math.isfinite(value) and not (value == 0 and math.copysign(1, value) < 0):
        return value
    return {"$number": next(word for word, it in _NUMBERS.items() if repr(it) == repr(value))}


def _time(value: datetime) -> str:
    utc = (value if value.tzinfo else value.replace(tzinfo=timezone.utc)).astimezone(timezone.utc)
    return utc.strftime("%Y-%m-%dT%H:%M:%S.") + f"{utc.microsecond // 1000:03d}Z"


_WRITERS: list[tuple[Any, str, Callable[[Any], Any]]] = [
    (datetime, "$date", _time),
    (InvalidDate, "$date", lambda _: None),
    ((bytes, bytearray), "$bytes", lambda value: b64encode(value).decode()),
    (type(NOTHING), "$undefined", lambda _: True),
    (Map, "$map", lambda value: [[to_rich(key), to_rich(item)] for key, item in value]),
    ((Set, set, frozenset), "$set", lambda value: [to_rich(item) for item in value]),
]


def from_rich(json: Any) -> Any:
    """The value of JSON. Raises ValueError for what no writer writes."""
    if isinstance(json, list):
        return [from_rich(item) for item in json]
    if not isinstance(json, dict):
        return json
    if _is_escaped(json):
        word, inner = next(iter(json.items()))
        if word in _READERS:
            return _READERS[word](inner)
        if word.startswith("$$"):
            return {word[1:]: from_rich(inner)}
    return {key: from_rich(item) for key, item in json.items()}


def _need(condition: bool, what: str) -> None:
    if not condition:
        raise ValueError(f"this is no {what}")


def _read_date(inner: Any) -> Any:
    if inner is None:
        return InvalidDate()
    _need(isinstance(inner, str) and _TIME.match(inner) is not None, "date")
    return datetime.fromisoformat(inner[:19]).replace(
        tzinfo=timezone.utc, microsecond=int((inner[20:-1] or "0").ljust(6, "0"))
    )


def _read_bytes(inner: Any) -> bytes:
    _need(isinstance(inner, str), "base64")
    return b64decode(inner, validate=True)


def _read_bigint(inner: Any) -> BigInt:
    _need(isinstance(inner, str) and len(inner) <= LONGEST_BIGINT and _WHOLE.match(inner) is not None, "bigint")
    return BigInt(inner)


def _read_number(inner: Any) -> float:
    _need(isinstance(inner, str) and inner in _NUMBERS, "number")
    return _NUMBERS[inner]


def _read_map(inner: Any) -> Map:
    _need(isinstance(inner, list) and all(isinstance(pair, list) and len(pair) == 2 for pair in inner), "map")
    return Map((from_rich(key), from_rich(item)) for key, item in inner)


def _read_set(inner: Any) -> Set:
    _need(isinstance(inner, list), "set")
    return Set(from_rich(item) for item in inner)


def _read_undefined(inner: Any) -> Any:
    _need(inner is True, "nothing")
    return NOTHING


_READERS: dict[str, Callable[[Any], Any]] = {
    "$date": _read_date,
    "$bytes": _read_bytes,
    "$bigint": _read_bigint,
    "$number": _read_number,
    "$map": _read_map,
    "$set": _read_set,
    "$undefined": _read_undefined,
}
TAGS = frozenset(_READERS)
"""Keys of the objects that stand for values that JSON has no form for."""
