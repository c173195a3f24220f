"""Nest and Python instances of one group: they share the load, and take over from each other."""

import asyncio
import random

from conftest import Process, Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller

ROUNDS = 10
NEST = {"group": "work", "leaseTtl": 1000, "maxDeliveries": 100, "concurrency": 5}


async def test_they_share_the_load(python: Start, nest: Start, url: str, prefix: str) -> None:
    ours, theirs = await python(), await nest(service={**NEST, "leaseTtl": 3000})
    async with Caller(url, prefix=prefix) as caller:
        calls = [caller.call("work", {"key": str(n), "ms": 20}) for n in range(400)]
        by = [reply["by"] for reply in await asyncio.gather(*calls)]
    assert {"nest", "python"} == set(by)
    assert len(ours.of("started")) + len(theirs.of("started")) == 400


async def kill_ten(start: Start, url: str, prefix: str, redis: Redis, **given: object) -> None:
    """Kills ten instances in the middle of their work: every call is answered all the same, and nothing is left."""
    victims = await asyncio.gather(*(start(**given) for _ in range(ROUNDS)))
    calls: dict[str, asyncio.Task[object]] = {}
    async with Caller(url, prefix=prefix, timeout=120) as caller:

        def is_at_work(victim: Process, more: int) -> bool:
            """Keeps calls coming until the victim has begun some."""
            if sum(not call.done() for call in calls.values()) < 100:
                for key in [str(len(calls) + n) for n in range(50)]:
                    work = caller.call("work", {"key": key, "ms": random.randint(1, 100)})
                    calls[key] = asyncio.create_task(work)
            return len(victim.of("started")) >= more

        for victim in victims:
            more = len(victim.of("started")) + 3
            await until(lambda victim=victim, more=more: is_at_work(victim, more))
            victim.process.kill()
        replies = await asyncio.gather(*calls.values())
    assert [reply["key"] for reply in replies if isinstance(reply, dict)] == list(calls)

    async def is_clean() -> bool:
        return not await redis.xlen(f"{{{prefix}}}:s:work") and not await redis.exists(f"{{{prefix}}}:dead:work")

    await until(is_clean)


async def test_nest_takes_over_from_ten_killed_python_instances(
    python: Start, nest: Start, url: str, prefix: str, redis: Redis
) -> None:
    await nest(service=NEST)
    await kill_ten(python, url, prefix, redis, max_deliveries=100, concurrency=5)


async def test_python_takes_over_from_ten_killed_nest_instances(
    python: Start, nest: Start, url: str, prefix: str, redis: Redis
) -> None:
    await python(max_deliveries=100, concurrency=10)
    await kill_ten(nest, url, prefix, redis, service=NEST)


async def test_what_may_be_started_once_is_told_to_be_interrupted(python: Start, url: str, prefix: str) -> None:
    from test_service import failure

    victim = await python(lease=1)
    async with Caller(url, prefix=prefix, timeout=60) as caller:
        call = asyncio.create_task(failure(caller.call("once", {"key": "a", "ms": 60_000})))
        await victim.has_said("once")
        victim.process.kill()
        await python(lease=1)
        assert await call == ("INTERRUPTED", "may-have-run")


async def test_what_ends_its_instances_becomes_a_dead_letter(
    python: Start, url: str, prefix: str, redis: Redis
) -> None:
    from test_service import failure

    async with Caller(url, prefix=prefix, timeout=60) as caller:
        call = asyncio.create_task(failure(caller.call("work", {"key": "a", "ms": 60_000}, when_no_consumer="wait")))
        for _ in range(2):
            victim = await python(max_deliveries=2, lease=1)
            await victim.has_said("started")
            victim.process.kill()
        await python(max_deliveries=2, lease=1)
        assert await call == ("DEAD_LETTERED", "may-have-run")
        letters = await redis.xrange(f"{{{prefix}}}:dead:work")
        assert [fields["reason"] for _, fields in letters] == ["deliveries"]
