"""What is said in the log of a start, an end, a Redis that is away, and a reply that nobody can write."""

import asyncio
import logging

import pytest
from conftest import Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RemoteError, Service


def lines(caplog: pytest.LogCaptureFixture, level: int) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelno == level]


async def test_a_service_says_that_it_listens_was_taken_for_dead_and_stops(
    url: str, prefix: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(url, prefix=prefix, group="work")
    for number in range(21):
        service.message(f"p{number}")(lambda data: data)
    with caplog.at_level(logging.INFO):
        async with service:
            name = service.members[0].consumer
            named = ", ".join(f"p{number}" for number in range(20))
            assert lines(caplog, logging.INFO) == [f"listening: group work, instance {name}, patterns: {named}, …"]
            await redis.set(f"{{{prefix}}}:lease:{name}", "another")
            service.members[0].recovery.renew_soon()
            await until(lambda: service.members[0].consumer != name and service.members[0].is_started, 20)
            then = service.members[0].consumer
        told = f"this instance ({name}) was taken for dead: what it held is others', and it goes on as {then}"
        assert told in lines(caplog, logging.WARNING)
        assert lines(caplog, logging.INFO)[-1] == f"stopped (group work, instance {then})"


async def test_what_was_taken_over_is_said(
    url: str, prefix: str, python: Start, caplog: pytest.LogCaptureFixture
) -> None:
    victim = await python(lease=1)
    async with Caller(url, prefix=prefix, timeout=60) as caller:
        call = asyncio.create_task(caller.call("work", {"key": "a", "ms": 60_000}))
        await victim.has_said("started")
        service = Service(url, prefix=prefix, group="work", lease=1)
        service.message("work")(lambda data: "taken over")
        with caplog.at_level(logging.INFO):
            async with service:
                victim.process.kill()
                assert await call == "taken over"
    assert [line for line in lines(caplog, logging.INFO) if line.startswith("took over 1 entries of work from ")]


async def test_who_waits_for_redis_says_so(caplog: pytest.LogCaptureFixture) -> None:
    connecting = asyncio.create_task(Caller("redis://127.0.0.1:1").connect())
    await until(lambda: lines(caplog, logging.WARNING), 20)
    connecting.cancel()
    assert lines(caplog, logging.WARNING)[0].startswith("Redis is not there yet: ")


async def test_a_caller_that_has_lost_redis_says_so(
    url: str, prefix: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(url, prefix=prefix, group="work")
    service.message("echo")(lambda data: data)
    async with service, Caller(url, prefix=prefix, timeout=60) as caller:
        assert await caller.call("echo", 1) == 1
        await redis.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
        said = "the reply log cannot be read, and is tried again: "
        await until(lambda: [line for line in lines(caplog, logging.WARNING) if line.startswith(said)], 20)
        assert await caller.call("echo", 2) == 2


async def test_a_reply_that_cannot_be_written(url: str, prefix: str, caplog: pytest.LogCaptureFixture) -> None:
    service = Service(url, prefix=prefix, group="work")
    service.message("set")(lambda data: {1})
    async with service, Caller(url, prefix=prefix) as caller:
        with pytest.raises(RemoteError, match="cannot be written as JSON"):
            await caller.call("set")
    assert [line[:39] for line in lines(caplog, logging.ERROR)] == ["set: a reply cannot be written as JSON:"]
