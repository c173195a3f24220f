"""What tests share: a Redis, and Nest services and clients in processes of their own.

`npx vitest run test/clients` starts these tests with all they need: REDIS_URL names a Redis for each worker of
pytest-xdist, whose connections its tests may end, NRS_LIBRARY the built library, and NRS_PEER the program of a Nest
peer.
"""

import asyncio
import json
import os
import secrets
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from redis_streams_rpc.log_rate import one_per_kind

PROGRAMS = Path(__file__).parent / "programs"
needed = [name for name in ("REDIS_URL", "NRS_LIBRARY", "NRS_PEER") if name not in os.environ]


@pytest.fixture(autouse=True)
def every_first_line() -> None:
    """What another test has said leaves out no line of this one."""
    one_per_kind.forget()


@pytest.fixture
def url() -> str:
    if needed:
        pytest.skip(f"needs {', '.join(needed)}: npx vitest run test/clients")
    urls = os.environ["REDIS_URL"].split(",")
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    return urls[worker % len(urls)]


@pytest.fixture
def nodes() -> list[str]:
    """Of a Cluster of three masters."""
    if "REDIS_CLUSTER" not in os.environ:
        pytest.skip("needs REDIS_CLUSTER: npx vitest run test/clients")
    return os.environ["REDIS_CLUSTER"].split(",")


@pytest.fixture
def prefix() -> str:
    return f"py-{secrets.token_hex(4)}"


@pytest.fixture
async def redis(url: str) -> AsyncIterator[Redis]:
    client: Redis = Redis.from_url(url, decode_responses=True)
    yield client
    await client.aclose()


async def until(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Waits for what a condition, or what it awaits, says."""
    end = asyncio.get_running_loop().time() + seconds
    while True:
        found = condition()
        if isinstance(found, Awaitable):
            found = await found
        if found:
            return found
        assert asyncio.get_running_loop().time() < end, "waited too long"
        await asyncio.sleep(0.02)


class Process:
    """A process that says lines of JSON."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.said: list[dict[str, Any]] = []
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process.stdout
        async for line in self.process.stdout:
            self.said.append(json.loads(line))

    def of(self, kind: str) -> list[dict[str, Any]]:
        return [line for line in self.said if line["kind"] == kind]

    async def has_said(self, kind: str, number: int = 1) -> list[dict[str, Any]]:
        await until(lambda: len(self.of(kind)) >= number)
        return self.of(kind)

    async def kill(self) -> None:
        if self.process.returncode is None:
            self.process.kill()
        await self.process.wait()
        await self._reader


Start = Callable[..., Awaitable[Process]]


@pytest.fixture
async def start(url: str) -> AsyncIterator[Start]:
    """Starts a program; it is killed at the end of the test."""
    started: list[Process] = []

    async def run(*command: str) -> Process:
        pipe = asyncio.subprocess.PIPE
        made = Process(await asyncio.create_subprocess_exec(*command, stdin=pipe, stdout=pipe, limit=2**24))
        started.append(made)
        return made

    yield run
    for process in started:
        await process.kill()


def redis_options(url: str) -> dict[str, Any]:
    host, _, port = url.rpartition("/")[2].partition(":")
    return {"host": host, "port": int(port)}


@pytest.fixture
def nest(start: Start, url: str, prefix: str) -> Start:
    """Starts a Nest peer, and waits until it is there."""

    async def run(**given: Any) -> Process:
        for role in ("service", "client"):
            if role in given:
                given[role] = {**redis_options(url), "prefix": prefix, **given[role]}
        given["library"] = os.environ["NRS_LIBRARY"]
        made = await start("node", os.environ["NRS_PEER"], json.dumps(given))
        await made.has_said("listening" if "service" in given else "connected")
        return made

    return run


@pytest.fixture
def python(start: Start, url: str, prefix: str) -> Start:
    """Starts a Python service, and waits until it reads."""

    async def run(**options: Any) -> Process:
        given = {"url": url, "prefix": prefix, "group": "work", "lease": 3, **options}
        made = await start(sys.executable, str(PROGRAMS / "service.py"), json.dumps(given))
        await made.has_said("listening")
        return made

    return run
