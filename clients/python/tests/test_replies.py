"""What a caller makes of replies, with a stand-in for Redis."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import until
from redis.exceptions import (
    AuthenticationError,
    MasterDownError,
    OutOfMemoryError,
    ReadOnlyError,
    ResponseError,
    TryAgainError,
)
from redis.exceptions import ConnectionError as RedisConnectionError

from redis_streams_rpc import connections, reply_log
from redis_streams_rpc.calls import Call
from redis_streams_rpc.connections import LOST, Memory, hello, is_passing, now
from redis_streams_rpc.frame import FAULT, Frame, Reply, read_frame
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.line import Line
from redis_streams_rpc.reply_log import ReplyLog
from redis_streams_rpc.sending import Item
from redis_streams_rpc.sequence import MOST_WAITING, End, Sequence, Value
from redis_streams_rpc.steady import steadily


def call() -> Call:
    return Call("7", "p", "p", None, now() + 60_000, 0, False, 1, lambda _: [])  # type: ignore[arg-type]


def test_a_fault_whose_code_is_no_text() -> None:
    frame = read_frame('1 x [["7",4,1,1,0,{"code":[],"outcome":[]}]]')
    assert frame
    seen = Sequence().take("x", frame.replies[0])
    assert [item.fault and item.fault["code"] for item in seen if isinstance(item, End)] == ["REDIS"]


class Log:
    """A log that is read once, and a list of all commands."""

    def __init__(self, frames: list[str]) -> None:
        # Of a field that stands twice the first counts.
        self.entries = [(f"{at}-0", ["f", frame, "f", "no frame"]) for at, frame in enumerate(frames, 1)]
        self.said: list[tuple[Any, ...]] = []
        self.connection_pool = SimpleNamespace(disconnect=lambda: asyncio.sleep(0))

    async def run(self, *_: Any) -> str:
        return "0-1"

    async def command(self, _redis: Any, *words: Any) -> Any:
        self.said.append(words)
        if words[0] == "XREAD" and self.entries:
            entries, self.entries = self.entries, []
            return [["log", entries]]
        if words[0] == "XREAD":
            await asyncio.sleep(60)
        return None


async def read(monkeypatch: pytest.MonkeyPatch, frames: list[str], take: Any) -> tuple[Log, int]:
    """Reads frames to their end; says how often the log was in doubt."""
    log, doubts = Log(frames), list[int]()
    monkeypatch.setattr(reply_log, "run", log.run)
    monkeypatch.setattr(reply_log, "command", log.command)
    reader = ReplyLog(log, "log", take, lambda: doubts.append(1))  # type: ignore[arg-type]
    await asyncio.wait_for(reader.has_read(f"{len(frames)}-0"), 10)
    await until(lambda: len([words for words in log.said if words[0] == "XREAD"]) == 2, 10)
    await reader.close()
    return log, len(doubts)


async def test_a_frame_that_cannot_be_handed_on_is_a_doubt_and_no_end(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[str] = []

    def take(frame: Frame) -> None:
        if frame.replies[0].call == "1":
            raise TypeError("unhashable")
        seen.append(frame.replies[0].call)

    frames = [f'1 x [["{number}",2,1,1,0]]' for number in (1, 2)]
    assert (await read(monkeypatch, frames, take))[1] == 1
    assert seen == ["2"]


async def test_a_log_of_which_much_was_read_is_trimmed(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [f'1 x [["1",0,1,1,{at},"{"x" * 1_048_576}"]]' for at in range(5)]
    log, _ = await read(monkeypatch, frames, lambda frame: None)
    assert [words for words in log.said if words[0] == "XTRIM"] == [("XTRIM", "log", "MINID", "5-0")]


async def test_a_task_that_fails_is_begun_again() -> None:
    tries: list[int] = []

    async def work() -> None:
        tries.append(1)
        if len(tries) < 3:
            raise ValueError

    await asyncio.wait_for(steadily(work, "a test"), 10)
    assert len(tries) == 3


def test_what_passes() -> None:
    assert all(map(is_passing, [TryAgainError("x"), MasterDownError("x"), ReadOnlyError("x"), ResponseError("BUSY x")]))
    assert not is_passing(ResponseError("MISCONF x"))
    assert not is_passing(AuthenticationError("invalid username-password pair or user is disabled."))
    assert issubclass(asyncio.TimeoutError, LOST)


async def test_a_hello_to_a_redis_that_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    async def run(_redis: Any, name: str, *_: Any) -> list[str]:
        asked.append(name)
        if name == "hello":
            raise OutOfMemoryError("command not allowed when used memory > 'maxmemory'.", status_code="OOM")
        return ["m", "1", "2"]

    monkeypatch.setattr(connections, "run", run)
    said = await hello(None, Keys("p"), connections.Clock())  # type: ignore[arg-type]
    assert (asked, said) == (["hello", "hello-when-full"], Memory("m", "1"))


def fault_of(one: Call) -> str | None:
    seen = one._seen[0]
    return seen.fault["outcome"] if isinstance(seen, End) and seen.fault else None


def test_of_a_call_that_was_stored_twice_nobody_says_that_it_did_not_run() -> None:
    line: Any = Line.__new__(Line)
    line.log, line.store = SimpleNamespace(lost_at=-1.0), lambda *_: None
    once, twice, unknown = call(), call(), call()
    line._lost(twice, "0", "2", has_log=True)
    stored: asyncio.Future[Any] = asyncio.Future(loop=asyncio.new_event_loop())
    stored.set_result(("1-0", None))
    line._stored(unknown, "0", 0, stored)
    for one in (once, twice, unknown):
        one.fail("PAUSED", "an operator has paused it", "not-run")
    assert [fault_of(one) for one in (once, twice, unknown)] == ["not-run", "may-have-run", "may-have-run"]


def test_a_call_that_nobody_waits_for_is_not_sent() -> None:
    line: Any = Line.__new__(Line)
    added: list[Item] = []
    line.keys, line.sender = Keys("p"), SimpleNamespace(add=added.append)
    loop, one = asyncio.new_event_loop(), call()

    async def store() -> None:
        line.store(one, "0", 0)

    loop.run_until_complete(store())
    loop.close()
    assert not added[0].is_over()
    line.leave(one)
    assert added[0].is_over()


async def test_asking_goes_on_when_an_answer_does_not_come() -> None:
    """What `asyncio.wait_for` raises is a lost answer on every version of Python."""
    with pytest.raises(LOST):
        await asyncio.wait_for(asyncio.sleep(60), 0.01)
    assert isinstance(RedisConnectionError(), LOST)


def test_values_that_wait_for_a_missing_one_have_a_bound() -> None:
    found = Sequence()
    for index in range(1, MOST_WAITING + 1):
        assert found.take("x", Reply("7", 0, 1, 1, index, "a")) == []
    ((end),) = found.take("x", Reply("7", 0, 1, 1, MOST_WAITING + 1, "a"))
    assert isinstance(end, End) and end.fault and (end.fault["code"], end.is_broken) == ("REPLY_LOST", True)


def test_the_missing_value_comes_when_as_many_wait_for_it_as_may() -> None:
    found = Sequence()
    for index in range(1, MOST_WAITING + 1):
        assert found.take("x", Reply("7", 0, 1, 1, index, index)) == []
    seen = found.take("x", Reply("7", 0, 1, 1, 0, 0))
    assert [item.payload for item in seen if isinstance(item, Value)] == list(range(MOST_WAITING + 1))


@pytest.mark.parametrize("number", ["1e400", "-1e400", "1" + "0" * 400])
def test_numbers_that_are_not_finite_make_no_run(number: str) -> None:
    for parts in (f"5,1,{number},0", f"5,1,1,{number}", f"5,{number},1,0", f"{number},1,1,0"):
        frame = read_frame(f'1 x [["7",{parts},["text:sealed","a"]]]')
        assert frame
        ((reply),) = frame.replies
        assert (reply.kind, reply.payload["code"], reply.deliveries, reply.nonce, reply.index) == (
            *(FAULT, "INVALID_MESSAGE"),
            *(0 if said == number else int(said) for said in parts.split(",")[1:]),
        )
