"""Connections, and what each of them has reached."""

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from redis.asyncio import Connection, ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import (
    AuthenticationError,
    ClusterDownError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    RedisError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from .cluster import Cluster
from .errors import RedisStreamsError
from .keys import Keys
from .owned import parsed, urls_of
from .scripts import run
from .sentinels import Sentinels
from .shards import tag_numbers

log = logging.getLogger("redis_streams_rpc")

# What a lost connection raises: whether the command was executed is not known.
# On Python 3.10 the TimeoutError of asyncio is a class of its own, and no OSError.
LOST = (RedisConnectionError, RedisTimeoutError, OSError, asyncio.TimeoutError)
# redis-py has classes for some errors, and takes the first word from their texts.
_PASSING_CLASSES = (*LOST, ReadOnlyError, MasterDownError, ClusterDownError, TryAgainError)
_PASSING = ("BUSY", "UNBLOCKED")
PROTOCOL = "1"
SHARDS_OF_A_CLUSTER = 24


def is_passing(error: Exception) -> bool:
    """Whether the same command can succeed in a moment."""
    if isinstance(error, AuthenticationError):
        return False
    return isinstance(error, _PASSING_CLASSES) or str(error).startswith(_PASSING)


@dataclass(frozen=True)
class Memory:
    """Which memory of Redis a connection has reached: `incarnation` is its id, `born` when it began (ms)."""

    incarnation: str
    born: str


def now() -> float:
    """This process' clock in milliseconds."""
    return time.monotonic() * 1000


class Clock:
    """An estimate of Redis' time, which is off by half a round trip at most."""

    def __init__(self) -> None:
        self._offset: float | None = None

    def heard(self, redis_ms: Any, sent: float) -> None:
        """Redis said its time; the question was sent at `sent` (`now()`), and the answer has just arrived."""
        at = now()
        measured, uncertainty = int(redis_ms) - (sent + at) / 2, (at - sent) / 2 + 1
        # A difference within the uncertainty says nothing new: who was slow may have got an old answer.
        if self._offset is None or abs(measured - self._offset) > uncertainty:
            self._offset = measured

    def ms(self) -> int:
        """Redis' time now, in milliseconds since 1970."""
        return int(now() + (self._offset if self._offset is not None else time.time() * 1000 - now()))


Where = str | Sequence[str] | Sentinels
"""A URL, those of some nodes of a Cluster, or Sentinels."""


class Address:
    """Where Redis is. A list of URLs are nodes of a Cluster; they have the same user, password and use of TLS."""

    def __init__(self, url: "Where") -> None:
        self._url = ""
        self._sentinels: Sentinels | None = None
        self._cluster: Cluster | None = None
        if isinstance(url, Sentinels):
            self._sentinels = url
        elif isinstance(url, str):
            parsed(url)
            self._url = url
        else:
            self._cluster = Cluster(urls_of(url))
        self.default_shards = 1 if self._cluster is None else SHARDS_OF_A_CLUSTER

    def client(self, keys: Keys, **options: Any) -> "Redis":
        """A client for the keys of one shard."""
        if self._cluster is None and self._sentinels is None:
            return Redis.from_url(self._url, **options)
        single = options.pop("single_connection_client")
        where = self._cluster.options(keys.slot) if self._cluster else self._sentinels.options()  # type: ignore[union-attr]
        pool = ConnectionPool(**where, **options)
        return Redis(connection_pool=pool, single_connection_client=single)


def connect(address: Address, keys: Keys, wait: float = 10, made: Callable[[int], None] | None = None) -> "Redis":
    """A client for the keys of one shard that repeats nothing by itself. An answer may take `wait` seconds.

    With `made` it has one connection, and `made` is told the id of each that takes the place of the one before.
    """

    async def on_connect(connection: Connection) -> None:
        await connection.on_connect()
        if made:
            await connection.send_command("CLIENT", "ID")
            made(int(await connection.read_response()))

    redis = address.client(
        keys,
        single_connection_client=made is not None,
        redis_connect_func=on_connect,
        protocol=2,
        decode_responses=True,
        encoding_errors="replace",
        retry=Retry(NoBackoff(), 0),
        socket_timeout=wait,
        socket_connect_timeout=5,
    )
    # Answers are read as Redis writes them: a dict would keep the last of two fields, and the first one counts.
    redis.response_callbacks.clear()
    return redis


async def hello(redis: "Redis", keys: Keys, clock: Clock) -> Memory:
    """Asks a new connection which memory it has reached. Raises READONLY for a replica."""
    fresh, sent = secrets.token_urlsafe(16), now()
    try:
        said = await run(redis, "hello", [keys.name("incarnation")], [fresh])
    except ResponseError as error:
        if not isinstance(error, OutOfMemoryError):
            raise
        sent = now()
        said = await run(redis, "hello-when-full", [keys.name("incarnation")], [fresh])
    clock.heard(said[2], sent)
    return Memory(said[0], said[1])


async def check_layout(redis: "Redis", prefix: str, shards: int) -> list[Keys]:
    """Sees that all agree on the number of shards, and answers the keys of each."""
    numbers = tag_numbers(prefix, shards)
    tags = " ".join(map(str, numbers)) if shards > 1 else ""
    await run(redis, "layout", [Keys(prefix).name("layout")], [shards, tags, PROTOCOL, 1])
    return [Keys(prefix, number) for number in numbers]


async def find_layout(
    address: Address, prefix: str, shards: int, is_closing: Callable[[], bool] = lambda: False
) -> list[Keys]:
    """The same of a Redis that may not be there yet: it waits, and says so.

    Raises INVALID_OPTION where others who use the prefix have another layout, REDIS where Redis refuses, and CLOSED.
    """
    pauses = Pauses()
    while not is_closing():
        redis = connect(address, Keys(prefix))
        try:
            return await check_layout(redis, prefix, shards)
        except (RedisError, *LOST) as error:
            if not is_passing(error):
                raise refusal(error) from error
            log.warning("Redis is not there yet: %s", error)
            await pauses.wait()
        finally:
            await redis.aclose()
    raise RedisStreamsError("CLOSED", "it was closed before it had started")


def refusal(error: Exception) -> RedisStreamsError:
    """What a start says that no further try would change."""
    text, misfit = str(error), "LAYOUT "
    if text.startswith(misfit):
        said = RedisStreamsError("INVALID_OPTION", text.removeprefix(misfit))
    else:
        said = RedisStreamsError("REDIS", f"Redis refused: {text}")
    said.__cause__ = error
    return said


class Pauses:
    """Pauses between tries that grow to a second."""

    def __init__(self) -> None:
        self._next = 0.02

    async def wait(self) -> None:
        await asyncio.sleep(self._next)
        self._next = min(1.0, self._next * 2)

    def reset(self) -> None:
        self._next = 0.02
