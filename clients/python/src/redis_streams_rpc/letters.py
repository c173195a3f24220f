"""What a dead letter keeps of its entry."""

from hashlib import sha256

from .texts import begins, units

LONGEST_FIELD = 1_048_576
FIELD_BEGINS = 4_096
FIELDS = ("c", "d", "h", "k", "p", "m", "g", "r")
"""Those of an entry. Others may have any name, also one that a letter has for itself."""


def of_entry(fields: list[str]) -> list[str]:
    """The fields of an entry, with what is too long replaced. Of one that stands twice the first counts."""
    made: list[str] = []
    known = set(FIELDS)
    for name, text in zip(fields[::2], fields[1::2], strict=True):
        if name not in known:
            continue
        known.remove(name)
        if units(text) > LONGEST_FIELD:
            start = begins(text, FIELD_BEGINS)
            made += [f"{name}-sha256", sha256(text.encode()).hexdigest(), f"{name}-begins", start]
        else:
            made += [name, text]
    return made
