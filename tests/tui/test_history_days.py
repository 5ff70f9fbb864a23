"""Where rows stand: every line is accounted for, and found from either side."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.store.made_up import time_zone
from tests.tui.sample import NOW
from tui.history_days import Plan, day_name

DAY = 86_400.0
TIMES = st.tuples(
    st.lists(st.floats(NOW - 900 * DAY, NOW + DAY), max_size=60).map(lambda all: sorted(all, reverse=True)),
    st.integers(0, 3),
).map(lambda pair: [*pair[0], *[None] * pair[1]])


@given(TIMES, st.booleans())
def test_every_row_has_its_two_lines_and_every_line_its_row(times: list[float | None], roomy: bool) -> None:
    plan = Plan(times, NOW, UTC, roomy=roomy)
    seen = [plan.at(line) for line in range(plan.line_count)]
    assert [row for kind, row in seen if kind == "top"] == list(range(len(times)))
    assert [row for kind, row in seen if kind == "bottom"] == list(range(len(times)))
    assert all(plan.at(plan.line_of(row)) == ("top", row) for row in range(len(times)))
    assert sum(kind == "blank" for kind, _ in seen) == (max(0, len(plan.days) - 1) if roomy else 0)
    assert plan.at(plan.line_count) == ("blank", 0)
    assert plan.at(-1) == ("blank", 0)


@given(TIMES)
def test_a_day_holds_what_happened_on_it(times: list[float | None]) -> None:
    plan = Plan(times, NOW, UTC)
    for day in plan.days:
        of_day = times[day.first : day.first + day.rows]
        assert {day_name(at, NOW, UTC) for at in of_day} == {day.label}
    labels = [day.label for day in plan.days]
    assert len(labels) == len(set(labels))


@pytest.mark.parametrize(
    ("at", "name"),
    [
        (NOW, "today"),
        (NOW - DAY, "yesterday"),
        (NOW - 5 * DAY, "Thu 19 Nov"),
        (datetime(2025, 11, 19, tzinfo=UTC).timestamp(), "19 Nov 2025"),
        (None, "no date"),
    ],
)
def test_a_day_has_a_name(at: float | None, name: str) -> None:
    assert day_name(at, NOW, UTC) == name


def test_a_day_is_the_machines_day(monkeypatch: pytest.MonkeyPatch) -> None:
    late = datetime(2026, 11, 23, 23, 30, tzinfo=UTC).timestamp()
    assert day_name(late, NOW, UTC) == "yesterday"
    with time_zone(monkeypatch, "Europe/Berlin"):
        assert day_name(late, NOW, None) == "today"
        assert [day.label for day in Plan((late, late - DAY), NOW, None).days] == ["today", "yesterday"]


def test_ten_thousand_rows_are_planned_by_their_days() -> None:
    plan = Plan([NOW - n * 3600 for n in range(10_000)], NOW, UTC)
    assert len(plan.days) == 418
    assert plan.line_count == 20_000 + 418
