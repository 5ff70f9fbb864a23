"""What is in force, in lines a person reads."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from keepalive.allowance import Allowance
from keepalive.config import BudgetConfig, section
from store.models import BudgetMode
from tests.tui.sample import NOW, at
from tui.budget_text import day_of, lines, origin, pause_lines, tables

DAY = day_of(BudgetConfig(), 0.12, None, NOW)


def allowed(mode: BudgetMode = BudgetMode.AUTO, until: float | None = None, usd: float | None = None) -> Allowance:
    return Allowance(mode, None, usd, 0.25, until, 20_000, {"mode": "session"})


def test_a_hold_says_its_end_and_one_that_is_over_says_so() -> None:
    held = lines(allowed(BudgetMode.HOLD, at(18, 0)), 0.38, DAY, NOW, UTC)
    assert held[0] == "mode          hold                                    this session"
    assert held[4].split() == ["until", "18:00", "built-in", "default"]
    assert "13:00 (over)" in lines(allowed(until=at(13, 0)), None, DAY, NOW, UTC)[4]


def test_money_is_shown_with_what_was_spent_of_it() -> None:
    assert "$0.75 a session, $0.38 spent" in lines(allowed(usd=0.75), 0.38, DAY, NOW, UTC)[2]
    assert "no cap   " in lines(allowed(), None, DAY, NOW, UTC)[2], "the default has spent nothing"
    assert "$3.00 over all sessions, $0.12 spent    built-in default" in lines(allowed(), None, DAY, NOW, UTC)[6]
    day = day_of(BudgetConfig(usd_per_day=0.0), 0.0, None, NOW)
    assert "$0.00 over all sessions, $0.00 spent    config.toml [budget]" in lines(allowed(), None, day, NOW, UTC)[6]


def test_a_pause_is_shown_while_it_lasts() -> None:
    assert day_of(BudgetConfig(), 0.0, NOW, NOW).paused_until is None
    until = day_of(BudgetConfig(), 0.0, NOW + 60, NOW).paused_until
    assert until == NOW + 60
    assert pause_lines(until, NOW, UTC) == [
        "paused        no pings at all until 14:32             warmside budget --resume"
    ]


def test_nothing_else_in_the_config_is_nothing_to_say() -> None:
    assert tables(BudgetConfig()) == []


@given(st.text())
def test_a_name_cannot_leave_its_line(name: str) -> None:
    config = section(BudgetConfig, {"project": {name: {}}, "agent": {name: {}}})
    for text in (*tables(config), origin(name)):
        assert len(text.splitlines()) == 1
        assert "\x1b" not in text
