"""A service in a process of its own: it says what happens as lines of JSON. Its options are JSON."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from typing import Any

from redis_streams_rpc import Context, DeadLetter, HandlerError, RetryLater, Service

options = json.loads(sys.argv[1])
spread = options.pop("spread", 0)
service = Service(options.pop("url"), **options)


def say(kind: str, **more: Any) -> None:
    print(json.dumps({"kind": kind, **more}), flush=True)


@service.message("work")
async def work(data: Any, context: Context) -> Any:
    say("started", key=data["key"], deliveries=context.deliveries)
    if data.get("die"):
        os.kill(os.getpid(), signal.SIGKILL)
    try:
        await asyncio.sleep(data.get("ms", 0) / 1000)
    except asyncio.CancelledError:
        say("aborted", key=data["key"])
        raise
    return {"key": data["key"], "by": "python"}


@service.message("once", once=True)
async def once(data: Any) -> Any:
    say("once", key=data["key"])
    await asyncio.sleep(data.get("ms", 0) / 1000)
    return data["key"]


@service.message("echo", spread=spread)
def echo(data: Any) -> Any:
    return data


@service.message("count")
async def count(number: int) -> AsyncIterator[int]:
    for value in range(number):
        yield value


@service.message("numbers")
async def numbers(number: int) -> AsyncIterator[int]:
    try:
        for value in range(number):
            say("given", value=value)
            yield value
    finally:
        say("ended")


@service.message("fail")
async def fail(message: str) -> None:
    raise HandlerError(message)


@service.message("retried", retries=3)
async def retried(data: Any, context: Context) -> Any:
    if context.attempts < 2:
        raise RetryLater(0.05)
    return context.attempts


@service.message("hopeless")
async def hopeless(data: Any) -> None:
    raise DeadLetter("never")


@service.event("happened")
async def happened(data: Any, context: Context) -> None:
    say("event", key=data["key"], attempts=context.attempts)
    if data.get("fail"):
        raise ValueError("no")


@service.event("happened", broadcast=True)
async def heard(data: Any) -> None:
    say("heard", key=data["key"])
    if data.get("unheard"):
        raise DeadLetter("not wanted")


@service.event("news", broadcast=True)
async def news(data: Any) -> None:
    say("heard", key=data["key"])


async def main() -> None:
    async with service:
        say("listening")
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
