"""How handlers end, without a Redis."""

import asyncio
import logging
import time
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from redis_streams_rpc.connections import Clock
from redis_streams_rpc.delivery import Delivery, Note
from redis_streams_rpc.entry import Request
from redis_streams_rpc.handlers import Handler, Handlers
from redis_streams_rpc.header import Header, Sender
from redis_streams_rpc.isolation import Isolation
from redis_streams_rpc.running import Running
from redis_streams_rpc.tallies import Tallies


def held(until: float) -> tuple[Running, Delivery, Request, list[Any]]:
    """A delivery with a deadline (seconds from now), and what it is answered."""
    clock = Clock()
    member = SimpleNamespace(options=SimpleNamespace(concurrency=1), clock=clock, group="g", isolation=Isolation())
    member.tallies = Tallies(Handlers())
    running, told = Running(member), list[Any]()  # type: ignore[arg-type]

    async def given_up(delivery: Delivery) -> None:
        told.append(delivery.cancelled)

    running._ending.given_up = given_up  # type: ignore[method-assign]
    request = Request(Header(1, "json", None, Sender("1", "a" * 22), 1000), "1", {})
    delivery = Delivery("g", "s", "1-1", request, "s", 1, Note(), [], 0, "")
    delivery.until = clock.ms() + until * 1000
    running._by_name["g", "s", "1-1"] = delivery
    return running, delivery, request, told


async def test_one_that_is_cancelled_at_its_deadline_has_time_to_end(caplog: pytest.LogCaptureFixture) -> None:
    running, delivery, request, told = held(until=0.2)
    ended: list[bool] = []

    async def slow(data: Any) -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(0.1)
            ended.append(True)
            raise

    def cancel() -> None:
        # Until both have happened: its caller has given it up, and its deadline has passed.
        time.sleep(0.2)
        running.cancel("s", "1-1")

    asyncio.get_running_loop().call_later(0.1, cancel)
    with caplog.at_level(logging.WARNING):
        await running.handling.run(delivery, request, Handler(slow, takes_context=False), 1)
    assert (told, ended, caplog.records) == (["CANCELLED"], [True], [])


async def test_a_value_may_bring_the_deadline_forward() -> None:
    running, delivery, request, told = held(until=60)
    request = replace(request, header=replace(request.header, idle=200))

    async def silent(data: Any) -> None:
        delivery.until = running._member.clock.ms() + 200
        await asyncio.sleep(60)

    await asyncio.wait_for(running.handling.run(delivery, request, Handler(silent, takes_context=False), 1), 20)
    assert told == ["TIMEOUT"]


async def test_one_whose_deadline_passes_before_it_can_begin_does_not() -> None:
    running, delivery, request, told = held(until=0.1)
    begun: list[bool] = []
    handling = running.handling.run(delivery, request, Handler(lambda _: begun.append(True), takes_context=False), 1)
    task = asyncio.create_task(handling)
    # Its task is made in the next turn of the loop, and begins in the one after that.
    asyncio.get_running_loop().call_soon(time.sleep, 0.2)
    await task
    assert (told, begun) == (["TIMEOUT"], [])


def test_a_slow_answer_does_not_set_the_clock() -> None:
    clock = Clock()
    at = time.monotonic() * 1000
    clock.heard(1_000_000, at)
    exact = clock.ms()
    clock.heard(1_000_000, at - 3_000)
    assert 0 <= clock.ms() - exact < 1_000
    clock.heard(2_000_000, time.monotonic() * 1000)
    assert clock.ms() >= 1_999_999
