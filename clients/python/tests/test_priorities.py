"""Classes of importance, as callers use them."""

import logging
from typing import Any

import pytest
from conftest import Start
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RedisStreamsError, Service
from redis_streams_rpc.log_rate import one_per_kind
from redis_streams_rpc.shards import class_streams


async def added(redis: Redis, prefix: str, pattern: str = "echo") -> list[int]:
    """How many entries each class has had: the middle one, the high one and the low one."""
    keys = [f"{{{prefix}}}:s:{stream}" for stream in (pattern, *class_streams(pattern, 1))]
    return [(await redis.xinfo_stream(key))["entries-added"] if await redis.exists(key) else 0 for key in keys]


async def test_calls_go_to_their_class_where_all_who_answer_have_classes(
    nest: Start, url: str, prefix: str, redis: Redis
) -> None:
    await nest(service={"group": "work"}, extras={"priorities": True})
    async with Caller(url, prefix=prefix, timeout=30) as caller:
        for at, priority in enumerate((None, "normal", "high", "low", "low")):
            assert await caller.call("echo", at, priority=priority, key=str(at)) == at
        assert await added(redis, prefix) == [2, 1, 2]
        assert await caller.call("echo", 5, priority="high", delay=0.1) == 5
        assert await added(redis, prefix) == [2, 2, 2]
        # An instance without classes reads the pattern's own stream only.
        service = Service(url, prefix=prefix, group="work")
        service.message("echo")(lambda data: data)
        async with service:
            assert await caller.call("echo", 6, priority="high") == 6
            assert await caller.call("echo", 7, priority="high", delay=0.1) == 7
        assert await added(redis, prefix) == [4, 2, 2]
        assert await caller.call("echo", 8, priority="high") == 8
        assert await added(redis, prefix) == [4, 3, 2]


async def test_a_call_of_a_class_that_nobody_takes_is_taken_back(url: str, prefix: str, redis: Redis) -> None:
    high = class_streams("echo", 1)[0]
    tag = f"{{{prefix}}}"
    async with Caller(url, prefix=prefix) as caller:
        for stream in ("echo", high):
            await redis.xgroup_create(f"{tag}:s:{stream}", "g", mkstream=True)
            await redis.xgroup_createconsumer(f"{tag}:s:{stream}", "g", "c")
        await redis.zadd(f"{tag}:live:echo", {"g c packs": 10**15})
        with pytest.raises(RedisStreamsError) as error:
            await caller.call("echo", 1, priority="high", timeout=0.3)
        assert (error.value.code, error.value.outcome) == ("TIMEOUT", "not-run")
        assert await added(redis, prefix) == [0, 1, 0]
        assert not await redis.xlen(f"{tag}:s:{high}")


async def test_events_go_to_their_class_where_all_groups_read_it(url: str, prefix: str, redis: Redis) -> None:
    low = class_streams("echo", 1)[1]
    async with Caller(url, prefix=prefix, lanes={"lane": ["in a lane"]}) as caller:
        await caller.emit("echo", 1, priority="low")
        assert await added(redis, prefix) == [1, 0, 0]
        for stream in ("echo", low):
            key = f"{{{prefix}}}:s:{stream}"
            await redis.xgroup_create(key, "g", mkstream=True)
            await redis.xgroup_createconsumer(key, "g", "c")
        await caller.emit("echo", 2, priority="low")
        await caller.emit("echo", 3, priority="low", message_id="m")
        await caller.emit("echo", 4, priority="low", delay=60)
        assert await added(redis, prefix) == [1, 0, 2]
        (_, fields), _ = await redis.xrange(f"{{{prefix}}}:s:{low}")
        assert fields == {"c": "1 json - - 0", "d": "2", "p": "echo"}
        wrong: list[tuple[Any, Any]] = [("echo", "urgent"), ("in a lane", "high")]
        for pattern, priority in wrong:
            with pytest.raises(RedisStreamsError, match="INVALID_OPTION"):
                await caller.emit(pattern, 1, priority=priority)


async def test_an_instance_says_what_is_left_in_classes_that_it_does_not_read(
    url: str, prefix: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    high, low = class_streams("echo", 1)
    for stream, group in ((high, "work"), (low, "other")):
        await redis.xgroup_create(f"{{{prefix}}}:s:{stream}", group, id="0", mkstream=True)
        await redis.xadd(f"{{{prefix}}}:s:{stream}", {"c": "1 json - - 0", "d": "2", "p": "echo"})
    service = Service(url, prefix=prefix, group="work")
    service.event("echo")(lambda data: data)
    with caplog.at_level(logging.ERROR):
        async with service:
            await redis.xreadgroup("work", "c", {f"{{{prefix}}}:s:{high}": ">"})
        one_per_kind.forget()
        async with service:
            await redis.xgroup_destroy(f"{{{prefix}}}:s:{high}", "work")
        async with service:
            pass
    left = f"1 entries are left in {high}, a class of echo, which only Nest instances"
    assert [record.message[: len(left)] for record in caplog.records] == [left, left]
