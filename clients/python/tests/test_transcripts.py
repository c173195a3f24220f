"""The transcripts: what Redis answers to the scripts and commands of callers and instances."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from redis_streams_rpc.connections import Address, connect
from redis_streams_rpc.keys import Keys
from redis_streams_rpc.scripts import command, run

FILES = Path(__file__).parents[3] / "spec" / "transcripts"
TRANSCRIPTS = [
    pytest.param(one["steps"], id=f"{file.stem}: {one['name']}")
    for file in sorted(FILES.glob("*.json"))
    for one in json.loads(file.read_text())["transcripts"]
]
NAME = re.compile(r"<[a-z0-9]+>")


def filled(said: Any, known: dict[str, str]) -> Any:
    """The names in texts as what they stand for."""
    if isinstance(said, list):
        return [filled(one, known) for one in said]
    return NAME.sub(lambda name: known[name[0]], str(said))


def check(found: Any, wanted: Any, known: dict[str, str]) -> None:
    """Compares an answer; what stands in it for the first time is known from then on."""
    if isinstance(wanted, list):
        assert isinstance(found, list) and len(found) == len(wanted), (found, wanted)
        for one, other in zip(found, wanted, strict=True):
            check(one, other, known)
    elif wanted is None or found is None:
        assert found is wanted
    else:
        names = [name for name in NAME.findall(str(wanted)) if name not in known]
        pattern = re.escape(str(wanted))
        for name in NAME.findall(str(wanted)):
            new = name in names
            pattern = pattern.replace(name, "([^ :]+)" if new else re.escape(known[name]), 1)
        match = re.fullmatch(pattern, str(found), re.DOTALL)
        assert match, (found, wanted, known)
        known |= dict(zip(names, match.groups(), strict=True))


@pytest.mark.parametrize("steps", TRANSCRIPTS)
async def test_transcripts(steps: list[dict[str, Any]], url: str, prefix: str) -> None:
    redis, known = connect(Address(url), Keys(prefix)), {"<tag>": f"{{{prefix}}}"}
    try:
        for step in steps:
            if "script" in step:
                found = await run(redis, step["script"], filled(step["keys"], known), filled(step["args"], known))
            else:
                found = await command(redis, *filled(step["command"], known))
            if "answer" in step:
                check(found, step["answer"], known)
    finally:
        await redis.aclose()
