"""Pauses between attempts."""

LONGEST = 60.0
"""Seconds that they grow to, unless the first is longer."""


def backoff(first: float, attempts: int) -> float:
    """Seconds until the next attempt, when so many have failed."""
    return min(max(LONGEST, first), first * 2.0 ** min(attempts - 1, 32))
