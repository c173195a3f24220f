"""Windows of a caller: how far the reader of a stream has come, and how much it asks for."""

from dataclasses import dataclass

from .credit import Heard
from .errors import RedisStreamsError
from .header import MOST_CHARACTERS, MOST_VALUES, WindowSize
from .sequence import Run, Value

FEW, MANY = 64, 4_096
"""Values that may be on their way, where nothing else is said: at first, and for a reader that keeps up."""


@dataclass(frozen=True)
class Window:
    """How much of a stream may be on its way: sent by the service, and not taken by the loop yet.

    `values`: how many values. What is given holds exactly; None: 64, and up to 4,096 for a loop that takes them as fast
    as they come. `characters`: of replies; the value that crosses this bound is sent.
    """

    values: int | None = None
    characters: int = 1_048_576

    def __post_init__(self) -> None:
        _must_be("values", 1 if self.values is None else self.values, MOST_VALUES)
        _must_be("characters", self.characters, MOST_CHARACTERS)

    @property
    def size(self) -> WindowSize:
        """As the service is told of it."""
        return WindowSize(self.values or FEW, self.characters)

    @property
    def most(self) -> int:
        """Values that it grows to."""
        return self.values or MANY


def _must_be(name: str, number: int, most: int) -> None:
    if type(number) is not int or not 1 <= number <= most:
        raise RedisStreamsError("INVALID_OPTION", f"{name} of a window is a whole number from 1 to {most:,}")


def window_of(given: Window | bool | None, once: bool) -> Window | None:
    """The window of a stream. None is True, but for what may be started once only: nothing could go on with that."""
    if given is not None and not isinstance(given, Window | bool):
        raise RedisStreamsError("INVALID_OPTION", "window is a Window, True or False")
    if given and once:
        raise RedisStreamsError("INVALID_OPTION", "a call that may be started once only has no window")
    if given is False or once:
        return None
    return given if isinstance(given, Window) else Window()


class Reading:
    """How far the reader of one stream has come. Replies of a run are counted by their index."""

    def __init__(self, window: Window) -> None:
        self.window = window
        self.instance = ""
        """That of the run; empty: no value came."""
        self._run: Run | None = None
        self._came = self._taken = 0
        self._asked, self._told = 0, 0
        """What the service was told last: up to where values are asked for, and were taken."""
        self._allowance, self._grown_at = window.size.values, 0
        self._weight = 0
        """Characters that the service may count for values that it does not know to be taken: as many, or more."""

    def weigh(self, length: int) -> None:
        """A frame of so many characters came, with values of this stream."""
        self._weight += length

    def come(self, value: Value) -> bool:
        """A value came. Says whether it is the first one of its run."""
        run, at = value.run, value.index
        is_first = run != self._run
        if is_first:
            self._run, self.instance = run, run[0]
            self._taken = self._told = self._grown_at = at
            self._allowance = self.window.size.values
            self._asked = at + self._allowance
        self._came = at + 1
        return is_first

    def take(self, value: Value) -> None:
        """The reader has taken a value. What it takes of a run that another one has replaced says nothing."""
        if value.run == self._run:
            self._taken = value.index + 1

    def due(self) -> Heard | None:
        """What to tell the service now; None: nothing that is worth a message.

        A reader that has taken all that came is given more each time it has used up what it was given.
        """
        size, most = self.window.size, self.window.most
        if self._came > self._taken:
            self._allowance = size.values
        elif self._taken - self._grown_at >= self._allowance < most:
            self._allowance, self._grown_at = min(most, self._allowance * 2), self._taken
        more = self._taken + self._allowance - self._asked
        return self.credit() if more * 2 >= self._allowance or self._is_heavy else None

    def credit(self) -> Heard | None:
        """What the service is told; None: no value came."""
        if self._run is None:
            return None
        self._asked, self._told = max(self._asked, self._taken + self._allowance), self._taken
        if self._came == self._taken:
            self._weight = 0
        return self._run[2], self._asked, self._told

    @property
    def _is_heavy(self) -> bool:
        """Whether the service may stand because of characters, and half of what it counts was taken."""
        taken, known = self._taken - self._told, self._came - self._told
        return taken > 0 and taken * 2 >= known and self._weight * 4 >= self.window.characters
