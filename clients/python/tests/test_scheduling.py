"""Calls and events that are due later."""

import asyncio
import time
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest
from conftest import Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RedisStreamsError, Service


async def told(awaitable: Any) -> tuple[str, str]:
    with pytest.raises(RedisStreamsError) as error:
        await awaitable
    return error.value.code, error.value.outcome


async def waiting(redis: Redis, prefix: str, stream: str) -> int:
    return int(await redis.zcard(f"{{{prefix}}}:when:{stream}"))


async def test_a_delayed_call_of_a_nest_service(nest: Start, url: str, prefix: str) -> None:
    await nest(service={"group": "work"})
    ids = list[str]()
    async with Caller(url, prefix=prefix, timeout=20) as caller:
        at = time.monotonic()
        assert await caller.call("echo", 5, delay=0.3, on_stored=ids.append) == 5
        assert time.monotonic() - at > 0.29
        soon = datetime.now(timezone.utc) + timedelta(seconds=0.2)
        assert await caller.call("echo", 6, not_before=soon) == 6
        assert datetime.now(timezone.utc) > soon - timedelta(milliseconds=10)
        assert await caller.call("echo", 7, not_before=soon) == 7
        assert [value async for value in caller.stream("count", 3, delay=timedelta(seconds=0.05))] == [0, 1, 2]
        assert [id_.partition("/")[0] for id_ in ids] == [caller.id]
        assert not await caller.cancel_scheduled("echo", ids[0])


async def test_who_stops_waiting_takes_it_back(url: str, prefix: str, redis: Redis) -> None:
    stored = asyncio.Event()
    async with Caller(url, prefix=prefix) as caller:
        call = asyncio.create_task(caller.call("later", 1, delay=60, on_stored=lambda _: stored.set()))
        await asyncio.wait_for(stored.wait(), 20)
        assert await waiting(redis, prefix, "later") == 1
        call.cancel()
        await until(lambda: none_waits(redis, prefix))
        # Nobody adds it when it is due: its caller still takes it back at its deadline.
        assert await told(caller.call("later", 1, delay=0.1, timeout=0.2)) == ("TIMEOUT", "not-run")
        call = asyncio.create_task(caller.call("later", 1, delay=60))
        await until(lambda: some_wait(redis, prefix))
    assert await told(call) == ("CLOSED", "not-run")
    assert await none_waits(redis, prefix)


async def none_waits(redis: Redis, prefix: str) -> bool:
    return not await waiting(redis, prefix, "later")


async def some_wait(redis: Redis, prefix: str) -> bool:
    return bool(await waiting(redis, prefix, "later"))


async def test_what_was_due_and_runs_is_cancelled(url: str, prefix: str) -> None:
    service, ended = Service(url, prefix=prefix, group="work"), list[str]()
    started = asyncio.Event()

    @service.message("later")
    async def later(data: Any) -> None:
        started.set()
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            ended.append("cancelled")
            raise

    async with service, Caller(url, prefix=prefix, timeout=60) as caller:
        call = asyncio.create_task(caller.call("later", 1, delay=0.05))
        await asyncio.wait_for(started.wait(), 30)
        call.cancel()
        await until(lambda: ended, 30)


async def test_taking_back_by_id(url: str, prefix: str, redis: Redis) -> None:
    async with Caller(url, prefix=prefix, lanes={"slow": ["in a lane"]}) as caller, Caller(url, prefix=prefix) as other:
        for pattern in ("later", "in a lane"):
            one = await caller.emit(pattern, 1, delay=60)
            two = await caller.emit(pattern, 1, not_before=datetime.now(timezone.utc) + timedelta(minutes=1))
            three = await caller.emit(pattern, 1, delay=60, message_id="m")
            assert three == "m"
            assert await caller.emit(pattern, 1, message_id="m") == "m"
            for id_ in (one, two, three):
                assert [await caller.cancel_scheduled(pattern, id_) for _ in range(2)] == [True, False]
            # Its id may come again.
            await caller.emit(pattern, 1, delay=60, message_id="m")
            assert await caller.cancel_scheduled(pattern, "m")
        ids = list[str]()
        call = asyncio.create_task(caller.call("later", 1, delay=0.3, timeout=0.2, on_stored=ids.append))
        await until(lambda: ids)
        assert await other.cancel_scheduled("later", ids[0])
        assert await told(call) == ("TIMEOUT", "may-have-run")
    assert not await redis.keys(f"{{{prefix}}}:s:*")


async def test_what_cannot_be_due(url: str, prefix: str) -> None:
    wrong: list[dict[str, Any]] = [
        {"delay": -1},
        {"delay": 400 * 86_400},
        {"delay": 30 * 86_400},
        {"delay": 1, "when_no_consumer": "fail"},
        {"delay": 1, "not_before": datetime.now(timezone.utc)},
        {"not_before": datetime(2030, 1, 1)},
    ]
    async with Caller(url, prefix=prefix) as caller:
        for options in wrong:
            assert await told(caller.call("later", 1, **options)) == ("INVALID_OPTION", "not-run")
