"""What tests of streams share: a source of values, and a Nest client that reads as it is told."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

from conftest import Process, until


class Source:
    """Counts the values that it was asked for, and its ends."""

    def __init__(self, text: str = "") -> None:
        self.given = self.ended = 0
        self._text = text

    async def numbers(self, count: int) -> AsyncIterator[Any]:
        try:
            for number in range(count):
                self.given += 1
                yield self._text or number
        finally:
            self.ended += 1

    async def at_rest(self) -> int:
        """How many values it has given, once it is not asked for more."""
        while True:
            given = self.given
            await asyncio.sleep(0.2)
            if given and given == self.given:
                return given

    async def over(self, ends: int = 1, seconds: float = 60) -> None:
        await until(lambda: self.ended == ends, seconds)


class NestReader:
    """Reads a stream in a Nest client; see `read` of the peer."""

    def __init__(self, peer: Process) -> None:
        self.peer = peer
        self._asked = 0

    def ask(self, number: int) -> None:
        """Lets it read so many values more."""
        assert self.peer.process.stdin
        self.peer.process.stdin.write(f"{number}\n".encode())
        self._asked += 1

    async def take(self, number: int) -> Any:
        """What it has read then."""
        self.ask(number)
        return (await self.peer.has_said("read", self._asked))[-1]["values"]

    async def refused(self) -> tuple[list[Any], str, str]:
        """What it had read when it failed, and with what."""
        said = (await self.peer.has_said("refused"))[0]
        return said["values"], said["error"]["code"], said["error"]["outcome"]

    def leave(self) -> None:
        assert self.peer.process.stdin
        self.peer.process.stdin.close()
