"""A Redis Cluster: each connection is to the node that owns the slot of its shard."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, cast

from redis.asyncio import Connection, Redis, SSLConnection
from redis.asyncio.connection import parse_url
from redis.exceptions import AskError, RedisError
from redis.exceptions import ConnectionError as RedisConnectionError

ASK_EVERY, ANSWERS = 0.2, 1.0
"""Seconds for which an answer counts, and that a node has to give one."""

Node = tuple[str, int]
Owner = Callable[[], Awaitable[Node]]


class _Owned(Connection):
    """A connection to whoever owns a slot. One that hears that the slot is elsewhere is of no use any more."""

    def __init__(self, *, owner: Owner, **given: Any) -> None:
        super().__init__(**given)
        self._owner = owner

    async def _connect(self) -> None:
        self.host, self.port = await self._owner()
        await super()._connect()  # type: ignore[no-untyped-call]

    async def read_response(self, *args: Any, **given: Any) -> Any:
        try:
            return await super().read_response(*args, **given)
        except AskError as error:
            await self.disconnect(nowait=True)
            raise RedisConnectionError(f"another node owns the slot: {error}") from error


class _OwnedWithTls(_Owned, SSLConnection):
    pass


class Cluster:
    """Knows who owns which slot, as some node says. All connections of a caller or of a service share it."""

    def __init__(self, urls: list[str]) -> None:
        given = [cast(dict[str, Any], parse_url(url)) for url in urls]
        self._rest = {name: value for name, value in given[0].items() if name not in ("host", "port", "db")}
        self._nodes: list[Node] = [(one.get("host", "localhost"), one.get("port", 6379)) for one in given]
        self._owners: list[tuple[int, int, Node]] = []
        self._asked = -1e12
        self._asking = asyncio.Lock()

    def options(self, slot: int) -> dict[str, Any]:
        """Of a pool whose connections are to the owner of a slot."""

        async def owner() -> Node:
            return await self.owner(slot)

        has_tls = "connection_class" in self._rest
        return {**self._rest, "connection_class": _OwnedWithTls if has_tls else _Owned, "owner": owner}

    async def owner(self, slot: int) -> Node:
        async with self._asking:
            if time.monotonic() - self._asked > ASK_EVERY:
                await self._ask()
                self._asked = time.monotonic()
        for first, last, node in self._owners:
            if first <= slot <= last:
                return node
        raise RedisConnectionError(f"no node owns the slot {slot}")

    async def _ask(self) -> None:
        """Asks one node after the other until one answers; that one is the first to be asked next time."""
        failure: Exception | None = None
        for node in list(self._nodes):
            try:
                owners = [_range(said, node[0]) for said in await self._slots(node)]
            except (RedisError, OSError, asyncio.TimeoutError) as error:
                failure = error
                continue
            self._owners = owners
            self._nodes = list(dict.fromkeys([node, *(one for *_, one in owners), *self._nodes]))
            return
        raise RedisConnectionError(f"no node of the Cluster answers: {failure}")

    async def _slots(self, node: Node) -> list[Any]:
        host, port = node
        redis: Redis = Redis(
            host=host,
            port=port,
            ssl="connection_class" in self._rest,
            **{name: value for name, value in self._rest.items() if name != "connection_class"},
            protocol=2,
            decode_responses=True,
            socket_timeout=ANSWERS,
            socket_connect_timeout=ANSWERS,
        )
        redis.response_callbacks.clear()
        try:
            said = redis.execute_command("CLUSTER SLOTS")  # type: ignore[no-untyped-call]
            return list(await asyncio.wait_for(said, 2 * ANSWERS))
        finally:
            await redis.aclose()


def _range(said: Any, asked: str) -> tuple[int, int, Node]:
    """Slots, and their owner: a node without a name is the one that was asked."""
    first, last, (host, port, *_), *_ = said
    return int(first), int(last), (host or asked, int(port))
