"""What an entry has ended with, as the record of its key holds it."""

from typing import Any

from .frame import DONE, ERROR, LAST, NEXT, NOTHING, PACKED, PACKED_LAST, RESTART
from .texts import UnsafeJson, read_json


def read_result(text: str) -> list[tuple[int, Any]] | None:
    """The replies that a record of a key holds, with their kinds; None: they cannot be read."""
    try:
        said = read_json(text)
    except UnsafeJson:
        return None
    if not isinstance(said, list):
        return None
    replies: list[tuple[int, Any]] = []
    for item in said:
        kinds = (NEXT, PACKED, RESTART) if len(replies) < len(said) - 1 else (LAST, DONE, ERROR, PACKED_LAST)
        if not isinstance(item, list) or not 1 <= len(item) <= 2 or type(item[0]) is not int or item[0] not in kinds:
            return None
        replies.append((item[0], item[1] if len(item) > 1 else NOTHING))
    return replies
