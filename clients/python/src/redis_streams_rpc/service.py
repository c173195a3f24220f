"""A service: handlers, and members of its group that run them."""

import asyncio
import contextlib
import inspect
import logging
import signal
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import RedisError

from .connections import LOST, Pauses, check_layout, connect, is_passing
from .errors import RedisStreamsError
from .handlers import Handler, Handlers
from .keys import Keys
from .member import Member
from .shards import shard_of
from .texts import units

if TYPE_CHECKING:
    from redis.asyncio import Redis

log = logging.getLogger("redis_streams_rpc")

Run = TypeVar("Run", bound=Callable[..., Any])
FORBIDDEN = frozenset(" \t\r\n{}")


@dataclass
class Options:
    """Of a service. Times in milliseconds, but `drain` and `retry_delay` in seconds."""

    url: str
    group: str
    prefix: str
    shards: int
    concurrency: int
    lease_ttl: int
    max_deliveries: int
    attempts: int
    retry_delay: float
    drain: float
    max_payload: int
    max_reply: int
    unannounced: bool = False
    handlers: Handlers = field(default_factory=Handlers)
    offers: list[Callable[[Member], Awaitable[None]]] = field(default_factory=list)


class Service:
    """An instance of a service. Use `message` and `event` for its handlers, then `run`, or `start` and `close`.

    `lease`: after how many seconds of silence others take its entries over. `max_deliveries`: how often it is
    handed out when instances die over it. `attempts`: how often the handler of an event runs at most. `drain`: for how
    many seconds handlers may go on when it closes.
    """

    def __init__(
        self,
        url: str = "redis://localhost:6379",
        *,
        group: str,
        prefix: str = "nrs",
        shards: int = 1,
        concurrency: int = 100,
        lease: float = 10,
        max_deliveries: int = 3,
        attempts: int = 3,
        retry_delay: float = 1,
        drain: float = 10,
        max_payload: int = 1_048_576,
        max_reply: int = 4_194_304,
    ) -> None:
        if not 1 <= units(group) <= 128 or FORBIDDEN & set(group):
            raise RedisStreamsError("INVALID_OPTION", "a group has 1 to 128 characters, no white space and no braces")
        self.options = Options(
            url,
            group,
            prefix,
            shards,
            concurrency,
            int(lease * 1000),
            max_deliveries,
            attempts,
            retry_delay,
            drain,
            max_payload,
            max_reply,
        )
        self._lives: list[asyncio.Task[None]] = []
        self._closing = asyncio.Event()
        self.members: list[Member] = []
        """What it is in each shard that has one of its patterns; another one after it was taken for dead."""

    def message(self, pattern: Any, *, once: bool = False, retries: int = 0) -> Callable[[Run], Run]:
        """Answers requests of a pattern. An async generator answers with a stream.

        `once`: it is never started twice. `retries`: how often it may run when it raises; 0: the caller gets the error.
        """
        return self._adding(pattern, once, retries, is_event=False)

    def event(self, pattern: Any, *, once: bool = False, retries: int = 0) -> Callable[[Run], Run]:
        """Handles events of a pattern. `retries`: how often it may run; 0: as `attempts` of the service says."""
        return self._adding(pattern, once, retries, is_event=True)

    def _adding(self, pattern: Any, once: bool, retries: int, is_event: bool) -> Callable[[Run], Run]:
        def add(function: Run) -> Run:
            takes_context = len(inspect.signature(function).parameters) > 1
            self.options.handlers.add(pattern, Handler(function, once, retries, takes_context), is_event)
            return function

        return add

    async def start(self) -> None:
        """Returns when it reads. Waits for a Redis that is not there yet."""
        handlers, options = self.options.handlers, self.options
        keys = await self._layout()
        for shard, each in enumerate(keys):
            streams = {
                pattern: "r" if pattern in handlers.messages else "e"
                for pattern in handlers.patterns
                if shard_of(pattern, options.shards) == shard
            }
            if streams:
                ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self.members.append(Member(options, each, streams))
                life = self._live(len(self.members) - 1, ready)
                self._lives.append(asyncio.create_task(life))
                try:
                    await ready
                except BaseException:
                    await self.close()
                    raise

    async def _layout(self) -> list[Keys]:
        pauses = Pauses()
        while True:
            redis: Redis = connect(self.options.url)
            try:
                return await check_layout(redis, self.options.prefix, self.options.shards)
            except (RedisError, *LOST) as error:
                if not is_passing(error):
                    raise
                await pauses.wait()
            finally:
                await redis.aclose()

    async def _live(self, place: int, ready: "asyncio.Future[None]") -> None:
        """One member after the other: each has a name of its own."""
        pauses = Pauses()
        while not self._closing.is_set():
            member = self.members[place]
            try:
                await member.join()
            except (RedisError, RedisStreamsError, *LOST) as error:
                await member.abandon()
                if not is_passing(error) and not ready.done():
                    ready.set_exception(error)
                    return
                log.warning("joining the group failed: %s", error)
                await pauses.wait()
                self.members[place] = member.successor()
                continue
            member.start()
            if not ready.done():
                ready.set_result(None)
            ends = [asyncio.create_task(event.wait()) for event in (self._closing, member.lost)]
            await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in ends:
                end.cancel()
            await member.leave()
            if not self._closing.is_set():
                self.members[place] = member.successor()

    async def close(self) -> None:
        """Reads nothing more, lets handlers end, and gives back what it holds."""
        self._closing.set()
        await asyncio.gather(*self._lives, return_exceptions=True)

    async def __aenter__(self) -> "Service":
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def run(self) -> None:
        """Serves until SIGTERM or SIGINT, or until it is cancelled."""
        ended, loop = asyncio.Event(), asyncio.get_running_loop()
        for sign in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(NotImplementedError):
                loop.add_signal_handler(sign, ended.set)
        async with self:
            await ended.wait()
