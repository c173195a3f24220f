"""Events that every instance runs."""

from conftest import Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller


async def groups(redis: Redis, prefix: str, stream: str) -> set[str]:
    return {group["name"] for group in await redis.xinfo_groups(f"{{{prefix}}}:s:{stream}")}


async def test_every_instance_hears_them(python: Start, nest: Start, url: str, prefix: str, redis: Redis) -> None:
    await nest(service={"group": "work", "leaseTtl": 1000})
    services = [await python(), await python()]
    async with Caller(url, prefix=prefix) as caller:
        for key in "abc":
            await caller.emit("happened", {"key": key})
            await caller.emit("news", {"key": f"{key} too"})
        for service in services:
            heard = await service.has_said("heard", 6)
            assert sorted(line["key"] for line in heard) == ["a", "a too", "b", "b too", "c", "c too"]
        # Two of three instances of the service tell who has run an event of the group.
        await until(lambda: is_settled(redis, prefix))
        assert sum(len(service.of("event")) for service in services) <= 3
        await caller.emit("happened", {"key": "d", "unheard": True})
        letters = await until(lambda: redis.xrange(f"{{{prefix}}}:dead:work"))
        assert {(fields["pattern"], fields["broadcast"]) for _, fields in letters} == {("happened", "1")}


async def is_settled(redis: Redis, prefix: str) -> bool:
    found = await redis.xinfo_groups(f"{{{prefix}}}:s:happened")
    return not any(group["pending"] or group["lag"] for group in found)


async def test_their_groups_go_with_their_instances(python: Start, nest: Start, prefix: str, redis: Redis) -> None:
    first, second = await python(lease=1), await python(lease=1)
    assert len(await groups(redis, prefix, "news")) == 2
    assert first.process.stdin
    first.process.stdin.close()
    await first.process.wait()
    assert len(await groups(redis, prefix, "news")) == 1
    second.process.kill()
    await python(lease=1)
    await until(lambda: has_one_less(redis, prefix))


async def has_one_less(redis: Redis, prefix: str) -> bool:
    return len(await groups(redis, prefix, "news")) == 1


async def test_nest_removes_the_group_of_a_killed_python_instance(
    python: Start, nest: Start, prefix: str, redis: Redis
) -> None:
    await nest(service={"group": "work", "leaseTtl": 1000})
    killed = await python(lease=1)
    killed.process.kill()
    await until(lambda: is_only(redis, prefix, "work"))


async def is_only(redis: Redis, prefix: str, group: str) -> bool:
    return await groups(redis, prefix, "happened") == {group}
