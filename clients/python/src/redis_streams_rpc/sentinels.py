"""Sentinels: each connection is to the master that they name."""

import asyncio
from collections.abc import Sequence
from typing import Any

from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError

from .errors import RedisStreamsError
from .owned import Node, ask, owned, parsed


class Sentinels:
    """Where Redis is, as some Sentinels say: `Service(Sentinels(…), group=…)`.

    `urls`: those of the Sentinels, with their user, password and use of TLS. `name`: that of the master. `redis`: a URL
    whose user, password, database and use of TLS are those of the master; where that is, the Sentinels say.
    """

    def __init__(self, urls: Sequence[str], name: str, redis: str = "redis://localhost") -> None:
        if isinstance(urls, str) or not urls or not name:
            raise RedisStreamsError("INVALID_OPTION", "Sentinels need a list of URLs, and the name of a master")
        given = [parsed(url) for url in urls]
        self._sentinels = [(node, {key: value for key, value in rest.items() if key != "db"}) for node, rest in given]
        self._name, self._rest = name, parsed(redis)[1]

    def options(self) -> dict[str, Any]:
        """Of a pool whose connections are to the master."""
        return owned(self._rest, self.master)

    async def master(self) -> Node:
        """Asks one Sentinel after the other until one knows the master."""
        failure: object = "none knows it"
        for node, rest in list(self._sentinels):
            try:
                said = await ask(node, rest, "SENTINEL", "GET-MASTER-ADDR-BY-NAME", self._name)
            except (RedisError, OSError, asyncio.TimeoutError) as error:
                failure = error
                continue
            if said:
                # It is the first to be asked next time.
                self._sentinels.sort(key=lambda one: one[0] != node)
                return said[0], int(said[1])
        raise RedisConnectionError(f"no Sentinel says where {self._name} is: {failure}")
