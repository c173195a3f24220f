"""Patterns as texts: the canonical JSON of RFC 8785 for what is no text."""

import json
import math
import re
from decimal import Decimal
from typing import Any

from .errors import RedisStreamsError
from .texts import named

LONGEST = 1024


def pattern_text(pattern: Any) -> str:
    """The text that names a pattern on the wire. Raises INVALID_OPTION for one that cannot be."""
    return named(pattern if isinstance(pattern, str) else canonical(pattern), "a pattern", LONGEST)


def canonical(value: Any) -> str:
    """JSON with keys in the order of their UTF-16 units, and numbers as JavaScript writes them."""
    if value is None or isinstance(value, bool | str):
        # Halves of surrogate pairs are no UTF-8.
        return re.sub("[\ud800-\udfff]", _escaped, json.dumps(value, ensure_ascii=False))
    if isinstance(value, int | float):
        return _number(value)
    if isinstance(value, list | tuple):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    if isinstance(value, dict):
        keys = sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        return "{" + ",".join(f"{canonical(key)}:{canonical(value[key])}" for key in keys) + "}"
    raise RedisStreamsError("INVALID_OPTION", f"JSON has no form for {type(value).__name__}")


def _escaped(found: "re.Match[str]") -> str:
    return f"\\u{ord(found[0]):04x}"


def _number(value: float) -> str:
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise RedisStreamsError("INVALID_OPTION", "JSON has no form for this number")
    if number == 0:
        return "0"
    if number.is_integer() and abs(number) < 1e21:
        # As few digits as tell it from its neighbours, and zeros.
        return format(Decimal(repr(number)), "f").removesuffix(".0")
    text = repr(number)
    mantissa, _, exponent = text.partition("e")
    if exponent:
        power = int(exponent)
        if -7 < power < 0:
            return format(number, f".{len(mantissa.replace('.', '').lstrip('-')) - 1 - power}f")
        return f"{mantissa.removesuffix('.0')}e{'+' if power > 0 else '-'}{abs(power)}"
    return text
