"""What members do that nobody asked them for: adopting what belongs to nobody, and adding what is due."""

import asyncio
import time
from typing import Any

import pytest
from conftest import Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RedisStreamsError, Service
from redis_streams_rpc.orphans import Orphans


async def test_requests_that_belong_to_nobody_are_adopted(
    url: str, prefix: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Orphans, "apart", 100)
    service = Service(url, prefix=prefix, group="work", lease=0.6)
    deliveries: list[int] = []

    @service.message("echo")
    async def echo(data: Any, context: Any) -> Any:
        deliveries.append(context.deliveries)
        return data

    stream = f"{{{prefix}}}:s:echo"
    await redis.xgroup_create(stream, "work", "0", mkstream=True)
    async with Caller(url, prefix=prefix, timeout=60) as caller:
        call = asyncio.create_task(caller.call("echo", 7, when_no_consumer="wait"))
        await until(lambda: redis.xreadgroup("work", "gone", {stream: ">"}, count=1))
        await redis.xgroup_delconsumer(stream, "work", "gone")
        async with service:
            assert await call == 7
    assert deliveries == [2]


async def test_what_is_due_later_is_added_when_it_is(url: str, prefix: str, redis: Redis, python: Start) -> None:
    service = await python()
    async with Caller(url, prefix=prefix) as caller:
        began = time.monotonic()
        for key, delay in (("a", 0.4), ("b", 0.8), ("c", 3600.0)):
            await caller.emit("happened", {"key": key}, delay=delay)
        await service.has_said("event", 1)
        assert time.monotonic() - began >= 0.4
        await service.has_said("event", 2)
        assert time.monotonic() - began >= 0.8
    assert [line["key"] for line in service.of("event")] == ["a", "b"]
    assert await redis.zcard(f"{{{prefix}}}:when:happened") == await redis.hlen(f"{{{prefix}}}:later:happened") == 1


async def test_what_was_due_while_nobody_was_there(url: str, prefix: str, python: Start) -> None:
    async with Caller(url, prefix=prefix) as caller:
        for key in range(250):
            await caller.emit("happened", {"key": str(key)}, delay=0.001)
    service = await python(concurrency=1)
    await service.has_said("event", 250)
    assert sorted(int(line["key"]) for line in service.of("event")) == list(range(250))


async def test_an_event_with_a_message_id_is_stored_once(url: str, prefix: str, redis: Redis, python: Start) -> None:
    service = await python()
    async with Caller(url, prefix=prefix) as caller, Caller(url, prefix=prefix) as other:
        for sender, delay in ((caller, 0.3), (other, 0), (caller, 0.3)):
            await sender.emit("happened", {"key": "a"}, delay=delay, message_id="größe")
        await other.emit("happened", {"key": "b"}, message_id="other")
        await service.has_said("event", 2)
        await caller.emit("happened", {"key": "c"}, message_id="größe")
        with pytest.raises(RedisStreamsError, match="message id"):
            await caller.emit("happened", {"key": "c"}, message_id="")
        with pytest.raises(RedisStreamsError, match="delay"):
            await caller.emit("happened", {"key": "c"}, delay=-1)
    assert sorted(line["key"] for line in service.of("event")) == ["a", "b"]
    assert await redis.exists(f"{{{prefix}}}:sent:8:happened:größe")


async def test_a_call_of_a_nest_client_that_is_due_later(python: Start, nest: Start) -> None:
    await python()
    client = await nest(client={}, calls=[["echo", 1, {"delay": 300}], ["echo", 2]])
    await client.has_said("closed")
    assert [line["result"] for line in client.of("replied")] == [[1], [2]]
