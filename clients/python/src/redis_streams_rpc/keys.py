"""Names of keys in one shard."""

from binascii import crc_hqx
from dataclasses import dataclass

from .shards import SLOTS
from .texts import units


@dataclass(frozen=True)
class Keys:
    """Makes the names of keys with a prefix, in the shard whose hash tag has the number `tag` (0: none)."""

    prefix: str = "nrs"
    tag: int = 0

    @property
    def _tag(self) -> str:
        return self.prefix + (f":{self.tag}" if self.tag else "")

    @property
    def slot(self) -> int:
        """The slot of all of them in a Cluster."""
        return crc_hqx(self._tag.encode(), 0) % SLOTS

    def name(self, kind: str, *parts: str) -> str:
        """A key whose parts need no lengths."""
        return "{" + self._tag + "}:" + ":".join((kind, *parts))

    def stream(self, stream: str) -> str:
        return self.name("s", stream)

    def log(self, caller: str) -> str:
        return self.name("r", caller)

    def idempotency(self, group: str, pattern: str, key: str) -> str:
        return self.name("idem", str(units(group)), group, str(units(pattern)), pattern, key)

    def sent(self, pattern: str, message: str) -> str:
        return self.name("sent", str(units(pattern)), pattern, message)

    def seen(self, group: str, message: str) -> str:
        return self.name("seen", str(units(group)), group, message)

    def replayed(self, group: str, letter: str) -> str:
        return self.name("replayed", str(units(group)), group, letter)
