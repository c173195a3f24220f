"""Values of JavaScript that Python has no own type for."""

from typing import Any


class BigInt(int):
    """A whole number that is a `bigint` on the other side. An int beyond 2^53 - 1 is written as one too."""


class InvalidDate:
    """A time that is none."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, InvalidDate)

    def __hash__(self) -> int:
        return 0


class Map(list[tuple[Any, Any]]):
    """A map, whose keys may be anything: its pairs."""


class Set(list[Any]):
    """A set in its order, whose items may be anything. A `set` of Python is written as one too."""


SAFE = 2**53 - 1


def is_big(value: int) -> bool:
    """Whether an int is written as a bigint."""
    return isinstance(value, BigInt) or abs(value) > SAFE
