"""What a dead letter keeps of its entry."""

from hashlib import sha256

from .texts import units

LONGEST_FIELD = 1_048_576
FIELD_BEGINS = 4_096


def short(fields: list[str]) -> list[str]:
    """The fields of an entry, with what is too long replaced."""
    made: list[str] = []
    for name, text in zip(fields[::2], fields[1::2], strict=True):
        if units(text) > LONGEST_FIELD:
            made += [f"{name}-sha256", sha256(text.encode()).hexdigest(), f"{name}-begins", text[:FIELD_BEGINS]]
        else:
            made += [name, text]
    return made
