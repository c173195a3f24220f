"""One line of a kind in an interval; what is left out is counted."""

import logging
from collections.abc import Iterator

import pytest
from conftest import until
from redis.asyncio import Redis

from redis_streams_rpc import Service
from redis_streams_rpc.log_rate import INTERVAL, MOST_KINDS, OnePerKind, Task, about, one_per_kind


class Watch:
    """A clock that is set, and what it has to do later."""

    def __init__(self) -> None:
        self.at = 100.0
        self.due: tuple[float, Task] | None = None

    def now(self) -> float:
        return self.at

    def after(self, seconds: float, task: Task) -> Task:
        assert self.due is None
        self.due = self.at + seconds, task

        def cancel() -> None:
            self.due = None

        return cancel

    def pass_(self, seconds: float) -> None:
        self.at += seconds
        if self.due is not None and self.due[0] <= self.at:
            task, self.due = self.due[1], None
            task()


log = logging.getLogger("redis_streams_rpc.tests_of_lines")


@pytest.fixture
def watch() -> Iterator[Watch]:
    made = Watch()
    limit = OnePerKind(made.now, made.after)
    log.addFilter(limit)
    yield made
    log.removeFilter(limit)


def test_one_line_of_a_kind_and_how_many_were_left_out(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(1_000):
        log.warning("it failed: %s", f"{number}%")
    assert caplog.messages == ["it failed: 0%"]
    watch.pass_(INTERVAL)
    assert caplog.messages[1:] == ["999 more like this, the last: it failed: 999%"]
    log.warning("it failed: %s", "again")
    watch.pass_(INTERVAL)
    assert caplog.messages[2:] == ["1 more like this, the last: it failed: again"]
    watch.pass_(INTERVAL)
    assert watch.due is None
    log.warning("it failed: %s", "after all")
    assert caplog.messages[3:] == ["it failed: after all"]


def test_the_next_line_says_it_where_no_timer_did(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(3):
        log.warning("it failed")
    watch.at += INTERVAL
    log.warning("it failed")
    assert caplog.messages == ["it failed", "it failed (2 more like this)"]
    watch.pass_(INTERVAL)
    assert len(caplog.records) == 2


def test_levels_texts_and_what_lines_are_about_are_kinds(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    for _ in range(2):
        log.warning("%s failed", "a", extra=about("a"))
        log.warning("%s failed", "b", extra=about("b"))
        log.error("%s failed", "a", extra=about("a"))
        log.error("%s is gone", "a", extra=about("a"))
    told = [(record.levelname, record.message) for record in caplog.records]
    assert told == [("WARNING", "a failed"), ("WARNING", "b failed"), ("ERROR", "a failed"), ("ERROR", "a is gone")]


def test_kinds_are_bounded(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    for number in range(MOST_KINDS + 50):
        log.warning("%s failed", number, extra=about(str(number)))
    assert len(caplog.records) == MOST_KINDS + 1
    watch.pass_(INTERVAL)
    assert caplog.messages[-1] == f"49 more like this, the last: {MOST_KINDS + 49} failed"
    # Those whose time is over make room.
    log.warning("%s failed", "new", extra=about("new"))
    assert caplog.messages[-1] == "new failed"


def test_what_is_said_at_the_end_has_its_stack(caplog: pytest.LogCaptureFixture) -> None:
    clock = Watch()
    limit = OnePerKind(clock.now, clock.after)
    log.addFilter(limit)
    for number in range(2):
        try:
            raise ValueError(f"no {number}")
        except ValueError:
            log.exception("it failed")
    limit.flush()
    log.removeFilter(limit)
    assert caplog.messages == ["it failed", "1 more like this, the last: it failed"]
    assert "ValueError: no 1" in caplog.text and clock.due is None
    limit.flush()
    assert len(caplog.records) == 2


async def test_entries_that_cannot_be_read_write_a_few_lines(
    url: str, prefix: str, redis: Redis, caplog: pytest.LogCaptureFixture
) -> None:
    service, letters = Service(url, prefix=prefix, group="work"), f"{{{prefix}}}:dead:work"
    service.event("a")(lambda data: data)
    one_per_kind.forget()
    async with service:
        pipe = redis.pipeline(transaction=False)
        for _ in range(300):
            pipe.xadd(f"{{{prefix}}}:s:a", {"c": "1 json - - 0", "d": "{"})
        await pipe.execute()

        async def all_letters() -> bool:
            return bool(await redis.xlen(letters) == 300)

        await until(all_letters)
    told = [message for message in caplog.messages if "became dead letter" in message]
    assert "more like this" not in told[0] and "more like this, the last: a: became dead letter" in told[-1]
    # One at first, and one for each interval that has ended; the rest is told when the service closes.
    assert 2 <= len(told) < 30
