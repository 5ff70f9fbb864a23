"""Rows by day: which line of a list a row stands on, and what stands on a line, without a list of all lines. Pure.

A row takes two lines, the first of a day has the day's name above it. Ten thousand rows are a few hundred days, so a
plan is made in a millisecond and a line is found by bisection.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

ROW_LINES = 2
Kind = Literal["blank", "label", "top", "bottom"]


class Day(NamedTuple):
    """Rows of one day, a run of the list."""

    label: str
    first: int
    """Index of its first row."""
    rows: int
    line: int
    """Of its label."""


class Plan:
    """Where everything stands. `times` are the rows', newest first; None is unknown and comes last."""

    def __init__(self, times: Sequence[float | None], now: float, zone: tzinfo | None, *, roomy: bool = False) -> None:
        self.rows = len(times)
        self.days = tuple(_days(times, now, zone, 1 if roomy else 0))
        self._lines = [day.line for day in self.days]
        self._firsts = [day.first for day in self.days]
        last = self.days[-1] if self.days else None
        self.line_count = last.line + 1 + ROW_LINES * last.rows if last else 0

    def line_of(self, row: int) -> int:
        """The first line of a row."""
        day = self.days[bisect_right(self._firsts, row) - 1]
        return day.line + 1 + ROW_LINES * (row - day.first)

    def at(self, line: int) -> tuple[Kind, int]:
        """What stands on a line: its kind, and the index of the row, or of the day for a label."""
        index = bisect_right(self._lines, line) - 1
        if index < 0:
            return "blank", 0
        day = self.days[index]
        if line == day.line:
            return "label", index
        row, half = divmod(line - day.line - 1, ROW_LINES)
        if row >= day.rows:
            return "blank", 0
        return ("bottom" if half else "top"), day.first + row


def _days(times: Sequence[float | None], now: float, zone: tzinfo | None, blank: int) -> list[Day]:
    days: list[Day] = []
    first, line = 0, 0
    while first < len(times):
        at = times[first]
        end = len(times) if at is None else _end_of_day(times, first, at, zone)
        days.append(Day(day_name(at, now, zone), first, end - first, line))
        line += 1 + ROW_LINES * (end - first) + blank
        first = end
    return days


def _end_of_day(times: Sequence[float | None], first: int, at: float, zone: tzinfo | None) -> int:
    """Index behind the last row that is as young as the beginning of the day of `at`."""
    day = datetime.fromtimestamp(at, zone)
    midnight = datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
    low, high = first + 1, len(times)
    while low < high:
        middle = (low + high) // 2
        one = times[middle]
        low, high = (middle + 1, high) if one is not None and one >= midnight else (low, middle)
    return low


def day_name(at: float | None, now: float, zone: tzinfo | None) -> str:
    """`today`, `yesterday`, `Thu 19 Nov`, from another year `19 Nov 2025`."""
    if at is None:
        return "no date"
    day, today = datetime.fromtimestamp(at, zone).date(), datetime.fromtimestamp(now, zone).date()
    if day == today:
        return "today"
    if day == today - timedelta(days=1):
        return "yesterday"
    return f"{day:%a} {day.day} {day:%b}" if day.year == today.year else f"{day.day} {day:%b %Y}"
