"""Names of keys in one shard."""

from dataclasses import dataclass

from .texts import units


@dataclass(frozen=True)
class Keys:
    """Makes the names of keys with a prefix, in the shard whose hash tag has the number `tag` (0: none)."""

    prefix: str = "nrs"
    tag: int = 0

    def name(self, kind: str, *parts: str) -> str:
        """A key whose parts need no lengths."""
        tag = f":{self.tag}" if self.tag else ""
        return "{" + self.prefix + tag + "}:" + ":".join((kind, *parts))

    def stream(self, stream: str) -> str:
        return self.name("s", stream)

    def log(self, caller: str) -> str:
        return self.name("r", caller)

    def idempotency(self, group: str, pattern: str, key: str) -> str:
        return self.name("idem", str(units(group)), group, str(units(pattern)), pattern, key)

    def seen(self, group: str, message: str) -> str:
        return self.name("seen", str(units(group)), group, message)

    def replayed(self, group: str, letter: str) -> str:
        return self.name("replayed", str(units(group)), group, letter)
