"""What users give is checked where they give it: what is wrong there would show much later, and somewhere else."""

import re
from typing import Any

from .errors import RedisStreamsError
from .header import LONGEST_TIME
from .texts import named

LARGEST = 67_108_864
"""Bytes of data and replies."""
SHORTEST = 0.001
"""Seconds: times travel as whole milliseconds, and 0 stands for none."""
_KEY_NAME = re.compile(r"[^\s{}\x00-\x1f\x7f-\x9f\ufeff]+\Z")


def invalid(why: str) -> RedisStreamsError:
    return RedisStreamsError("INVALID_OPTION", why)


def key_name(text: Any, what: str) -> str:
    """A name that becomes part of keys: braces would end their hash tag."""
    if not isinstance(text, str) or not _KEY_NAME.match(named(text, what, 128)):
        raise invalid(f"{what} is a text without white space, braces and control characters")
    return text


def whole(name: str, value: Any, least: int, most: int) -> int:
    """A whole number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise invalid(f"{name} is a whole number from {least:,} to {most:,}")
    return value


def number(name: str, value: Any, least: float, most: float) -> float:
    """A number within bounds."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
        raise invalid(f"{name} is a number from {least:,} to {most:,}")
    return value


def duration(name: str, value: Any) -> float:
    """Seconds, as a header line can hold them; 0: there is no bound."""
    most = LONGEST_TIME / 1000
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not (value == 0 or SHORTEST <= value <= most):
        raise invalid(f"{name} is a number of seconds from {SHORTEST} to {most:,}, or 0 for none")
    return float(value)


def no_consumer(value: Any) -> "str | float":
    """What happens to calls that nobody serves: a word, or seconds that they wait for somebody."""
    if value in ("wait", "fail"):
        return str(value)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not (0 <= value <= 86_400):
        raise invalid('when_no_consumer is "wait", "fail", or a number of seconds from 0 to 86,400')
    return float(value)


def fitting(text: str, most: int) -> str:
    """Data that services will read: of so many bytes at most."""
    if len(text) > most or (len(text) * 4 > most and len(text.encode()) > most):
        raise RedisStreamsError("PAYLOAD_TOO_LARGE", f"the data has more than {most:,} bytes")
    return text


def texts_by_name(name: str, value: Any) -> None:
    """A dictionary of texts."""
    if not isinstance(value, dict) or not all(isinstance(part, str) for pair in value.items() for part in pair):
        raise invalid(f"{name} are a dictionary of texts")
