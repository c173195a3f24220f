"""What an instance says that it has done, when operators ask."""

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from conftest import until
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from redis_streams_rpc import Caller, DeadLetter, HandlerError, RedisStreamsError, RetryLater, Service, statistics
from redis_streams_rpc.connections import Clock
from redis_streams_rpc.handlers import Handler, Handlers
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.statistics import Statistics
from redis_streams_rpc.tallies import Tallies, bucket_of


def ending_in_every_way(url: str, prefix: str, held: asyncio.Event) -> Service:
    service = Service(url, prefix=prefix, group="work", lease=1, concurrency=3, drain=0)
    service.message("quick")(lambda data: data)
    service.message("wide")(lambda: "x" * 5_000_000)
    service.event("told")(lambda: None)

    @service.message("held")
    async def hold() -> None:
        await held.wait()

    @service.message("fail")
    async def fail() -> None:
        raise HandlerError("no")

    @service.message("stream")
    async def stream() -> AsyncIterator[Any]:
        yield 1
        yield object()

    @service.message("given", retries=3)
    async def given() -> None:
        raise DeadLetter("never")

    @service.event("later")
    async def later() -> None:
        raise RetryLater(600)

    return service


async def outcome(caller: Caller, pattern: str, **options: Any) -> str:
    try:
        async for _ in caller.stream(pattern, **options):
            pass
    except RedisStreamsError as error:
        return error.code
    except Exception as error:
        return type(error).__name__
    return "answered"


async def test_what_was_done_is_said_by_pattern_and_end(url: str, prefix: str, redis: Redis) -> None:
    held = asyncio.Event()
    service = ending_in_every_way(url, prefix, held)
    async with service, Caller(url, prefix=prefix, timeout=60) as caller:
        consumer = service.members[0].consumer
        inbox, key = f"{{{prefix}}}:inbox:{consumer}", f"{{{prefix}}}:stats:work"

        async def said() -> Any:
            await redis.execute_command("SPUBLISH", inbox, "statistics")
            text: Any = await redis.hget(key, consumer)  # type: ignore[misc]
            return json.loads(text) if text else None

        for pattern in ("told", "later"):
            await caller.emit(pattern)
        for _ in range(2):
            assert await outcome(caller, "quick") == "answered"
        assert await outcome(caller, "fail") == "RemoteError"
        assert await outcome(caller, "stream") == "RemoteError"
        assert await outcome(caller, "given") == "DEAD_LETTERED"
        assert await outcome(caller, "wide") == "PAYLOAD_TOO_LARGE"
        left = asyncio.create_task(caller.call("held"))
        running = service.members[0].running
        await until(lambda: running.held() == [("held", True)])
        left.cancel()
        await until(lambda: running.held() == [])
        calls = [asyncio.create_task(caller.call("held")) for _ in range(5)]

        async def is_said() -> Any:
            found = await said()
            if not found or (found["running"], found["waiting"]) != (3, 0):
                return None
            return found if len(found["patterns"]) == 8 else None

        found = await until(is_said)
        rows = {row[0]: [*row[1:9], *row[10:]] for row in found["patterns"]}
        assert rows == {
            # Run and wait; answered, handled, failed, refused, retried, dead; paused, cancelled.
            "quick": [0, 0, 2, 0, 0, 0, 0, 0, 0, 0],
            "wide": [0, 0, 0, 0, 0, 1, 0, 0, 0, 0],
            "told": [0, 0, 0, 1, 0, 0, 0, 0, 0, 0],
            "held": [3, 0, 0, 0, 0, 0, 0, 0, 0, 1],
            "fail": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
            "stream": [0, 0, 0, 0, 1, 0, 0, 0, 0, 0],
            "given": [0, 0, 0, 0, 0, 0, 0, 1, 0, 0],
            "later": [0, 0, 0, 0, 0, 0, 1, 0, 0, 0],
        }
        assert found["patterns"][0][0] == "quick"
        assert [sum(count for _, count in row[9]) for row in found["patterns"] if row[0] == "quick"] == [2]
        assert found["more"] == 0 and found["up"] >= 0
        assert abs(found["at"] - service.members[0].clock.ms()) < 600_000
        held.set()
        await asyncio.gather(*calls)
        await until(lambda: running.held() == [])

        async def has_ended() -> bool:
            found = await said()
            return bool(found["running"] == 0 and ["held", 0, 0, 5] in [row[:4] for row in found["patterns"]])

        await until(has_ended)


class Member:
    """Notes what is asked of Redis, and what has failed."""

    def __init__(self, *refused: Exception) -> None:
        self.keys, self.clock, self.group, self.consumer = Keys("p"), Clock(), "g", "me"
        self.tallies = Tallies(Handlers({"p": Handler(lambda: None)}))
        self.refused, self.asked, self.failed = list(refused), list[list[Any]](), list[Exception]()

    async def script(self, name: str, keys: list[str], args: list[Any]) -> str:
        self.asked.append([name, *keys, *args])
        if self.refused:
            raise self.refused.pop(0)
        return "ok"

    async def after(self, error: Exception) -> None:
        self.failed.append(error)


async def test_it_answers_once_in_an_interval_whoever_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statistics, "PAUSE", 600)
    member = Member()
    asked = Statistics(member)  # type: ignore[arg-type]
    work = asyncio.create_task(asked.work())
    for _ in range(10):
        asked.tell_soon()
        await asyncio.sleep(0)
    work.cancel()
    assert [words[:3] for words in member.asked] == [["facts", "{p}:stats:g", "me"]]
    assert member.asked[0][4] == statistics.LIFE


async def test_what_redis_refuses_ends_nothing(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(statistics, "PAUSE", 0)
    away = RedisConnectionError("away")
    member = Member(ResponseError("NOPERM"), away)
    asked = Statistics(member)  # type: ignore[arg-type]
    work = asyncio.create_task(asked.work())

    def has_asked() -> bool:
        asked.tell_soon()
        return len(member.asked) > 3

    await until(has_asked, 20)
    work.cancel()
    assert member.failed == [away]
    assert [record.message for record in caplog.records] == [
        "what this instance has done cannot be said in Redis: NOPERM"
    ]


def test_what_has_no_room_is_counted_and_what_was_called_least_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    member = Member()
    handlers = Handlers({f"p{at}": Handler(lambda: None) for at in range(10)})
    member.tallies = Tallies(handlers)
    for at in range(10):
        for _ in range(at + 1):
            member.tallies.ended(f"p{at}", "answered")
    # Four of ["p9",0,0,10,0,0,0,0,0,[],0,0], the first of them 31 characters long.
    monkeypatch.setattr(statistics, "LONGEST", 4 * 31)
    found = json.loads(Statistics(member).text())  # type: ignore[arg-type]
    assert [row[0] for row in found["patterns"]] == ["p9", "p8", "p7", "p6"]
    assert found["more"] == 6


class Holding:
    """Holds one that runs and one that waits."""

    def held(self) -> list[tuple[str, bool]]:
        return [("q", True), ("p", False)]


def test_what_has_no_handler_is_not_counted() -> None:
    member = Member()
    holder = Holding()
    member.tallies.holders.add(holder)
    for pattern in ("p", "q"):
        member.tallies.ended(pattern, "refused")
        member.tallies.ran(pattern, 1)
    found = json.loads(Statistics(member).text())  # type: ignore[arg-type]
    assert [row[:3] for row in found["patterns"]] == [["p", 0, 1]]
    assert (found["running"], found["waiting"]) == (1, 1)
    assert holder.held()


@pytest.mark.parametrize(
    ("ms", "bucket"), [(0, 0), (0.001, 0), (0.0011, 0), (0.0013, 1), (1, 37), (1e3, 75), (1e12, 127)]
)
def test_buckets_of_durations_grow(ms: float, bucket: int) -> None:
    assert bucket_of(ms) == bucket
