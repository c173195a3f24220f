"""What an instance reads, and what it leaves to others, with a stand-in for its member."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ResponseError

from redis_streams_rpc import Service, intake, recovery, starting
from redis_streams_rpc.connections import Clock
from redis_streams_rpc.delivery import Delivery, read_note
from redis_streams_rpc.ending import Over
from redis_streams_rpc.entry import Request
from redis_streams_rpc.handlers import Handlers
from redis_streams_rpc.header import Header, Sender
from redis_streams_rpc.intake import Intake
from redis_streams_rpc.isolation import Isolation
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.member import Member
from redis_streams_rpc.places import Place
from redis_streams_rpc.recovery import Recovery
from redis_streams_rpc.running import MOST_WAITING, Running
from redis_streams_rpc.tallies import Tallies


def delivery(id_: int, stream: str = "s", depth: int = 0) -> Delivery:
    request = Request(Header(1, "json", None, Sender("7", "a" * 22), 0, depth=depth), "1", {})
    return Delivery("g", stream, f"{id_}-0", request, stream, 1, read_note(""), [], 0, "m")


def member(pauses: dict[str, Any] | None = None, patterns: dict[str, set[str]] | None = None) -> Any:
    made = SimpleNamespace(options=SimpleNamespace(concurrency=2), clock=Clock(), keys=Keys("p"), group="g")
    made.paused = SimpleNamespace(pattern=(pauses or {}).get)
    made.place, made.consumer, made.doubt = SimpleNamespace(patterns=patterns or {}), "me", 0
    made.memory, made.commands = SimpleNamespace(incarnation="m"), None
    made.isolation, made.others, made.tallies = Isolation(), 0, Tallies(Handlers())
    made.running = Running(made)
    return made


def hold(running: Running, *deliveries: Delivery) -> None:
    for one in deliveries:
        running._by_name[one.group, one.stream, one.name] = one


def test_what_is_nested_is_read_up_to_a_bound() -> None:
    running: Running = member().running
    hold(running, *(delivery(at, depth=1) for at in range(MOST_WAITING - 1)))
    assert (running.room, running.nested_room) == (2, 1)
    hold(running, delivery(5_000), delivery(5_001))
    assert (running.room, running.nested_room) == (0, 0)


async def test_an_instance_that_an_operator_has_paused_takes_nothing_over() -> None:
    made, asked = member(), list[str]()

    async def script(name: str, _keys: list[str], _args: list[Any]) -> list[str]:
        asked.append(name)
        return ["alive"]

    made.script, made.is_closing, made.options.max_deliveries = script, False, 3
    made.intakes = [SimpleNamespace(entries=lambda room, _: room)]
    for made.paused.is_instance_paused in (True, False):
        assert await Recovery(made)._claim("dead", "s", suspects=False) is False
        assert asked == ([] if made.paused.is_instance_paused else ["claim"])


def test_streams_of_what_waits_for_its_time_rest_when_too_much_waits() -> None:
    made = member()
    running, reading = made.running, Intake(made, "g", {"s": "r", "t": "r"}, None)  # type: ignore[arg-type]
    parked = [delivery(at) for at in range(MOST_WAITING)]
    hold(running, *parked)
    running._parked.update(parked[1:])
    assert set(reading._readable) == {"s", "t"}
    running._parked.update(parked)
    assert set(reading._readable) == {"t"}
    assert running.room == 2


def test_streams_of_paused_patterns_are_not_read() -> None:
    patterns = {"s": {"s"}, "lane": {"a", "b"}, "t": {"t"}, "u": {"u"}}
    made = member({"s": {}, "a": {}, "u": {"refuse": True}}, patterns)
    reading = Intake(made, "g", dict.fromkeys(patterns, "r"), None)  # type: ignore[arg-type]
    assert set(reading._readable) == {"lane", "t", "u"}


async def test_what_dead_instances_have_left_comes_before_what_is_new(monkeypatch: pytest.MonkeyPatch) -> None:
    made, looked, read = member(), list[bool](), list[Any]()
    made.is_fresh, made.paused.is_instance_paused = True, False
    made.recovery = SimpleNamespace(has_left=True, look_soon=lambda: looked.append(True))

    async def command(_redis: Any, *words: Any) -> None:
        read.append(words)

    monkeypatch.setattr(intake, "command", command)
    monkeypatch.setattr(intake, "NESTED_EVERY", 0)
    reading = Intake(made, "g", {"s": "r"}, None)  # type: ignore[arg-type]
    await reading._turn()
    assert (looked, read) == ([True], [])
    made.recovery.has_left = False
    await reading._turn()
    assert (len(looked), len(read)) == (1, 1)


async def test_a_look_that_fails_for_ever_keeps_nobody_from_reading(monkeypatch: pytest.MonkeyPatch) -> None:
    made, failed = member(), asyncio.Event()
    made.options.lease_ttl, made.intakes, made.all_streams = 3_000, [], {"s": "r"}

    async def run(*_: Any) -> None:
        raise ResponseError("WRONGTYPE")

    async def after(_: Exception) -> None:
        failed.set()
        await asyncio.sleep(60)

    monkeypatch.setattr(recovery, "run", run)
    made.after = after
    looking = Recovery(made)
    looking.has_left = True
    looking.look_soon()
    working = asyncio.create_task(looking.work())
    await asyncio.wait_for(failed.wait(), 10)
    working.cancel()
    assert not looking.has_left


async def test_a_look_for_nested_calls_goes_on_where_the_last_one_ended(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[list[Any]] = []

    async def run(_redis: Any, _name: str, _keys: Any, args: list[Any]) -> Any:
        asked.append(args)
        return [[], ["!7-0"]]

    monkeypatch.setattr(intake, "run", run)
    reading = Intake(member(), "g", {"s": "r"}, None)  # type: ignore[arg-type]
    await reading._read_nested()
    await reading._read_nested()
    assert [args[-1] for args in asked] == ["", "7-0"]


async def test_an_audit_sees_all_that_is_pending(monkeypatch: pytest.MonkeyPatch) -> None:
    pending = {"s": [f"{at}-0" for at in range(1, 6)], "t": ["1-0"]}
    monkeypatch.setattr(recovery, "AUDITED", 2)

    async def run(_redis: Any, _name: str, keys: list[str], args: list[Any]) -> Any:
        pages = []
        for key, start in zip(keys, args[3:], strict=True):
            ids = pending[key.rpartition(":")[2]]
            pages.append((ids if start == "-" else ids[ids.index(start[1:]) + 1 :])[: args[2]])
        return pages

    monkeypatch.setattr(recovery, "run", run)
    found = await Recovery(member())._pending("g", ["s", "t"])
    assert found == {("g", stream, id_) for stream, ids in pending.items() for id_ in ids}


async def test_each_depth_has_slots_of_its_own() -> None:
    slots = member().running._slots
    for slot in slots:
        await asyncio.wait_for(slot.take(delivery(1)), 5)
        await asyncio.wait_for(slot.take(delivery(2)), 5)
    waits = asyncio.create_task(slots[3].take(delivery(3)))
    await asyncio.sleep(0)
    assert [slot.waiting for slot in slots[2:5]] == [0, 1, 0]
    slots[3].give()
    await asyncio.wait_for(waits, 5)


async def test_who_waits_for_a_key_takes_no_room_and_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    made, told = member(), list[str]()
    made.options.max_deliveries, made.lost = 3, asyncio.Event()
    asked = asyncio.Event()

    async def run(*_: Any) -> Any:
        asked.set()
        return ["wait", ""]

    async def given_up(delivery: Delivery) -> None:
        told.append(delivery.cancelled)

    monkeypatch.setattr(starting, "run", run)
    reading = made.running._starting
    monkeypatch.setattr(reading._ending, "given_up", given_up)
    cancelled, late = delivery(1), delivery(2)
    hold(made.running, cancelled, late)
    late.until = made.clock.ms() + 100
    claims = [asyncio.create_task(reading._claim_key(one, one.request, "k")) for one in (cancelled, late)]
    await asyncio.wait_for(asked.wait(), 10)
    await asyncio.sleep(0)
    assert made.running.room == 2
    made.running.cancel("s", "1-0")
    ends = await asyncio.wait_for(asyncio.gather(*claims, return_exceptions=True), 10)
    assert [type(end) for end in ends] == [Over, Over]
    assert sorted(told) == ["CANCELLED", "TIMEOUT"]


async def test_what_hangs_does_not_cost_the_lease() -> None:
    waits = []
    for lease in (10, 6, 0.5):
        service = Service("redis://127.0.0.1:1", group="g", lease=lease)
        made = Member(service.options, Keys("p"), Place())
        waits.append(made.commands.connection_pool.connection_kwargs["socket_timeout"])
    assert waits == [pytest.approx(10 / 3), 2.0, 1.0]
