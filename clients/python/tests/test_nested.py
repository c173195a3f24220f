"""Calls that handlers make, where there is no slot for anything else."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, Context, RedisStreamsError, Service, running
from redis_streams_rpc.isolation import Isolation
from redis_streams_rpc.slots import Refused, Slots

CALLER = "a" * 22


async def told(awaitable: Awaitable[Any]) -> Any:
    try:
        return await awaitable
    except RedisStreamsError as error:
        return error.code, error.outcome


async def test_slots_are_taken_in_their_order_and_may_be_refused() -> None:
    slots, order = Slots[str](1, Isolation()), list[str]()

    async def take(who: str) -> None:
        try:
            await slots.take(who)
            order.append(who)
        except Refused:
            order.append(f"no {who}")

    tasks = [asyncio.create_task(take(who)) for who in "abcdef"]
    await asyncio.sleep(0)
    assert (order, slots.waiting) == (["a"], 5)
    tasks[1].cancel()
    await asyncio.sleep(0)
    assert slots.refuse(lambda who: who in "bd") == 1
    slots.give()
    # It is cancelled in the turn in which it was given the slot, and hands it on.
    tasks[2].cancel()
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    slots.give()
    await asyncio.wait(tasks, timeout=5)
    slots.give()
    assert order == ["a", "no d", "e", "f"]
    await asyncio.wait_for(slots.take("g"), 5)


async def test_a_call_that_a_handler_makes_knows_its_depth(url: str, prefix: str) -> None:
    service, depths = Service(url, prefix=prefix, group="work"), list[int]()
    async with Caller(url, prefix=prefix) as caller:

        @service.message("nest")
        async def nest(left: int, context: Context) -> None:
            depths.append(context.depth)
            if left:
                await caller.call("nest", left - 1)

        async with service:
            await caller.call("nest", 2)
            await caller.call("nest", 0)
    assert depths == [1, 2, 3, 1]


async def dead(redis: Redis, prefix: str, pattern: str, entries: list[str], group: str = "work") -> None:
    """Leaves entries with these header lines to a member that is dead."""
    key = f"{{{prefix}}}:s:{pattern}"
    for line in entries:
        await redis.xadd(key, {"c": line, "d": "1"})
    await redis.xreadgroup(group, "gone", {key: ">"}, count=len(entries))
    await redis.set(f"{{{prefix}}}:lease:gone", "+")


async def test_calls_that_handlers_made_of_a_dead_instance(url: str, prefix: str, redis: Redis) -> None:
    """The only slot waits for them."""
    service, goes_on = Service(url, prefix=prefix, group="work", concurrency=1, lease=1), asyncio.Event()

    @service.message("outer")
    async def outer(data: Any) -> None:
        paused = [f"1 json {at} {CALLER} 0" for at in range(3)]
        await dead(redis, prefix, "inner", [*paused, f"1 json 9 {CALLER} 0 depth=1"])
        service.members[0].recovery.look_soon()
        await goes_on.wait()

    inner: Callable[..., Any] = lambda _, context: goes_on.set() if context.depth == 2 else None  # noqa: E731
    service.message("inner")(inner)
    async with service, Caller(url, prefix=prefix, timeout=30) as caller:
        await caller.call("outer")
        await until(lambda: at_end(redis, prefix, "inner"), 30)


async def at_end(redis: Redis, prefix: str, pattern: str) -> bool:
    return not await redis.xlen(f"{{{prefix}}}:s:{pattern}")


async def test_calls_behind_more_than_may_wait_are_reached(
    url: str, prefix: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Those in front of it are refused: every handler waits for it."""
    monkeypatch.setattr(running, "MOST_WAITING", 3)
    service = Service(url, prefix=prefix, group="work", concurrency=2)
    async with Caller(url, prefix=prefix, timeout=60) as caller:

        @service.message("nest")
        async def nest(left: int, context: Context) -> int:
            await asyncio.sleep(0.01)
            return 1 + await caller.call("nest", left - 1) if left else 0

        with caplog.at_level(logging.ERROR):
            async with service:
                said = await asyncio.gather(*(told(caller.call("nest", 1)) for _ in range(16)))
    assert {one for one in said if one != 1} == {("OVERLOADED", "not-run")}
    assert said.count(1) >= 2
    assert any("OVERLOADED" in record.message for record in caplog.records)


async def test_a_call_behind_what_cannot_be_refused_is_refused_itself(
    url: str, prefix: str, monkeypatch: pytest.MonkeyPatch, redis: Redis
) -> None:
    """Events are in front of it, and handlers wait for it."""
    monkeypatch.setattr(running, "MOST_WAITING", 3)
    service, events = Service(url, prefix=prefix, group="work", concurrency=1), list[Any]()
    service.event("both")(events.append)
    async with Caller(url, prefix=prefix, timeout=60) as caller:

        @service.message("both")
        async def both(left: int) -> Any:
            if not left:
                return "reached"
            for at in range(8):
                await caller.emit("both", at)
            return await told(caller.call("both", left - 1))

        async with service:
            assert await caller.call("both", 1) == ["OVERLOADED", "not-run"]
            await until(lambda: len(events) == 8, 30)
