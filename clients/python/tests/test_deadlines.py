"""Redis is away: what waits for it ends at its deadline, or when nobody waits any more."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator

import pytest

from redis_streams_rpc import Caller, RedisStreamsError, Service
from redis_streams_rpc.keys import Keys


@pytest.fixture
def nowhere() -> Iterator[str]:
    """A URL at which nobody answers."""
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield f"redis://127.0.0.1:{held.getsockname()[1]}"


async def told(awaitable: object) -> tuple[str, str]:
    with pytest.raises(RedisStreamsError) as error:
        await asyncio.wait_for(awaitable, 20)  # type: ignore[arg-type]
    return error.value.code, error.value.outcome


async def test_what_was_never_sent_ends_at_its_deadline_and_has_not_run(nowhere: str) -> None:
    caller = Caller(nowhere, timeout=0.1)
    # As after `connect`, if Redis goes away then.
    caller._keys = [Keys("nrs")]
    assert await told(caller.emit("happened", 1)) == ("TIMEOUT", "not-run")
    assert await told(caller.call("do", 1)) == ("TIMEOUT", "not-run")
    waiting = asyncio.create_task(caller.call("do", 1, timeout=60))
    await asyncio.sleep(0)
    await caller.close()
    assert await told(waiting) == ("CLOSED", "not-run")


async def test_a_cancelled_emit_is_not_sent(nowhere: str) -> None:
    caller = Caller(nowhere, timeout=60)
    caller._keys = [Keys("nrs")]
    task = asyncio.create_task(caller.emit("happened", 1))
    await asyncio.sleep(0)
    item = caller._line("happened").sender._queue[0]
    assert not item.is_over()
    task.cancel()
    await asyncio.wait({task})
    assert item.is_over()
    await caller.close()


async def test_a_service_ends_at_a_signal_while_redis_is_away(nowhere: str) -> None:
    service = Service(nowhere, group="work")
    service.message("do")(lambda data: data)
    asyncio.get_running_loop().call_later(0.1, os.kill, os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(service.run(), 20)


async def test_a_service_that_is_closed_while_it_starts(nowhere: str) -> None:
    service = Service(nowhere, group="work")
    service.message("do")(lambda data: data)
    starting = asyncio.create_task(service.start())
    await asyncio.sleep(0)
    assert await told(service.start()) == ("INVALID_OPTION", "not-run")
    await service.close()
    assert await told(starting) == ("CLOSED", "not-run")


async def test_a_cancelled_start_or_connect_leaves_no_task(nowhere: str) -> None:
    before = asyncio.all_tasks()
    service, caller = Service(nowhere, group="work"), Caller(nowhere)
    service.message("do")(lambda data: data)
    tasks = [asyncio.create_task(service.start()), asyncio.create_task(caller.connect())]
    await asyncio.sleep(0.05)
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks, timeout=20)
    assert asyncio.all_tasks() == before
    assert all(task.cancelled() for task in tasks)
