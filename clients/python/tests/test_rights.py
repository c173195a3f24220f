"""A Python instance and a caller with exactly the rights that docs/security.md gives them."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, DeadLetter, RetryLater, Service, Window

PAGE = Path(__file__).parents[3] / "docs" / "security.md"


@pytest.fixture
async def user(url: str, prefix: str, redis: Redis) -> AsyncIterator[Any]:
    """Makes the user of a recipe under the prefix of the test, and answers the URL that it connects with."""
    made = []

    async def make(name: str) -> str:
        own = f"{name}-{prefix}"
        made.append(own)
        for line in re.findall(rf"^ACL SETUSER {name} (.*)$", PAGE.read_text(), re.MULTILINE):
            if "idem:" not in line and "services" not in line:
                await redis.execute_command("ACL", "SETUSER", own, *line.replace("{nrs}", f"{{{prefix}}}").split(" "))
        return url.replace("redis://", f"redis://{own}:secret@")

    yield make
    if made:
        await redis.execute_command("ACL", "DELUSER", *made)


async def test_an_instance_and_a_caller_with_these_rights_alone(user: Any, prefix: str, redis: Redis) -> None:
    service = Service(await user("orders"), prefix=prefix, group="work", lease=1, retry_delay=0.05)
    heard: list[Any] = []

    @service.message("echo", once=True)
    async def echo(data: Any) -> Any:
        return data

    @service.message("retried", retries=3)
    async def retried(data: Any, context: Any) -> int:
        if context.attempts < 1:
            raise RetryLater(0.05)
        return int(context.attempts)

    @service.message("count")
    async def count(number: int) -> AsyncIterator[int]:
        for value in range(number):
            yield value

    @service.message("slow")
    async def slow(data: Any) -> None:
        await asyncio.sleep(60)

    @service.event("happened", broadcast=True)
    async def happened(data: Any) -> None:
        heard.append(data)

    @service.event("bad")
    async def bad(data: Any) -> None:
        raise DeadLetter("no")

    async with service, Caller(await user("shop"), prefix=prefix) as caller:
        names = [member.consumer for member in service.members]
        assert await caller.call("echo", 1) == 1
        assert await caller.call("retried", 1, key="k") == 1
        values = [value async for value in caller.stream("count", 20, window=Window(2))]
        assert values == list(range(20))
        await caller.emit("happened", 1)
        await caller.emit("happened", 2, delay=0.05, message_id="m")
        await caller.emit("bad")
        await until(lambda: heard == [1, 2])
        await until(lambda: redis.xlen(f"{{{prefix}}}:dead:work"))
        call = asyncio.create_task(caller.call("slow"))
        await until(lambda: redis.xlen(f"{{{prefix}}}:s:slow"))
        call.cancel()
        await until(lambda: is_empty(redis, prefix))
        for member in service.members:
            await member.recovery.clean()
        assert [member.consumer for member in service.members] == names
    denied = [entry for entry in await redis.acl_log() if entry["username"].endswith(prefix)]
    assert denied == []


async def is_empty(redis: Redis, prefix: str) -> bool:
    return not await redis.xlen(f"{{{prefix}}}:s:slow")
