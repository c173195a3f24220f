"""Frames: what a service writes into the reply log of a caller."""

from dataclasses import dataclass, field
from typing import Any

from .texts import UnsafeJson, checked_headers, is_count, is_number, is_safe, parse, write_json

NEXT, LAST, DONE, ERROR, FAULT, PACKED, PACKED_LAST, RESTART = range(8)
ENDS = (LAST, DONE, ERROR, FAULT, PACKED_LAST)
"""What ends a call."""


class Nothing:
    """The type of NOTHING."""

    def __repr__(self) -> str:
        return "NOTHING"


NOTHING = Nothing()
"""No value: JavaScript's `undefined`."""


@dataclass(frozen=True)
class Reply:
    """One reply. `deliveries` and `nonce` with the instance name a run, `index` counts its replies from 0."""

    call: str
    kind: int
    deliveries: int
    nonce: float
    index: int
    payload: Any = NOTHING
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Frame:
    """What one instance says. `unreadable` counts replies whose call is not known, `size` its characters, or more."""

    instance: str
    replies: list[Reply]
    unreadable: int
    size: int


def fault(code: str, message: str, outcome: str) -> dict[str, str]:
    """The payload of a fault."""
    return {"code": code, "message": message, "outcome": outcome}


def read_frame(text: str) -> Frame | None:
    """Reads a frame; None: nothing in it can be read."""
    words = text.split(" ", 2)
    if len(words) < 3 or words[0] != "1":
        return None
    try:
        items = parse(words[2])
    except UnsafeJson:
        return None
    if not isinstance(items, list):
        return None
    replies = [_reply(item) for item in items]
    known = [reply for reply in replies if reply is not None]
    size = len(text) if text.isascii() else 2 * len(text)
    return Frame(words[1], known, len(replies) - len(known), size)


def _whole(value: Any) -> int | None:
    return int(value) if is_count(value) else None


def _number(value: Any) -> float | None:
    return value if is_number(value) else None


def _reply(item: Any) -> Reply | None:
    if not isinstance(item, list) or not item or not isinstance(item[0], str):
        return None
    parts: list[Any] = [*item[1:], *[NOTHING] * 7]
    kind, deliveries, nonce, index, payload, headers, empty = parts[:7]
    runs, at, number = _whole(deliveries), _whole(index), _number(nonce)
    try:
        if _number(kind) is None or runs is None or at is None or number is None or not is_safe(payload):
            raise UnsafeJson("a reply that cannot be passed on")
        said = {} if headers is NOTHING else checked_headers(headers)
        if not is_safe(headers):
            raise UnsafeJson("headers that cannot be passed on")
    except UnsafeJson as error:
        told = fault("INVALID_MESSAGE", str(error), "may-have-run")
        return Reply(item[0], FAULT, runs or 0, number or 0, at or 0, told)
    return Reply(item[0], kind, runs, number, at, NOTHING if empty == 1 else payload, said)


def write_reply(reply: Reply) -> str:
    """One reply as JSON."""
    parts: list[Any] = [reply.call, reply.kind, reply.deliveries, reply.nonce, reply.index]
    if reply.payload is not NOTHING:
        parts.append(reply.payload)
    if reply.headers:
        parts += [reply.headers] if reply.payload is not NOTHING else [None, reply.headers, 1]
    return write_json(parts)


def write_frame(instance: str, replies: list[str]) -> str:
    """A frame of replies that are JSON already."""
    return f"1 {instance} [{','.join(replies)}]"
