"""Dead letters of calls that came in a pack: each as if it had been an entry of its own."""

from typing import Any

from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import DeadLetter, Service
from redis_streams_rpc.entry import Request, read_entry

CALLER = "AbCdEfGhIjKlMnOpQrStUv"


async def test_a_letter_has_the_headers_the_key_and_the_flags_of_its_call(url: str, prefix: str, redis: Redis) -> None:
    service, letters = Service(url, prefix=prefix, group="work"), f"{{{prefix}}}:dead:work"

    @service.message("work")
    async def give_up(data: Any) -> None:
        raise DeadLetter("no use")

    pack = {
        "c": f"1 pack.json 2 {CALLER} 60000 depth=2",
        "m": "7,8",
        "d": "[1,\n2]",
        "h": '[{"tenant":"größe"},\nnull]',
        "k": '[null,\n"k2"]',
    }
    async with service:
        await redis.xadd(f"{{{prefix}}}:s:work", pack)  # type: ignore[arg-type]

        async def both() -> bool:
            return bool(await redis.xlen(letters) == 2)

        await until(both)
    found = [[part for pair in fields.items() for part in pair] for _, fields in await redis.xrange(letters)]
    first, second = sorted(map(read_entry, found), key=lambda one: one.data if isinstance(one, Request) else "")
    assert isinstance(first, Request) and isinstance(second, Request)
    assert (first.data, first.headers, first.key, first.header.depth) == ("1", {"tenant": "größe"}, None, 2)
    assert (second.data, second.headers, second.key, second.header.depth) == ("2", {}, "k2", 2)


async def test_a_letter_has_all_of_an_event_that_cannot_be_read(url: str, prefix: str, redis: Redis) -> None:
    service, letters, heard = Service(url, prefix=prefix, group="work"), f"{{{prefix}}}:dead:work", list[Any]()

    @service.event("work")
    async def hear(data: Any) -> None:
        heard.append(data)

    pack = {"c": "1 pack.json 3 - 0", "d": "[1,\n2,\n3]", "h": '[null,\n{"a":1},\nnull]', "k": '[null,\n"k2",\n7]'}
    async with service:
        await redis.xadd(f"{{{prefix}}}:s:work", pack)  # type: ignore[arg-type]

        async def both() -> bool:
            return bool(await redis.xlen(letters) == 2)

        await until(both)
    found = [fields for _, fields in await redis.xrange(letters)]
    kept = sorted(({name: one[name] for name in "cdhk" if name in one} for one in found), key=lambda one: one["d"])
    line = "1 json - - 0"
    assert kept == [{"c": line, "d": "2", "h": '{"a":1}', "k": "k2"}, {"c": line, "d": "3", "k": "7"}]
    assert heard == [1]
