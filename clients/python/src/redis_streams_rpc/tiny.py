"""The smallest caller: one XADD, and one blocking read of the reply log."""

import json
import secrets
from typing import Any


def call(redis: Any, pattern: str, data: Any, timeout: int = 10_000) -> Any:
    """The last value of a reply, with a `redis.Redis(decode_responses=True)`; `timeout` is in milliseconds, above 0."""
    log, last, value = f"{{nrs}}:r:{(caller := secrets.token_urlsafe(16))}", "0", None
    redis.xadd(f"{{nrs}}:s:{pattern}", {"c": f"1 json 1 {caller} {timeout}", "d": json.dumps(data)})
    while read := redis.xread({log: last}, block=timeout):
        for last, fields in read[log][0] if isinstance(read, dict) else read[0][1]:  # noqa: B007
            for _, kind, _, _, _, *payload in json.loads(fields["f"].split(" ", 2)[2]):
                value = payload[0] if payload else value
                if kind in (3, 4):
                    raise RuntimeError(value)
                if kind in (1, 2):
                    return value
    raise TimeoutError("no reply in time: the handler may have run")
