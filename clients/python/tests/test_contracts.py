"""Contracts: arguments are checked before a method sees them, and handlers take what they name."""

from collections.abc import AsyncIterator
from datetime import datetime, timezone
from typing import Any, Literal, TypedDict

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, RedisStreamsError, RemoteError, Service
from redis_streams_rpc.arguments import Arguments
from redis_streams_rpc.contracts import Contract, _left_out
from redis_streams_rpc.errors import HandlerError

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


class Part(TypedDict):
    name: str
    sizes: list[int]
    at: datetime


class Whole(Part, total=False):
    parts: "list[Whole]"
    notes: dict[str, float]


def contract() -> Contract:
    made = Contract("things", "1.0.0")

    @made.command
    async def put(whole: Whole, mode: Literal["a", 1] = "a", data: bytes | None = None) -> str:
        return f"{whole['name']} {mode} {data!r}"

    @made.streamed
    async def count(upTo: int, *more: float) -> AsyncIterator[int]:
        for at in range(upTo + len(more)):
            yield at

    @made.event
    async def seen(name: str) -> None:
        raise ValueError(name)

    return made


def arguments(name: str) -> Arguments:
    made = contract()
    document = made.document()
    return Arguments(document["methods"][name], document["$defs"], _left_out(made._methods[name][1]))


WHOLE: dict[str, Any] = {"name": "n", "sizes": [1, {"$bigint": "2"}], "at": {"$date": "1970-01-01T00:00:00.000Z"}}


def test_what_fits_is_read() -> None:
    whole = {"name": "n", "sizes": [1, 2], "at": EPOCH}
    inner = {**WHOLE, "parts": [WHOLE], "notes": {"a": 1.5, "b": {"$number": "NaN"}}, "more": {"$x": 1}}
    put = arguments("put")
    assert put.read([WHOLE]) == [whole]
    assert put.read([inner])[0]["parts"] == [whole]
    assert put.read([WHOLE, 1, {"$bytes": "aGk="}]) == [whole, 1, b"hi"]
    # An optional one in the middle may be left out.
    assert put.read([WHOLE, {"$undefined": True}, None]) == [whole, "a", None]
    assert arguments("count").read([2, 1, 2.5]) == [2, 1, 2.5]


@pytest.mark.parametrize(
    ("method", "data", "wrong"),
    [
        ("put", None, {"arguments": "type"}),
        ("put", {"name": "n"}, {"arguments": "type"}),
        ("put", [], {"whole": "required"}),
        ("put", [WHOLE, "a", None, 1], {"arguments": "count"}),
        ("put", ["n"], {"whole": "type"}),
        ("put", [{"$date": "1970-01-01T00:00:00.000Z"}], {"whole": "type"}),
        ("put", [{"name": 1, "sizes": ["x", 1.5]}], {"whole.at": "required", "whole.name": "type"}),
        ("put", [{**WHOLE, "at": "now"}], {"whole.at": "type"}),
        ("put", [{**WHOLE, "at": {"$date": "then"}}], {"whole": "format"}),
        ("put", [{**WHOLE, "parts": [{**WHOLE, "name": None}]}], {"whole.parts[0].name": "type"}),
        ("put", [{**WHOLE, "notes": {"a": "b"}}], {"whole.notes.a": "type"}),
        ("put", [WHOLE, True], {"mode": "enum"}),
        ("put", [WHOLE, "a", "text"], {"data": "anyOf"}),
        ("put", [WHOLE, "a", {"$bytes": "?"}], {"data": "format"}),
        ("count", [1, 2, "x"], {"more[1]": "type"}),
        ("count", [{"$undefined": True}], {"upTo": "type"}),
    ],
)
def test_what_does_not_fit_is_named(method: str, data: Any, wrong: dict[str, str]) -> None:
    with pytest.raises(HandlerError) as refused:
        arguments(method).read(data)
    payload = refused.value.payload
    assert (payload["name"], payload["code"]) == ("ContractValidationError", "VALIDATION")
    assert payload["message"].startswith(f"arguments of things.{method} are not valid: ")
    found = {one["property"]: next(iter(one["constraints"])) for one in payload["details"]}
    assert wrong.items() <= found.items()


async def test_callers_are_told_and_events_are_given_up(url: str, prefix: str, redis: Redis) -> None:
    service, letters = Service(url, prefix=prefix, group="work", retry_delay=60), f"{{{prefix}}}:dead:work"
    contract().serve(service)
    async with service, Caller(url, prefix=prefix) as caller:
        assert await caller.call("things.put", [WHOLE]) == "n a None"
        assert [value async for value in caller.stream("things.count", [1, 2])] == [0, 1]
        for pattern in ("things.put", "things.count"):
            with pytest.raises(RemoteError) as refused:
                await caller.call(pattern, ["x"])
            assert refused.value.payload["code"] == "VALIDATION"
        # No attempt but the first: another one would be due in a minute.
        await caller.emit("things.seen", [1])
        await until(lambda: redis.xlen(letters))
    ((_, letter),) = await redis.xrange(letters)
    assert letter["reason"] == "handler" and "name: must be string" in letter["error"]


async def test_a_handler_takes_what_it_names(url: str, prefix: str) -> None:
    service = Service(url, prefix=prefix, group="work")
    service.message("none")(lambda: "none")
    service.message("data")(lambda data, **more: data)
    service.message("both")(lambda data, context: [data, context.pattern])
    with pytest.raises(RedisStreamsError) as refused:
        service.message("three")(lambda data, context, more: None)
    assert refused.value.code == "INVALID_OPTION"
    async with service, Caller(url, prefix=prefix) as caller:
        assert [await caller.call(name, 1) for name in ("none", "data", "both")] == ["none", 1, [1, "both"]]
