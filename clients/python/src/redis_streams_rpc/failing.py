"""What becomes of a delivery whose handler has failed."""

import logging
from typing import TYPE_CHECKING

from .answers import UNKNOWN
from .backoff import backoff
from .delivery import Delivery, Note
from .ending import Ending, Over
from .entry import Request
from .errors import DeadLetter, HandlerError, RetryLater
from .frame import ERROR, NOTHING
from .handlers import Handler
from .log_rate import about

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")


class Failing:
    """Ends what has failed, or notes its next attempt."""

    def __init__(self, member: "Member", ending: Ending) -> None:
        self._member, self._ending = member, ending

    async def failed(self, delivery: Delivery, request: Request, handler: Handler, error: BaseException) -> None:
        """Ends the delivery, or returns after its next attempt was noted."""
        options, is_event = self._member.options, request.header.sender is None
        if isinstance(error, DeadLetter):
            await self._ending.dead_letter(delivery, "handler", error)
        most = handler.retries or (options.attempts if is_event or isinstance(error, RetryLater) else 0)
        if delivery.is_started_once:
            most = min(most, 1)
        payload = error.payload if isinstance(error, HandlerError) else UNKNOWN
        if not most:
            if not isinstance(error, HandlerError):
                line = "the handler of %s failed (entry %s)"
                log.error(line, delivery.pattern, delivery.name, exc_info=error, extra=about(delivery.pattern))
            await self._ending.complete(delivery, ERROR, payload)
            raise Over
        attempts = delivery.note.attempts + 1
        if attempts >= most:
            # It was asked for: there is no error to pass on.
            payload = NOTHING if isinstance(error, RetryLater) else payload
            await self._ending.dead_letter(delivery, "attempts", error, payload)
        delay = backoff(options.retry_delay, attempts)
        if isinstance(error, RetryLater) and error.seconds is not None:
            delay = error.seconds
        level, story = (logging.INFO, None) if isinstance(error, RetryLater) else (logging.WARNING, error)
        line = "%s: attempt %d of %d failed, again in %d ms (entry %s)"
        told = (delivery.pattern, attempts, most, delay * 1000, delivery.name)
        log.log(level, line, *told, exc_info=story, extra=about(delivery.pattern))
        due = self._member.clock.ms() + int(delay * 1000)
        await self._ending.retry(delivery, int(delay * 1000), attempts)
        # It has failed without ending its process.
        delivery.was_marked = delivery.is_suspect = False
        delivery.note = Note(due, attempts, delivery.note.state, delivery.note.spared)
