"""Entries of streams: requests, events, and packs of several calls."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from .header import Header, Malformed, Sender, is_call, read_header
from .patterns import LONGEST as LONGEST_PATTERN
from .texts import UnsafeJson, parse, read_headers, units, whole

LONGEST_KEY = 256
LARGEST_PACK = 64


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
    """Several calls of one caller: each is a request, or what is wrong with it."""

    calls: list[Request | Malformed]
    pattern: str | None
    once: bool


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
    ids = fields.get("m", "").split(",")
    if len(words) < 4 or not 1 <= len(ids) <= LARGEST_PACK or not all(is_call(call) for call in ids):
        return Malformed("the calls of the pack cannot be read")
    first = read_header(" ".join(["1", words[1].removeprefix("pack."), ids[0], *words[3:]]))
    caller = first.tells.caller if isinstance(first, Malformed) and first.tells else words[3]
    if isinstance(first, Malformed) and first.tells is None:
        return Malformed(first.why)
    lists = [_texts(fields.get(name)) for name in ("d", "h", "k")]
    fits = words[2] == str(len(ids)) and lists[0] is not None and _is_pattern(fields.get("p"))
    fits = fits and all(name not in fields or _fits(texts, len(ids)) for name, texts in zip("dhk", lists, strict=True))
    if isinstance(first, Malformed) or not fits:
        why = first.why if isinstance(first, Malformed) else "the pack is not what its header line says"
        # What cannot be read names no pattern.
        return Pack([Malformed(why, Sender(call, caller)) for call in ids], None, False)
    data, headers, keys = (texts or ["null"] * len(ids) for texts in lists)
    calls = [
        _packed(replace(first, sender=Sender(call, caller)), *texts)
        for call, *texts in zip(ids, data, headers, keys, strict=True)
    ]
    return Pack(calls, fields.get("p"), first.once)


def _texts(text: str | None) -> list[str] | None:
    if text is None or not text.startswith("[") or not text.endswith("]") or len(text) < 2:
        return None
    return text[1:-1].split(",\n")


def _fits(texts: list[str] | None, number: int) -> bool:
    return texts is not None and len(texts) == number


def _packed(header: Header, data: str, headers: str, key: str) -> Request | Malformed:
    try:
        plain = _string(data) if header.codec in ("text", "b64") else data
        return _request(
            header,
            plain,
            None if headers == "null" else headers,
            None if key == "null" else _string(key),
        )
    except ValueError as error:
        return Malformed(f"the call cannot be read: {error}", header.sender)


def _string(text: str) -> str:
    value = parse(text)
    if not isinstance(value, str):
        raise UnsafeJson("no text")
    return whole(value)
