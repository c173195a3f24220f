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

from .checks import LARGEST, key_name, number, whole
from .connections import LOST, Address, Pauses, Where, find_layout, is_passing, refusal
from .errors import WEEK, RedisStreamsError
from .handlers import Handler, Handlers
from .isolation import Isolation
from .log_rate import one_per_kind
from .member import Member
from .patterns import pattern_text
from .places import MOST_SHARDS, Lanes, places_of
from .tallies import Tallies

if TYPE_CHECKING:
    from .sealed import Sealing

log = logging.getLogger("redis_streams_rpc")

Run = TypeVar("Run", bound=Callable[..., Any])
MOST_NAMED = 20
"""Patterns in a line of the log."""


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
        address = Address(url)
        self.options = Options(
            address,
            key_name(group, "a group"),
            key_name(prefix, "a prefix"),
            whole("shards", shards, 0, MOST_SHARDS) or address.default_shards,
            whole("concurrency", concurrency, 1, 100_000),
            int(number("lease", lease, 0.5, 600) * 1000),
            whole("max_deliveries", max_deliveries, 1, 1_000),
            whole("attempts", attempts, 1, 1_000),
            number("retry_delay", retry_delay, 0, WEEK),
            number("drain", drain, 0, 3_600),
            whole("max_payload", max_payload, 1, LARGEST),
            whole("max_reply", max_reply, 1, LARGEST),
            Lanes(lanes),
            sealing,
        )
        self._tallies = Tallies(self.options.handlers)
        self._lives: list[asyncio.Task[None]] = []
        self._is_started, self._closing = False, asyncio.Event()
        self.members: list[Member] = []
        """What it is in each shard that has one of its patterns; another one after it was taken for dead."""

    def message(self, pattern: Any, *, once: bool = False, retries: int = 0, spread: int = 0) -> Callable[[Run], Run]:
        """Answers requests of a pattern. An async generator answers with a stream.

        `once`: it is never started twice. `retries`: how often it may run when it raises; 0: the caller gets the error.
        `spread`: over how many streams, each in another shard, callers spread its calls; 0: it has one.
        """
        whole("spread", spread, 0, MOST_SHARDS)
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
        whole("retries", handler.retries, 0, 1_000)
        if callable(pattern):
            raise RedisStreamsError(
                "INVALID_OPTION", 'a pattern comes before its handler: @service.message("orders.price")'
            )
        pattern_text(pattern)

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
        keys = await find_layout(options.address, options.prefix, options.shards, self._closing.is_set)
        isolation = Isolation()
        for each, place in zip(keys, places_of(options.handlers, options.lanes, options.shards), strict=True):
            # Operators, and who looks for contracts, ask in the first shard.
            if not each.tag or place.streams or place.broadcasts:
                ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self.members.append(Member(options, each, place, isolation, self._tallies))
                life = self._live(len(self.members) - 1, ready)
                self._lives.append(asyncio.create_task(life))
                await ready
        patterns = options.handlers.patterns
        named = ", ".join(patterns[:MOST_NAMED]) + (", …" if len(patterns) > MOST_NAMED else "")
        log.info("listening: group %s, instance %s, patterns: %s", options.group, self.members[0].consumer, named)

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
                    ready.set_exception(error if isinstance(error, RedisStreamsError) else refusal(error))
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
                line = "this instance (%s) was taken for dead: what it held is others', and it goes on as %s"
                log.warning(line, member.consumer, self.members[place].consumer)
        if not ready.done():
            ready.set_exception(RedisStreamsError("CLOSED", "the service was closed before it had started"))

    async def close(self) -> None:
        """Reads nothing more, lets handlers end, and gives back what it holds."""
        self._closing.set()
        await asyncio.gather(*self._lives, return_exceptions=True)
        if self._lives:
            log.info("stopped (group %s, instance %s)", self.options.group, self.members[0].consumer)
            self._lives = []
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
    for count in (2, 1, 0):
        with contextlib.suppress(TypeError):
            signature.bind(*range(count))
            return count
    raise RedisStreamsError("INVALID_OPTION", "a handler takes data, data and a context, or nothing")


def _nothing() -> None:
    """Stands for a handler that is not there yet."""
