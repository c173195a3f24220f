"""Lines of the log: what others wrote in them ends no line and does nothing in a terminal."""

import logging
import re

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Service
from redis_streams_rpc.frame import FAULT, Reply
from redis_streams_rpc.sequence import End, Sequence
from redis_streams_rpc.texts import visible, visible_lines

EVIL = "told\x1b[2J\x9b31m\r\nERROR forged\u202e\ud800"
SEEN = "told\\u001b[2J\\u009b31m\\u000d\\u000aERROR forged\\u202e\\ud800"
UNSEEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]")


def test_texts_that_are_made_visible() -> None:
    assert (visible(EVIL), visible("größe 日本 🙂")) == (SEEN, "größe 日本 🙂")
    assert visible_lines("a\n\tb\r\x1b") == "a\n\tb\\u000d\\u001b"


def test_names_texts_and_stacks_in_lines(caplog: pytest.LogCaptureFixture) -> None:
    log = logging.getLogger("redis_streams_rpc")
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        log.warning("%s, %d times: %s", EVIL, 3, error, exc_info=error)
    assert caplog.messages == [f"{SEEN}, 3 times: {SEEN}"]
    assert "Traceback" in caplog.text and "ValueError: told\\u001b" in caplog.text
    assert not UNSEEN.search(caplog.text)


def test_what_a_service_says_of_a_fault() -> None:
    said = {"code": "REDIS", "message": EVIL, "outcome": "not-run"}
    unsaid = "the service reported a fault"
    for payload, message in ((said, SEEN), ({"message": 1}, unsaid), (None, unsaid)):
        (end,) = Sequence().take("one", Reply("7", FAULT, 1, 1, 0, payload))
        assert isinstance(end, End) and end.fault
        assert end.fault["message"] == message


async def test_the_pattern_of_an_entry(url: str, prefix: str, redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    service, letters = Service(url, prefix=prefix, group="work"), f"{{{prefix}}}:dead:work"
    service.message("echo")(lambda data: data)
    async with service:
        name = EVIL.removesuffix("\ud800")
        await redis.xadd(f"{{{prefix}}}:s:echo", {"c": "1 json - - 0", "d": "{", "p": name})
        await until(lambda: redis.xlen(letters))
        await until(lambda: "became dead letter" in caplog.text)
    ((_, letter),) = await redis.xrange(letters)
    assert letter["pattern"] == name
    assert SEEN.removesuffix("\\ud800") in caplog.text
    assert not UNSEEN.search(caplog.text)
