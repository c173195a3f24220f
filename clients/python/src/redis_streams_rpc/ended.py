"""Ending tasks that would go on for ever."""

import asyncio
from collections.abc import Iterable
from typing import Any

AGAIN = 1.0
"""Seconds after which a task that has not ended is cancelled once more: it may be cleaning up."""
SOON = 0.05
"""The same where nothing is cleaned up."""


async def end(tasks: Iterable["asyncio.Task[Any]"], again: float = AGAIN) -> None:
    """Cancels tasks, and waits until they have ended.

    Before Python 3.12 `asyncio.wait_for` forgets a cancellation that comes together with its result.
    Its task goes on then, so a cancellation is repeated.
    """
    left = set(tasks)
    while left:
        for task in left:
            task.cancel()
        ended, left = await asyncio.wait(left, timeout=again)
        # What they failed with is of no use any more, and asyncio would speak of it.
        for task in ended:
            _ = task.cancelled() or task.exception()
