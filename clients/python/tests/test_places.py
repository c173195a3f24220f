"""Patterns that share a stream, and patterns that have a stream in each shard."""

import asyncio

import pytest
from conftest import Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RedisStreamsError, Service
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.shards import spread_streams, tag_numbers

LANES = {"slow": ["echo", "count", "happened"]}


async def test_a_lane_of_a_python_service(python: Start, nest: Start, url: str, prefix: str, redis: Redis) -> None:
    service = await python(lanes=LANES)
    client = await nest(client={"lanes": LANES}, calls=[["echo", 1], ["count", 2], ["fail", "no"]])
    await client.has_said("closed")
    assert [line["result"] for line in client.of("replied")] == [[1], [0, 1]]
    async with Caller(url, prefix=prefix, lanes=LANES) as caller:
        assert await caller.call("echo", 2) == 2
        await caller.emit("happened", {"key": "a"})
        await caller.emit("happened", {"key": "b"}, delay=0.1)
        await service.has_said("event", 2)
    assert await redis.exists(f"{{{prefix}}}:s:slow", f"{{{prefix}}}:s:fail") == 2
    assert not await redis.exists(f"{{{prefix}}}:s:echo", f"{{{prefix}}}:s:happened")


async def test_a_lane_of_a_nest_service(nest: Start, url: str, prefix: str) -> None:
    await nest(service={"group": "work", "lanes": LANES})
    async with Caller(url, prefix=prefix, lanes=LANES) as caller:
        assert await caller.call("echo", 1) == 1
        assert [value async for value in caller.stream("count", 3)] == [0, 1, 2]


async def test_lanes_that_cannot_be(url: str, prefix: str) -> None:
    with pytest.raises(RedisStreamsError, match="two lanes"):
        Caller(url, lanes={"a": ["x"], "b": ["x"]})
    service = Service(url, prefix=prefix, group="work", lanes=LANES)
    service.message("echo", spread=2)(lambda data: data)
    with pytest.raises(RedisStreamsError, match="one stream"):
        await service.start()


async def used(redis: Redis, prefix: str) -> list[int]:
    """How many entries each of the streams of a spread pattern has had."""
    streams = zip(tag_numbers(prefix, 3), spread_streams("echo", 3), strict=True)
    keys = [Keys(prefix, tag).stream(stream) for tag, stream in streams]
    return [(await redis.xinfo_stream(key))["entries-added"] for key in keys]


async def test_a_python_service_whose_calls_are_spread(python: Start, nest: Start, prefix: str, redis: Redis) -> None:
    await python(shards=3, spread=3)
    calls = [["echo", n] for n in range(600)]
    client = await nest(client={"shards": 3}, calls=calls, atOnce=20)
    await client.has_said("closed")
    assert {line["place"]: line["result"] for line in client.of("replied")} == {n: [n] for n in range(600)}
    assert min(await used(redis, prefix)) > 0


async def test_a_python_caller_spreads_its_calls(nest: Start, url: str, prefix: str, redis: Redis) -> None:
    first = await nest(service={"group": "work", "shards": 3}, extras={"spread": 3})
    async with Caller(url, prefix=prefix, shards=3) as caller:
        for _ in range(10):
            assert await asyncio.gather(*(caller.call("echo", n) for n in range(20))) == list(range(20))
        assert min(await used(redis, prefix)) > 0
        assert first.process.stdin
        first.process.stdin.close()
        await first.process.wait()
        # Nobody reads the other streams any more: calls that go there are refused, and go to the pattern's own one.
        await nest(service={"group": "work", "shards": 3})
        before = await used(redis, prefix)
        caller._spreads.heard("echo", 3)
        assert await asyncio.gather(*(caller.call("echo", n) for n in range(20))) == list(range(20))
        after = await used(redis, prefix)
        assert sum(after) - sum(before) == 20
        await until(lambda: caller._spreads.stream("echo") == "echo")
