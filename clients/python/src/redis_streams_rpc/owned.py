"""Connections whose place is asked for: to the owner of a slot, or to the master that Sentinels name."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, cast

from redis.asyncio import Connection, Redis, SSLConnection
from redis.asyncio.connection import parse_url
from redis.exceptions import AskError, ReadOnlyError
from redis.exceptions import ConnectionError as RedisConnectionError

from .errors import RedisStreamsError

ANSWERS = 1.0
"""Seconds that a node has to give an answer."""

UNREADABLE = (
    "a URL of Redis begins with redis://, rediss:// or unix://, and its port is a number; "
    "what is special in a user or a password is written as in %40"
)

Node = tuple[str, int]
Owner = Callable[[], Awaitable[Node]]


class _Owned(Connection):
    """A connection to whoever it is now. One that hears that it is another is of no use any more."""

    def __init__(self, *, owner: Owner, **given: Any) -> None:
        super().__init__(**given)
        self._owner = owner

    async def _connect(self) -> None:
        self.host, self.port = await self._owner()
        await super()._connect()  # type: ignore[no-untyped-call]

    async def read_response(self, *args: Any, **given: Any) -> Any:
        try:
            return await super().read_response(*args, **given)
        except (AskError, ReadOnlyError) as error:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"it is another node now: {error}") from error


class _OwnedWithTls(_Owned, SSLConnection):
    pass


def parsed(url: str) -> tuple[Node, dict[str, Any]]:
    """Where a URL is, and what it says beside that. Raises INVALID_OPTION, which does not quote it."""
    try:
        given = cast(dict[str, Any], parse_url(url))
    except (ValueError, TypeError, AttributeError):
        raise RedisStreamsError("INVALID_OPTION", UNREADABLE) from None
    rest = {name: value for name, value in given.items() if name not in ("host", "port")}
    return (given.get("host", "localhost"), given.get("port", 6379)), rest


def urls_of(given: Any) -> list[str]:
    """Those of some nodes: one at least."""
    if not isinstance(given, Sequence) or not given:
        raise RedisStreamsError("INVALID_OPTION", "Redis is at a URL, at a list of URLs, or where Sentinels say")
    return list(given)


def owned(rest: dict[str, Any], owner: Owner) -> dict[str, Any]:
    """Options of a pool of such connections."""
    has_tls = "connection_class" in rest
    return {**rest, "connection_class": _OwnedWithTls if has_tls else _Owned, "owner": owner}


async def ask(node: Node, rest: dict[str, Any], *words: str) -> Any:
    """Asks one node, on a connection of its own."""
    host, port = node
    redis: Redis = Redis(
        host=host,
        port=port,
        ssl="connection_class" in rest,
        **{name: value for name, value in rest.items() if name != "connection_class"},
        protocol=2,
        decode_responses=True,
        socket_timeout=ANSWERS,
        socket_connect_timeout=ANSWERS,
    )
    redis.response_callbacks.clear()
    try:
        said = redis.execute_command(*words)  # type: ignore[no-untyped-call]
        return await asyncio.wait_for(said, 2 * ANSWERS)
    finally:
        await redis.aclose()
