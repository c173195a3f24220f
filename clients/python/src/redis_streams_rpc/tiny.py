"""The smallest caller: one XADD, and one blocking read of the reply log."""

import json
import secrets
from typing import Any


def call(redis: Any, pattern: str, data: Any, timeout: int = 10_000) -> Any:
    """Calls a service with a `redis.Redis(decode_responses=True)`; `timeout` is in milliseconds, above 0."""
    log, last = f"{{nrs}}:r:{(caller := secrets.token_urlsafe(16))}", "0"
    redis.xadd(f"{{nrs}}:s:{pattern}", {"c": f"1 json 1 {caller} {timeout}", "d": json.dumps(data)})
    while read := redis.xread({log: last}, block=timeout):
        stream = read[log][0] if isinstance(read, dict) else read[0][1]
        for last, fields in stream:  # noqa: B007
            _, kind, _, _, _, *rest = json.loads(fields["f"].split(" ", 2)[2])[0]
            if kind in (1, 2):
                return rest[0] if rest else None
            if kind in (3, 4):
                raise RuntimeError(rest[0])
    raise TimeoutError("no reply in time: the handler may have run")
