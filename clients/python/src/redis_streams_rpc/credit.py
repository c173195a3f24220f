"""Notices of callers: how far the readers of their streams have come."""

from dataclasses import dataclass

from .header import LONGEST_TIME, is_caller
from .texts import is_count, parse, units, write_json

MOST_RUNS = 500
"""Streams that one notice is about, at most."""
_BEGIN = '{"credit":'
_LONGEST = MOST_RUNS * 60
"""Characters: a notice of so many streams is shorter."""

Heard = tuple[float, int, int]
"""Nonce of a run; the replies before the second number may be sent, and the reader has taken those before the third."""


@dataclass(frozen=True)
class Credit:
    """What a caller says to one instance. The numbers of a run only grow, so a notice may be lost, late or repeated."""

    caller: str
    runs: list[Heard]


def is_credit(text: str) -> bool:
    """Whether a message is meant to be such a notice."""
    return text.startswith(_BEGIN)


def read_credit(text: str) -> Credit | None:
    """Reads a notice; None: it is none. What is not as expected in it is left out."""
    if units(text) > _LONGEST:
        return None
    try:
        said = parse(text)
    except ValueError:
        return None
    if not isinstance(said, dict):
        return None
    caller, runs = said.get("credit"), said.get("runs")
    if not isinstance(caller, str) or not is_caller(caller) or not isinstance(runs, list):
        return None
    known = (run[:3] for run in runs if isinstance(run, list) and len(run) >= 3)
    return Credit(caller, [(int(a), int(b), int(c)) for a, b, c in known if all(map(is_count, (a, b, c)))])


def credit_text(caller: str, runs: list[Heard]) -> str:
    return write_json({"credit": caller, "runs": runs})


def sign_every(idle: float) -> float:
    """Milliseconds from one notice to the next: three within the idle time (0: none), and one a second at least."""
    return max(10.0, min(1_000.0, (idle or LONGEST_TIME) / 3))
