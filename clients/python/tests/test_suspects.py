"""What may have ended instances takes no other with it: in one process without a Redis, and in many that are killed."""

import asyncio
import json
import logging
import sys
from collections import Counter
from functools import partial
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import PROGRAMS, Process, Start, until
from redis.asyncio import Redis
from test_service import failure, has_length

from redis_streams_rpc import Caller, RetryLater, Service
from redis_streams_rpc.connections import Clock
from redis_streams_rpc.delivery import Delivery, Note, deliveries_of
from redis_streams_rpc.entry import Request
from redis_streams_rpc.handlers import Handler, Handlers
from redis_streams_rpc.header import Header, Malformed, Sender
from redis_streams_rpc.isolation import Isolation
from redis_streams_rpc.recovery import Recovery
from redis_streams_rpc.running import Running
from redis_streams_rpc.tallies import Tallies

CALLER = "a" * 22
PACK = ["c", f"1 pack.json 3 {CALLER} 0", "m", "1,2,3", "d", "[1,\n1,\n1]"]


def call(id_: str, deliveries: int = 1, spared: int = 0) -> Delivery:
    request = Request(Header(1, "json", None, Sender("7", CALLER), 0), id_, {})
    return Delivery("g", "s", id_, request, "s", deliveries, Note(spared=spared), [], 0, "")


class Instance:
    """Runs handlers, and says in which order they begin and are settled. Redis answers in a later turn."""

    def __init__(self, concurrency: int = 100, retries: int = 0) -> None:
        self.said, self.ended = list[str](), asyncio.Event()
        self.member = SimpleNamespace(clock=Clock(), group="g", consumer="me", isolation=Isolation())
        self.member.options = SimpleNamespace(
            concurrency=concurrency, max_deliveries=3, attempts=3, retry_delay=0.01, sealing=None
        )
        self.member.recovery, self.member.tallies = SimpleNamespace(opened=lambda: None), Tallies(Handlers())
        self.member.paused, self.member.is_fresh = SimpleNamespace(pattern=lambda _: None), True
        self.running = self.member.running = Running(self.member)  # type: ignore[arg-type]
        self.handler = Handler(self.handle, takes_context=False, retries=retries)
        self.running._starting.prepare = self.prepare  # type: ignore[method-assign]
        self.running._starting._mark = self.mark  # type: ignore[method-assign]
        ending: Any = self.running._ending
        ending._settle, ending.script, ending._answers.reply = self.settle, self.script, lambda *_: (1, "")
        ending._member.keys = SimpleNamespace(name=lambda *_: "", stream=lambda _: "", log=lambda _: "")
        self.raises: list[Exception] = []

    async def handle(self, data: str) -> None:
        self.said.append(f"{data} began")
        await self.ended.wait()
        if self.raises:
            raise self.raises.pop(0)

    async def prepare(self, delivery: Delivery, request: Request) -> tuple[Handler, Any]:
        return self.handler, delivery.name

    async def mark(self, delivery: Delivery, _once: bool) -> None:
        self.said.append(f"{delivery.name} marked")

    async def settle(self, outcome: Any) -> None:
        await self._turns()
        self.said.append(f"{outcome.delivery.name} settled")

    async def script(self, name: str, *_: Any) -> str:
        await self._turns()
        self.said.append(name)
        return "ok"

    async def _turns(self) -> None:
        for _ in range(3):
            await asyncio.sleep(0)

    async def has_said(self, *lines: str) -> None:
        await until(lambda: len(self.said) >= len(lines), 20)
        assert self.said == list(lines)


async def test_it_runs_apart_and_is_settled_before_others_begin(caplog: pytest.LogCaptureFixture) -> None:
    it = Instance()
    with caplog.at_level(logging.WARNING):
        it.running.take([call("1-1", 3)])
        it.running.take([call("2-1")])
    assert [record.message for record in caplog.records] == [
        "s: handed out 3 times and on its last delivery; it runs apart (entry 1-1)"
    ]
    assert (it.running.room, it.running.nested_wanted, it.running.takes_suspect) == (0, 0, False)
    await it.has_said("1-1 began")
    it.ended.set()
    await it.has_said("1-1 began", "1-1 settled", "2-1 began", "2-1 settled")
    await until(lambda: it.running.takes_suspect, 20)
    assert it.running.room == 100


@pytest.mark.parametrize(("error", "told"), [(ValueError(), "dead-letter"), (RetryLater(60), "retry")])
async def test_redis_is_told_of_a_dead_letter_and_a_retry_before_others_begin(error: Exception, told: str) -> None:
    it = Instance(retries=3)
    it.raises.append(error)
    suspect = call("1-1", 3)
    # Two attempts have failed: the third one is the last, of an error.
    suspect.note = Note(attempts=2 if told == "dead-letter" else 0)
    it.running.take([suspect])
    it.running.take([call("2-1")])
    it.ended.set()
    await it.has_said("1-1 began", told, "2-1 began", "2-1 settled")
    if told == "retry":
        # It has failed without ending its process, and waits for its time.
        assert not suspect.is_suspect
        await until(lambda: it.running.takes_suspect, 20)
    for task in list(it.running.tasks):
        task.cancel()


async def test_no_slot_is_free_until_redis_is_told_of_a_retry() -> None:
    it = Instance(concurrency=1, retries=3)
    it.raises.append(RetryLater(60))
    it.running.take([call("1-1")])
    it.running.take([call("2-1")])
    it.ended.set()
    await it.has_said("1-1 began", "retry", "2-1 began", "2-1 settled")
    for task in list(it.running.tasks):
        task.cancel()


async def test_the_calls_of_a_pack_run_apart_from_each_other() -> None:
    it = Instance()
    it.ended.set()
    it.running.take(deliveries_of("g", "s", "1-1", PACK, 4, "", "..x", 0, ""))
    first, second = ([f"1-1#{at} marked", f"1-1#{at} began", f"1-1#{at} settled"] for at in range(2))
    await it.has_said(*first, *second)


def test_which_deliveries_are_suspects() -> None:
    assert [call("1-1", number).judge(3) for number in (1, 2, 3, 4)] == [False, False, True, False]
    # Those to instances that left by themselves do not count.
    assert [call("1-1", number, spared=1).judge(3) for number in (3, 4)] == [False, True]
    assert not call("1-1", 1).judge(1)
    for number, is_suspect in ((2, False), (3, True), (4, True)):
        found = deliveries_of("g", "s", "1-1", PACK, number, "", "", 0, "")
        assert {one.judge(3) for one in found} == {is_suspect}
    wrong = call("1-1", 3)
    wrong.request = Malformed("no entry")
    assert not wrong.judge(3)


async def test_nothing_begins_while_a_suspect_is_fetched() -> None:
    it = Instance()
    it.ended.set()
    it.member.is_closing, it.member.doubt = False, 0
    it.member.memory, it.member.keys = SimpleNamespace(incarnation=""), it.running._ending._member.keys
    recovery = it.member.recovery = Recovery(it.member)  # type: ignore[arg-type]
    fetched: list[str] = []

    async def claim(_dead: str, stream: str, suspects: bool) -> bool:
        if suspects:
            fetched.append(stream)
            it.running.take([call("2-1")])
            await it._turns()
            it.running.take([call("1-1", 3)])
        return stream == "s"

    recovery._claim = claim  # type: ignore[method-assign]
    await recovery._take_suspects([("gone", "s"), ("gone", "t")])
    await it.has_said("1-1 began", "1-1 settled", "2-1 began", "2-1 settled")
    # There may be more of them, for which there was no room.
    assert fetched == ["s"]
    await asyncio.wait_for(recovery._wake.wait(), 20)


def lives(start: Start, members: list[Process], number: int, **options: Any) -> list["asyncio.Task[None]"]:
    """So many instances, each started again whenever it has ended."""

    async def live() -> None:
        while True:
            member = await start(sys.executable, str(PROGRAMS / "service.py"), json.dumps(options))
            members.append(member)
            await member.process.wait()

    return [asyncio.create_task(live()) for _ in range(number)]


async def test_an_innocent_call_is_not_ended_by_what_comes_while_it_runs_for_the_last_time(
    start: Start, url: str, prefix: str, redis: Redis
) -> None:
    key, members = f"{{{prefix}}}:s:work", list[Process]()
    service = Service(url, prefix=prefix, group="work")
    service.message("work")(lambda data: data)
    async with service:
        pass
    async with Caller(url, prefix=prefix, timeout=60) as caller:
        call = partial(caller.call, "work", when_no_consumer="wait")
        innocent = [asyncio.create_task(call({"key": f"call-{at}", "ms": 150})) for at in range(3)]
        # Two instances have died with them.
        await until(lambda: has_length(redis, key, 3))
        (_, entries), *_ = await redis.xreadgroup("work", "gone", {key: ">"})
        await redis.xclaim(key, "work", "gone", 0, [id_ for id_, _ in entries], retrycount=2)
        await redis.set(f"{{{prefix}}}:lease:gone", "+")
        running = lives(start, members, 1, url=url, prefix=prefix, group="work", lease=3)
        try:
            await until(lambda: [line for member in members for line in member.of("started")])
            poison = [asyncio.create_task(call({"key": f"poison-{at}", "die": True})) for at in range(3)]
            assert [reply["key"] for reply in await asyncio.gather(*innocent)] == ["call-0", "call-1", "call-2"]
            for task in poison:
                task.cancel()
        finally:
            for task in running:
                task.cancel()
    assert not await redis.exists(f"{{{prefix}}}:dead:work")
    started = [line for member in members for line in member.of("started") if "call" in line["key"]]
    assert [line["deliveries"] for line in started] == [3, 3, 3]


async def test_what_kills_its_instances_takes_no_other_call_with_it(
    start: Start, url: str, prefix: str, redis: Redis
) -> None:
    """Three instances are started again whenever one of the calls has killed them: as often as is permitted."""
    poison, members = 3, list[Process]()
    running = lives(start, members, 3, url=url, prefix=prefix, group="work", lease=3)
    try:
        await until(lambda: sum(len(member.of("listening")) for member in members) == 3)
        async with Caller(url, prefix=prefix, timeout=60) as caller:
            poisoned = [failure(caller.call("work", {"key": f"poison-{at}", "die": True})) for at in range(poison)]
            killing = asyncio.gather(*poisoned)
            innocent = list[str]()
            while not killing.done():
                # Some are beside each of them, whenever it begins.
                keys = [f"call-{len(innocent) + at}" for at in range(20)]
                calls = [caller.call("work", {"key": key, "ms": at}) for at, key in enumerate(keys)]
                innocent += [reply["key"] for reply in await asyncio.gather(*calls)]
            assert await killing == [("DEAD_LETTERED", "may-have-run")] * poison
    finally:
        for task in running:
            task.cancel()
    begun = Counter(line["key"] for member in members for line in member.of("started"))
    letters = await redis.xrange(f"{{{prefix}}}:dead:work")
    # Whoever is handed it once more writes the letter.
    assert Counter(fields["deliveries"] for _, fields in letters) == {"4": poison}
    assert {begun[f"poison-{at}"] <= 3 for at in range(poison)} == {True}
    assert all(f"poison-{at}" in str([fields["d"] for _, fields in letters]) for at in range(poison))
    assert len(innocent) == len(set(innocent)) >= 20
