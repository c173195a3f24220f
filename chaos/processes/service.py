"""An instance of the service under test, in Python: what service.ts is in TypeScript.

It writes down each execution before it begins and after it ends, and speaks to the run over the channel of Node.
"""

import asyncio
import base64
import gc
import hashlib
import json
import logging
import os
import resource
import signal
import socket
import sys
import time
from typing import Any

from redis.asyncio import Redis

from redis_streams_rpc import Context, Service
from redis_streams_rpc.texts import write_json

given = json.loads(sys.argv[1])
name, options = given["name"], given["options"]
history = os.open(given["history"], os.O_WRONLY | os.O_APPEND | os.O_CREAT)
service = Service(
    f"redis://{options.get('host', '127.0.0.1')}:{options['port']}"
    if "port" in options
    else options["url"],
    group=options["group"],
    prefix=options["prefix"],
    lease=options["leaseTtl"] / 1000,
    concurrency=options["concurrency"],
    max_payload=options.get("maxPayloadBytes", 1_048_576),
)
executions = 0
effects = given.get("effects")
inbox = Redis.from_url(effects["url"]) if effects else None
EFFECT = """
if redis.call('SADD', KEYS[1], ARGV[1]) == 0 then return 0 end
return redis.call('HINCRBY', KEYS[2], ARGV[1], 1)
"""


def write(**event: Any) -> None:
    os.write(history, json.dumps(event).encode() + b"\n")


def now() -> float:
    return round(time.monotonic() * 1000, 2)


class Lines(logging.Handler):
    """Writes lines of the log down, as witness.ts does."""

    def emit(self, record: logging.LogRecord) -> None:
        write(k="log", level=record.levelname.lower(), text=record.getMessage()[:500], t=now())


logging.getLogger("redis_streams_rpc").addHandler(Lines())


def digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha1(text.encode()).digest()).decode()[:16]


def execute(pattern: str) -> Any:
    async def run(data: Any, context: Context) -> Any:
        global executions
        executions += 1
        n, q = executions, digest(write_json(data))
        write(
            k="begin",
            n=n,
            id=data["id"],
            p=pattern,
            q=q,
            d=context.deliveries,
            c=service.members[0].consumer,
            e=context.id,
            w=data.get("watch"),
            t=now(),
        )
        if data.get("act") == "die":
            os.kill(os.getpid(), signal.SIGKILL)
        await asyncio.sleep(data["ms"] / 1000)
        if pattern == "inbox" and inbox:
            await inbox.eval(
                EFFECT,
                2,
                f"{effects['key']}:inbox",
                f"{effects['key']}:effects",
                data["id"],
            )
        write(k="finish", n=n, t=now())
        if data.get("act") == "fail":
            raise ValueError("as told")
        return {"by": f"{name}#{n}", "answer": digest(f"answer to {q}")}

    return run


for pattern in ("work", "once", "inbox", "single"):
    service.message(pattern, once=pattern == "once")(execute(pattern))


def vitals() -> dict[str, Any]:
    gc.collect()
    rss = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    held = sum(len(member.running.tasks) for member in service.members)
    return {
        "heap": 0,
        "rss": rss,
        "sockets": 0,
        "timers": 0,
        "maps": {"held": held},
        "t": now(),
    }


async def stalls() -> None:
    """Notes for how long this process could do nothing, as witness.ts does."""
    last = now()
    while True:
        await asyncio.sleep(0.02)
        t = now()
        if t - last - 20 > 20:
            write(k="stall", **{"from": last + 20}, t=t)
        last = t


async def main() -> None:
    channel = socket.socket(fileno=int(os.environ["NODE_CHANNEL_FD"]))
    reader, writer = await asyncio.open_connection(sock=channel)

    def tell(message: dict[str, Any]) -> None:
        writer.write(json.dumps(message).encode() + b"\n")

    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)

    async def listen() -> None:
        async for line in reader:
            said = json.loads(line)
            if "question" in said:
                tell(
                    {
                        "question": said["question"],
                        "answer": vitals() if said["kind"] == "vitals" else None,
                    }
                )
        os._exit(0)

    listening, watching = asyncio.create_task(listen()), asyncio.create_task(stalls())
    await service.start()
    write(k="status", value="connected", t=now())
    tell({"kind": "up", "name": name})
    await ended.wait()
    await service.close()
    listening.cancel()
    watching.cancel()


asyncio.run(main())
