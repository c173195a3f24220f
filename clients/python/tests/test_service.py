"""A Python service for Nest clients and for Python callers."""

import asyncio
from typing import Any

import pytest
from conftest import Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RedisStreamsError, Service
from redis_streams_rpc.frame import read_frame


async def test_a_nest_client(python: Start, nest: Start) -> None:
    await python()
    calls = [["echo", {"id": "größe 😀"}], ["count", 300], ["fail", "no"], ["hopeless", 1], ["retried", 1]]
    many = [["echo", n] for n in range(1000)]
    client = await nest(client={}, calls=[*calls, *many], atOnce=200)
    await client.has_said("closed")
    replied = {line["place"]: line["result"] for line in client.of("replied")}
    refused = {line["place"]: line["error"] for line in client.of("refused")}
    assert replied.pop(0) == [{"id": "größe 😀"}]
    assert replied.pop(1) == list(range(300))
    assert replied.pop(4) == [2]
    assert refused[2] == {"status": "error", "message": "no"}
    assert (refused[3]["code"], refused[3]["outcome"]) == ("DEAD_LETTERED", "may-have-run")
    assert replied == {place: [place - 5] for place in range(5, 1005)}


async def failure(awaitable: Any) -> tuple[str, str]:
    with pytest.raises(RedisStreamsError) as error:
        await awaitable
    return error.value.code, error.value.outcome


async def test_deadlines_and_aborts(python: Start, url: str, prefix: str) -> None:
    service = await python()
    async with Caller(url, prefix=prefix) as caller:
        assert await failure(caller.call("work", {"key": "a", "ms": 60_000}, timeout=3)) == (
            "TIMEOUT",
            "may-have-run",
        )
        task = asyncio.create_task(caller.call("work", {"key": "b", "ms": 60_000}, timeout=60))
        await service.has_said("started", 2)
        task.cancel()
        aborted = await service.has_said("aborted", 2)
        assert sorted(line["key"] for line in aborted) == ["a", "b"]


async def test_an_idempotency_key_runs_once(python: Start, url: str, prefix: str) -> None:
    service = await python()
    async with Caller(url, prefix=prefix) as caller:
        data = {"key": "a", "ms": 100}
        calls = [caller.call("work", data, key="k1") for _ in range(20)]
        assert await asyncio.gather(*calls) == [{"key": "a", "by": "python"}] * 20
        assert len(service.of("started")) == 1
        told = await failure(caller.call("work", {"key": "b"}, key="k1"))
        assert told == ("IDEMPOTENCY_MISMATCH", "not-run")


async def test_events_are_retried_and_become_dead_letters(python: Start, url: str, prefix: str, redis: Redis) -> None:
    service = await python(retry_delay=0.05)
    async with Caller(url, prefix=prefix) as caller:
        await caller.emit("happened", {"key": "a", "fail": True})
        await caller.emit("happened", {"key": "b"})
        letters = await until(lambda: redis.xrange(f"{{{prefix}}}:dead:work"))
    fields = letters[0][1]
    assert (fields["reason"], fields["attempts"], fields["error-name"]) == ("attempts", "3", "ValueError")
    assert [line["attempts"] for line in service.of("event") if line["key"] == "a"] == [0, 1, 2]


async def test_what_cannot_be_read_becomes_a_dead_letter(python: Start, url: str, prefix: str, redis: Redis) -> None:
    await python()
    stream = f"{{{prefix}}}:s:echo"
    caller = "a" * 22
    await redis.xadd(stream, {"c": f"1 json 1 {caller} 0", "d": "{"})
    await redis.xadd(stream, {"c": f"2 any 2 {caller} later"})
    await redis.xadd(stream, {"c": f"1 b64:own 3 {caller} 0", "d": ""})
    await redis.xadd(stream, {"c": "hello", "d": "1"})
    frames = await until(lambda: replies(redis, f"{{{prefix}}}:r:{caller}", 3))
    assert [frames[call] for call in "123"] == ["INVALID_MESSAGE", "UNSUPPORTED_VERSION", "CODEC_MISMATCH"]
    await until(lambda: has_length(redis, f"{{{prefix}}}:dead:work", 3))


async def has_length(redis: Redis, key: str, length: int) -> bool:
    return bool(await redis.xlen(key) == length)


async def replies(redis: Redis, log: str, number: int) -> dict[str, str] | None:
    found = {}
    for _, fields in await redis.xrange(log):
        frame = read_frame(fields["f"])
        found |= {reply.call: reply.payload["code"] for reply in (frame.replies if frame else [])}
    return found if len(found) == number else None


async def test_a_request_without_a_handler(url: str, prefix: str, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work")
    service.message("other")(lambda data: data)
    async with service, Caller(url, prefix=prefix) as caller:
        stream = f"{{{prefix}}}:s:other"
        await redis.xadd(stream, {"c": f"1 json 1 {caller.id} 0", "d": "1", "p": "nobody"})
        found = await until(lambda: replies(redis, f"{{{prefix}}}:r:{caller.id}", 1))
        assert found == {"1": "NO_HANDLER"}


async def test_a_listener_leaves_requests_to_those_who_answer(url: str, prefix: str, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="listeners")
    heard: list[Any] = []
    service.event("happened")(heard.append)
    async with service, Caller(url, prefix=prefix) as caller:
        stream = f"{{{prefix}}}:s:happened"
        request = await redis.xadd(stream, {"c": f"1 json 1 {caller.id} 0", "d": "1"})
        await caller.emit("happened", 2)
        await until(lambda: heard == [2])
        await until(lambda: has_none_pending(redis, stream, "listeners"))
        assert next(entry for entry, _ in await redis.xrange(stream)) == request


async def has_none_pending(redis: Redis, stream: str, group: str) -> bool:
    return bool((await redis.xpending(stream, group))["pending"] == 0)


async def test_two_groups_may_not_answer_one_pattern(url: str, prefix: str, python: Start) -> None:
    await python()
    service = Service(url, prefix=prefix, group="other")
    service.message("echo")(lambda data: data)
    assert (await failure(service.start()))[0] == "GROUP_CONFLICT"


async def test_packs_of_a_nest_client(url: str, prefix: str, redis: Redis, python: Start) -> None:
    service = await python()
    caller = "b" * 22
    stream = f"{{{prefix}}}:s:work"
    fields = {"c": f"1 pack.json 3 {caller} 60000", "m": "1,2,3"}
    data = '[{"key":"a"},\n{"key":"b"},\n{"key":"c"}]'
    await redis.xadd(stream, {**fields, "d": data})
    await service.has_said("started", 3)
    await until(lambda: has_length(redis, stream, 0))
    assert sorted(line["key"] for line in service.of("started")) == ["a", "b", "c"]
    assert not await redis.exists(f"{{{prefix}}}:part:work")


async def test_a_pack_of_events_ends_in_each_group_for_itself(url: str, prefix: str, redis: Redis) -> None:
    stream, part = f"{{{prefix}}}:s:told", f"{{{prefix}}}:part:told"
    tries, gate = list[tuple[str, int]](), asyncio.Event()

    def made(group: str) -> Service:
        service = Service(url, prefix=prefix, group=group, attempts=2, retry_delay=0.01)

        @service.event("told")
        async def told(data: int) -> None:
            tries.append((group, data))
            if data == 2 and group == "one":
                raise ValueError("never")
            if data == 3 and group == "one":
                await gate.wait()

        return service

    for group in ("one", "two"):
        await redis.xgroup_create(stream, group, "0", mkstream=True)
    data = ",\n".join(map(str, range(1, 5)))
    entry = await redis.xadd(stream, {"c": "1 pack.json 4 - 0", "d": f"[{data}]"})
    async with made("one"):

        async def is_noted() -> bool:
            return bool(await redis.hgetall(part) == {f"{entry} one": "xx.x"})

        await until(is_noted)
        async with made("two"):

            async def is_over() -> bool:
                return bool((await redis.xpending(stream, "two"))["pending"] == 0 and len(tries) == 9)

            await until(is_over)
            assert await redis.hkeys(part) == [f"{entry} one"]
            gate.set()

            async def is_gone() -> bool:
                pending = (await redis.xpending(stream, "one"))["pending"]
                return pending == 0 and not await redis.exists(part)

            await until(is_gone)
    assert sorted(tries) == sorted([*(("two", n) for n in range(1, 5)), *(("one", n) for n in (1, 2, 2, 3, 4))])
    letters = await redis.xrange(f"{{{prefix}}}:dead:one")
    assert [(letter["id"], letter["d"], letter["c"]) for _, letter in letters] == [(f"{entry}#1", "2", "1 json - - 0")]


async def test_a_stop_gives_back_what_it_holds(python: Start, url: str, prefix: str, redis: Redis) -> None:
    first = await python(concurrency=10)
    async with Caller(url, prefix=prefix, timeout=30) as caller:
        calls = [asyncio.create_task(caller.call("work", {"key": str(n), "ms": 100})) for n in range(300)]
        await first.has_said("started", 10)
        second = await python()
        assert first.process.stdin
        first.process.stdin.close()
        await asyncio.gather(*calls)
        assert await first.process.wait() == 0
        assert second.of("started")
    assert not [key async for key in redis.scan_iter(f"{{{prefix}}}:due:*")]


async def test_a_revoked_member_comes_back_under_another_name(url: str, prefix: str, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work", lease=0.5)
    service.message("echo")(lambda data: data)
    async with service, Caller(url, prefix=prefix) as caller:
        name = service.members[0].consumer
        await redis.set(f"{{{prefix}}}:lease:{name}", "+")
        await until(lambda: service.members[0].consumer != name)
        assert await caller.call("echo", 5) == 5
