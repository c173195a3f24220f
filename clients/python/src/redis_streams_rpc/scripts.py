"""The library's scripts, as files: loaded by their manifest, and run by their digest."""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError

_PACKAGED = Path(__file__).parent / "lua"
_SOURCES = Path(__file__).parents[4] / "libs" / "redis-stream-transport" / "scripts"


@cache
def _manifest() -> tuple[Path, dict[str, str]]:
    folder = _PACKAGED if _PACKAGED.is_dir() else _SOURCES
    manifest = json.loads((folder / "manifest.json").read_text())
    return folder, {script["name"]: script["sha1"] for script in manifest["scripts"]}


@cache
def _text(name: str) -> str:
    return (_manifest()[0] / f"{name}.lua").read_bytes().decode()


async def run(redis: "Redis", name: str, keys: list[str], args: Sequence[Any]) -> Any:
    """Runs a script. Its text is sent only where the server does not have it."""
    words = (len(keys), *keys, *args)
    try:
        return await command(redis, "EVALSHA", _manifest()[1][name], *words)
    except NoScriptError:
        return await command(redis, "EVAL", _text(name), *words)


async def command(redis: "Redis", *words: Any) -> Any:
    """Sends one command, and answers what Redis says as it says it."""
    return await redis.execute_command(*words)  # type: ignore[no-untyped-call]
