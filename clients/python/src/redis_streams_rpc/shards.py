"""Which shard a stream is in, and the numbers in the hash tags of the shards."""

from binascii import crc_hqx

SLOTS = 16_384


def shard_of(stream: str, shards: int) -> int:
    """FNV-1a with 32 bits over the UTF-16 units of a name, modulo the number of shards."""
    data = stream.encode("utf-16-le", "surrogatepass")
    value = 2166136261
    for at in range(0, len(data), 2):
        value = ((value ^ int.from_bytes(data[at : at + 2], "little")) * 16777619) & 0xFFFFFFFF
    return value % shards


def tag_numbers(prefix: str, shards: int) -> list[int]:
    """The numbers in the hash tags, in the order of the shards; 0: the tag has none."""
    first = crc_hqx(prefix.encode(), 0) % SLOTS * shards // SLOTS
    numbers = [0]
    for shard in range(1, shards):
        cell, number = (first + shard) % shards, 1
        while not _is_in_middle(f"{prefix}:{number}", cell, shards):
            number += 1
        numbers.append(number)
    return numbers


def _is_in_middle(tag: str, cell: int, shards: int) -> bool:
    at = crc_hqx(tag.encode(), 0) % SLOTS * shards / SLOTS - cell
    return 3 / 8 <= at < 5 / 8


def spread_streams(pattern: str, shards: int) -> list[str]:
    """The streams of a spread pattern, by shard."""
    streams: dict[int, str] = {shard_of(pattern, shards): pattern}
    number = 1
    while len(streams) < shards:
        streams.setdefault(shard_of(f"{pattern}|{number}", shards), f"{pattern}|{number}")
        number += 1
    return [streams[shard] for shard in range(shards)]


def class_streams(pattern: str, shards: int) -> tuple[str, str]:
    """The streams of what matters more and of what matters less than the rest of a pattern."""
    own, found, number = shard_of(pattern, shards), list[str](), 0
    while len(found) < 2:
        number += 1
        if shard_of(f"{pattern}|{number}", shards) == own:
            found.append(f"{pattern}|{number}")
    return found[0], found[1]


def used_streams(pattern: str, shards: int, spread: int) -> list[str]:
    """Those of them that callers use when all instances announce `spread`."""
    streams, own, used = spread_streams(pattern, shards), shard_of(pattern, shards), min(spread, shards)
    return [streams[(own + at * shards // used) % shards] for at in range(used)]
