"""Handlers of a service, and what they are told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from .errors import RedisStreamsError
from .patterns import pattern_text
from .sealed_text import ProvenCaller


@dataclass(frozen=True)
class Context:
    """What a handler knows of its call or event."""

    pattern: str
    id: str
    """Of the entry; of a call in a pack with `#` and its place."""
    deliveries: int
    """How often it was handed out, this time included."""
    attempts: int
    """How often a handler has failed with it."""
    headers: dict[str, str]
    key: str | None
    depth: int
    """What to call with from here: `depth=context.depth`."""
    deadline: float | None
    """A time of Redis in milliseconds since 1970; None: there is none."""
    caller: ProvenCaller | None = None
    """Who sent it, where messages are sealed."""


@dataclass(frozen=True)
class Handler:
    """`run` takes data and a context. `retries`: how often it may run; 0: an error is the caller's at once."""

    run: Callable[..., Any]
    once: bool = False
    retries: int = 0
    takes_context: bool = True
    spread: int = 0
    """Over how many streams callers spread its calls; 0: it has one."""


@dataclass
class Handlers:
    """The handlers of a service by the texts of their patterns."""

    messages: dict[str, Handler] = field(default_factory=dict)
    events: dict[str, Handler] = field(default_factory=dict)
    broadcasts: dict[str, Handler] = field(default_factory=dict)
    """Handlers of events that every instance runs."""

    def __contains__(self, pattern: str) -> bool:
        return pattern in self.messages or pattern in self.events or pattern in self.broadcasts

    def add(self, pattern: Any, handler: Handler, is_event: bool, is_broadcast: bool = False) -> None:
        kind = self.broadcasts if is_broadcast else self.events if is_event else self.messages
        text = pattern_text(pattern)
        if text in kind:
            raise RedisStreamsError("DUPLICATE_HANDLER", f"two handlers have the pattern {text}")
        kind[text] = handler

    def find(self, pattern: str, is_event: bool, is_for_message: bool) -> Handler | None:
        """The handler of a request, of an event, or of an event that is for what handles requests."""
        return (self.events if is_event and not is_for_message else self.messages).get(pattern)

    @property
    def patterns(self) -> list[str]:
        return list(dict.fromkeys([*self.messages, *self.events]))
