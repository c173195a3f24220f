"""What an instance says about itself for operators: versions, host, start, settings, and the pauses that it obeys."""

import json
import logging
import os
import platform
import socket
import time
from typing import TYPE_CHECKING

from redis.exceptions import ResponseError

from .connections import PROTOCOL, now
from .version import VERSION

if TYPE_CHECKING:
    from .member import Member

log = logging.getLogger("redis_streams_rpc")

LIFE = 86_400_000
AGAIN = 3_600_000
"""Milliseconds after which it is said again: the key in Redis lives for a day."""
LONGEST_HOST = 253
"""Characters: all of it has less than a kibibyte."""
STARTED = int(time.time() * 1000)
"""When this process began, as far as this package knows."""


class Facts:
    """Said with the lease, when something has changed, and hourly."""

    def __init__(self, member: "Member") -> None:
        self._member = member
        self._said, self._at = "", 0.0

    async def tell(self) -> None:
        """Nothing depends on it: what Redis refuses is tried again with the next renewal."""
        member, text = self._member, self._text()
        if text == self._said and now() - self._at < AGAIN:
            return
        try:
            if (
                await member.script("facts", [member.keys.name("facts", member.group)], [member.consumer, text, LIFE])
                != "ok"
            ):
                return
        except ResponseError as error:
            log.warning("what this instance is cannot be said in Redis: %s", error)
            return
        self._said, self._at = text, now()

    def _text(self) -> str:
        options = self._member.options
        said = {"library": f"python {VERSION}", "protocol": int(PROTOCOL)}
        said |= {"node": f"Python {platform.python_version()}"}
        said |= {"host": socket.gethostname()[:LONGEST_HOST], "pid": os.getpid(), "started": STARTED}
        said |= {"concurrency": options.concurrency, "leaseTtl": options.lease_ttl}
        said |= {"maxDeliveries": options.max_deliveries, "drainTimeout": int(options.drain * 1000)}
        return json.dumps(said | {"paused": self._member.paused.revision})
