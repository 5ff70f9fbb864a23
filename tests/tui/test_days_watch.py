"""When a span is read again: a changed store, another day, a rest after each reading, and nothing twice at once."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from keepalive.clock import ManualClock
from store.ledger_cells import local_date
from store.ledger_models import DayLedger
from tests.tui.days_sample import SampleDays
from tui.day_view import SPANS
from tui.days_feed import DaysFailed, DaysRead
from tui.days_watch import REST, DaysWatch

NOON = 1_795_521_600.0
TODAY, WEEK = SPANS[:2]


class Slow(SampleDays):
    """Each reading takes so many seconds of its clock."""

    def __init__(self) -> None:
        super().__init__()
        self.clock, self.seconds, self.opened = ManualClock(NOON), 0.0, 0
        today = {"today": local_date(NOON)}
        self.by_days = {days: replace(ledger, **today) for days, ledger in self.by_days.items()}

    def open(self) -> None:
        self.opened += 1
        self.number = 7

    def days(self, days: int | None) -> DayLedger:
        self.clock.advance(self.seconds)
        return super().days(days)


@pytest.fixture
def feed() -> Slow:
    return Slow()


@pytest.fixture
def watch(feed: Slow) -> DaysWatch:
    return DaysWatch(feed, feed.clock)


def look(watch: DaysWatch) -> DaysRead | DaysFailed | None:
    """Carry out what is due."""
    reading = watch.due(WEEK)
    if reading is None:
        return None
    came = reading()
    watch.take(came)
    return came


def test_it_is_read_once_until_the_store_changes(watch: DaysWatch, feed: Slow) -> None:
    assert watch.ledger(WEEK) is None
    look(watch)
    look(watch)
    assert feed.asked == [7]
    assert watch.ledger(WEEK) == feed.by_days[7]
    feed.number = 2
    look(watch)
    assert feed.asked == [7, 7]


def test_another_day_is_a_change(watch: DaysWatch, feed: Slow) -> None:
    look(watch)
    feed.clock.advance(86_400)
    look(watch)
    assert feed.asked == [7, 7]


def test_a_feed_without_a_version_is_opened_and_read_once(watch: DaysWatch, feed: Slow) -> None:
    feed.number = 0
    came = look(watch)
    assert isinstance(came, DaysRead)
    assert came.version == 7
    look(watch)
    assert (feed.opened, feed.asked) == (1, [7])


def test_one_at_a_time(watch: DaysWatch) -> None:
    reading = watch.due(WEEK)
    assert reading is not None
    assert watch.due(WEEK) is watch.due(TODAY) is None
    watch.take(reading())
    assert watch.due(TODAY) is not None


def test_a_busy_store_does_not_keep_it_reading(watch: DaysWatch, feed: Slow) -> None:
    feed.seconds = 0.5
    for second in range(61):
        feed.number = second + 10
        look(watch)
        feed.clock.advance(1.0)
    assert len(feed.asked) <= 1 + 61 // (0.5 * REST)


def test_a_failure_is_told_once_it_rested_and_leaves_what_was_read(watch: DaysWatch, feed: Slow) -> None:
    feed.fails, feed.seconds = OSError("the store is locked"), 5.0
    assert look(watch) == DaysFailed("the store is locked", 5.0)
    assert watch.failed == "the store is locked"
    feed.clock.advance(REST * 5.0 - 0.1)
    assert look(watch) is None, "nothing was read yet, and still it waits"
    feed.clock.advance(0.2)
    feed.fails = None
    assert isinstance(look(watch), DaysRead)
    assert watch.failed == ""
    feed.fails, feed.number = OSError("gone"), 99
    feed.clock.advance(100.0)
    look(watch)
    assert watch.failed == "gone"
    assert watch.ledger(WEEK) == feed.by_days[7]


def test_what_cannot_tell_its_version_is_the_callers_to_say(watch: DaysWatch, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone() -> int:
        raise OSError("gone")

    monkeypatch.setattr(Slow, "version", lambda self: gone())
    with pytest.raises(OSError, match="gone"):
        watch.due(WEEK)
