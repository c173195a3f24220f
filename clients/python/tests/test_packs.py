"""Packs: where an instance takes them, and how many entries it reads, with a stand-in for Redis."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, Service, intake
from redis_streams_rpc.connections import Clock
from redis_streams_rpc.handlers import Handlers
from redis_streams_rpc.intake import Intake
from redis_streams_rpc.isolation import Isolation
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.member import Member
from redis_streams_rpc.packs import EXPECTED, CallsPerEntry, Packs
from redis_streams_rpc.places import places_of
from redis_streams_rpc.recovery import Recovery
from redis_streams_rpc.running import MOST_WAITING, Running
from redis_streams_rpc.tallies import Tallies


def test_packs_are_taken_where_many_handlers_may_run_and_are_short() -> None:
    few, many = Packs(63), Packs(64)
    assert (few.takes("p"), many.takes("p")) == (False, True)
    for _ in range(60):
        many.took("p", 60)
    # One long run among many short ones says nothing.
    many.took("q", 1_000)
    assert (many.takes("p"), many.takes("q")) == (True, True)
    for _ in range(20):
        many.took("p", 60)
        many.took("q", 1_000)
    assert (many.takes("p"), many.takes("q"), many.takes("r")) == (False, False, True)
    for _ in range(20):
        many.took("p", 1)
    assert many.takes("p")


def announced(concurrency: int, *slow: str) -> dict[str, list[str]]:
    service = Service("redis://127.0.0.1:1", group="g", concurrency=concurrency)
    service.message("plain")(lambda data: data)
    service.message("both", once=True, spread=3)(lambda data: data)
    options = service.options
    member = Member(options, Keys("p"), places_of(options.handlers, options.lanes, 1)[0])
    for pattern in slow:
        member.running.handling.packs.took(pattern, 10_000)
    keys, flags = member._announced()
    return {key.rpartition(":")[2]: flags[2 * at : 2 * at + 2] for at, key in enumerate(keys)}


async def test_what_is_announced_beside_what_may_have_been_said_before() -> None:
    plain, both = ["packs", "-"], ["packs spread=3 once", "spread=3 once"]
    assert announced(64) == {"plain": plain, "both": both}
    assert announced(63) == {"plain": plain[::-1], "both": both[::-1]}
    assert announced(64, "both") == {"plain": plain, "both": both[::-1]}


async def test_an_instance_whose_handlers_have_become_slow(
    url: str, prefix: str, redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("redis_streams_rpc.packs.LONG", 0.5)
    service, live = Service(url, prefix=prefix, group="work", lease=0.5), f"{{{prefix}}}:live:wait"

    @service.message("wait")
    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def flags() -> list[str]:
        return [member.split(" ")[2] for member in await redis.zrange(live, 0, -1) if member != "."]

    async with service, Caller(url, prefix=prefix) as caller:
        assert await flags() == ["packs"]
        await caller.call("wait", 0.2)

        async def has_said() -> bool:
            return await flags() == ["-"]

        await until(has_said, 20)


def test_calls_of_an_entry_are_a_mean_of_the_latest_reads() -> None:
    calls = CallsPerEntry([])
    assert calls.most(["s", "t"]) == 1
    for _ in range(4):
        calls.brought("s", 32)
    calls.learn()
    assert (calls.most(["s", "t"]), calls.most(["t"])) == (16.5, 1)
    calls.brought("s", 1)
    calls.learn()
    assert calls.most(["s"]) == 16.5
    for _ in range(10):
        calls.brought("s", 1)
        calls.brought("s", 1)
        calls.learn()
    assert 1 <= calls.most(["s"]) < 1.1
    calls.brought("s", 0)
    calls.brought("s", 2)
    calls.learn()
    assert calls.most(["s"]) >= 1


def pack(number: int) -> list[str]:
    ids, data = ",".join(map(str, range(number))), ",\n".join("1" * number)
    return ["c", f"1 pack.json {number} {'a' * 22} 0", "m", ids, "d", f"[{data}]"]


def member(concurrency: int) -> Any:
    made = SimpleNamespace(options=SimpleNamespace(concurrency=concurrency), clock=Clock(), keys=Keys("p"), group="g")
    made.paused = SimpleNamespace(pattern=lambda _: None, is_instance_paused=False)
    made.place, made.consumer, made.doubt = SimpleNamespace(patterns={}), "me", 0
    made.memory, made.commands = SimpleNamespace(incarnation="m"), None
    made.is_fresh, made.is_closing, made.recovery = True, False, SimpleNamespace(has_left=False)
    made.isolation, made.others, made.tallies = Isolation(), 0, Tallies(Handlers())
    made.running = Running(made)
    return made


class Entries:
    """A stream of such entries, which are handed out as they are asked for and end at once."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, calls: int, concurrency: int) -> None:
        self.member, self.asked, self.calls, self.most = member(concurrency), list[int](), calls, 0
        self.intake = Intake(self.member, "g", {"s": "r", "e": "e"}, None)  # type: ignore[arg-type]
        self.intake.streams = {"s": "r"}
        self.member.running.take = self.take
        monkeypatch.setattr(intake, "command", self.command)
        monkeypatch.setattr(intake, "run", self.look)
        self.taken = 0

    def take(self, found: list[Any]) -> None:
        self.taken += len(found)

    async def command(self, _redis: Any, *words: Any) -> Any:
        count = words[words.index("COUNT") + 1]
        self.asked.append(count)
        entries = [[f"{len(self.asked)}-{at}", pack(self.calls)] for at in range(count)]
        return [[self.member.keys.stream("s"), entries]]

    async def look(self, _redis: Any, _name: str, _keys: Any, args: list[Any]) -> list[Any]:
        return ["m", *("" for _ in args[2:])]

    async def turns(self, number: int) -> None:
        for _ in range(number):
            await self.intake._turn()


async def test_a_read_brings_as_many_calls_as_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = Entries(monkeypatch, calls=32, concurrency=100)
    await entries.turns(1)
    # Nothing is known yet: a burst is for all instances.
    assert entries.asked == [int(100 / EXPECTED)]
    await entries.turns(9)
    assert (entries.asked[-1], entries.taken) == (3, 32 * sum(entries.asked))


async def test_entries_of_one_call_are_read_as_many_as_can_start(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = Entries(monkeypatch, calls=1, concurrency=100)
    await entries.turns(12)
    assert entries.asked[-1] >= 99
    # Where no packs are taken none are expected.
    few = Entries(monkeypatch, calls=1, concurrency=63)
    await few.turns(1)
    assert few.asked == [63]


async def test_a_read_leaves_other_members_their_part(monkeypatch: pytest.MonkeyPatch) -> None:
    entries, asked = Entries(monkeypatch, calls=1, concurrency=63), dict[int, int]()
    for others in (0, 1, 3, 30):
        entries.member.others = others
        await entries.turns(1)
        asked[others] = entries.asked[-1]
    assert asked == {0: 63, 1: 32, 3: 16, 30: 4}
    # Broadcasts are for each of them.
    entries.intake.group = "g{me}"
    await entries.turns(1)
    assert entries.asked[-1] == 63


async def test_one_entry_is_read_where_there_is_less_room(monkeypatch: pytest.MonkeyPatch) -> None:
    entries = Entries(monkeypatch, calls=32, concurrency=10)
    await entries.turns(3)
    assert entries.asked == [10, 1, 1]


async def test_what_stands_before_nested_calls_is_counted_in_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    entries, others = Entries(monkeypatch, calls=32, concurrency=100), list[int]()
    await entries.turns(12)

    async def nested(_redis: Any, _name: str, _keys: Any, args: list[Any]) -> Any:
        others.append(args[3])
        return [[], [""]]

    monkeypatch.setattr(intake, "run", nested)
    await entries.intake._read_nested()
    for room in (5, 0):
        monkeypatch.setattr(Running, "nested_room", room)
        await entries.intake._read_nested()
    assert others == [MOST_WAITING // 32, 1, 0]


async def test_what_a_dead_instance_has_left_is_counted_in_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    entries, asked = Entries(monkeypatch, calls=32, concurrency=100), list[int]()
    await entries.turns(12)

    async def script(_name: str, _keys: Any, args: list[Any]) -> list[str]:
        asked.append(args[3])
        return ["none"]

    entries.member.script, entries.member.intakes = script, [entries.intake]
    entries.member.options.max_deliveries = 3
    await Recovery(entries.member)._claim("dead", "s", suspects=False)
    await Recovery(entries.member)._claim("dead", "s", suspects=True)
    assert asked == [3, 1]
