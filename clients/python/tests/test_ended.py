"""Tasks that are ended."""

import asyncio

from redis_streams_rpc.ended import SOON, end


async def test_a_cancellation_that_was_forgotten_is_repeated() -> None:
    async def forgetful() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            await asyncio.sleep(60)

    task = asyncio.create_task(forgetful())
    await asyncio.sleep(0)
    await asyncio.wait_for(end([task], SOON), 20)
    assert task.cancelled()


async def test_one_that_has_failed_or_ended_is_no_trouble() -> None:
    async def failing() -> None:
        raise ValueError

    tasks = [asyncio.create_task(failing()), asyncio.create_task(asyncio.sleep(0))]
    await end(tasks)
    await end(tasks)
    await end([])
    assert all(task.done() for task in tasks)
