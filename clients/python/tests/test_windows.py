"""Services in Python whose streams wait for their readers: Nest clients, and what a caller writes by hand."""

import asyncio
import json
from base64 import b64encode
from collections.abc import AsyncIterator
from typing import Any

import pytest
from conftest import Start, until
from redis.asyncio import Redis
from streams import NestReader, Source

from redis_streams_rpc import Caller, RemoteError, Service
from redis_streams_rpc.frame import DONE, Reply, read_frame
from redis_streams_rpc.sealed import Sealing, SecretKey
from redis_streams_rpc.send_window import Windows

ENDLESS, CALLER = 10**9, "c" * 22
SECRET = b64encode(bytes(range(32))).decode()
SEALED = {"name": "nest", "keys": [{"id": "k1", "secret": SECRET}]}


class Served:
    """A service with a source, and what is read from it."""

    def __init__(self, service: Service, source: Source, nest: Start, redis: Redis, prefix: str) -> None:
        self.service, self.source = service, source
        self._nest, self._redis, self._prefix = nest, redis, prefix
        service.message("numbers")(source.numbers)

    @property
    def windows(self) -> Windows:
        return self.service.members[0].running.handling.windows

    async def reader(self, count: int = ENDLESS, **options: Any) -> NestReader:
        times = {} if "idleTimeout" in options else {"timeout": 60_000}
        return NestReader(await self._nest(client={}, read=["numbers", count, {**times, **options}]))

    async def ask(self, count: int, window: str, more: str = "") -> None:
        """Calls it as a program would that writes its entries by hand."""
        line = f"1 json 7 {CALLER} 60000 window={window}{more}"
        await self._redis.xadd(f"{{{self._prefix}}}:s:numbers", {"c": line, "d": str(count)})

    async def replies(self) -> list[Reply]:
        log = await self._redis.xrange(f"{{{self._prefix}}}:r:{CALLER}")
        frames = [read_frame(fields["f"]) for _, fields in log]
        return [reply for frame in frames if frame for reply in frame.replies]

    async def say(self, text: str) -> None:
        """On the channel of the instance."""
        inbox = f"{{{self._prefix}}}:inbox:{self.service.members[0].consumer}"
        await self._redis.execute_command("SPUBLISH", inbox, text)

    async def credit(self, *runs: list[Any], caller: str = CALLER) -> None:
        await self.say(json.dumps({"credit": caller, "runs": runs}, separators=(",", ":")))

    async def over(self, ends: int = 1, seconds: float = 60) -> None:
        """Nothing is left of its streams."""
        await self.source.over(ends, seconds)
        await until(lambda: self.windows.size == 0)


@pytest.fixture
async def served(url: str, prefix: str, nest: Start, redis: Redis) -> AsyncIterator[Served]:
    made = Served(Service(url, prefix=prefix, group="work", lease=3), Source(), nest, redis, prefix)
    async with made.service:
        yield made


async def test_a_reader_is_never_further_behind_than_its_window(served: Served) -> None:
    reader = await served.reader(window={"values": 4})
    assert await reader.take(1) == [0]
    assert await served.source.at_rest() <= 5
    assert await reader.take(30) == list(range(1, 31))
    assert await served.source.at_rest() <= 35
    assert served.windows.size == 1
    reader.leave()
    await served.over()


async def test_a_reader_that_keeps_up_gets_all_values(served: Served) -> None:
    reader = await served.reader(10_000)
    assert await reader.take(10_001) == list(range(10_000))
    await served.over()


async def test_a_stream_whose_caller_has_no_window_does_not_wait(served: Served) -> None:
    reader = await served.reader(1_000, window=False)
    await reader.take(1)
    await served.source.over()
    assert served.source.given == 1_000
    assert await reader.take(1_000) == list(range(1, 1_000))


async def test_sealed_values_wait_too(url: str, prefix: str, nest: Start, redis: Redis) -> None:
    sealing = Sealing("python", [SecretKey("k1", SECRET)])
    service = Service(url, prefix=prefix, group="work", sealing=sealing)
    it = Served(service, Source(), nest, redis, prefix)
    async with service:
        peer = await nest(client={}, sealed=SEALED, read=["numbers", ENDLESS, {"window": {"values": 4}}])
        reader = NestReader(peer)
        assert await reader.take(20) == list(range(20))
        assert await it.source.at_rest() <= 24
        reader.leave()
        await it.over()


async def test_what_a_caller_has_not_asked_for_is_not_sent(served: Served) -> None:
    await served.ask(100, "3,100000")
    assert await served.source.at_rest() == 3
    nonce = (await until(served.replies))[0].nonce
    wrong: list[Any] = [-1, 1e300, 1.5, None, "9", [9], 2**53 + 1, {}]
    for number in wrong:
        await served.credit([nonce, number, number], [nonce, 9, number], [number, 9, 9])
    for run in ([nonce, 0, 0], [nonce + 1, 9, 9], [nonce], [], nonce):
        await served.credit(run)  # type: ignore[arg-type]
    await served.credit([nonce, 9, 9], caller="d" * 22)
    await served.say('{"credit":')
    await served.say(json.dumps({"credit": CALLER, "runs": [[nonce, 9, 9]] * 10_000}))
    assert await served.source.at_rest() == 3
    await served.credit([nonce, 7, 2])
    assert await served.source.at_rest() == 7
    await served.credit([nonce, 5, 1])
    assert await served.source.at_rest() == 7
    await served.credit([nonce, 1_000, 7])
    await served.over()
    replies = await until(lambda: ended(served))
    assert [reply.payload for reply in replies[:-1]] == list(range(100))


async def ended(served: Served) -> list[Reply] | None:
    replies = await served.replies()
    return replies if replies and replies[-1].kind == DONE else None


async def test_so_many_characters_are_on_their_way_at_most(url: str, prefix: str, nest: Start, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work", drain=0.1)
    it = Served(service, Source("x" * 1_000), nest, redis, prefix)
    async with service:
        await it.ask(50, "100,5000")
        assert await it.source.at_rest() == 5
        nonce = (await until(it.replies))[0].nonce
        await it.credit([nonce, 2**53 - 1, 0])
        assert await it.source.at_rest() == 5
        await it.credit([nonce, 2**53 - 1, 2])
        assert await it.source.at_rest() == 7
        await it.credit([nonce, 2**53 - 1, 7])
        assert await it.source.at_rest() == 12


async def test_a_stream_that_waits_ends_at_its_deadline(served: Served) -> None:
    reader = await served.reader(window={"values": 4}, timeout=4_000)
    assert await reader.take(1) == [0]
    await served.over()
    reader.ask(100)
    assert (await reader.refused())[1:] == ("TIMEOUT", "may-have-run")


async def test_with_an_idle_time_only_notices_give_a_stream_new_time(served: Served) -> None:
    await served.ask(ENDLESS, "2,1000", " idle=3000")
    nonce = (await until(served.replies))[0].nonce
    for said in range(2, 11):
        await asyncio.sleep(0.5)
        await served.credit([nonce, said, said])
    assert (served.source.ended, served.windows.size) == (0, 1)
    # From now on its caller is as dead.
    await served.over(seconds=30)
    last = (await until(lambda: at_its_end(served)))[-1]
    assert (last.payload["code"], last.payload["outcome"]) == ("TIMEOUT", "may-have-run")


async def at_its_end(served: Served) -> list[Reply] | None:
    replies = await served.replies()
    return replies if isinstance(replies[-1].payload, dict) else None


async def test_without_a_timeout_the_idle_time_is_one(served: Served, redis: Redis, prefix: str) -> None:
    line = f"1 json 7 {CALLER} 0 idle=3000 window=1,1"
    await redis.xadd(f"{{{prefix}}}:s:numbers", {"c": line, "d": "9"})
    await served.over()
    assert served.source.given == 1


async def test_a_stream_with_an_idle_time_ends_when_its_caller_is_killed(served: Served) -> None:
    reader = await served.reader(window={"values": 4}, idleTimeout=5_000)
    assert await reader.take(10) == list(range(10))
    # Its reader stands still for longer, and its process lives.
    await asyncio.sleep(6.5)
    assert served.source.ended == 0
    assert await reader.take(10) == list(range(10, 20))
    await reader.peer.kill()
    await served.over(seconds=30)


async def test_a_stream_that_waits_does_not_hold_up_a_service_that_closes(url: str, prefix: str, nest: Start) -> None:
    service = Service(url, prefix=prefix, group="work", drain=0.2)
    source = Source()
    service.message("numbers")(source.numbers)
    async with service:
        reader = NestReader(await nest(client={}, read=["numbers", ENDLESS, {"window": {"values": 4}}]))
        await reader.take(1)
        await source.at_rest()
    await source.over()
    await reader.peer.kill()


async def test_a_service_that_drains_still_hears_its_readers(url: str, prefix: str, nest: Start, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work", drain=60)
    it = Served(service, Source(), nest, redis, prefix)
    async with service:
        reader = await it.reader(50, window={"values": 4})
        await reader.take(1)
        closing = asyncio.create_task(service.close())
        await until(lambda: service.members[0].is_closing)
        assert await reader.take(60) == list(range(1, 50))
        await asyncio.wait_for(closing, 30)


async def test_a_revoked_member_gives_up_its_streams(served: Served, redis: Redis, prefix: str) -> None:
    reader = await served.reader(window={"values": 4})
    assert await reader.take(1) == [0]
    await served.source.at_rest()
    running, name = served.service.members[0].running, served.service.members[0].consumer
    await redis.set(f"{{{prefix}}}:lease:{name}", "+")
    await until(lambda: running.handling.windows.size == 0)
    # It runs again, in a window anew, and its caller has seen too much of the first run to go on.
    reader.ask(1_000)
    values, code, _ = await reader.refused()
    assert (values, code) == (list(range(1, len(values) + 1)), "INTERRUPTED")
    await served.over(2)
    assert served.source.given < 20


@pytest.mark.parametrize("taken_over_by", ["nest", "python"])
async def test_a_killed_instance_whose_stream_waited_is_taken_over(
    taken_over_by: str, python: Start, nest: Start, request: pytest.FixtureRequest
) -> None:
    first = await python()
    reader = NestReader(await nest(client={}, read=["numbers", ENDLESS, {"window": {"values": 4}, "timeout": 60_000}]))
    assert await reader.take(2) == [0, 1]
    await first.has_said("given", 4)
    second = await (python() if taken_over_by == "python" else nest(service={"group": "work", "leaseTtl": 3_000}))
    await first.kill()
    reader.ask(1_000)
    values, code, _ = await reader.refused()
    assert (values, code) == (list(range(2, len(values) + 2)), "INTERRUPTED")
    await second.has_said("ended")
    assert len(second.of("given")) <= 6


async def test_a_python_instance_takes_over_a_stream_that_waited_at_nest(python: Start, nest: Start) -> None:
    first = await nest(service={"group": "work", "leaseTtl": 3_000})
    reader = NestReader(await nest(client={}, read=["numbers", ENDLESS, {"window": {"values": 4}, "timeout": 60_000}]))
    assert await reader.take(2) == [0, 1]
    await first.has_said("given", 4)
    second = await python()
    await first.kill()
    reader.ask(1_000)
    assert (await reader.refused())[1] == "INTERRUPTED"
    await second.has_said("ended")
    assert len(second.of("given")) <= 6


async def test_a_group_in_both_languages(url: str, prefix: str, nest: Start) -> None:
    """Each has room for ten of twenty streams, which all wait until they are read."""
    service, source = Service(url, prefix=prefix, group="work", concurrency=10), Source()
    service.message("numbers")(source.numbers)
    async with service, Caller(url, prefix=prefix, timeout=60) as caller:
        other = await nest(service={"group": "work", "concurrency": 10})
        streams = [caller.stream("numbers", 100) for _ in range(20)]
        assert await asyncio.gather(*map(anext, streams)) == [0] * 20
        assert await asyncio.gather(*map(rest, streams)) == [list(range(1, 100))] * 20
        assert (source.ended, len(await other.has_said("ended", 10))) == (10, 10)


async def rest(stream: AsyncIterator[Any]) -> list[Any]:
    return [value async for value in stream]


async def test_a_value_that_cannot_be_written_ends_its_stream(url: str, prefix: str) -> None:
    """Its caller hears an end: it would ask for no further value."""
    service, source = Service(url, prefix=prefix, group="work"), Source()

    @service.message("bad")
    async def bad(_: Any) -> AsyncIterator[Any]:
        async for number in source.numbers(ENDLESS):
            yield object() if number == 2 else number

    async with service, Caller(url, prefix=prefix) as caller:
        stream = caller.stream("bad", timeout=0)
        assert [await anext(stream), await anext(stream)] == [0, 1]
        with pytest.raises(RemoteError, match="cannot be written"):
            await anext(stream)
        await until(lambda: service.members[0].running.room == 100)
        assert source.given == 3
