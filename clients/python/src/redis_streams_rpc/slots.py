"""Room for handlers: so many run at once, and the rest wait in their order."""

import asyncio
from collections.abc import Callable
from typing import Generic, TypeVar

from .isolation import Isolation

Who = TypeVar("Who")


class Refused(Exception):
    """It does not get a slot."""


class Slots(Generic[Who]):
    """Slots for `number` at once. While a suspect runs apart nobody else gets one."""

    def __init__(self, number: int, isolation: Isolation) -> None:
        self._free, self._isolation = number, isolation
        self._waiting: dict[Who, asyncio.Future[None]] = {}

    @property
    def waiting(self) -> int:
        """How many wait."""
        return len(self._waiting)

    async def take(self, who: Who) -> None:
        """Returns with a slot, which is to be given back. Raises Refused for one that shall not wait any more."""
        if not self._isolation.is_closed and self.take_free():
            return
        got: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[who] = got
        try:
            await got
        except asyncio.CancelledError:
            self._waiting.pop(who, None)
            if got.done() and not got.cancelled() and got.exception() is None:
                self.give()
            raise

    def take_free(self) -> bool:
        """Takes a slot, if one is free."""
        if self._free <= 0:
            return False
        self._free -= 1
        self._isolation.running += 1
        return True

    def give(self) -> None:
        """Gives a slot back."""
        self._free += 1
        self._isolation.running -= 1
        self._isolation.next()
        self.next()

    def next(self) -> None:
        """Hands out what is free."""
        while self._waiting and not self._isolation.is_closed and self.take_free():
            got = self._waiting.pop(next(iter(self._waiting)))
            if got.done():
                self.give()
            else:
                got.set_result(None)

    def refuse(self, may: Callable[[Who], bool]) -> int:
        """Refuses those that wait and may be refused. Answers how many these are."""
        refused = [who for who in self._waiting if may(who)]
        for who in refused:
            got = self._waiting.pop(who)
            if not got.done():
                got.set_exception(Refused())
        return len(refused)
