"""What goes wrong, as a caller sees it, and what a handler may raise."""

from datetime import timedelta
from typing import Any, Literal

WEEK = 604_800
Outcome = Literal["not-run", "may-have-run"]

# The codes of faults that this version knows. Any other one counts as REDIS.
CODES = frozenset(
    [
        "INVALID_OPTION",
        "INVALID_MESSAGE",
        "CODEC_MISMATCH",
        "UNTRUSTED",
        "KEY_UNAVAILABLE",
        "PAYLOAD_TOO_LARGE",
        "OVERLOADED",
        "PAUSED",
        "NO_CONSUMER",
        "NO_HANDLER",
        "GROUP_CONFLICT",
        "DUPLICATE_HANDLER",
        "UNSUPPORTED_VERSION",
        "NOT_CONNECTED",
        "REDIS",
        "TIMEOUT",
        "CANCELLED",
        "HOOK_FAILED",
        "CLOSED",
        "DEAD_LETTERED",
        "INTERRUPTED",
        "THREAD_LOST",
        "REPLY_LOST",
        "IDEMPOTENCY_MISMATCH",
    ]
)


class RedisStreamsError(Exception):
    """A failure of the transport. `outcome` says whether a handler may have run."""

    def __init__(self, code: str, message: str, outcome: Outcome = "not-run") -> None:
        super().__init__(f"{code} ({outcome}): {message}")
        self.code = code
        self.message = message
        self.outcome: Outcome = outcome


class RemoteError(Exception):
    """What the handler of a call threw. `payload` is what its service made of it."""

    def __init__(self, payload: Any) -> None:
        message = payload.get("message") if isinstance(payload, dict) else payload
        super().__init__(str(message))
        self.payload = payload


class HandlerError(Exception):
    """Raised by a handler: its caller gets `payload` as it is. A text becomes `{status, message}`."""

    def __init__(self, payload: Any) -> None:
        super().__init__(str(payload))
        self.payload = {"status": "error", "message": payload} if isinstance(payload, str) else payload


class RetryLater(Exception):
    """Raised by a handler: it runs again, after `seconds` (a week at most) or as the policy of the service says."""

    def __init__(self, seconds: float | timedelta | None = None) -> None:
        super().__init__("run again later")
        if isinstance(seconds, timedelta):
            seconds = seconds.total_seconds()
        if seconds is not None and not (isinstance(seconds, int | float) and 0 <= seconds <= WEEK):
            raise RedisStreamsError("INVALID_OPTION", "RetryLater takes 0 to 604,800 seconds", "may-have-run")
        self.seconds = seconds


class DeadLetter(Exception):
    """Raised by a handler: no attempt will succeed. The entry becomes a dead letter."""

    def __init__(self, reason: str = "the handler gave up") -> None:
        super().__init__(reason)
