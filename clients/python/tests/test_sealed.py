"""Sealed messages: the vectors, and calls, streams and events with Nest, both ways."""

import asyncio
import json
import time
from base64 import b64encode
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import Start, until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, Context, RedisStreamsError, RemoteError, Service
from redis_streams_rpc.sealed import OwnKey, PublicKey, Sealing, SecretKey
from redis_streams_rpc.sealed_text import EntryFacts, ReplyFacts, Untrusted, packed, packet_of, read_sealed

FILE = Path(__file__).parents[3] / "spec" / "vectors" / "sealed.json"
VECTORS: list[Any] = json.loads(FILE.read_text())["vectors"] if FILE.exists() else []
SECRET = b64encode(bytes(range(32))).decode()
NEST = {"name": "nest", "keys": [{"id": "k1", "secret": SECRET}]}


def of(kind: str) -> list[Any]:
    return [pytest.param(vector, id=vector["name"]) for vector in VECTORS if kind in vector]


def key_of(given: dict[str, str]) -> Any:
    if "secret" in given:
        return SecretKey(given["id"], given["secret"], given.get("holder"))
    if "privateKey" in given:
        return OwnKey(given["id"], given["privateKey"])
    return PublicKey(given["id"], given["publicKey"], given["holder"])


def sealing_of(options: dict[str, Any]) -> Sealing:
    rest = {name: value for name, value in options.items() if name not in ("name", "keys")}
    return Sealing(options["name"], [key_of(key) for key in options["keys"]], **rest)


def facts_of(entry: dict[str, Any]) -> EntryFacts:
    names = ("pattern", "stream", "caller", "call", "idle", "once", "message", "group", "key", "headers")
    return EntryFacts(**{name: entry[name] for name in names if name in entry})


@pytest.mark.parametrize("vector", of("entry"))
def test_entries(vector: Any) -> None:
    entry, sealing = vector["entry"], sealing_of(vector["options"])
    times = (entry["added"], entry["timeout"], entry["now"])
    if "refused" in vector:
        with pytest.raises(Untrusted):
            sealing.open_entry(entry["text"], facts_of(entry), *times)
        return
    opened, wanted = sealing.open_entry(entry["text"], facts_of(entry), *times), vector["opens"]
    caller = {"name": opened.caller.name, "key": opened.caller.key, "proof": opened.caller.proof}
    if opened.caller.replayed_by:
        caller["replayedBy"] = opened.caller.replayed_by
    said = {"data": opened.data, "caller": caller, "id": opened.id, "remember": opened.remember}
    assert {**said, **({"headers": opened.headers} if opened.headers else {})} == wanted


def test_a_letter_whose_idle_time_is_not_finite_is_none() -> None:
    sealing, around = Sealing("me", [SecretKey("k1", SECRET)], operators=["ops"]), SimpleNamespace(name="ops")
    said = b'{"pattern":"p","stream":"p","idle":1e400,"once":false,"text":"a"}'
    with pytest.raises(Untrusted, match="no letter"):
        sealing._letter(around, packed("", said), "p")  # type: ignore[arg-type]


@pytest.mark.parametrize("vector", of("reply"))
def test_replies(vector: Any) -> None:
    given = vector["reply"]
    request = read_sealed(given["request"])
    assert request
    names = ("pattern", "caller", "call", "instance", "deliveries", "nonce", "index")
    facts = ReplyFacts(
        **{name: given[name] for name in names}, key=given.get("key"), is_last=given["last"], request=request
    )
    payload = ["text:sealed", given["text"]]
    if "refused" in vector:
        with pytest.raises(Untrusted):
            sealing_of(vector["options"]).open_reply(payload, facts)
        return
    assert sealing_of(vector["options"]).open_reply(payload, facts) == vector["opens"]


@pytest.mark.parametrize("vector", [v for v in of("entry") if "opens" in v.values[0]])  # type: ignore[index]
def test_what_is_sealed_again_is_read_and_has_the_same_print(vector: Any) -> None:
    entry, sealing = vector["entry"], sealing_of(vector["options"])
    sealed = read_sealed(entry["text"])
    assert sealed
    if sealed.form == "letter" or sealing._own is None:
        return
    written = sealing.entry(
        json.dumps(vector["opens"]["data"], ensure_ascii=False, separators=(",", ":")), None, facts_of(entry), 5000
    )
    again = read_sealed(written)
    assert again and (again.print == sealed.print or again.key != sealed.key or again.proof == "ed25519")
    if not isinstance(sealing._own, OwnKey):
        opened = sealing.open_entry(written, facts_of(entry), int(time.time() * 1000), entry["timeout"], 0)
        assert opened.data == vector["opens"]["data"]


def ours(name: str = "python", **more: Any) -> Sealing:
    return Sealing(name, [SecretKey("k1", SECRET)], **more)


@pytest.mark.parametrize(
    "make",
    [
        lambda: SecretKey("k1", "short"),
        lambda: SecretKey("k1", b"\0" * 32),
        lambda: SecretKey("k 1", SECRET),
        lambda: OwnKey("k1", "no PEM"),
        lambda: PublicKey("k1", "no PEM", "shop"),
        lambda: ours("no name"),
        lambda: ours(mode="sign", headers=True),
        lambda: ours(tolerance=0),
        lambda: Sealing("a", []),
        lambda: Sealing("a", [SecretKey("k1", SECRET), SecretKey("k1", SECRET)]),
    ],
)
def test_what_cannot_be(make: Any) -> None:
    with pytest.raises(RedisStreamsError) as error:
        make()
    assert error.value.code == "INVALID_OPTION"
    assert SECRET not in str(error.value)


def test_secrets_are_not_shown() -> None:
    assert SECRET not in repr(SecretKey("k1", SECRET))


async def told(awaitable: Any) -> tuple[str, str]:
    with pytest.raises(RedisStreamsError) as error:
        await awaitable
    return error.value.code, error.value.outcome


async def test_a_nest_service(nest: Start, url: str, prefix: str) -> None:
    await nest(service={"group": "work"}, sealed=NEST)
    async with Caller(url, prefix=prefix, sealing=ours()) as caller:
        for data in (None, 1.5, "größe 😀", [1, {"a": None}]):
            assert await caller.call("echo", data, headers={"ü": "1", "10": "2"}) == data
        assert await caller.call("echo", 5, key="k") == 5
        assert await caller.call("echo", 5, key="k") == 5
        assert [value async for value in caller.stream("count", 300)] == list(range(300))
        assert [value async for value in caller.stream("count", 0, idle=5)] == []
        with pytest.raises(RemoteError) as error:
            await caller.call("fail", "no")
        assert error.value.payload == {"status": "error", "message": "no"}
    async with Caller(url, prefix=prefix, sealing=ours(headers=True)) as caller:
        assert await caller.call("echo", 6, headers={"a": "b"}) == 6
    async with Caller(url, prefix=prefix) as caller:
        assert await told(caller.call("echo", 1)) == ("UNTRUSTED", "not-run")
    stranger = Sealing("python", [SecretKey("k1", bytes(range(1, 33)))])
    async with Caller(url, prefix=prefix, sealing=stranger) as caller:
        assert await told(caller.call("echo", 1)) == ("UNTRUSTED", "may-have-run")


async def test_a_nest_client(nest: Start, url: str, prefix: str) -> None:
    service, callers = Service(url, prefix=prefix, group="work", sealing=ours()), list[Any]()

    @service.message("echo")
    def echo(data: Any, context: Context) -> Any:
        callers.append(context.caller)
        return data

    @service.message("count")
    async def count(number: int) -> Any:
        for value in range(number):
            yield value

    @service.message("fail")
    def fail(_: Any) -> None:
        raise ValueError("no")

    async with service:
        calls = [["echo", {"id": "ü"}], ["count", 100], ["fail", 1], ["echo", 0]]
        calls += [["echo", 7, {"idempotencyKey": "k"}]] * 2
        client = await nest(client={}, calls=calls, sealed=NEST)
        await client.has_said("closed")
    replied = {line["place"]: line["result"] for line in client.of("replied")}
    assert (replied.pop(0), replied.pop(1)) == ([{"id": "ü"}], list(range(100)))
    assert (replied.pop(4), replied.pop(5)) == ([7], [7])
    assert client.of("refused")[0]["error"]["message"] == "Internal server error"
    assert {(caller.name, caller.key, caller.proof) for caller in callers} == {("nest", "k1", "gcm")}
    assert len(callers) == 3


async def test_pairs_of_keys(nest: Start, url: str, prefix: str) -> None:
    options = next(vector["options"] for vector in VECTORS if vector["name"] == "a request with Ed25519")
    client = next(vector["options"] for vector in VECTORS if vector["name"] == "a reply with Ed25519")
    await nest(service={"group": "work"}, sealed=options)
    async with Caller(url, prefix=prefix, sealing=sealing_of(client)) as caller:
        assert await caller.call("echo", 5) == 5
        assert await caller.call("echo", 5, key="k") == 5


async def test_what_is_stored_again_runs_once_and_what_is_changed_does_not(url: str, prefix: str, redis: Redis) -> None:
    service, runs = Service(url, prefix=prefix, group="work", sealing=ours()), list[Any]()
    service.event("happened")(runs.append)
    service.message("do")(runs.append)
    stream = f"{{{prefix}}}:s:happened"
    async with Caller(url, prefix=prefix, sealing=ours()) as caller:
        await caller.emit("happened", 1, headers={"a": "b"})
        ((_, fields),) = await redis.xrange(stream)
        await redis.xadd(stream, fields)
        await redis.xadd(stream, {**fields, "h": '{"a":"c"}'})
        async with service:
            letters = await until(lambda: redis.xrange(f"{{{prefix}}}:dead:work"))
            assert await caller.call("do", 2) is None
    assert [letter["reason"] for _, letter in letters] == ["untrusted"]
    assert runs == [1, 2]
    assert len(await redis.keys(f"{{{prefix}}}:seen:*")) == 2


async def test_python_with_python(url: str, prefix: str) -> None:
    pair = {vector["name"]: vector["options"] for vector in VECTORS}
    sign = (sealing_of(pair["a request with Ed25519"]), sealing_of(pair["a reply with Ed25519"]))
    for number, (of_service, of_caller) in enumerate([(ours(mode="sign"), ours(mode="sign")), sign]):
        service = Service(url, prefix=f"{prefix}{number}", group="work", sealing=of_service, max_reply=3_000)
        service.message("echo")(lambda data: data)
        service.message("set")(lambda _: {1})
        service.message("long")(lambda _: "x" * 3_000)
        async with service, Caller(url, prefix=f"{prefix}{number}", sealing=of_caller) as caller:
            many = await asyncio.gather(*(caller.call("echo", n) for n in range(50)))
            assert many == list(range(50))
            with pytest.raises(RemoteError, match="cannot be written"):
                await caller.call("set")
            assert await told(caller.call("long")) == ("PAYLOAD_TOO_LARGE", "may-have-run")


async def test_replies_that_are_not_sealed_are_not_believed(url: str, prefix: str, redis: Redis) -> None:
    """Neither is a fault that says that nothing ran."""
    async with Caller(url, prefix=prefix, sealing=ours(), timeout=20) as caller:
        log = f"{{{prefix}}}:r:{caller.id}"
        for said in ('1,1,1,0,"x"', "2,1,1,0", '3,1,1,0,"x"', '6,1,1,0,["text:sealed","x"]', '6,1,1,0,["text","x"]'):
            call = asyncio.create_task(told(caller.call("nobody", when_no_consumer="wait")))
            number = await until(lambda: [one.id for line in caller._lines.values() for one in line.calls.values()])
            await redis.xadd(log, {"f": f'1 x [["{number[0]}",{said}]]'})
            assert await call == ("UNTRUSTED", "may-have-run"), said
        call = asyncio.create_task(told(caller.call("nobody", when_no_consumer="wait")))
        number = await until(lambda: [one.id for line in caller._lines.values() for one in line.calls.values()])
        fault = '{"code":"NO_HANDLER","message":"","outcome":"not-run"}'
        await redis.xadd(log, {"f": f'1 x [["{number[0]}",4,1,1,0,{fault}]]'})
        assert await call == ("NO_HANDLER", "may-have-run")


def test_packets() -> None:
    assert packet_of(1, False) == {"response": 1}
