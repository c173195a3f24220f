"""Batches, with a stand-in for Redis."""

import asyncio
from collections.abc import AsyncIterator, Callable
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError

from redis_streams_rpc import RedisStreamsError, sending
from redis_streams_rpc.connections import Memory
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.sending import STORE, Item, Sender

Answers = list[Any]


class Stand:
    """Answers hellos and batches from lists; an error is raised. What was sent is in `sent`."""

    def __init__(self) -> None:
        self.answers: Answers = []
        self.hellos: Answers = []
        self.sent: list[list[Any]] = []
        self.memory = Memory("m1", "1")
        self.connection_pool = SimpleNamespace(disconnect=self._disconnect)

    async def _disconnect(self) -> None:
        pass

    async def hello(self, *_: Any) -> Memory:
        if self.hellos:
            self._say(self.hellos)
        return self.memory

    async def run(self, _redis: Any, _name: str, _keys: list[str], args: list[Any]) -> str:
        self.sent.append(args)
        return str(self._say(self.answers))

    def _say(self, answers: Answers) -> Any:
        said = answers.pop(0)
        if callable(said):
            said = said()
        if isinstance(said, Exception):
            raise said
        return said

    def versions(self) -> list[tuple[int, int, int]]:
        """Epochs, numbers and versions of what was sent."""
        return [(args[0], args[1], args[2]) for args in self.sent]


@pytest.fixture
def stand(monkeypatch: pytest.MonkeyPatch) -> Stand:
    made = Stand()
    monkeypatch.setattr(sending, "run", made.run)
    monkeypatch.setattr(sending, "hello", made.hello)
    return made


@pytest.fixture
async def sender(stand: Stand) -> AsyncIterator[Sender]:
    made = Sender(stand, Keys("p"), "c" * 22, 100, lambda: "0-0")  # type: ignore[arg-type]
    yield made
    await made.close()


def item(is_over: Callable[[], bool] = lambda: False, fields: Callable[[], list[str]] = lambda: ["c", "x"]) -> Item:
    return Item("s", "live", STORE, fields, is_over, 1)


async def told(one: Item) -> tuple[str, str]:
    with pytest.raises(RedisStreamsError) as error:
        await asyncio.wait_for(one.stored, 10)
    return error.value.code, error.value.outcome


async def test_an_outage_that_is_longer_than_the_call_ends_no_sender(stand: Stand, sender: Sender) -> None:
    over: list[bool] = []

    def lost() -> Exception:
        over.append(True)
        return RedisConnectionError()

    stand.answers = [lost, "ok 1000 1 ", "ok 1000 0 5-0:1"]
    first = item(is_over=lambda: bool(over))
    sender.add(first)
    assert await told(first) == ("TIMEOUT", "not-run")
    second = item()
    sender.add(second)
    assert await asyncio.wait_for(second.stored, 10) == ("5-0", Memory("m1", "1"))
    assert stand.versions() == [(1, 1, 0), (1, 1, 1), (1, 2, 0)]


async def test_what_nobody_foresaw_fails_its_batch_only(stand: Stand, sender: Sender) -> None:
    def broken() -> list[str]:
        raise ValueError("no fields")

    stand.answers = ["ok 1000 0 6-0:1"]
    first = item(fields=broken)
    sender.add(first)
    assert await told(first) == ("REDIS", "not-run")
    second = item()
    sender.add(second)
    assert (await asyncio.wait_for(second.stored, 10))[0] == "6-0"
    assert stand.versions() == [(2, 1, 0)]


async def test_an_entry_that_two_memories_may_have_had_is_of_no_known_memory(stand: Stand, sender: Sender) -> None:
    def restarts() -> Exception:
        stand.memory = Memory("m2", "2")
        return RedisConnectionError()

    stand.answers = [restarts, "done 1000 0 5-0:1", RedisConnectionError(), "done 1000 0 6-0:1"]
    first, second = item(), item()
    sender.add(first)
    assert await asyncio.wait_for(first.stored, 10) == ("5-0", None)
    sender.add(second)
    assert await asyncio.wait_for(second.stored, 10) == ("6-0", Memory("m2", "2"))


async def test_what_was_never_sent_has_not_run(stand: Stand, sender: Sender) -> None:
    over: list[bool] = []

    def away() -> Exception:
        over.append(True)
        return RedisConnectionError()

    stand.hellos = [away, "x"]
    one = item(is_over=lambda: bool(over))
    sender.add(one)
    assert await told(one) == ("TIMEOUT", "not-run")
    assert not stand.sent


async def test_what_is_over_while_its_connection_is_made_is_not_sent(stand: Stand, sender: Sender) -> None:
    """Its caller was told that it has not run."""
    over: list[bool] = []
    stand.hellos = [lambda: over.append(True)]
    one = item(is_over=lambda: bool(over))
    sender.add(one)
    assert await told(one) == ("TIMEOUT", "not-run")
    assert not stand.sent
