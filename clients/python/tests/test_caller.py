"""The caller against a Nest service."""

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from conftest import Start, until
from redis import Redis as BlockingRedis
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RedisStreamsError, RemoteError, tiny
from redis_streams_rpc.tiny import call as tiny_call

SERVICE = {"group": "work"}


def test_the_tiny_caller_has_fifteen_lines() -> None:
    """Beside what it says of itself: whoever copies it can read it."""
    lines = [line.strip() for line in Path(tiny.__file__).read_text().splitlines()]
    assert len([line for line in lines if line and not line.startswith('"""')]) == 15


async def test_the_tiny_caller(nest: Start, url: str) -> None:
    await nest(service={**SERVICE, "prefix": "nrs"})
    redis = BlockingRedis.from_url(url, decode_responses=True)
    assert await asyncio.to_thread(tiny_call, redis, "echo", {"id": "ä"}) == {"id": "ä"}
    with pytest.raises(RuntimeError, match="no"):
        await asyncio.to_thread(tiny_call, redis, "fail", "no")
    # A frame may bring several replies.
    assert await asyncio.to_thread(tiny_call, redis, "count", 5) == 4
    redis.close()


async def test_calls_and_streams(nest: Start, url: str, prefix: str) -> None:
    await nest(service=SERVICE)
    async with Caller(url, prefix=prefix) as caller:
        for data in (None, 1.5, "größe 😀", [1, {"a": None}], "\ud83d"):
            assert await caller.call("echo", data) == data
        many = await asyncio.gather(*(caller.call("echo", n) for n in range(2000)))
        assert many == list(range(2000))
        assert [value async for value in caller.stream("count", 500)] == list(range(500))
        assert [value async for value in caller.stream("count", 0)] == []
        with pytest.raises(RemoteError) as error:
            await caller.call("fail", "no")
        assert error.value.payload == {"status": "error", "message": "no"}


async def test_an_event(nest: Start, url: str, prefix: str) -> None:
    service = await nest(service=SERVICE)
    async with Caller(url, prefix=prefix) as caller:
        assert "-" in await caller.emit("happened", {"key": "a"})
    assert (await service.has_said("event"))[0]["key"] == "a"


async def failure(awaitable: Any) -> tuple[str, str]:
    with pytest.raises(RedisStreamsError) as error:
        await awaitable
    return error.value.code, error.value.outcome


async def test_services_with_wildcards_hear_of_a_new_stream(url: str, prefix: str, redis: Redis) -> None:
    streams = f"{{{prefix}}}:streams"
    await redis.zadd(streams, {"gaudit *": 1})
    async with Caller(url, prefix=prefix) as caller:
        await caller.emit("orders.placed", 1)
        await caller.emit("orders.gone", 2)
    assert set(await redis.zrange(streams, 0, -1)) == {"gaudit *", "sorders.placed", "sorders.gone"}


async def test_nobody_serves_the_pattern(nest: Start, url: str, prefix: str) -> None:
    async with Caller(url, prefix=prefix) as caller:
        assert await failure(caller.call("echo", 1, when_no_consumer="fail")) == ("NO_CONSUMER", "not-run")
        assert await failure(caller.call("echo", 1, when_no_consumer=0.3)) == ("NO_CONSUMER", "not-run")
        assert await failure(caller.call("echo", 1, when_no_consumer="wait", timeout=0.3)) == ("TIMEOUT", "not-run")
        waiting = asyncio.create_task(caller.call("echo", 2, when_no_consumer=30, timeout=30))
        await nest(service=SERVICE)
        assert await waiting == 2


async def test_a_timeout_cancels_the_handler(nest: Start, url: str, prefix: str) -> None:
    service = await nest(service=SERVICE)
    async with Caller(url, prefix=prefix) as caller:
        assert await failure(caller.call("work", {"key": "a", "ms": 60_000}, timeout=3)) == (
            "TIMEOUT",
            "may-have-run",
        )
        await service.has_said("aborted")


async def test_a_cancelled_task_cancels_the_handler(nest: Start, url: str, prefix: str) -> None:
    service = await nest(service=SERVICE)
    async with Caller(url, prefix=prefix) as caller:
        task = asyncio.create_task(caller.call("work", {"key": "a", "ms": 60_000}, timeout=60))
        await service.has_said("started")
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        await service.has_said("aborted")


async def test_each_value_renews_the_deadline(nest: Start, url: str, prefix: str) -> None:
    await nest(service=SERVICE)
    async with Caller(url, prefix=prefix) as caller:
        values = [value async for value in caller.stream("ticks", 80, timeout=3, idle=3)]
        assert values == list(range(80))


async def test_lost_connections_lose_no_reply(nest: Start, url: str, prefix: str, redis: Redis) -> None:
    await nest(service=SERVICE)
    async with Caller(url, prefix=prefix, timeout=30) as caller:
        stop = time.monotonic() + 2

        async def one(key: int) -> None:
            assert await caller.call("echo", key) == key

        done = 0
        while time.monotonic() < stop:
            calls = [asyncio.create_task(one(done + n)) for n in range(200)]
            await asyncio.sleep(0)
            await redis.execute_command("CLIENT", "KILL", "TYPE", "normal")
            await asyncio.gather(*calls)
            done += 200
        assert done >= 400


async def test_events_are_stored_once(url: str, prefix: str, redis: Redis) -> None:
    async with Caller(url, prefix=prefix) as caller:
        sent = 0
        for _ in range(20):
            emits = [asyncio.create_task(caller.emit("happened", sent + n)) for n in range(50)]
            await asyncio.sleep(0)
            await redis.execute_command("CLIENT", "KILL", "TYPE", "normal")
            await asyncio.gather(*emits)
            sent += 50
        entries = await redis.xrange(f"{{{prefix}}}:s:happened")
        assert sorted(int(fields["d"]) for _, fields in entries) == list(range(sent))


async def test_what_redis_loses_is_sent_again(url: str, prefix: str, redis: Redis, nest: Start) -> None:
    async with Caller(url, prefix=prefix, timeout=60) as caller:
        waiting = asyncio.create_task(caller.call("echo", 7, when_no_consumer="wait"))
        stream = f"{{{prefix}}}:s:echo"
        await until(lambda: redis.xlen(stream))
        await redis.delete(*[key async for key in redis.scan_iter(f"{{{prefix}}}:*")])
        await until(lambda: redis.xlen(stream))
        await nest(service=SERVICE)
        assert await waiting == 7


async def test_close_ends_what_waits(url: str, prefix: str) -> None:
    caller = Caller(url, prefix=prefix)
    await caller.connect()
    waiting = asyncio.create_task(caller.call("echo", 1, when_no_consumer="wait"))
    await asyncio.sleep(0.1)
    await caller.close()
    assert (await failure(waiting))[0] == "CLOSED"


async def test_a_caller_that_was_closed_connects_again(url: str, prefix: str, redis: Redis) -> None:
    """Redis knows the numbers of its batches: under the same name new ones would count as stored, and be nowhere."""
    caller = Caller(url, prefix=prefix)
    ids = list[str]()
    for _ in range(3):
        async with caller:
            ids += [await caller.emit("happened", at) for at in range(2)]
    assert len(set(ids)) == 6
    assert await redis.xlen(f"{{{prefix}}}:s:happened") == 6


async def test_shards_agree_or_nothing_is_sent(url: str, prefix: str, nest: Start) -> None:
    await nest(service={**SERVICE, "shards": 3})
    async with Caller(url, prefix=prefix, shards=3) as caller:
        assert await caller.call("echo", 3) == 3
    with pytest.raises(RedisStreamsError, match=r'INVALID_OPTION.*option "shards" is 1 here, and 3'):
        await Caller(url, prefix=prefix).connect()


async def test_a_handler_whose_stream_was_broken_is_cancelled(nest: Start, url: str, prefix: str, redis: Redis) -> None:
    """Another run began it anew, and the caller goes no further."""
    service = await nest(service=SERVICE)
    async with Caller(url, prefix=prefix, timeout=60) as caller:
        stream = caller.stream("work", {"key": "a", "ms": 60_000})
        first = asyncio.create_task(anext(stream))
        await service.has_said("started")
        number = next(iter(next(iter(caller._lines.values())).calls))
        for run in ("x", "y"):
            await redis.xadd(f"{{{prefix}}}:r:{caller.id}", {"f": f'1 {run} [["{number}",0,1,1,0,"a"]]'})
        assert await first == "a"
        with pytest.raises(RedisStreamsError, match="INTERRUPTED"):
            await anext(stream)
        await service.has_said("aborted")
