"""A made-up ledger of a week, in whole cents, and a feed that hands it out."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from store.ledger_models import DayLedger, SpanLedger, SpanLine
from store.row import row_of

TODAY = "2026-11-24"


def line(key: str = "", **numbers: Any) -> SpanLine:
    return SpanLine(key=key, **numbers)


def total(lines: tuple[SpanLine, ...]) -> SpanLine:
    """The sum of all."""
    names = ("pings", "hits", "kept_pings", "lost_pings", "spent", "lost", "saved", "closed")
    return row_of(SpanLine, {name: sum(getattr(one, name) for one in lines) for name in names})


def span(by_slot: tuple[SpanLine, ...], **more: Any) -> SpanLedger:
    return SpanLedger(total=total(by_slot), by_slot=by_slot, **more)


def day(back: int) -> str:
    """The date so many days before today."""
    return (date.fromisoformat(TODAY) - timedelta(days=back)).isoformat()


WEEK = span(
    (
        line(day(6), pings=4, hits=4, kept_pings=4, spent=0.40, saved=3.20, closed=2),
        line(day(5), pings=9, hits=8, kept_pings=3, lost_pings=6, spent=1.10, lost=0.70, saved=1.60, closed=4),
        line(day(2), pings=2, hits=2, lost_pings=2, spent=0.16, lost=0.16, closed=1),
        line(day(1), closed=1),
        line(day(0), pings=3, hits=3, kept_pings=1, spent=0.24, saved=7.60, closed=3),
    ),
    by_project=(
        line("api-refactor", pings=15, spent=1.66, saved=11.00),
        line("docs-site", pings=3, spent=0.24, saved=1.40),
    ),
    by_result=(
        line("kept", pings=8, spent=0.90, saved=12.40, closed=7),
        line("never_back", pings=8, spent=0.86, lost=0.86, closed=4),
        line("open", pings=2, spent=0.14),
    ),
)
PLAN = span(
    (
        line(day(3), pings=4, hits=4, kept_pings=2, lost_pings=2, spent=400_000, lost=200_000, saved=90_000, closed=2),
        line(day(0), pings=1, hits=1, spent=100_000),
    ),
    by_result=(
        line("kept", pings=2, spent=200_000, saved=90_000, closed=1),
        line("never_back", pings=2, spent=200_000, lost=200_000, closed=1),
        line("open", pings=1, spent=100_000),
    ),
)
LEDGER = DayLedger(since=1.0, today=TODAY, slot="day", billed=WEEK, ever=True, hour_less_usd=0.61)
HOURS = DayLedger(
    since=1.0,
    today=TODAY,
    slot="hour",
    billed=span(
        (
            line("09", pings=2, hits=2, kept_pings=2, spent=0.10),
            line("14", pings=1, hits=1, spent=0.14, saved=7.60, closed=3),
        ),
        by_result=(line("kept", pings=3, spent=0.24, saved=7.60, closed=3),),
    ),
    ever=True,
)
EMPTY = DayLedger(since=1.0, today=TODAY, slot="day")


class SampleDays:
    """Implements `DaysFeed`."""

    def __init__(self) -> None:
        self.by_days: dict[int | None, DayLedger] = {1: HOURS, 7: LEDGER, 14: LEDGER, 30: LEDGER, None: LEDGER}
        self.number = 1
        self.asked: list[int | None] = []
        self.fails: Exception | None = None

    def version(self) -> int:
        return self.number

    def open(self) -> None:
        pass

    def days(self, days: int | None) -> DayLedger:
        self.asked.append(days)
        if self.fails is not None:
            raise self.fails
        return self.by_days[days]
