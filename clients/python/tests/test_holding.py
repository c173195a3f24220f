"""What an instance holds, with a stand-in for its member: reading, starting, ending."""

import asyncio
from datetime import timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError

from redis_streams_rpc import RetryLater, intake, settling
from redis_streams_rpc.answers import LONGEST_RESULT
from redis_streams_rpc.backoff import backoff
from redis_streams_rpc.connections import Clock
from redis_streams_rpc.delivery import Delivery, deliveries_of, read_note
from redis_streams_rpc.ending import Ending, Over
from redis_streams_rpc.entry import Request
from redis_streams_rpc.errors import RedisStreamsError
from redis_streams_rpc.handlers import Handlers
from redis_streams_rpc.header import Header, Malformed, Sender
from redis_streams_rpc.inbox import read_notice
from redis_streams_rpc.intake import Intake
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.letters import LONGEST_FIELD, of_entry
from redis_streams_rpc.packs import Packs
from redis_streams_rpc.pauses import _read
from redis_streams_rpc.results import read_result
from redis_streams_rpc.settling import Outcome, Settling
from redis_streams_rpc.starting import Starting
from redis_streams_rpc.tallies import Tallies

A, B = "a" * 22, "b" * 22
DEEP = "[" * 100_000


def delivery(caller: str = A, **more: Any) -> Delivery:
    request = Request(Header(1, "json", None, Sender("7", caller), 0), "1", {})
    return Delivery("g", "s", "1-0", request, "s", 1, read_note(""), [], 0, "m", **more)


class Member:
    """Answers scripts from a list; an error is raised."""

    group, consumer, doubt = "g", "me", 0

    def __init__(self, answers: list[Any]) -> None:
        self.answers, self.asked = answers, list[list[Any]]()
        self.keys, self.clock, self.lost = Keys("p"), Clock(), asyncio.Event()
        self.options = SimpleNamespace(max_deliveries=3, sealing=None)
        self.refused: list[Exception] = []
        self.cancelled: list[tuple[str, str]] = []
        self.tallies = Tallies(Handlers())
        self.running = SimpleNamespace(cancel=lambda *which: self.cancelled.append(which))

    async def script(self, _name: str, keys: list[str], args: list[Any]) -> Any:
        self.asked.append([*keys, *args])
        said = self.answers.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    async def after(self, error: Exception) -> None:
        self.refused.append(error)

    async def renew(self, take: bool = False) -> None:
        await self.script("lease", [], [])

    def fenced(self) -> None:
        self.lost.set()


@pytest.mark.parametrize("field", ["d", "k", "h"])
@pytest.mark.parametrize("codec", ["json", "text"])
def test_a_pack_that_is_nested_without_end(field: str, codec: str) -> None:
    texts = {"d": '"x"', field: DEEP}
    flat = ["c", f"1 pack.{codec} 1 {A} 0", "m", "1"]
    for name, text in texts.items():
        flat += [name, f"[{text}]"]
    found = deliveries_of("g", "s", "1-0", flat, 1, "", None, 0, "m")
    is_data = field == "d" and codec == "json"
    assert [isinstance(one.request, Malformed) for one in found] == [not is_data]
    assert found[0].sender == Sender("1", A)


def test_texts_that_are_nested_without_end() -> None:
    assert read_notice(DEEP) is None
    assert _read(DEEP) == {}
    assert read_result(DEEP) is None


@pytest.mark.parametrize("until", ["1e400", '"soon"', "true", "null"])
def test_a_pause_whose_end_is_no_time_has_none(until: str) -> None:
    assert _read(f'{{"until":{until},"refuse":true}}') == {"refuse": True}
    assert _read('{"until":17}') == {"until": 17}


def test_halves_of_surrogate_pairs_in_a_pack_are_replaced_as_javascript_does() -> None:
    flat = ["c", f"1 pack.text 2 {A} 0", "m", "1,2", "d", '["a\\ud800b",\n"\\ud83d\\ude00"]']
    found = [one.request for one in deliveries_of("g", "s", "1-0", flat, 1, "", None, 0, "m")]
    assert [one.data for one in found if isinstance(one, Request)] == ["a\ufffdb", "\U0001f600"]


def test_an_entry_that_fails_to_be_read_becomes_a_malformed_one(monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[Delivery] = []
    running = SimpleNamespace(holds=lambda *_: False, take=taken.extend, handling=SimpleNamespace(packs=Packs(1)))
    reader: Any = Intake(SimpleNamespace(running=running), "g", {"s": "r"}, None)  # type: ignore[arg-type]

    def fails(*_: Any) -> Any:
        raise RecursionError

    monkeypatch.setattr(intake, "deliveries_of", fails)
    reader.accept("s", "1-0", ["c", "x"], 2, "5 1 x", None, 0, "m")
    assert [type(one.request) for one in taken] == [Malformed]
    assert (taken[0].deliveries, taken[0].note.attempts) == (2, 1)


def test_notes_with_numbers_without_end() -> None:
    assert read_note("9" * 5_000 + " 1 x") == read_note("")


def test_results_of_keys() -> None:
    assert read_result('[[0,1],[5,["b64:x","y"]],[2]]') is not None
    assert read_result("[]") == []
    for wrong in ("", "{", "{}", "[1]", "[[]]", "[[0,1]]", "[[1,2,3]]", "[[4,{}]]", "[[[],1]]", '[["1"]]', "[[1],[1]]"):
        assert read_result(wrong) is None, wrong


def test_pauses_between_attempts_have_a_bound() -> None:
    assert [backoff(1, attempts) for attempts in (1, 2, 7, 5_000)] == [1, 2, 60, 60]
    assert (backoff(90, 3), backoff(0, 10**15)) == (90, 0)


def test_when_a_handler_may_want_to_run_again() -> None:
    assert RetryLater(timedelta(minutes=2)).seconds == 120
    for wrong in (-1, float("nan"), float("inf"), "soon", 10**9):
        with pytest.raises(RedisStreamsError):
            RetryLater(wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize(("was_marked", "letter"), [(True, ".t"), (False, ".T")])
async def test_a_mark_that_was_there_is_never_taken_for_its_own(was_marked: bool, letter: str) -> None:
    """An earlier instance has started it, so a repeat must not be granted."""
    member = Member([RedisConnectionError(), "ok .1"])
    starting = Starting(member)  # type: ignore[arg-type]
    await starting._mark(delivery(size=2, place=1, was_marked=was_marked), True)
    assert [asked[-3] for asked in member.asked] == [".t", letter]


def test_letters_of_a_pack_are_kept() -> None:
    flat = ["c", f"1 pack.json 2 {A} 0", "m", "1,2", "d", "[1,\n2]"]
    found = deliveries_of("g", "s", "1-0", flat, 2, "", ["t."], 0, "m")
    assert [one.was_marked for one in found] == [True, False]


async def settled(member: Member, *outcomes: Outcome) -> None:
    settling_: Any = Settling(member)  # type: ignore[arg-type]
    await asyncio.wait_for(settling_._settle(list(outcomes)), 10)


async def test_only_the_callers_whose_logs_are_full_lose_replies() -> None:
    member = Member(["full 2", "ok"])
    first, second = (Outcome(delivery(caller), f'["7",1,1,1,0,"of {caller}"]') for caller in (A, B))
    await settled(member, first, second)
    frames = [arg for arg in member.asked[1] if str(arg).startswith("1 me ")]
    assert f"of {A}" in frames[0]
    assert "REPLY_LOST" in frames[1] and "REPLY_LOST" not in frames[0]


async def test_values_of_a_checked_settlement_heed_full_logs() -> None:
    member = Member(["full 1", "ok"])
    value = Outcome(delivery(), '["7",0,1,1,0,"x"]', ends=False)
    member.doubt = 1
    await settled(member, value)
    assert "REPLY_LOST" in str(member.asked[1]) and "REPLY_LOST" not in str(member.asked[0])
    care = [asked[[str(arg)[:5] for arg in asked].index("1 me ") + 2] for asked in member.asked]
    assert care == ["0", "1"]
    assert member.cancelled == [("s", "1-0")]


async def test_a_stream_whose_value_is_lost_is_cancelled() -> None:
    """Its caller has heard the end, and asks for no further value."""
    member = Member(["full 1", "ok"])
    last = delivery(B)
    last.id = "2-0"
    await settled(member, Outcome(delivery(), '["7",0,1,1,0,"x"]', ends=False), Outcome(last, '["7",1,1,1,0]'))
    assert member.cancelled == [("s", "1-0")]


async def test_a_checked_settlement_has_a_fault_for_a_full_log() -> None:
    member = Member(["ok", "ok"])
    member.doubt = 1
    await settled(member, Outcome(delivery(), '["7",1,1,1,0,"x"]'), Outcome(delivery()))
    frame, lost = [str(arg) for arg in member.asked[0] if str(arg).startswith("1 me ")]
    assert "REPLY_LOST" in lost and "REPLY_LOST" not in frame
    assert "REPLY_LOST" not in str(member.asked[1])


async def test_settling_insists(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where Redis refuses to write, or to renew the lease."""
    monkeypatch.setattr(settling.Pauses, "wait", lambda _: asyncio.sleep(0))
    member = Member([ResponseError("MISCONF x"), "missing", ResponseError("NOREPLICAS x"), "ok"])
    await settled(member, Outcome(delivery(), '["7",1,1,1,0]'))
    assert [str(error) for error in member.refused] == ["MISCONF x", "NOREPLICAS x"]
    assert not member.lost.is_set()


async def test_one_that_is_over_is_not_marked() -> None:
    with pytest.raises(Over):
        await Starting(Member(["ok .0"]))._mark(delivery(size=2, place=1), True)  # type: ignore[arg-type]


@pytest.mark.parametrize(("deliveries", "asked"), [(3, ".T"), (4, ".t")])
async def test_a_mark_of_an_instance_that_left_by_itself_ends_nothing(deliveries: int, asked: str) -> None:
    """Only after the last permitted delivery a mark says what has ended its instances."""
    one, member = delivery(size=2, place=1, was_marked=True), Member(["ok .1"])
    one.deliveries = deliveries
    await Starting(member)._mark(one, False)  # type: ignore[arg-type]
    assert asked in member.asked[0]


@pytest.mark.parametrize(("key", "stamp"), [("k", "d"), (f"{A}/7", "d@1000")])
async def test_what_is_stored_under_a_key(key: str, stamp: str) -> None:
    settled_: list[Outcome] = []

    async def settle(outcome: Outcome) -> None:
        settled_.append(outcome)

    member = Member([])
    member.settling = SimpleNamespace(settle=settle, post=settled_.append)  # type: ignore[attr-defined]
    member.options.max_reply = 4_000_000
    for size in (100, LONGEST_RESULT - 8, LONGEST_RESULT):
        one = delivery(key_record="record", digest="d")
        one.id, one.request = "1000-0", Request(one.request.header, "1", {}, key)  # type: ignore[union-attr]
        await Ending(member).complete(one, 1, "x" * size)  # type: ignore[arg-type]
    results = [outcome.result for outcome in settled_]
    assert results[0] == f'={stamp} [[1,"{"x" * 100}"]]'
    assert results[1:] == ["-", "-"]


def test_long_fields_of_dead_letters_are_as_long_as_those_of_nest() -> None:
    names = of_entry(["d", "x" * (LONGEST_FIELD + 1)])
    assert names[0::2] == ["d-sha256", "d-begins"]
    assert len(names[3]) == 4_096
