"""Fields of an entry that are there only where they are needed."""

from typing import TYPE_CHECKING

from .checks import texts_by_name
from .entry import LONGEST_KEY
from .errors import RedisStreamsError
from .texts import named, units, write_json

if TYPE_CHECKING:
    from .sealed import Sealing


def extra_fields(headers: dict[str, str] | None, key: str | None, sealing: "Sealing | None") -> list[str]:
    """Headers that are not hidden in the seal, and the key."""
    extra: list[str] = []
    if headers:
        texts_by_name("headers", headers)
        text = write_json(headers)
        if units(text) > 16_384:
            raise RedisStreamsError("PAYLOAD_TOO_LARGE", "headers have 16,384 characters at most")
        if not (sealing and sealing.hides_headers):
            extra += ["h", text]
    if key is not None:
        extra += ["k", named(key, "an idempotency key", LONGEST_KEY)]
    return extra
