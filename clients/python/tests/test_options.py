"""What users give: what cannot work is refused where it is given, before anything is sent."""

import math
from typing import Any

import pytest

from redis_streams_rpc import Caller, RedisStreamsError, Service
from redis_streams_rpc.checks import fitting
from redis_streams_rpc.keys import Keys

SERVICE: dict[str, list[Any]] = {
    "group": ["", "a b", "a\u00a0b", "{a}", "a\u0000", None, 1],
    "prefix": ["", "a b", "a}", "\u0085", None],
    "shards": [-1, 257, 1.5, "2", True],
    "concurrency": [0, -1, 100_001, 2.5, "4", True, math.nan],
    "lease": [0, 0.4, 601, "10", math.nan, None],
    "max_deliveries": [0, 1_001, 1.5],
    "attempts": [0, 1_001, None],
    "retry_delay": [-1, 604_801, math.inf, "1"],
    "drain": [-1, 3_601, math.nan],
    "max_payload": [0, 67_108_865, 1e6],
    "max_reply": [0, 67_108_865, "1MB"],
}
CALLER: dict[str, list[Any]] = {
    "prefix": ["", "a{b", "a\tb"],
    "shards": [-1, 257, "2"],
    "timeout": [-1, 0.0001, 2_147_484, math.nan, "10", None, True],
    "when_no_consumer": ["wiat", "", -1, 86_401, math.nan, None, True],
    "max_backlog": [0, -1, 1.5, 1_000_000_001],
    "max_payload": [0, 67_108_865, "1"],
}
CALL: dict[str, list[Any]] = {
    "timeout": [-1, 0.0001, 2_147_484, math.nan, "10", False],
    "idle": [-1, 0.0001, 2_147_484, "1"],
    "when_no_consumer": ["wiat", -1, math.inf, True],
    "delay": [-1, 31_536_001, math.nan, "1"],
    "depth": [-1, 17, 0.5],
    "headers": [{"a": 1}, {1: "a"}, ["a"], "a: b"],
    "key": ["", "k" * 257, 5],
}
EMIT: dict[str, list[Any]] = {
    "expires": [-1, 0.0001, "1"],
    "delay": [-1, math.inf, "1"],
    "message_window": [0, -1, 604_801, "300"],
    "headers": [{"a": None}, "a"],
    "message_id": ["", 7],
    "key": [b"k"],
}


URLS: list[Any] = [
    "",
    "127.0.0.1:6379",
    "http://localhost",
    "redis://me:p#ss@localhost",
    "redis://h:1x",
    None,
    6379,
    [],
    [1],
]


def each(of: dict[str, list[Any]]) -> list[tuple[str, Any]]:
    return [(name, value) for name, values in of.items() for value in values]


def refused(name: str) -> Any:
    """INVALID_OPTION, and the option is named."""
    return pytest.raises(RedisStreamsError, match=f"^INVALID_OPTION .*{name.replace('_id', ' id')}")


@pytest.mark.parametrize(("name", "value"), each(SERVICE))
def test_options_of_a_service(name: str, value: Any) -> None:
    with refused(name):
        Service(**{"group": "g", name: value})


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("made", [Caller, lambda url: Service(url, group="g")])
def test_urls(made: Any, url: Any) -> None:
    with pytest.raises(RedisStreamsError, match=r"^INVALID_OPTION .*URL") as error:
        made(url)
    assert "p#" not in str(error.value)


@pytest.mark.parametrize(("name", "value"), [("retries", -1), ("retries", 1_001), ("retries", "3"), ("spread", 2.0)])
def test_options_of_a_handler(name: str, value: Any) -> None:
    with refused(name):
        Service(group="g").message("p", **{name: value})
    if name == "retries":
        with refused(name):
            Service(group="g").event("p", retries=value)


def test_a_decorator_without_a_pattern() -> None:
    """It would take the handler for the pattern, and nothing would answer."""
    service = Service(group="g")
    for add in (service.message, service.event):
        with pytest.raises(RedisStreamsError, match=r"^INVALID_OPTION .*before its handler"):

            @add
            async def price(order: Any) -> None: ...


@pytest.mark.parametrize(("name", "value"), each(CALLER))
def test_options_of_a_caller(name: str, value: Any) -> None:
    with refused(name):
        Caller(**{name: value})


def connected() -> Caller:
    """It knows where its keys are, and nothing is there."""
    caller = Caller("redis://127.0.0.1:1")
    caller._keys = [Keys()]
    return caller


@pytest.mark.parametrize(("name", "value"), each(CALL))
async def test_options_of_a_call(name: str, value: Any) -> None:
    caller = connected()
    with refused(name):
        await caller.call("p", 1, **{name: value})
    await caller.close()


@pytest.mark.parametrize(("name", "value"), each(EMIT))
async def test_options_of_an_event(name: str, value: Any) -> None:
    caller = connected()
    with refused(name):
        await caller.emit("p", 1, **{name: value})
    await caller.close()


async def test_data_that_services_would_not_read_is_not_sent() -> None:
    caller = connected()
    caller._most = 10
    for data in ("x" * 9, "\u00e4" * 5, "\U0001f600" * 3):
        for sending in (caller.call("p", data), caller.emit("p", data)):
            with pytest.raises(RedisStreamsError, match=r"^PAYLOAD_TOO_LARGE \(not-run\)"):
                await sending
    assert fitting('"\u00e4\u00e4\u00e4\u00e4"', 10)
    await caller.close()


def test_what_is_at_a_bound_may_be_given() -> None:
    Service(group="g" * 128, prefix="\u00e9:\U0001f600", shards=256, concurrency=1, lease=0.5, drain=0, retry_delay=0)
    Service(group="g", lease=600, attempts=1_000, max_deliveries=1, max_payload=67_108_864, drain=3_600)
    Caller(timeout=0, when_no_consumer=0, max_backlog=1)
    Caller(timeout=0.001, when_no_consumer="fail", shards=1)
