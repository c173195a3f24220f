"""Calls, streams and events over Redis Streams, with NestJS services or among Python programs."""

from .caller import Caller
from .errors import DeadLetter, HandlerError, RedisStreamsError, RemoteError, RetryLater
from .frame import NOTHING

__all__ = [
    "NOTHING",
    "Caller",
    "DeadLetter",
    "HandlerError",
    "RedisStreamsError",
    "RemoteError",
    "RetryLater",
]
