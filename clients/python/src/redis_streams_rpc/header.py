"""The header line: the field `c` of an entry."""

import re
from dataclasses import dataclass

from .texts import LARGEST_COUNT, units

LONGEST = 512
LONGEST_TIME = 2_147_483_647
MOST_VALUES, MOST_CHARACTERS = 1_000_000, 67_108_864
"""Of a window."""

_CALL = re.compile(r"[A-Za-z0-9_-]{1,64}\Z")
_CALLER = re.compile(r"[A-Za-z0-9_-]{16,32}\Z")
_CODEC = re.compile(r"(json|text|obj|b64)(?::([a-z0-9-]{1,32}))?\Z")
_WHOLE = re.compile(r"[0-9]+\Z")
"""Of any length: the line is bounded."""
_WINDOW = re.compile(r"([1-9][0-9]{0,9}),([1-9][0-9]{0,9})\Z")


@dataclass(frozen=True)
class Sender:
    """Who is told about a call."""

    call: str
    caller: str


@dataclass(frozen=True)
class WindowSize:
    """How much of a stream may be on its way: values, and characters of their replies."""

    values: int
    characters: int


@dataclass(frozen=True)
class Header:
    """What a header line says. `sender` is None for an event; times are milliseconds, 0 for none."""

    version: int
    codec: str
    codec_name: str | None
    sender: Sender | None
    timeout: int
    idle: int = 0
    once: bool = False
    depth: int = 0
    message: bool = False
    window: WindowSize | None = None
    """None: the stream does not wait for its reader."""


@dataclass(frozen=True)
class Malformed:
    """An entry that is not run. `tells` is who gets a fault, None: nobody can be told."""

    why: str
    tells: Sender | None = None
    code: str = "INVALID_MESSAGE"
    fields: tuple[str, ...] = ()
    """Of a call or an event of a pack: what it holds, as if it were an entry of its own."""


def is_call(text: str) -> bool:
    return _CALL.match(text) is not None


def is_caller(text: str) -> bool:
    return _CALLER.match(text) is not None


def read_header(line: str) -> Header | Malformed:
    """Reads a header line. Words of another version than 1 may mean something else, but for the first four."""
    words = line.split(" ")
    if len(words) < 4:
        return Malformed("the header line is too short")
    version, codec, call, caller = words[:4]
    sender = Sender(call, caller) if is_call(call) and is_caller(caller) else None
    if units(line) > LONGEST or not (_WHOLE.match(version) and 1 <= int(version) <= LARGEST_COUNT):
        return Malformed("the header line cannot be read", sender)
    if sender is None and (call, caller) != ("-", "-"):
        return Malformed("the call or its caller cannot be read")
    if int(version) != 1:
        return Header(int(version), codec, None, sender, 0)
    known = _CODEC.match(codec)
    if known is None:
        return Malformed("the codec is not known", sender)
    timeout = _time(words[4]) if len(words) > 4 else None
    if timeout is None:
        return Malformed("the timeout cannot be read", sender)
    flags = words[5:]
    return Header(
        1,
        known[1],
        known[2],
        sender,
        timeout,
        idle=_flag(flags, "idle"),
        once="once" in flags,
        depth=min(_flag(flags, "depth"), 16),
        message="message" in flags,
        window=_window(_word(flags, "window")),
    )


def _time(word: str) -> int | None:
    return int(word) if _WHOLE.match(word) and int(word) <= LONGEST_TIME else None


def _word(flags: list[str], name: str) -> str:
    """What a flag says; of one that stands twice the last counts."""
    return next((flag[len(name) + 1 :] for flag in reversed(flags) if flag.startswith(name + "=")), "")


def _flag(flags: list[str], name: str) -> int:
    word = _word(flags, name)
    return min(LONGEST_TIME, int(word)) if _WHOLE.match(word) else 0


def _window(text: str) -> WindowSize | None:
    found = _WINDOW.match(text)
    return WindowSize(min(MOST_VALUES, int(found[1])), min(MOST_CHARACTERS, int(found[2]))) if found else None


def header_line(
    call: str,
    caller: str,
    timeout: int,
    *,
    idle: int = 0,
    once: bool = False,
    depth: int = 0,
    codec: str = "json",
    window: WindowSize | None = None,
) -> str:
    """Writes a header line; `-` twice makes an event. Times are milliseconds."""
    flags = (f" idle={idle}" if idle else "") + (" once" if once else "") + (f" depth={depth}" if depth else "")
    flags += f" window={window.values},{window.characters}" if window else ""
    return f"1 {codec} {call} {caller} {timeout}{flags}"


def line_of(fields: list[str]) -> str:
    """The header line of an entry, or an empty text."""
    return next((fields[at + 1] for at in range(0, len(fields) - 1, 2) if fields[at] == "c"), "")


def is_pack_line(line: str) -> bool:
    """Whether an entry is a pack."""
    return line.startswith("1 pack.")


def is_event_pack_line(line: str) -> bool:
    """Whether it is a pack of events: each group notes for itself which of them have ended."""
    words = line.split(" ", 4)
    return is_pack_line(line) and len(words) > 3 and words[3] == "-"
