"""Giving up calls, with a stand-in for Redis."""

import asyncio
import time
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import until
from redis.exceptions import ConnectionError as RedisConnectionError

from redis_streams_rpc import Caller, RedisStreamsError, giving_up
from redis_streams_rpc.connections import Memory
from redis_streams_rpc.giving_up import AT_ONCE, PAGE, RESOLUTION, GivingUp
from redis_streams_rpc.keys import Keys

CALLER = "a" * 22


def calls(number: int) -> list[Any]:
    memory = Memory("m", "1")
    return [SimpleNamespace(entry=f"{at}-0", stream="s", memory=memory, copies=1) for at in range(number)]


class Stand:
    """Says the same verdict of each call, once `open` is set."""

    def __init__(self, verdict: str) -> None:
        self.verdict, self.open = verdict, asyncio.Event()
        self.open.set()
        self.pages: list[int] = []
        self.notices: dict[str, list[str]] = {}
        self.most = self._now = 0

    async def run(self, _redis: Any, name: str, keys: list[str], args: list[Any]) -> Any:
        if name == "abort":
            self.notices.setdefault(keys[0], []).extend(args[1:])
            return 1
        self._now += 1
        self.most = max(self.most, self._now)
        try:
            await self.open.wait()
            await asyncio.sleep(0)
        finally:
            self._now -= 1
        self.pages.append((len(keys) - 2) // 4)
        return ["1", "m", "0-0", *[self.verdict] * self.pages[-1]]


def made(stand: Any, monkeypatch: pytest.MonkeyPatch) -> GivingUp:
    monkeypatch.setattr(giving_up, "run", stand.run)
    return GivingUp(None, Keys("p"), CALLER, None)  # type: ignore[arg-type]


async def test_calls_of_one_turn_are_decided_in_pages_and_a_few_pages_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    stand = Stand("not-run")
    asking = made(stand, monkeypatch)
    outcomes = await asyncio.gather(*(asking.ask(call) for call in calls(20 * PAGE + 1)))
    assert set(outcomes) == {"not-run"}
    assert (sorted(stand.pages), stand.most) == ([1, *[PAGE] * 20], AT_ONCE)


async def test_nobody_waits_for_a_redis_that_does_not_answer_and_owners_are_told_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stand = Stand("may other")
    stand.open.clear()
    asking, at = made(stand, monkeypatch), time.monotonic()
    assert set(await asyncio.gather(*map(asking.outcome, calls(3)))) == {"may-have-run"}
    assert time.monotonic() - at < RESOLUTION + 2
    assert not stand.notices
    stand.open.set()
    await asking.close()
    assert stand.notices == {"{p}:inbox:other": ['["s","0-0"]', '["s","1-0"]', '["s","2-0"]']}


async def test_what_is_known_where_redis_is_away_or_has_another_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    async def lost(*_: Any) -> Any:
        raise RedisConnectionError

    asking, (one, two, three) = made(Stand("not-run"), monkeypatch), calls(3)
    two.memory, three.copies = Memory("other", "1"), 2
    assert [await asking.outcome(call) for call in (one, two, three)] == ["not-run", "may-have-run", "may-have-run"]
    monkeypatch.setattr(giving_up, "run", lost)
    assert await asking.outcome(one) == "may-have-run"


async def test_closing_decides_about_the_calls_that_wait(url: str, prefix: str) -> None:
    async with Caller(url, prefix=prefix) as caller:
        task = asyncio.create_task(caller.call("nobody", 1, when_no_consumer="wait"))
        await until(lambda: any(call.entry for line in caller._lines.values() for call in line.calls.values()))
    with pytest.raises(RedisStreamsError) as error:
        await task
    assert (error.value.code, error.value.outcome) == ("CLOSED", "not-run")
