"""A master that Sentinels watch."""

import asyncio
import os
from typing import Any

import pytest
from conftest import until

from redis_streams_rpc import Caller, RedisStreamsError, Sentinels, Service
from redis_streams_rpc.owned import ask, parsed

# They share the master that is replaced.
pytestmark = pytest.mark.xdist_group("sentinels")


@pytest.fixture
def sentinels() -> list[str]:
    if "REDIS_SENTINELS" not in os.environ:
        pytest.skip("needs REDIS_SENTINELS: npx vitest run test/clients")
    return os.environ["REDIS_SENTINELS"].split(",")


async def test_calls_go_on_with_the_master_that_comes_next(sentinels: list[str], prefix: str) -> None:
    where = Sentinels(["redis://127.0.0.1:1", *sentinels], "main")
    service, answered = Service(where, prefix=prefix, group="work", lease=3), list[Any]()
    service.message("echo")(lambda data: data)
    before = await where.master()
    async with service, Caller(where, prefix=prefix, timeout=60) as caller:

        async def load() -> None:
            while len(answered) < 10_000:
                number = len(answered)
                assert await caller.call("echo", number, when_no_consumer="wait") == number
                answered.append(number)

        loading = asyncio.create_task(load())
        await until(lambda: len(answered) > 20)
        node, rest = parsed(sentinels[0])
        await ask(node, rest, "SENTINEL", "FAILOVER", "main")

        async def is_elsewhere() -> bool:
            return await where.master() != before

        await until(is_elsewhere)
        at = len(answered)
        await until(lambda: len(answered) > at + 50 or loading.done())
        assert not loading.done(), loading.exception()
        loading.cancel()
    assert len(answered) > at + 50


async def test_a_master_that_nobody_knows(sentinels: list[str], prefix: str) -> None:
    caller = Caller(Sentinels(sentinels, "another"), prefix=prefix)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(caller.connect(), 0.5)


def test_what_cannot_be() -> None:
    wrong: list[Any] = [([], "main"), ("redis://localhost", "main"), (["redis://localhost"], "")]
    for urls, name in wrong:
        with pytest.raises(RedisStreamsError, match="INVALID_OPTION"):
            Sentinels(urls, name)
