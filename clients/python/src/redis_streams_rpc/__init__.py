"""Calls, streams and events over Redis Streams, with NestJS services or among Python programs."""

from .caller import Caller
from .errors import DeadLetter, HandlerError, RedisStreamsError, RemoteError, RetryLater
from .frame import NOTHING, Nothing
from .handlers import Context
from .log_lines import guard
from .reading import Window
from .sentinels import Sentinels
from .service import Service

guard(__name__)

__all__ = [
    "NOTHING",
    "Caller",
    "Context",
    "DeadLetter",
    "HandlerError",
    "Nothing",
    "RedisStreamsError",
    "RemoteError",
    "RetryLater",
    "Sentinels",
    "Service",
    "Window",
]
