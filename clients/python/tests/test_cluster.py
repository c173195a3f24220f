"""Callers and services in a Redis Cluster, with Nest instances there."""

import asyncio
import json
import os
from typing import Any

import pytest
from conftest import Start, redis_options, until
from redis.asyncio import Redis
from streams import Source

from redis_streams_rpc import Caller, Service, Window
from redis_streams_rpc.connections import Address, connect
from redis_streams_rpc.contracts import Contract
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.scripts import command
from redis_streams_rpc.shards import shard_of, tag_numbers

# They share the masters between which slots move.
pytestmark = pytest.mark.xdist_group("cluster")

PATTERNS = [f"echo {n}" for n in range(8)]


def serving(nodes: list[str], prefix: str, heard: list[Any]) -> Service:
    service = Service(nodes[:1], prefix=prefix, group="work", lease=2)
    for pattern in PATTERNS:
        service.message(pattern)(lambda data: data)

    @service.event("happened")
    async def happened(data: Any) -> None:
        heard.append(data)

    return service


async def test_a_service_and_callers_in_all_shards(nodes: list[str], prefix: str) -> None:
    heard: list[Any] = []
    async with serving(nodes, prefix, heard) as service, Caller(nodes[1:], prefix=prefix) as caller:
        assert len(service.members) > 3
        calls = [caller.call(pattern, n) for n in range(20) for pattern in PATTERNS]
        assert await asyncio.gather(*calls) == [n for n in range(20) for _ in PATTERNS]
        await caller.emit("happened", 1)
        await caller.emit("happened", 2, delay=0.1)
        await until(lambda: heard == [1, 2])


async def test_what_others_ask_in_the_first_shard_is_said_there(nodes: list[str], prefix: str) -> None:
    contract = Contract("far", "1.0.0")

    @contract.command
    async def away(text: str) -> str:
        return text

    assert shard_of("far.away", 24)
    service = Service(nodes[:1], prefix=prefix, group="work", lease=1)
    contract.serve(service)
    redis = connect(Address(nodes), Keys(prefix))

    async def said(*words: str) -> bool:
        return bool(await command(redis, *words))

    try:
        async with service, Caller(nodes[1:], prefix=prefix) as caller:
            assert await caller.call("far.away", ["x"]) == "x"
            await until(lambda: said("EXISTS", f"{{{prefix}}}:instances:far"), 20)
            first = service.members[0].consumer
            await until(lambda: said("SPUBLISH", f"{{{prefix}}}:inbox:{first}", "statistics"), 20)
            await until(lambda: said("HEXISTS", f"{{{prefix}}}:stats:work", first), 20)
            told = json.loads(await command(redis, "HGET", f"{{{prefix}}}:stats:work", first))
            assert [row[:4] for row in told["patterns"]] == [["far.away", 0, 0, 1]]
    finally:
        await redis.aclose()


async def test_streams_in_all_shards_wait_for_their_readers(nodes: list[str], prefix: str) -> None:
    service, source = Service(nodes[:1], prefix=prefix, group="work"), Source()
    for pattern in PATTERNS:
        service.message(pattern)(source.numbers)
    async with service, Caller(nodes[1:], prefix=prefix, timeout=60) as caller:
        streams = [caller.stream(pattern, 30, window=Window(2)) for pattern in PATTERNS]
        assert await asyncio.gather(*map(anext, streams)) == [0] * len(PATTERNS)
        assert await source.at_rest() <= 3 * len(PATTERNS)
        for stream in streams:
            assert [value async for value in stream] == list(range(1, 30))


async def test_nest_on_the_other_side(nodes: list[str], prefix: str, start: Start) -> None:
    cluster = {"nodes": [redis_options(node) for node in nodes]}
    async with serving(nodes, prefix, []):
        calls = [[pattern, pattern] for pattern in PATTERNS]
        given = {"client": {"cluster": cluster, "prefix": prefix}, "calls": calls}
        client = await start(
            "node", os.environ["NRS_PEER"], json.dumps({**given, "library": os.environ["NRS_LIBRARY"]})
        )
        await client.has_said("closed")
        assert {line["place"]: line["result"] for line in client.of("replied")} == {
            n: [pattern] for n, pattern in enumerate(PATTERNS)
        }


async def move(nodes: list[str], slot: int) -> None:
    """Moves a slot to another master, as an operator does."""
    clients = {}
    for url in nodes:
        client: Redis = Redis.from_url(url, protocol=2)
        clients[(await client.execute_command("CLUSTER", "MYID")).decode()] = client
    listed: Any = await next(iter(clients.values())).execute_command("CLUSTER SLOTS")
    owner = next(end[2].decode() for first, last, end, *_ in listed if first <= slot <= last) if listed else ""
    target = next(id_ for id_ in clients if id_ != owner)
    await clients[target].execute_command("CLUSTER", "SETSLOT", slot, "IMPORTING", owner)
    await clients[owner].execute_command("CLUSTER", "SETSLOT", slot, "MIGRATING", target)
    options = redis_options(nodes[[*clients].index(target)])
    for _ in range(1000):
        keys = await clients[owner].execute_command("CLUSTER", "GETKEYSINSLOT", slot, 100)
        if not keys:
            break
        place = [options["host"], options["port"], "", 0, 5000]
        await clients[owner].execute_command("MIGRATE", *place, "KEYS", *keys)
    for id_ in (target, owner, *clients):
        await clients[id_].execute_command("CLUSTER", "SETSLOT", slot, "NODE", target)
    for client in clients.values():
        await client.aclose()


async def test_a_slot_that_moves_under_calls(nodes: list[str], prefix: str) -> None:
    shard = shard_of(PATTERNS[0], 24)
    slot = Keys(prefix, tag_numbers(prefix, 24)[shard]).slot
    async with serving(nodes, prefix, []) as service, Caller(nodes, prefix=prefix, timeout=30) as caller:
        names = [member.consumer for member in service.members]
        calls = []
        for round_ in range(3):
            for n in range(100):
                calls.append(asyncio.create_task(caller.call(PATTERNS[0], n, when_no_consumer="wait")))
                if n == 50 and round_:
                    await move(nodes, slot)
                await asyncio.sleep(0.001)
        assert await asyncio.gather(*calls) == [*range(100)] * 3
        assert [member.consumer for member in service.members] == names
