"""A Redis Cluster: each connection is to the node that owns the slot of its shard."""

import asyncio
import time
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from .owned import Node, ask, owned, parsed

ASK_EVERY = 0.2
"""Seconds for which an answer counts."""


class Cluster:
    """Knows who owns which slot, as some node says. All connections of a caller or of a service share it."""

    def __init__(self, urls: list[str]) -> None:
        given = [parsed(url) for url in urls]
        self._rest = {name: value for name, value in given[0][1].items() if name != "db"}
        self._nodes: list[Node] = [node for node, _ in given]
        self._owners: list[tuple[int, int, Node]] = []
        self._asked = -1e12
        self._asking = asyncio.Lock()

    def options(self, slot: int) -> dict[str, Any]:
        """Of a pool whose connections are to the owner of a slot."""

        async def owner() -> Node:
            return await self.owner(slot)

        return owned(self._rest, owner)

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
                owners = [_range(said, node[0]) for said in await ask(node, self._rest, "CLUSTER SLOTS")]
            except (RedisError, OSError, asyncio.TimeoutError) as error:
                failure = error
                continue
            self._owners = owners
            self._nodes = list(dict.fromkeys([node, *(one for *_, one in owners), *self._nodes]))
            return
        raise RedisConnectionError(f"no node of the Cluster answers: {failure}")


def _range(said: Any, asked: str) -> tuple[int, int, Node]:
    """Slots, and their owner: a node without a name is the one that was asked."""
    first, last, (host, port, *_), *_ = said
    return int(first), int(last), (host or asked, int(port))
