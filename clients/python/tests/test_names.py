"""Texts that name something in Redis: halves of surrogate pairs are no UTF-8, and would all be one text there."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from redis_streams_rpc import Caller, RedisStreamsError, Service
from redis_streams_rpc.extra_fields import extra_fields
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.patterns import pattern_text
from redis_streams_rpc.scheduling import event_later
from redis_streams_rpc.version import VERSION

NAMING: dict[str, Callable[[str], Any]] = {
    "pattern": pattern_text,
    "handler": lambda text: Service(group="g").message(text)(lambda data: data),
    "key": lambda text: extra_fields(None, text, None),
    "message id": lambda text: event_later(Keys(), "s", "p", 0, None, text, 300),
    "group": lambda text: Service(group=text),
    "lane": lambda text: Caller(lanes={text: ["p"]}),
    "pattern of a lane": lambda text: Caller(lanes={"lane": [text]}),
}


@pytest.mark.parametrize("name", NAMING)
def test_half_of_a_surrogate_pair_names_nothing(name: str) -> None:
    NAMING[name]("a😀ü")
    for text in ("a\ud800", "\udc00", "\udc00\ud800"):
        with pytest.raises(RedisStreamsError, match=r"INVALID_OPTION.*surrogate"):
            NAMING[name](text)


def test_a_pattern_that_is_no_text_escapes_them() -> None:
    assert pattern_text({"a": "\ud800"}) == '{"a":"\\ud800"}'


def test_the_version_is_that_of_the_package() -> None:
    project = (Path(__file__).parents[1] / "pyproject.toml").read_text()
    assert f'\nversion = "{VERSION}"\n' in project
