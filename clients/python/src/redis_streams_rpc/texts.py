"""Texts as the protocol counts and writes them: lengths in UTF-16 units, JSON that is safe to read."""

import json
import math
import re
from typing import Any, NoReturn

from .errors import RedisStreamsError

DEEPEST = 64
LARGEST_COUNT = 2**53 - 1
"""Beyond it JavaScript does not tell whole numbers apart."""
_UNSEEN = re.compile("[\x00-\x1f\x7f-\x9f\xad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]")
"""What a terminal or a log viewer does not show but obeys, as the library for Node has it."""


class UnsafeJson(ValueError):
    """A text that is no JSON, or JSON that must not be read."""


class _Poisoned(dict[str, Any]):
    """An object with a `__proto__` key."""


def units(text: str) -> int:
    """The length of a text in UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode("utf-16-le", "surrogatepass")) // 2


def _refuse(word: str) -> NoReturn:
    raise UnsafeJson(f"{word} is no JSON")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    return _Poisoned(made) if "__proto__" in made else made


def parse(text: str) -> Any:
    """Parses JSON without judging what is in it; see `is_safe`."""
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise UnsafeJson(str(error)) from error


def is_safe(value: Any, room: int = DEEPEST) -> bool:
    """Whether parsed JSON has no `__proto__` key and no more than `room` levels."""
    if isinstance(value, dict):
        return room > 0 and type(value) is dict and all(is_safe(item, room - 1) for item in value.values())
    if isinstance(value, list):
        return room > 0 and all(is_safe(item, room - 1) for item in value)
    return True


def read_json(text: str) -> Any:
    """Parses JSON that another program wrote."""
    value = parse(text)
    if not is_safe(value):
        raise UnsafeJson("a __proto__ key, or nested too deeply")
    return value


def write_json(value: Any) -> str:
    """JSON as short as it can be. Raises ValueError for NaN and circles, and TypeError for what JSON cannot hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    # Halves of surrogate pairs are no UTF-8, but JSON can escape them.
    return text if text.isascii() or is_utf8(text) else json.dumps(value, allow_nan=False)


def is_utf8(text: str) -> bool:
    """Whether it can be written as UTF-8: it has no half of a surrogate pair."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def whole(text: str) -> str:
    """A text that is UTF-8: halves of surrogate pairs are replaced, as JavaScript does where it writes bytes."""
    return text if is_utf8(text) else text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def begins(text: str, most: int) -> str:
    """What a text begins with, at most so many UTF-16 units of it, as UTF-8."""
    cut = text[:most]
    if units(cut) > most:
        cut = cut.encode("utf-16-le", "surrogatepass")[: 2 * most].decode("utf-16-le", "replace")
    return whole(cut)


def visible(text: str) -> str:
    """A text of others for a line of a log: what would not be seen is written as `\\u001b`, and ends no line."""
    return text if text.isascii() and text.isprintable() else _UNSEEN.sub(_escaped, text)


def visible_lines(text: str) -> str:
    """The same for texts of several lines, such as stacks: their line ends and tabs stay."""
    return _UNSEEN.sub(lambda found: found[0] if found[0] in "\n\t" else _escaped(found), text)


def _escaped(found: "re.Match[str]") -> str:
    return f"\\u{ord(found[0]):04x}"


def named(text: str, what: str, most: int) -> str:
    """A text that names something in Redis. Raises INVALID_OPTION where its halves of pairs would be one text there."""
    if not isinstance(text, str) or not 1 <= units(text) <= most or not is_utf8(text):
        why = f"{what} has 1 to {most:,} characters, and no half of a surrogate pair"
        raise RedisStreamsError("INVALID_OPTION", why)
    return text


def is_number(value: Any) -> bool:
    """Whether parsed JSON is a number that is finite, as JavaScript counts."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def is_count(value: Any) -> bool:
    """Whether parsed JSON is a whole number from 0 on that JavaScript tells from its neighbours."""
    return is_number(value) and 0 <= value <= LARGEST_COUNT and value == int(value)


def read_headers(text: str) -> dict[str, str]:
    """Reads headers: a JSON object of texts, of 16,384 UTF-16 units at most."""
    if units(text) > 16_384:
        raise UnsafeJson("headers are too long")
    return checked_headers(read_json(text))


def checked_headers(value: Any) -> dict[str, str]:
    """The same of JSON that was read already."""
    if not isinstance(value, dict) or not all(isinstance(item, str) for item in value.values()):
        raise UnsafeJson("headers are no object of texts")
    return value
