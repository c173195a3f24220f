"""The vectors of the protocol: every one of them, both ways where they go both ways."""

import json
import math
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pytest

from redis_streams_rpc import msgpack_codec
from redis_streams_rpc.credit import credit_text, is_credit, read_credit
from redis_streams_rpc.digests import digest
from redis_streams_rpc.entry import Pack, Request, read_entry
from redis_streams_rpc.errors import RedisStreamsError
from redis_streams_rpc.frame import NOTHING, Reply, read_frame
from redis_streams_rpc.header import Header, Malformed, Sender, WindowSize, header_line, read_header
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.patterns import pattern_text
from redis_streams_rpc.places import Lanes
from redis_streams_rpc.rich_json import from_rich, to_rich
from redis_streams_rpc.send_window import SendWindow
from redis_streams_rpc.sequence import End, Sequence, Value
from redis_streams_rpc.shards import class_streams, shard_of, spread_streams, tag_numbers, used_streams
from redis_streams_rpc.texts import write_json
from redis_streams_rpc.values import BigInt, InvalidDate, Map, Set

FILES = Path(__file__).parents[3] / "spec" / "vectors"


def vectors(name: str) -> list[Any]:
    return [pytest.param(item, id=f"{name} {at}") for at, item in enumerate(load(name))]


def load(name: str) -> list[Any]:
    return list(json.loads((FILES / f"{name}.json").read_text())["vectors"])


def told(sender: Sender | None) -> Any:
    return {"call": sender.call, "caller": sender.caller} if sender else None


ELSEWHERE = ["sealed", "outcomes"]
"""In files of their own."""


def test_no_file_of_vectors_is_left_out() -> None:
    text = Path(__file__).read_text()
    assert [file.stem for file in FILES.glob("*.json") if f'"{file.stem}"' not in text] == []


@pytest.mark.parametrize("vector", vectors("headers"))
def test_headers(vector: Any) -> None:
    found = read_header(vector["line"])
    if "reads" not in vector:
        assert isinstance(found, Malformed)
        assert told(found.tells) == vector["tells"]
        return
    assert isinstance(found, Header)
    assert {
        "version": found.version,
        "codec": found.codec,
        "codecName": found.codec_name,
        "call": found.sender and found.sender.call,
        "caller": found.sender and found.sender.caller,
        "timeout": found.timeout,
        "idle": found.idle,
        "once": found.once,
        "depth": found.depth,
        "message": found.message,
    } == vector["reads"]


@pytest.mark.parametrize("vector", vectors("credit"))
def test_credit(vector: Any) -> None:
    if "line" in vector:
        found = read_header(vector["line"])
        assert isinstance(found, Header)
        assert (vars(found.window) if found.window else None) == vector["window"]
        line = header_line("7", "a" * 22, 0, window=found.window)
        assert getattr(read_header(line), "window", None) == found.window
    elif "notice" in vector:
        said = read_credit(vector["notice"])
        assert (said and {"caller": said.caller, "runs": [list(run) for run in said.runs]}) == vector["reads"]
        if said:
            text = credit_text(said.caller, said.runs)
            assert is_credit(text) and read_credit(text) == said
    else:
        window, opens = SendWindow(WindowSize(**vector["window"]), vector["first"]), []
        for step in vector["steps"]:
            for length in step.get("send", []):
                window.sent(length)
            if "credit" in step:
                window.credit(*step["credit"])
            if "open" in step:
                opens.append(window.is_open)
        assert opens == [step["open"] for step in vector["steps"] if "open" in step]


@pytest.mark.parametrize("vector", vectors("entries"))
def test_entries(vector: Any) -> None:
    found = read_entry(vector["fields"])
    if vector.get("malformed"):
        assert isinstance(found, Malformed)
        assert told(found.tells) == vector["tells"]
        return
    assert isinstance(found, Request)
    assert (found.data, found.headers) == (vector["data"], vector.get("headers", {}))
    assert (found.key, found.pattern, found.group) == tuple(vector.get(n) for n in ("key", "pattern", "group"))


@pytest.mark.parametrize("vector", vectors("packs"))
def test_packs(vector: Any) -> None:
    found = read_entry(vector["fields"])
    if vector["calls"] is None:
        assert isinstance(found, Malformed)
        assert found.tells is None
        return
    assert isinstance(found, Pack)
    assert [packed(call) for call in found.calls] == vector["calls"]


def packed(call: Request | Malformed) -> Any:
    if isinstance(call, Malformed):
        return {"malformed": True} | ({"call": call.tells.call} if call.tells else {})
    sender = call.header.sender
    said: dict[str, Any] = ({"call": sender.call} if sender else {}) | {"data": call.data}
    if call.headers:
        said["headers"] = call.headers
    if call.key is not None:
        said["key"] = call.key
    return said


@pytest.mark.parametrize("vector", vectors("frames"))
def test_frames(vector: Any) -> None:
    found = read_frame(vector["frame"])
    if vector["replies"] is None:
        assert found is None
        return
    assert found is not None
    assert found.unreadable == vector["unreadable"]
    for reply, wanted in zip(found.replies, vector["replies"], strict=True):
        names = ("call", "kind", "deliveries", "nonce", "index")
        assert [getattr(reply, name) for name in names] == [wanted[name] for name in names]
        if "fault" in wanted:
            assert (reply.payload["code"], reply.payload["outcome"]) == (wanted["fault"], wanted["outcome"])
        else:
            assert reply.payload == wanted.get("payload", NOTHING)
            assert reply.headers == wanted.get("headers", {})


@pytest.mark.parametrize("vector", vectors("replies"))
def test_replies(vector: Any) -> None:
    sequence, values, end = Sequence(), [], None
    for item in vector["replies"]:
        for seen in sequence.take(item["instance"], Reply("7", *item["reply"])):
            if isinstance(seen, Value):
                values.append(seen.payload)
            else:
                end = seen
    assert values == vector["values"]
    if vector["end"] == "fault":
        assert end and end.fault and (end.fault["code"], end.fault["outcome"]) == (vector["code"], vector["outcome"])
    else:
        assert end == End(error=vector.get("error", NOTHING))


@pytest.mark.parametrize("vector", vectors("patterns"))
def test_patterns(vector: Any) -> None:
    assert pattern_text(vector["pattern"]) == vector["text"]


@pytest.mark.parametrize("vector", vectors("lanes"))
def test_lanes(vector: Any) -> None:
    if "refused" in vector:
        with pytest.raises(RedisStreamsError):
            Lanes(vector["lanes"])
        return
    lanes = Lanes(vector["lanes"])
    assert lanes.stream(vector["pattern"]) == vector["stream"]
    assert lanes.fields(vector["pattern"]) == (["p", vector["pattern"]] if vector["names"] else [])


@pytest.mark.parametrize("vector", vectors("shards"))
def test_shards(vector: Any) -> None:
    assert shard_of(vector["stream"], vector["shards"]) == vector["shard"]


@pytest.mark.parametrize("vector", vectors("tags"))
def test_tags(vector: Any) -> None:
    assert tag_numbers(vector["prefix"], vector["shards"]) == vector["numbers"]


@pytest.mark.parametrize("vector", vectors("spread"))
def test_spread(vector: Any) -> None:
    assert spread_streams(vector["pattern"], vector["shards"]) == vector["streams"]
    assert used_streams(vector["pattern"], vector["shards"], vector["spread"]) == vector["used"]


@pytest.mark.parametrize("vector", vectors("classes"))
def test_classes(vector: Any) -> None:
    assert class_streams(vector["pattern"], vector["shards"]) == (vector["high"], vector["low"])


@pytest.mark.parametrize("vector", vectors("keys"))
def test_keys(vector: Any) -> None:
    keys, kind = Keys(vector["prefix"], vector["tag"]), vector["kind"]
    rest = {name: text for name, text in vector.items() if name not in ("kind", "prefix", "tag", "name")}
    make = getattr(keys, kind, None)
    assert (make(**rest) if make else keys.name(kind, *rest.values())) == vector["name"]


@pytest.mark.parametrize("vector", vectors("digests"))
def test_digests(vector: Any) -> None:
    assert digest(vector["text"]) == vector["digest"]


def value_of(said: Any) -> Any:
    """A value as it is written in spec/README.md."""
    word, inner = said[0], said[1] if len(said) > 1 else None
    if word in ("list", "set"):
        return (Set if word == "set" else list)(value_of(item) for item in inner)
    if word == "object":
        return {key: value_of(item) for key, item in inner}
    if word == "map":
        return Map((value_of(key), value_of(item)) for key, item in inner)
    if word == "date":
        return InvalidDate() if inner is None else time_of(inner)
    if word == "number" and isinstance(inner, str):
        return float(inner)
    plain = {"null": None, "nothing": NOTHING, "boolean": inner, "number": inner, "text": inner}
    return plain[word] if word in plain else {"bytes": bytes.fromhex, "bigint": BigInt}[word](inner)


def time_of(text: str) -> datetime:
    return datetime.strptime(text, "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)


def same(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return repr(one) == repr(other)
    if isinstance(one, dict):
        return type(one) is type(other) and same(list(one.items()), list(other.items()))
    if isinstance(one, list | tuple):
        return type(one) is type(other) and len(one) == len(other) and all(map(same, one, other))
    return type(one) is type(other) and bool(one == other)


@pytest.mark.parametrize("vector", vectors("rich-json"))
def test_rich_json(vector: Any) -> None:
    if "refused" in vector:
        with pytest.raises(ValueError):
            from_rich(vector["refused"])
        return
    value = value_of(vector.get("value") or vector["reads"])
    assert same(from_rich(vector["json"]), value)
    if "value" in vector:
        assert write_json(to_rich(value)) == write_json(vector["json"])


@pytest.mark.parametrize("vector", vectors("msgpack"))
def test_msgpack(vector: Any) -> None:
    if "refused" in vector:
        with pytest.raises(ValueError):
            msgpack_codec.unpack(bytes.fromhex(vector["refused"]))
        return
    value = value_of(vector["value"])
    if not (isinstance(value, float) and math.isnan(value)):
        assert same(msgpack_codec.from_base64(vector["base64"]), value)
    assert msgpack_codec.pack(value).hex() == vector["hex"]
    assert msgpack_codec.to_base64(value) == vector["base64"]
