"""What operators are told of something that was raised. A stack may hold secrets: none of this is in a reply.

Exceptions of users may raise again when they are asked for something. Nothing here raises.
"""

import traceback
from errno import errorcode

from .errors import DeadLetter, RetryLater
from .texts import begins

LONGEST_TEXT, LONGEST_NAME, LONGEST_STACK = 1_024, 128, 4_096
"""UTF-16 units. A stack has those of its causes."""
MOST_CAUSES = 4
MOST_FRAMES = 16
"""Of one stack: the innermost ones."""


def text_of(error: BaseException) -> str:
    """What it says, or its name where it says nothing."""
    try:
        said = str(error)
    except Exception:
        said = ""
    return begins(said or type(error).__name__, LONGEST_TEXT)


def letter_fields(error: BaseException) -> list[str]:
    """What a dead letter keeps of it beside its text. An instruction is no error: its cause is kept, if it has one."""
    told = _cause(error) if isinstance(error, DeadLetter | RetryLater) else error
    if told is None:
        return []
    fields = ["error-name", begins(type(told).__name__, LONGEST_NAME)]
    for name, text, most in (("error-code", _code(told), LONGEST_NAME), ("error-stack", _stack(told), LONGEST_STACK)):
        if text is not None:
            fields += [name, begins(text, most)]
    return fields


def _cause(error: BaseException) -> BaseException | None:
    """What it was raised from, or while it was handled."""
    return error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def _code(error: BaseException) -> str | None:
    """Its `code`, if that is a text or a number; of an error of the system the name of its number: ECONNREFUSED."""
    try:
        code = getattr(error, "code", None)
        if code is None and isinstance(error, OSError) and error.errno is not None:
            code = errorcode.get(error.errno)
        # Not as an enumeration shows itself.
        if isinstance(code, str):
            return str.__str__(code)
        if isinstance(code, int) and not isinstance(code, bool):
            return int.__repr__(code)
        return float.__repr__(code) if isinstance(code, float) else None
    except Exception:
        return None


def _stack(error: BaseException) -> str | None:
    """Its stack, then those of its causes; None: it was never raised."""
    told, one = list[str](), error
    for _ in range(MOST_CAUSES + 1):
        if one.__traceback__ is not None or told:
            told.append(_own_stack(one))
        cause = _cause(one)
        if cause is None or not told:
            break
        one = cause
    return "\ncaused by: ".join(told) or None


def _own_stack(error: BaseException) -> str:
    try:
        lines = traceback.format_exception(type(error), error, error.__traceback__, limit=-MOST_FRAMES, chain=False)
        return begins("".join(lines).rstrip("\n"), LONGEST_STACK)
    except Exception:
        return text_of(error)
