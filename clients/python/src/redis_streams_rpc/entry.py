"""Entries of streams: requests, events, and packs of several calls or events."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .header import Header, Malformed, Sender, header_line, is_call, is_event_pack_line, read_header
from .patterns import LONGEST as LONGEST_PATTERN
from .texts import UnsafeJson, parse, read_headers, units, whole

LONGEST_KEY = 256
LARGEST_PACK = 64
_NUMBERS = {str(number) for number in range(1, LARGEST_PACK + 1)}


@dataclass(frozen=True)
class Request:
    """One request or event. `data` is the text, as its codec wrote it."""

    header: Header
    data: str
    headers: dict[str, str]
    key: str | None = None
    pattern: str | None = None
    group: str | None = None


@dataclass(frozen=True)
class Pack:
    """Several calls of one caller, or several events: each is a request, or what is wrong with it."""

    calls: list[Request | Malformed]
    pattern: str | None
    once: bool
    are_events: bool = False


def fields_of(flat: Sequence[str]) -> dict[str, str]:
    """Fields as Redis lists them, by name. Of one that stands twice the first counts."""
    found: dict[str, str] = {}
    for at in range(0, len(flat) - 1, 2):
        found.setdefault(flat[at], flat[at + 1])
    return found


def read_entry(flat: Sequence[str]) -> Request | Pack | Malformed:
    """Reads the fields of an entry, as Redis lists them."""
    fields = fields_of(flat)
    line = fields.get("c")
    if line is None:
        return Malformed("the entry has no header line")
    if line.startswith("1 pack."):
        return _pack(fields, line)
    header = read_header(line)
    if isinstance(header, Malformed) or header.version != 1:
        return header if isinstance(header, Malformed) else Request(header, fields.get("d", ""), {})
    if "d" not in fields:
        return Malformed("the entry has no data", header.sender)
    pattern = fields.get("p")
    if not _is_pattern(pattern):
        return Malformed("the pattern is empty or too long", header.sender)
    request = _request(header, fields["d"], fields.get("h"), fields.get("k"))
    if isinstance(request, Malformed):
        return request
    return replace(request, pattern=pattern, group=fields.get("g"))


def _is_pattern(text: str | None) -> bool:
    """Whether a field `p` is missing, or names a pattern."""
    return text is None or 1 <= units(text) <= LONGEST_PATTERN


def _request(header: Header, data: str, headers: str | None, key: str | None) -> Request | Malformed:
    if key is not None and not 1 <= units(key) <= LONGEST_KEY:
        return Malformed("the idempotency key is empty or too long", header.sender)
    try:
        return Request(header, data, {} if headers is None else read_headers(headers), key)
    except UnsafeJson as error:
        return Malformed(f"the headers cannot be read: {error}", header.sender)


def _pack(fields: dict[str, str], line: str) -> Pack | Malformed:
    words = line.split(" ")
    if is_event_pack_line(line):
        return _events(fields, words)
    ids = fields.get("m", "").split(",")
    if len(words) < 4 or not 1 <= len(ids) <= LARGEST_PACK or not all(is_call(call) for call in ids):
        return Malformed("the calls of the pack cannot be read")
    first = read_header(" ".join(["1", words[1].removeprefix("pack."), ids[0], *words[3:]]))
    caller = first.tells.caller if isinstance(first, Malformed) and first.tells else words[3]
    if isinstance(first, Malformed) and first.tells is None:
        return Malformed(first.why)
    lists = _lists(fields, len(ids))
    if isinstance(first, Malformed) or lists is None or words[2] != str(len(ids)):
        why = first.why if isinstance(first, Malformed) else "the pack is not what its header line says"
        # What cannot be read names no pattern.
        return Pack([Malformed(why, Sender(call, caller)) for call in ids], None, False)
    calls = [
        _packed(replace(first, sender=Sender(call, caller)), fields.get("p"), *texts)
        for call, *texts in zip(ids, *lists, strict=True)
    ]
    return Pack(calls, fields.get("p"), first.once)


def _events(fields: dict[str, str], words: list[str]) -> Pack | Malformed:
    """Nobody can be told what is wrong with a pack of events."""
    number = int(words[2]) if words[2] in _NUMBERS else 0
    header = read_header(" ".join(["1", words[1].removeprefix("pack."), "-", "-", *words[4:]]))
    if isinstance(header, Malformed):
        return header
    lists = _lists(fields, number)
    if lists is None:
        return Malformed("the pack is not what its header line says")
    pattern = fields.get("p")
    events = [_packed(header, pattern, *texts) for texts in zip(*lists, strict=True)]
    return Pack(events, pattern, header.once, True)


def _lists(fields: dict[str, str], number: int) -> list[list[str]] | None:
    """The data, headers and keys of so many; None: they are not so many, or what they share cannot be read."""
    if not number or not _is_pattern(fields.get("p")):
        return None
    found = []
    for name in ("d", "h", "k"):
        texts = _texts(fields.get(name)) if name == "d" or name in fields else ["null"] * number
        if texts is None or len(texts) != number:
            return None
        found.append(texts)
    return found


def _texts(text: str | None) -> list[str] | None:
    if text is None or not text.startswith("[") or not text.endswith("]") or len(text) < 2:
        return None
    return text[1:-1].split(",\n")


def _packed(header: Header, pattern: str | None, data: str, headers: str, key: str) -> Request | Malformed:
    own = None if headers == "null" else headers
    try:
        plain = _string(data) if header.codec in ("text", "b64") else data
        found = _request(header, plain, own, None if key == "null" else _string(key))
    except ValueError as error:
        found = Malformed(f"the call cannot be read: {error}", header.sender)
    if isinstance(found, Request):
        return found
    # Nothing else keeps its texts.
    plain = _text(data) if header.codec in ("text", "b64") else data
    return replace(found, fields=own_fields(header, plain, own, None if key == "null" else _text(key), pattern))


def own_fields(header: Header, data: str, headers: str | None, key: str | None, pattern: str | None) -> tuple[str, ...]:
    """A call of a pack as if it had been an entry of its own."""
    sender = header.sender or Sender("-", "-")
    codec = header.codec + (f":{header.codec_name}" if header.codec_name else "")
    line = header_line(
        sender.call, sender.caller, header.timeout, idle=header.idle, once=header.once, depth=header.depth, codec=codec
    )
    more = {"h": headers, "k": key, "p": pattern}
    return "c", line, "d", data, *(part for name, text in more.items() if text for part in (name, text))


def _text(text: str) -> str:
    """A text that stands as a JSON string; where it is none, as it is."""
    try:
        return _string(text)
    except ValueError:
        return text


def _string(text: str) -> str:
    value = parse(text)
    if not isinstance(value, str):
        raise UnsafeJson("no text")
    return whole(value)
