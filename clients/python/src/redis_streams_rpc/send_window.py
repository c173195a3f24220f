"""Streams that wait for their readers: how far the runs of this instance may send values."""

import asyncio
from collections import deque
from typing import TYPE_CHECKING

from .credit import read_credit
from .delivery import Delivery
from .entry import Request
from .header import WindowSize

if TYPE_CHECKING:
    from .member import Member


class SendWindow:
    """How far one run may send values. `first` is the index of its first one.

    Its caller says up to which reply it asks for values, and up to which its reader has taken them; both only grow.
    What was sent and not taken is bounded in characters too.
    """

    def __init__(self, size: WindowSize, first: int) -> None:
        self._characters = size.characters
        self._asked, self._taken, self._next = first + size.values, first, first
        self._first, self._is_heard = first, False
        self._lengths: deque[int] = deque()
        """Of the replies that were sent and not taken, in characters."""
        self._length = 0
        self._wake = asyncio.Event()

    @property
    def is_open(self) -> bool:
        """Whether one value more may be sent."""
        return self._next < self._asked and self._length < self._characters

    @property
    def renews(self) -> bool:
        """Whether its next value gives the run new time: the first one does. Later ones do not, and only notices do.

        They prove that the caller lives.
        """
        return not self._is_heard and self._next == self._first

    def sent(self, length: int) -> None:
        """A value is on its way, in so many characters."""
        self._next += 1
        self._lengths.append(length)
        self._length += length

    def credit(self, asked: int, taken: int) -> None:
        """The caller's latest word, or an old one."""
        self._is_heard = True
        self._asked = max(self._asked, asked)
        # Nobody can have taken what was not sent.
        for _ in range(min(taken - self._taken, len(self._lengths))):
            self._length -= self._lengths.popleft()
            self._taken += 1
        if self.is_open:
            self._wake.set()

    async def opened(self) -> None:
        """Returns when one value more may be sent."""
        while not self.is_open:
            self._wake.clear()
            await self._wake.wait()


class Windows:
    """The runs of one instance that have a window, by the numbers that name them."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._open: dict[int, Delivery] = {}

    @property
    def size(self) -> int:
        return len(self._open)

    def begin(self, delivery: Delivery, request: Request) -> None:
        """A run begins. One that its caller gave no window does not wait."""
        size = request.header.window
        if size is not None and delivery.sender is not None:
            delivery.window = SendWindow(size, delivery.replies)
            self._open[delivery.nonce] = delivery

    def end(self, delivery: Delivery) -> None:
        """A run has ended."""
        self._open.pop(delivery.nonce, None)
        delivery.window = None

    def credit(self, text: str) -> None:
        """Heeds what a caller says of its streams; what it says of other callers' ones changes nothing.

        It is its sign of life too, and gives runs with an idle time new time.
        """
        said = read_credit(text)
        for nonce, asked, taken in said.runs if said else []:
            delivery = self._open.get(int(nonce))
            if delivery is None or delivery.window is None or delivery.cancelled:
                continue
            request, sender = delivery.request, delivery.sender
            if not isinstance(request, Request) or sender is None or said is None or sender.caller != said.caller:
                continue
            delivery.window.credit(asked, taken)
            if delivery.until and request.header.idle:
                delivery.until = float(self._member.clock.ms() + request.header.idle)
