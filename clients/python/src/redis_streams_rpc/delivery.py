"""What was handed to this instance: a request, an event, or one of a pack."""

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from .entry import Pack, Request, own_fields, read_entry
from .header import Malformed, Sender
from .nesting import DEEPEST
from .sealed_text import ProvenCaller
from .texts import write_json

if TYPE_CHECKING:
    from .send_window import SendWindow

_NOTE = re.compile(r"([0-9]{1,16}) ([0-9]{1,16}) (\S*)(?: ([0-9]{1,16}))?\Z")


@dataclass(frozen=True)
class Note:
    """What `due` says of an entry. `due` is a time of Redis (ms), `attempts` failed ones, `spared` deliveries."""

    due: int = 0
    attempts: int = 0
    state: str = ""
    spared: int = 0


def read_note(text: str) -> Note:
    found = _NOTE.match(text)
    return Note(int(found[1]), int(found[2]), found[3], int(found[4] or 0)) if found else Note()


@dataclass(eq=False)
class Delivery:
    """One thing to run, which came through a group.

    `size` and `place` are those of a call in a pack; `size` 0: it is no pack.
    """

    group: str
    stream: str
    id: str
    request: Request | Malformed
    pattern: str
    deliveries: int
    note: Note
    fields: list[str]
    doubt: int
    since: str
    size: int = 0
    place: int = 0
    is_shared: bool = False
    """It is an event of a pack: each group handles all of them."""
    is_over: bool = False
    is_started_once: bool = False
    was_marked: bool = False
    """An earlier instance has marked it before its start."""
    is_suspect: bool = False
    """It is handed out for the last time, and may be what ended the instances that had it."""
    caller: ProvenCaller | None = None
    headers: dict[str, str] | None = None
    """Those beside its data and those that were sealed with them; None: it is not sealed."""
    key_record: str = ""
    digest: str = ""
    kept: list[str] = field(default_factory=list)
    """Its replies for the record of its key, each as JSON."""
    kept_size: int = 2
    """Characters of them as a list."""
    is_kept: bool = True
    """Whether that is its result: a fault is none."""
    replies: int = 0
    nonce: int = 0
    cancelled: str = ""
    """Why its handler is to end: TIMEOUT or CANCELLED."""
    until: float | None = None
    """Its deadline, a time of Redis (ms)."""
    window: "SendWindow | None" = None
    """Of its run; None: its values do not wait for their reader."""

    @property
    def entry(self) -> tuple[str, str, str]:
        """Its entry, as this instance got it."""
        return self.group, self.stream, self.id

    @property
    def name(self) -> str:
        """Its name in notices and records."""
        return f"{self.id}#{self.place}" if self.size else self.id

    @property
    def pack(self) -> str:
        """What the letters of its pack are noted under."""
        return f"{self.id} {self.group}" if self.is_shared else self.id

    @property
    def sender(self) -> Sender | None:
        """Who is told."""
        return self.request.tells if isinstance(self.request, Malformed) else self.request.header.sender

    @property
    def stamp(self) -> str:
        """Its digest, and where its key is its own id the time of its entry, in the record of its key."""
        key = None if isinstance(self.request, Malformed) else self.request.key
        is_own = self.sender is not None and key == f"{self.sender.caller}/{self.sender.call}"
        return f"{self.digest}@{self.ms}" if is_own else self.digest

    @property
    def depth(self) -> int:
        """In how many handlers its call was made, one inside the other."""
        return min(DEEPEST, self.request.header.depth) if isinstance(self.request, Request) else 0

    @property
    def counted(self) -> int:
        """How many deliveries count against it."""
        return max(1, self.deliveries - self.note.spared)

    def judge(self, most: int) -> bool:
        """Whether it is a suspect where `most` deliveries are permitted. A pack goes on until what ends it is known."""
        is_last = self.counted == most or (self.size > 0 and self.counted > most)
        self.is_suspect = most > 1 and is_last and isinstance(self.request, Request)
        return self.is_suspect

    @property
    def ms(self) -> int:
        """When its entry came, a time of Redis."""
        return int(self.id.partition("-")[0])


def deliveries_of(
    group: str, stream: str, id_: str, fields: list[str], deliveries: int, note: str, known: Any, doubt: int, since: str
) -> list[Delivery]:
    """What an entry holds. `known` is what Redis has noted of a pack: its letters, and a note for each call."""
    entry, outer = read_entry(fields), read_note(note)
    if not isinstance(entry, Pack):
        named = entry.pattern if isinstance(entry, Request) else None
        return [Delivery(group, stream, id_, entry, named or stream, deliveries, outer, fields, doubt, since)]
    letters = known[0] if isinstance(known, list) and known else known or ""
    notes = known[1:] if isinstance(known, list) else []
    found = []
    for place, call in enumerate(entry.calls):
        if len(letters) == len(entry.calls) and letters[place] == "x":
            continue
        own = read_note(notes[place] if place < len(notes) else "")
        own = replace(own, spared=outer.spared)
        fields_ = _fields_of(call, entry.pattern)
        one = Delivery(group, stream, id_, call, entry.pattern or stream, deliveries, own, fields_, doubt, since)
        one.size, one.place, one.is_shared = len(entry.calls), place, entry.are_events
        one.was_marked = len(letters) == len(entry.calls) and letters[place] == "t"
        found.append(one)
    return found


def _fields_of(call: Request | Malformed, pattern: str | None) -> list[str]:
    """A call of a pack as if it had been an entry of its own, for a dead letter."""
    if isinstance(call, Malformed):
        return list(call.fields)
    headers = write_json(call.headers) if call.headers else None
    return list(own_fields(call.header, call.data, headers, call.key, pattern))
