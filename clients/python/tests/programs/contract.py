"""A service with a contract: it is given where Redis is and a prefix, and says when it reads."""

import asyncio
import sys
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from typing import TypedDict

from redis_streams_rpc import Service
from redis_streams_rpc.contracts import Contract


class Span(TypedDict):
    begin: datetime
    days: int


spans = Contract("spans", "1.2.0", doc="Works with times.")


@spans.command
async def end(span: Span, more: int = 0) -> datetime:
    """When a span ends."""
    return span["begin"] + timedelta(days=span["days"] + more)


@spans.streamed
async def days(span: Span) -> AsyncIterator[datetime]:
    for day in range(span["days"]):
        yield span["begin"] + timedelta(days=day)


async def main() -> None:
    service = Service(sys.argv[1], prefix=sys.argv[2], group="spans")
    spans.serve(service)
    async with service:
        print("listening", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


asyncio.run(main())
