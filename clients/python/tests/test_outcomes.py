"""What becomes of entries, by the vectors."""

import json
from pathlib import Path
from typing import Any

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Service
from redis_streams_rpc.frame import FAULT, read_frame
from redis_streams_rpc.keys import Keys

FILE = Path(__file__).parents[3] / "spec" / "vectors" / "outcomes.json"
VECTORS = [pytest.param(one, id=one["name"]) for one in json.loads(FILE.read_text())["vectors"]]
CALLER = "AbCdEfGhIjKlMnOpQrStUv"


@pytest.mark.parametrize("vector", VECTORS)
async def test_outcomes(vector: dict[str, Any], url: str, prefix: str, redis: Redis) -> None:
    service, keys, ran = Service(url, group="orders", prefix=prefix), Keys(prefix), list[str]()
    service.message("orders.price")(lambda data: ran.append("orders.price"))
    service.event("orders.placed")(lambda data: ran.append("orders.placed"))
    stream, fields = keys.stream(vector["stream"]), vector["fields"]
    async with service:
        added = await redis.xadd(stream, dict(zip(fields[::2], fields[1::2], strict=True)), vector.get("id", "*"))

        async def has_ended() -> bool:
            (group,) = await redis.xinfo_groups(stream)
            return bool(group["last-delivered-id"] == added and not group["pending"])

        await until(has_ended)
        found: dict[str, Any] = {"runs": " ".join(ran)} if ran else {}
        for _, record in await redis.xrange(keys.log(CALLER)):
            frame = read_frame(record["f"])
            assert frame
            for reply in frame.replies:
                assert reply.call == "7"
                if reply.kind == FAULT:
                    found["fault"] = {name: reply.payload[name] for name in ("code", "outcome")}
                else:
                    found["replies"] = True
        for _, letter in await redis.xrange(keys.name("dead", "orders")):
            found["letter"] = letter["reason"]
        assert found == {name: vector[name] for name in ("runs", "replies", "fault", "letter") if name in vector}
