"""A service: handlers, and members of its group that run them."""

import asyncio
import contextlib
import inspect
import logging
import signal
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeVar

from redis.exceptions import RedisError

from .connections import LOST, Address, Pauses, Where, check_layout, connect, is_passing
from .errors import RedisStreamsError
from .handlers import Handler, Handlers
from .isolation import Isolation
from .keys import Keys
from .log_rate import one_per_kind
from .member import Member
from .places import Lanes, places_of
from .texts import named

if TYPE_CHECKING:
    from .sealed import Sealing

log = logging.getLogger("redis_streams_rpc")

Run = TypeVar("Run", bound=Callable[..., Any])
FORBIDDEN = frozenset(" \t\r\n{}")
MOST_SHARDS = 256


@dataclass
class Options:
    """Of a service. Times in milliseconds, but `drain` and `retry_delay` in seconds."""

    address: Address
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
    lanes: Lanes
    sealing: "Sealing | None" = None
    unannounced: bool = False
    handlers: Handlers = field(default_factory=Handlers)
    offers: list[Callable[[Member], Awaitable[None]]] = field(default_factory=list)


class Service:
    """An instance of a service. Use `message` and `event` for its handlers, then `run`, or `start` and `close`.

    `url`: a list of URLs are nodes of a Cluster; or `Sentinels`. `shards`: 0 stands for 1, or for 24 in a Cluster; all
    services and callers of a prefix have the same number. `lease`: after how many seconds of silence others take its
    entries over. `max_deliveries`: how often it is handed out when instances die over it. `attempts`: how often the
    handler of an event runs at most. `drain`: for how many seconds handlers may go on when it closes. `lanes`: lists of
    patterns that share a stream, by its name; those of its callers must fit. `sealing`: all is sealed.
    """

    def __init__(
        self,
        url: Where = "redis://localhost:6379",
        *,
        group: str,
        prefix: str = "nrs",
        shards: int = 0,
        concurrency: int = 100,
        lease: float = 10,
        max_deliveries: int = 3,
        attempts: int = 3,
        retry_delay: float = 1,
        drain: float = 10,
        max_payload: int = 1_048_576,
        max_reply: int = 4_194_304,
        lanes: Mapping[str, Sequence[Any]] | None = None,
        sealing: "Sealing | None" = None,
    ) -> None:
        if FORBIDDEN & set(named(group, "a group", 128)):
            raise RedisStreamsError("INVALID_OPTION", "a group has no white space and no braces")
        address = Address(url)
        self.options = Options(
            address,
            group,
            prefix,
            shards or address.default_shards,
            concurrency,
            int(lease * 1000),
            max_deliveries,
            attempts,
            retry_delay,
            drain,
            max_payload,
            max_reply,
            Lanes(lanes),
            sealing,
        )
        self._lives: list[asyncio.Task[None]] = []
        self._is_started, self._closing = False, asyncio.Event()
        self.members: list[Member] = []
        """What it is in each shard that has one of its patterns; another one after it was taken for dead."""

    def message(self, pattern: Any, *, once: bool = False, retries: int = 0, spread: int = 0) -> Callable[[Run], Run]:
        """Answers requests of a pattern. An async generator answers with a stream.

        `once`: it is never started twice. `retries`: how often it may run when it raises; 0: the caller gets the error.
        `spread`: over how many streams, each in another shard, callers spread its calls; 0: it has one.
        """
        if not 0 <= spread <= MOST_SHARDS:
            raise RedisStreamsError("INVALID_OPTION", f"spread is a number from 0 to {MOST_SHARDS}")
        return self._adding(pattern, Handler(_nothing, once, retries, spread=spread), is_event=False)

    def event(
        self, pattern: Any, *, once: bool = False, retries: int = 0, broadcast: bool = False
    ) -> Callable[[Run], Run]:
        """Handles events of a pattern. `retries`: how often it may run; 0: as `attempts` of the service says.

        `broadcast`: every instance runs it, for what is emitted while it lives.
        """
        return self._adding(pattern, Handler(_nothing, once, retries), is_event=True, is_broadcast=broadcast)

    def _adding(
        self, pattern: Any, handler: Handler, is_event: bool, is_broadcast: bool = False
    ) -> Callable[[Run], Run]:
        def add(function: Run) -> Run:
            takes = _taken(function)
            run = function if takes else lambda _: function()
            made = replace(handler, run=run, takes_context=takes > 1)
            self.options.handlers.add(pattern, made, is_event, is_broadcast)
            return function

        return add

    async def start(self) -> None:
        """Returns when it reads. Waits for a Redis that is not there yet. After `close` it may start again."""
        if self._is_started:
            raise RedisStreamsError("INVALID_OPTION", "the service was started before, and is not closed")
        self._is_started, self._closing, self.members, self._lives = True, asyncio.Event(), [], []
        try:
            await self._start()
        except BaseException:
            await self.close()
            raise

    async def _start(self) -> None:
        options = self.options
        keys, isolation = await self._layout(), Isolation()
        for each, place in zip(keys, places_of(options.handlers, options.lanes, options.shards), strict=True):
            if place.streams or place.broadcasts:
                ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self.members.append(Member(options, each, place, isolation))
                life = self._live(len(self.members) - 1, ready)
                self._lives.append(asyncio.create_task(life))
                await ready

    async def _layout(self) -> list[Keys]:
        pauses = Pauses()
        while not self._closing.is_set():
            redis = connect(self.options.address, Keys(self.options.prefix))
            try:
                return await check_layout(redis, self.options.prefix, self.options.shards)
            except (RedisError, *LOST) as error:
                if not is_passing(error):
                    raise
                log.warning("Redis is not there yet: %s", error)
                await pauses.wait()
            finally:
                await redis.aclose()
        raise RedisStreamsError("CLOSED", "the service was closed before it had started")

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
        if not ready.done():
            ready.set_exception(RedisStreamsError("CLOSED", "the service was closed before it had started"))

    async def close(self) -> None:
        """Reads nothing more, lets handlers end, and gives back what it holds."""
        self._closing.set()
        await asyncio.gather(*self._lives, return_exceptions=True)
        one_per_kind.flush()
        self._is_started = False

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
        starting, ending = asyncio.create_task(self.start()), asyncio.create_task(ended.wait())
        try:
            await asyncio.wait({starting, ending}, return_when=asyncio.FIRST_COMPLETED)
            if starting.done():
                await starting
                await ending
        finally:
            ending.cancel()
            starting.cancel()
            await asyncio.gather(starting, return_exceptions=True)
            await self.close()


def _taken(function: Callable[..., Any]) -> int:
    """How many of its data and its context a handler takes. Raises INVALID_OPTION for one that wants something else."""
    signature = inspect.signature(function)
    for number in (2, 1, 0):
        with contextlib.suppress(TypeError):
            signature.bind(*range(number))
            return number
    raise RedisStreamsError("INVALID_OPTION", "a handler takes data, data and a context, or nothing")


def _nothing() -> None:
    """Stands for a handler that is not there yet."""
