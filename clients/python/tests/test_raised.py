"""What dead letters keep of what was raised, and what callers are told of it."""

import enum
from collections.abc import Callable
from typing import Any

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Caller, DeadLetter, HandlerError, RedisStreamsError, RemoteError, RetryLater, Service
from redis_streams_rpc.letters import LONGEST_FIELD, of_entry
from redis_streams_rpc.raised import letter_fields, text_of
from redis_streams_rpc.texts import units


class Coded(Exception):
    def __init__(self, code: Any) -> None:
        super().__init__()
        self.code = code


class Rude(Exception):
    def __str__(self) -> str:
        raise RuntimeError

    @property
    def code(self) -> str:
        raise RuntimeError


class Words(str, enum.Enum):
    GONE = "gone"


class Numbers(enum.IntEnum):
    GONE = 410


def raised(error: BaseException, cause: BaseException | None = None) -> dict[str, str]:
    try:
        raise error from cause
    except BaseException as found:
        fields = letter_fields(found)
    return dict(zip(fields[::2], fields[1::2], strict=True))


@pytest.mark.parametrize(
    ("code", "kept"),
    [
        ("E1", "E1"),
        (7, "7"),
        (1.5, "1.5"),
        (Words.GONE, "gone"),
        (Numbers.GONE, "410"),
        (True, None),
        (None, None),
        (len, None),
        ([1], None),
    ],
)
def test_a_code_is_a_text_or_a_number(code: Any, kept: str | None) -> None:
    assert raised(Coded(code)).get("error-code") == kept


def test_a_code_that_python_does_not_write() -> None:
    assert raised(Coded(10**5_000)).get("error-code") in (None, "1" + "0" * 127)


def test_an_error_of_the_system_has_the_name_of_its_number() -> None:
    told = raised(ConnectionRefusedError(111, "refused"))
    assert (told["error-name"], told["error-code"]) == ("ConnectionRefusedError", "ECONNREFUSED")


def test_a_stack_and_those_of_its_causes() -> None:
    told = raised(ValueError("no"), KeyError("why"))["error-stack"]
    own, cause = told.split("\ncaused by: ")
    assert own.startswith("Traceback") and "test_raised.py" in own and own.endswith("ValueError: no")
    assert cause == "KeyError: 'why'"
    assert "error-stack" not in letter_fields(ValueError("never raised"))


def test_bounds_are_those_of_nest() -> None:
    wide = type("\U0001f600" * 100, (Coded,), {})
    told = raised(wide("\U0001f600" * 3_000), Exception("x" * 9_000))
    assert {name: units(text) for name, text in told.items()} == {
        "error-name": 128,
        "error-code": 128,
        "error-stack": 4_096,
    }
    assert told["error-code"] == "\U0001f600" * 64
    assert (units(text_of(Exception("y" * 9_000))), text_of(Coded(1))) == (1_024, "Coded")
    # A half of a pair at the end is what UTF-8 has for it.
    assert raised(Coded("x" + "\U0001f600" * 100))["error-code"] == "x" + "\U0001f600" * 63 + "\ufffd"
    assert raised(Coded("\ud800"))["error-code"] == "\ufffd"


def test_causes_end() -> None:
    first, second = ValueError("first"), ValueError("second")
    first.__cause__ = second
    told = raised(second, first)["error-stack"]
    assert told.count("caused by: ") == 4


def test_an_exception_that_raises_when_it_is_asked() -> None:
    told = raised(Rude())
    assert (text_of(Rude()), told["error-name"], "error-code" in told) == ("Rude", "Rude", False)


@pytest.mark.parametrize("made", [DeadLetter, RetryLater])
def test_of_an_instruction_the_cause_is_kept(made: Callable[[], Exception]) -> None:
    assert raised(made()) == {}
    told = raised(made(), Coded("E1"))
    assert (told["error-name"], told["error-code"]) == ("Coded", "E1")


def test_only_fields_of_entries_are_kept() -> None:
    entry = ["c", "1 json - - 0", "d", "1", "error-stack", "forged", "reason", "forged", "d", "2", "g", "work"]
    assert of_entry(entry) == ["c", "1 json - - 0", "d", "1", "g", "work"]
    begins = of_entry(["d", "\U0001f600" * LONGEST_FIELD])
    assert (begins[0::2], units(begins[3])) == (["d-sha256", "d-begins"], 4_096)


async def test_letters_have_what_was_raised_and_callers_do_not(url: str, prefix: str, redis: Redis) -> None:
    service = Service(url, prefix=prefix, group="work", retry_delay=0.01)

    @service.message("do", retries=2)
    async def fails(data: str) -> None:
        try:
            raise ConnectionRefusedError(111, "secret")
        except OSError as error:
            if data == "told":
                raise HandlerError({"code": "NO"}) from error
            if data == "hopeless":
                raise DeadLetter("hopeless") from error
            if data == "later":
                raise RetryLater(0.01) from error
            raise

    service.event("do")(fails)
    calls: dict[str, Any] = {}
    async with service, Caller(url, prefix=prefix) as caller:
        for data in ("plain", "told", "hopeless", "later"):
            with pytest.raises((RemoteError, RedisStreamsError)) as found:
                await caller.call("do", data)
            calls[data] = found.value
        await caller.emit("do", "event")
        await until(lambda: redis.xlen(f"{{{prefix}}}:dead:work"))

        async def all_letters() -> Any:
            entries = await redis.xrange(f"{{{prefix}}}:dead:work")
            return len(entries) == 5 and {fields["d"].strip('"'): fields for _, fields in entries}

        letters = await until(all_letters)
    assert calls["plain"].payload == {"status": "error", "message": "Internal server error"}
    assert calls["told"].payload == {"code": "NO"}
    assert calls["hopeless"].code == calls["later"].code == "DEAD_LETTERED"
    assert "hopeless" in calls["hopeless"].message
    assert not any("secret" in str(error) for error in calls.values())
    for data in ("plain", "hopeless", "later", "event"):
        kept = letters[data]
        assert (kept["error-name"], kept["error-code"]) == ("ConnectionRefusedError", "ECONNREFUSED")
        assert "in fails" in kept["error-stack"] and "secret" in kept["error-stack"]
    assert letters["told"]["error-name"] == "HandlerError"
    assert "caused by: Traceback" in letters["told"]["error-stack"]
