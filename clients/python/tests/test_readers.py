"""Callers in Python whose streams wait for them: of Nest services and of Python ones."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from conftest import Process, Start, until
from redis.asyncio import Redis
from streams import Source

from redis_streams_rpc import Caller, RedisStreamsError, Service, Window, credits
from redis_streams_rpc.credit import read_credit, sign_every
from redis_streams_rpc.frame import NEXT, Reply
from redis_streams_rpc.header import WindowSize
from redis_streams_rpc.reading import Reading, window_of
from redis_streams_rpc.sequence import Value

ENDLESS = 10**9


async def take(stream: AsyncIterator[Any], number: int) -> list[Any]:
    return [await anext(stream) for _ in range(number)]


async def at_rest(service: Process) -> int:
    """How many values a handler in another process has given, once it is not asked for more."""
    while True:
        given = len(service.of("given"))
        await asyncio.sleep(0.2)
        if given and given == len(service.of("given")):
            return given


@pytest.fixture
async def source(url: str, prefix: str) -> AsyncIterator[Source]:
    """Of a service."""
    made, service = Source(), Service(url, prefix=prefix, group="work")
    service.message("numbers")(made.numbers)
    async with service:
        yield made


@pytest.fixture
async def caller(url: str, prefix: str) -> AsyncIterator[Caller]:
    async with Caller(url, prefix=prefix, timeout=60) as made:
        yield made


async def test_a_slow_loop_holds_a_nest_service_back(nest: Start, caller: Caller) -> None:
    service = await nest(service={"group": "work"})
    stream = caller.stream("numbers", ENDLESS, window=Window(4))
    assert await take(stream, 1) == [0]
    assert await at_rest(service) <= 5
    assert await take(stream, 30) == list(range(1, 31))
    assert await at_rest(service) <= 35
    await stream.aclose()  # type: ignore[attr-defined]
    await service.has_said("ended")


async def test_a_slow_loop_holds_a_python_service_back(source: Source, caller: Caller) -> None:
    stream = caller.stream("numbers", ENDLESS, window=Window(4))
    assert await take(stream, 1) == [0]
    assert await source.at_rest() <= 5
    assert await take(stream, 30) == list(range(1, 31))
    assert await source.at_rest() <= 35
    await stream.aclose()  # type: ignore[attr-defined]
    await source.over()


async def test_a_loop_is_64_values_behind_at_most_where_nothing_else_is_said(source: Source, caller: Caller) -> None:
    stream = caller.stream("numbers", ENDLESS)
    await take(stream, 1)
    assert await source.at_rest() <= 65
    await take(stream, 40)
    assert await source.at_rest() <= 105
    await stream.aclose()  # type: ignore[attr-defined]


async def test_a_loop_that_keeps_up_gets_all_values(nest: Start, caller: Caller) -> None:
    await nest(service={"group": "work"})
    assert [value async for value in caller.stream("numbers", 5_000)] == list(range(5_000))
    assert [value async for value in caller.stream("count", 5_000)] == list(range(5_000))


@pytest.mark.parametrize("options", [{"window": False}, {"once": True}])
async def test_a_stream_without_a_window_does_not_wait(source: Source, caller: Caller, options: Any) -> None:
    stream = caller.stream("numbers", 500, **options)
    assert await take(stream, 1) == [0]
    await source.over()
    assert source.given == 500
    assert await take(stream, 499) == list(range(1, 500))


async def test_a_call_waits_only_if_it_has_a_window(source: Source, caller: Caller, redis: Redis, prefix: str) -> None:
    lines: list[str] = []
    for options in ({}, {"window": True}):
        waiting = asyncio.create_task(caller.call("later", 1, when_no_consumer="wait", **options))
        entries = await until(lambda: redis.xrange(f"{{{prefix}}}:s:later"))
        lines.append(entries[-1][1]["c"])
        await redis.delete(f"{{{prefix}}}:s:later")
        waiting.cancel()
        await asyncio.wait({waiting})
    assert ["window=" in line for line in lines] == [False, True]
    assert await caller.call("numbers", 500) == 499
    assert await caller.call("numbers", 500, window=Window(2)) == 499


async def test_so_many_characters_are_on_their_way_at_most(url: str, prefix: str, caller: Caller) -> None:
    source, service = Source("x" * 1_000), Service(url, prefix=prefix, group="work")
    service.message("texts")(source.numbers)
    async with service:
        stream = caller.stream("texts", ENDLESS, window=Window(characters=20_000))
        await take(stream, 1)
        await source.at_rest()
        assert 15 < source.given <= 22
        await take(stream, 100)
        await source.at_rest()
        assert 105 < source.given <= 125
        await stream.aclose()  # type: ignore[attr-defined]


async def test_an_idle_time_rests_while_the_loop_stands_still(source: Source, caller: Caller) -> None:
    stream = caller.stream("numbers", ENDLESS, idle=4, window=Window(3))
    assert await take(stream, 1) == [0]
    await asyncio.sleep(5)
    assert await take(stream, 10) == list(range(1, 11))
    await asyncio.sleep(5)
    assert (await take(stream, 10), source.ended) == (list(range(11, 21)), 0)
    # Its caller is as dead: it says nothing more.
    await next(iter(caller._lines.values())).credits.close()
    await source.over(seconds=30)
    with pytest.raises(RedisStreamsError, match="TIMEOUT"):
        await take(stream, ENDLESS)


async def test_lost_notices_are_said_again(source: Source, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    said, publish = list[str](), credits.command

    async def some(redis: Any, *words: Any) -> Any:
        said.append(words[-1])
        if len(said) % 3 == 0:
            return await publish(redis, *words)
        raise ConnectionError

    monkeypatch.setattr(credits, "command", some)
    values = [value async for value in caller.stream("numbers", 20, window=Window(8))]
    assert values == list(range(20))
    assert len(said) >= 3


async def test_streams_share_a_message(source: Source, caller: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    most, publish = list[int](), credits.command

    async def counted(redis: Any, *words: Any) -> Any:
        notice = read_credit(words[-1])
        most.append(len(notice.runs) if notice else 0)
        return await publish(redis, *words)

    monkeypatch.setattr(credits, "command", counted)
    streams = [caller.stream("numbers", ENDLESS, window=Window(4)) for _ in range(20)]
    await asyncio.gather(*(take(stream, 4) for stream in streams))
    await until(lambda: max(most, default=0) == 20)
    for stream in streams:
        await stream.aclose()  # type: ignore[attr-defined]
    await source.over(20)
    held = next(iter(caller._lines.values())).credits
    await until(lambda: not held._open and not held._moved)


def test_what_is_no_window() -> None:
    for wrong in ({"values": 0}, {"values": 1_000_001}, {"values": 1.5}, {"values": True}, {"characters": 0}):
        with pytest.raises(RedisStreamsError, match="INVALID_OPTION"):
            Window(**wrong)  # type: ignore[arg-type]
    for given, once in ((64, False), ("wide", False), (True, True), (Window(), True)):
        with pytest.raises(RedisStreamsError, match="INVALID_OPTION"):
            window_of(given, once)  # type: ignore[arg-type]
    assert window_of(None, False) == window_of(True, False) == Window()
    assert window_of(None, True) is window_of(False, False) is None
    assert Window().size == WindowSize(64, 1_048_576)


def value(index: int, deliveries: int = 1) -> Value:
    return Value(index, None, Reply("7", NEXT, deliveries, 17, index), "x")


def come(reading: Reading, *indexes: int, deliveries: int = 1, weight: int = 10) -> list[Value]:
    values = [value(index, deliveries) for index in indexes]
    for one in values:
        reading.weigh(weight)
        reading.come(one)
    return values


def test_a_reader_that_keeps_up_is_given_more_and_one_that_is_behind_is_not() -> None:
    reading, at, given = Reading(Window()), 0, []
    for _ in range(8):
        number = reading._allowance
        for one in come(reading, *range(at, at + number)):
            reading.take(one)
        at += number
        said = reading.due()
        assert said
        given.append(said[1] - said[2])
    assert given == [128, 256, 512, 1024, 2048, 4096, 4096, 4096]
    for one in come(reading, *range(at, at + 4096))[:2100]:
        reading.take(one)
    reading.due()
    assert reading._allowance == 64
    exact = Reading(Window(2))
    for one in come(exact, 0, 1):
        exact.take(one)
    assert exact.due() == (17, 4, 2)


def test_half_of_a_window_is_worth_a_message() -> None:
    reading = Reading(Window(10))
    values = come(reading, *range(10))
    said = []
    for one in values:
        reading.take(one)
        said.append(reading.due())
    assert said == [None] * 4 + [(17, 15, 5)] + [None] * 4 + [(17, 20, 10)]


def test_half_of_what_is_heavy_is_worth_a_message() -> None:
    reading = Reading(Window(100, 1_000))
    values = come(reading, *range(4), weight=300)
    said = []
    for one in values:
        reading.take(one)
        said.append(reading.due())
    assert said == [None, (17, 102, 2), (17, 103, 3), (17, 104, 4)]
    # All that it weighs was taken.
    (light,) = come(reading, 4)
    reading.take(light)
    assert reading.due() is None


def test_another_run_is_counted_from_its_first_value() -> None:
    reading = Reading(Window(4))
    first = come(reading, 0, 1, 2)
    reading.take(first[0])
    assert reading.credit() == (17, 5, 1)
    # It was restarted: its first reply was no value.
    (second,) = come(reading, 1, deliveries=2)
    assert reading.credit() == (17, 5, 1)
    reading.take(first[1])
    assert reading.credit() == (17, 5, 1)
    reading.take(second)
    assert reading.credit() == (17, 6, 2)


def test_how_often_a_caller_says_that_it_lives() -> None:
    assert [sign_every(idle) for idle in (0, 3, 600, 60_000)] == [1_000, 10, 200, 1_000]
