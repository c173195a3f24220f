"""What operators have paused."""

import asyncio
from typing import TYPE_CHECKING, Any

from .scripts import run
from .texts import is_number, parse

if TYPE_CHECKING:
    from .member import Member


class PausedPatterns:
    """What is paused in the group, as the last renewal of the lease said."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self.revision = ""
        """Of what it has applied; empty: nothing is paused."""
        self._found: dict[str, Any] = {}
        self._changed = asyncio.Event()

    async def heard(self, revision: str) -> None:
        """The lease said the revision; what it stands for is read when it has changed."""
        if revision == self.revision:
            return
        self._found = {}
        if revision:
            said = await run(
                self._member.commands, "pauses", [self._member.keys.name("paused", self._member.group)], []
            )
            self._found = {name: _read(text) for name, text in zip(said[::2], said[1::2], strict=True) if name != "#"}
        self.revision = revision
        self._changed.set()
        self._changed = asyncio.Event()

    def _of(self, name: str) -> dict[str, Any] | None:
        found = self._found.get(name)
        if found and "until" in found and found["until"] <= self._member.clock.ms():
            return None
        return found

    @property
    def is_instance_paused(self) -> bool:
        return self._of(f"i:{self._member.consumer}") is not None

    def pattern(self, pattern: str) -> dict[str, Any] | None:
        """What is said of the pause of a pattern; None: it is not paused."""
        return self._of(f"p:{pattern}")

    async def wait(self, pattern: str) -> None:
        """Waits until the pattern is not paused any more."""
        while self.pattern(pattern) is not None:
            try:
                await asyncio.wait_for(self._changed.wait(), 1)
            except asyncio.TimeoutError:
                continue


def _read(text: str) -> dict[str, Any] | None:
    try:
        said = parse(text)
    except ValueError:
        said = {}
    if not isinstance(said, dict):
        return {}
    # What is no time is no end: somebody wanted a pause all the same.
    return {word: value for word, value in said.items() if word != "until" or is_number(value)}
