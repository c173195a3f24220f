"""What an instance says about itself for operators."""

import json

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Service, facts


async def test_an_instance_says_which_pauses_it_obeys(url: str, prefix: str, redis: Redis) -> None:
    service, key = Service(url, prefix=prefix, group="work", lease=1), f"{{{prefix}}}:facts:work"
    service.message("do")(lambda data: data)
    async with service:

        async def said(paused: str) -> bool:
            told = json.loads(await redis.hget(key, service.members[0].consumer))  # type: ignore[misc]
            return bool(told["paused"] == paused)

        assert await said("")
        paused = {"#": "revision 1", "p:do": json.dumps({"at": 1})}
        await redis.hset(f"{{{prefix}}}:paused:work", mapping=paused)  # type: ignore[misc]
        await until(lambda: said("revision 1"), 20)


async def test_it_is_said_again_before_redis_forgets_it(
    url: str, prefix: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    service, key = Service(url, prefix=prefix, group="work", lease=1), f"{{{prefix}}}:facts:work"
    service.message("do")(lambda data: data)
    async with service:
        assert await redis.delete(key) == 1
        monkeypatch.setattr(facts, "AGAIN", 0)
        await until(lambda: redis.exists(key), 20)
