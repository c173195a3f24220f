"""Calls that handlers wait for, and that stand behind more than may wait here: nothing would move any more."""

import logging
from typing import TYPE_CHECKING

from .connections import now
from .delivery import Delivery, deliveries_of
from .entry import Request
from .frame import FAULT, Reply, fault, write_frame, write_reply
from .log_rate import about
from .scripts import command
from .settling import AFTER_DEADLINE, LOG_LIFE

if TYPE_CHECKING:
    from .intake import Intake
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

LOCKED = 500
"""Milliseconds without a start or an end of a handler after which handlers that all wait count as locked."""
FAR = "handlers wait for this call, and it stands behind more entries than may wait"


class FarCalls:
    """Ends a lock: refuses the calls from outside that stand before such a call, or where there are none the call."""

    def __init__(self, member: "Member", intake: "Intake") -> None:
        self._member, self._intake = member, intake
        self._after: dict[str, str] = {}
        self._progress, self._since = -1, 0.0

    def noted(self, stream: str, mark: str) -> str:
        """What a look has found: up to where there is no nested call, with `!` if one comes next that is far."""
        after = mark.removeprefix("!")
        if after != mark:
            self._after[stream] = after
        else:
            self._after.pop(stream, None)
        return after

    async def unlock(self) -> bool:
        """Says whether to read what stands before a far call although the read does not reach it."""
        running, handling = self._member.running, self._member.running.handling
        if handling.progress != self._progress:
            self._progress, self._since = handling.progress, now()
        if not self._after or now() - self._since < LOCKED or not handling.do_all_wait:
            return False
        refused = running.refuse_waiting()
        log.error(
            "every handler waits for calls that handlers have made, and those stand far back in %s: %d calls before "
            "them were refused (OVERLOADED)",
            ", ".join(self._after),
            refused,
        )
        if not refused and not running.nested_room:
            for stream, after in list(self._after.items()):
                await self._refuse(stream, after)
        return True

    async def _refuse(self, stream: str, after: str) -> None:
        member, key = self._member, self._member.keys.stream(stream)
        for id_, fields in await command(self._intake.reader, "XRANGE", key, f"({after}", "+", "COUNT", 1):
            found = deliveries_of(self._intake.group, stream, id_, fields, 1, "", None, 0, "")
            calls = [call for call in found if call.sender]
            log_key, life = "", LOG_LIFE
            for call in calls:
                if isinstance(call.request, Request) and call.sender and self._is_ours(call, call.request):
                    log_key = member.keys.log(call.sender.caller)
                    life = max(life, call.request.header.timeout + AFTER_DEADLINE)
            if log_key:
                frame = write_frame(member.consumer, [_overloaded(call) for call in calls])
                said = await member.script("refuse-unread", [key, log_key], [self._intake.group, id_, frame, life])
                if said == "ok":
                    line, pattern = "a call of %s that handlers wait for was refused (OVERLOADED)", calls[0].pattern
                    log.error(line, pattern, extra=about(pattern))

    def _is_ours(self, call: Delivery, request: Request) -> bool:
        return request.header.depth > 0 and call.pattern in self._member.options.handlers.messages


def _overloaded(call: Delivery) -> str:
    assert call.sender
    return write_reply(Reply(call.sender.call, FAULT, 1, 0, 0, fault("OVERLOADED", FAR, "not-run")))
