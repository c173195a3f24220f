"""What handlers, callers and operators do wrong ends nothing but what it is about."""

import asyncio
from typing import Any

import pytest
from conftest import until
from redis.asyncio import Redis
from redis.exceptions import AuthenticationError

from redis_streams_rpc import Caller, Context, RedisStreamsError, RemoteError, RetryLater, Service, intake
from redis_streams_rpc.digests import digest
from redis_streams_rpc.frame import read_frame
from redis_streams_rpc.keys import Keys

CALLER = "a" * 22


async def letters(redis: Redis, prefix: str, number: int = 1) -> list[dict[str, str]]:
    found = await until(lambda: at_least(redis, f"{{{prefix}}}:dead:work", number), 20)
    return [fields for _, fields in found]


async def at_least(redis: Redis, key: str, number: int) -> Any:
    found = await redis.xrange(key)
    return found if len(found) >= number else None


async def told(awaitable: Any) -> tuple[str, str]:
    try:
        return "", str(await awaitable)
    except RedisStreamsError as error:
        return error.code, error.outcome


async def test_what_may_be_started_once_only_is_not_retried(url: str, prefix: str, redis: Redis) -> None:
    service, runs = Service(url, prefix=prefix, group="work", retry_delay=0.01), list[str]()

    @service.event("happened", once=True, retries=3)
    @service.message("do", once=True, retries=3)
    async def fails(data: Any) -> None:
        runs.append(data)
        raise ValueError(f"{data} \ud800")

    async with service, Caller(url, prefix=prefix) as caller:
        await caller.emit("happened", "event")
        with pytest.raises(RemoteError, match="Internal server error"):
            await caller.call("do", "call")
        pack = {"c": f"1 pack.json 2 {CALLER} 0", "m": "1,2", "d": '["one",\n"two"]'}
        await redis.xadd(f"{{{prefix}}}:s:do", pack)  # type: ignore[arg-type]
        found = await letters(redis, prefix, 4)
    assert {fields["reason"] for fields in found} == {"attempts"}
    assert sorted(fields["error"] for fields in found) == [f"{run} \ufffd" for run in ("call", "event", "one", "two")]
    assert sorted(runs) == ["call", "event", "one", "two"]


async def test_a_call_with_the_key_of_an_event(url: str, prefix: str) -> None:
    service, runs = Service(url, prefix=prefix, group="work"), list[Any]()
    service.message("do")(runs.append)
    service.event("do")(runs.append)
    async with service, Caller(url, prefix=prefix) as caller:
        await caller.emit("do", 1, key="k")
        await until(lambda: runs, 20)
        assert await caller.call("do", 1, key="k") is None
    assert runs == [1]


async def test_a_record_of_a_key_that_cannot_be_read(url: str, prefix: str, redis: Redis) -> None:
    service, runs = Service(url, prefix=prefix, group="work"), list[Any]()
    service.message("do")(runs.append)
    service.event("do")(runs.append)
    async with service, Caller(url, prefix=prefix) as caller:
        for key, said in (("a", "no JSON"), ("b", "[[0]]"), ("c", "[" * 5_000)):
            await redis.set(Keys(prefix).idempotency("work", "do", key), f"={digest('1')} {said}")
            assert await told(caller.call("do", 1, key=key)) == ("REPLY_LOST", "may-have-run")
        await caller.emit("do", 1, key="a")
        assert [fields["reason"] for fields in await letters(redis, prefix)] == ["idempotency"]
    assert runs == []


async def test_what_nobody_foresaw_is_given_up(url: str, prefix: str, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work")
    service.message("do")(lambda data: data)
    async with service, Caller(url, prefix=prefix) as caller:
        service.options.handlers.find = lambda *_: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        assert await told(caller.call("do", 1)) == ("DEAD_LETTERED", "may-have-run")
        assert [fields["reason"] for fields in await letters(redis, prefix)] == ["final"]
        assert not await redis.xlen(f"{{{prefix}}}:s:do")


async def test_a_stream_of_another_type_is_left_out(
    url: str, prefix: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "LEFT_OUT", 500)
    service = Service(url, prefix=prefix, group="work")
    for pattern in ("good", "bad"):
        service.message(pattern)(lambda data: data)
    async with service, Caller(url, prefix=prefix) as caller:
        name = service.members[0].consumer
        assert await caller.call("bad", 1) == 1
        bad = f"{{{prefix}}}:s:bad"
        await redis.set(bad, "a text")
        assert [await caller.call("good", at) for at in range(5)] == list(range(5))
        await until(lambda: "bad" in service.members[0].intakes[0]._left_out, 20)
        assert await caller.call("good", 6) == 6
        await redis.delete(bad)
        assert await caller.call("bad", 2, when_no_consumer="wait") == 2
        assert service.members[0].consumer == name


async def test_a_note_of_what_is_paused_of_another_type(url: str, prefix: str, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work", lease=0.5)
    service.message("echo")(lambda data: data)
    paused = f"{{{prefix}}}:paused:work"
    async with service, Caller(url, prefix=prefix) as caller:
        name = service.members[0].consumer
        await redis.set(paused, "a text")
        renewed = service.members[0]._renewed
        await until(lambda: service.members[0]._renewed > renewed + 500, 20)
        assert await caller.call("echo", 5) == 5
        assert service.members[0].consumer == name


async def test_a_pack_that_cannot_be_read_stops_nobody(url: str, prefix: str, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work")
    service.message("echo")(lambda data: data)
    async with service, Caller(url, prefix=prefix) as caller:
        name, deep = service.members[0].consumer, "[" * 50_000
        pack = {"c": f"1 pack.text 1 {CALLER} 0", "m": "1", "d": f"[{deep}]"}
        await redis.xadd(f"{{{prefix}}}:s:echo", pack)  # type: ignore[arg-type]
        assert await caller.call("echo", 5) == 5
        assert [fields["reason"] for fields in await letters(redis, prefix)] == ["malformed"]
        frames = [read_frame(fields["f"]) for _, fields in await redis.xrange(f"{{{prefix}}}:r:{CALLER}")]
        assert [frame.replies[0].payload["code"] for frame in frames if frame] == ["INVALID_MESSAGE"]
        assert service.members[0].consumer == name


async def test_redis_that_refuses_to_write_for_a_while(url: str, prefix: str, redis: Redis) -> None:
    """NOREPLICAS: what runs goes on, and is answered when it is over."""
    service, started, goes_on = Service(url, prefix=prefix, group="work"), asyncio.Event(), asyncio.Event()

    @service.message("slow")
    async def slow(data: Any) -> Any:
        started.set()
        await goes_on.wait()
        return data

    async with service, Caller(url, prefix=prefix, timeout=60) as caller:
        name = service.members[0].consumer
        call = asyncio.create_task(caller.call("slow", 5))
        await asyncio.wait_for(started.wait(), 20)
        await redis.config_set("min-replicas-to-write", 1)
        try:
            doubt = service.members[0].doubt
            goes_on.set()
            await until(lambda: service.members[0].doubt > doubt + 3, 20)
        finally:
            await redis.config_set("min-replicas-to-write", 0)
        assert await call == 5
        assert service.members[0].consumer == name


async def test_a_fault_is_no_result_of_a_key(url: str, prefix: str, redis: Redis) -> None:
    service, runs = Service(url, prefix=prefix, group="work", max_reply=1_000), list[Any]()

    @service.message("do")
    async def do(data: Any) -> str:
        runs.append(data)
        return "x" * (2_000 if len(runs) == 1 else 10)

    async with service, Caller(url, prefix=prefix) as caller:
        assert await told(caller.call("do", 1, key="k")) == ("PAYLOAD_TOO_LARGE", "may-have-run")
        assert await told(caller.call("do", 1, key="k")) == ("", "x" * 10)


async def test_a_wrong_password_is_no_outage(url: str, prefix: str) -> None:
    wrong = url.replace("redis://", "redis://nobody:wrong@")
    service = Service(wrong, prefix=prefix, group="work")
    service.message("do")(lambda data: data)
    for connecting in (service.start(), Caller(wrong, prefix=prefix).connect()):
        with pytest.raises(RedisStreamsError, match=r"REDIS.*invalid username") as refused:
            await asyncio.wait_for(connecting, 20)
        assert isinstance(refused.value.__cause__, AuthenticationError)


async def test_calls_in_calls_in_calls(url: str, prefix: str) -> None:
    """Each depth has room of its own."""
    service = Service(url, prefix=prefix, group="work", concurrency=1)
    async with Caller(url, prefix=prefix, timeout=20) as caller:

        @service.message("nest")
        async def nest(left: int, context: Context) -> int:
            return 1 + await caller.call("nest", left - 1, depth=context.depth) if left else 0

        async with service:
            assert await asyncio.gather(caller.call("nest", 3), caller.call("nest", 3)) == [3, 3]


async def test_a_service_starts_once_until_it_is_closed(url: str, prefix: str) -> None:
    service = Service(url, prefix=prefix, group="work")
    service.message("echo")(lambda data: data)
    async with Caller(url, prefix=prefix) as caller:
        for at in range(2):
            async with service:
                assert await told(service.start()) == ("INVALID_OPTION", "not-run")
                assert await caller.call("echo", at, when_no_consumer="wait") == at


async def test_failed_attempts_and_dead_letters_are_logged(
    url: str, prefix: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    service = Service(url, prefix=prefix, group="work", retry_delay=0.01)

    @service.event("happened", retries=3)
    async def fails(data: Any, context: Context) -> None:
        raise RetryLater(0.01) if context.attempts else ValueError("no")

    with caplog.at_level("INFO", "redis_streams_rpc"):
        async with service, Caller(url, prefix=prefix) as caller:
            await caller.emit("happened", 1)
            await letters(redis, prefix)
    told = [(one.levelname, one.message) for one in caplog.records if "happened: " in one.message]
    assert [level for level, _ in told] == ["WARNING", "INFO", "ERROR"]
    assert told[0][1].startswith("happened: attempt 1 of 3 failed, again in 10 ms (entry ")
    assert "became dead letter" in told[2][1] and "attempts" in told[2][1]


async def test_an_event_that_cannot_be_read_is_a_dead_letter_also_where_nobody_handles_it(
    url: str, prefix: str, redis: Redis
) -> None:
    service, stream = Service(url, prefix=prefix, group="work"), f"{{{prefix}}}:s:echo"
    service.message("echo")(lambda data: data)
    async with service:
        for data in ('{"__proto__":1}', "{", "1"):
            await redis.xadd(stream, {"c": "1 json - - 0", "d": data})

        async def is_handled() -> bool:
            found = (await redis.xinfo_groups(stream))[0]
            return bool(found["entries-read"] == 3 and found["pending"] == 0)

        await until(is_handled)
    letters = await redis.xrange(f"{{{prefix}}}:dead:work")
    assert sorted((fields["reason"], fields["d"]) for _, fields in letters) == [
        ("malformed", "{"),
        ("malformed", '{"__proto__":1}'),
    ]
