"""The Budget tab: limits with their origins and what is spent of them, and what comes of it."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keepalive.allowance import Allowance
from store.models import BudgetMode, SessionView
from tests.tui import sample
from tests.tui.budget_sample import ALLOWED, IN_FORCE
from tests.tui.sample import NOW, at
from tui.budget_in_force import InForce
from tui.budget_tab import budget_tab
from tui.budget_text import Day
from tui.lines import Line, text_of, width_of

ODDS = {"n": 2, "until": at(14, 44), "chance": 0.2307, "price": 0.087, "seconds": 300.0}
DEPLOY = replace(sample.DEPLOY, keepalive=replace(sample.DEPLOY.keepalive, why_args=ODDS, max_usd=0.75))


def drawn(force: InForce | None = IN_FORCE, width: int = 77, session: SessionView = DEPLOY) -> list[Line]:
    return budget_tab(session, force, NOW, UTC, width)


def text(force: InForce | None = IN_FORCE, width: int = 77, session: SessionView = DEPLOY) -> list[str]:
    return [text_of(line).rstrip() for line in drawn(force, width, session)]


def allowing(**limits: object) -> InForce:
    return replace(IN_FORCE, allowed=replace(ALLOWED, **limits))


def test_beside_the_list_each_limit_stands_with_its_origin() -> None:
    assert text()[:8] == [
        " in force                                      set by",
        " mode    auto                                  this session",
        " until   no end                                this session",
        " pings   1 of 3 this idle period      ━━╸────  this session",
        " money   $0.07 of $0.75 so far        ╸──────  [budget.project.api]",
        " a ping  $0.25 at most                         stored default",
        " prefix  20,000 tokens or more                 built-in default",
        " day     $0.41 of $3.00, all sessions ━──────  config.toml [budget]",
    ]


def test_narrow_limits_stand_under_their_origins_the_most_specific_first() -> None:
    assert text(width=30)[:17] == [
        " this session ───────────────",
        " mode    auto",
        " until   no end",
        " pings   1 of 3       ━━╸────",
        "",
        " [budget.project.api] ───────",
        " money   $0.07 of $0.75 ╸────",
        "",
        " stored default ─────────────",
        " a ping  $0.25 at most",
        "",
        " config.toml [budget] ───────",
        " day     $0.41 of $3.00 ╸────",
        "",
        " built-in default ───────────",
        " prefix  20,000 tokens",
        "",
    ]


def test_then_what_the_plan_costs_without_what_stands_above_the_tabs() -> None:
    assert text(width=36)[17:] == [
        " what comes of it",
        " next ping             14:34  $0.07",
        " all 2 planned pings          $0.14",
        " resume: warm $0.07, cold     $0.89",
        " back, $0.07 spent too  saves $0.61",
        "",
        " b edit  h hold 2 h  o off",
    ]


def test_without_caps_there_is_nothing_to_fill() -> None:
    free = allowing(pings=None, usd=None)
    found = text(free)
    assert found[3] == " pings   1 sent, as many as pay: 3             this session"
    assert " pings   1, as many as pay: 3" in text(free, 36)
    idle = replace(DEPLOY, keepalive=replace(DEPLOY.keepalive, next_ping_at=None))
    assert text(free, session=idle)[3] == " pings   1 sent, as many as pay                this session"
    assert found[4] == " money   $0.07 so far, no cap                  [budget.project.api]"


@pytest.mark.parametrize(
    ("spent", "gauge"), [(0.0, "───────"), (0.001, "╸──────"), (0.75, "━━━━━━━"), (2.0, "━━━━━━━")]
)
def test_a_gauge_shows_the_least_and_no_more_than_all(spent: float, gauge: str) -> None:
    assert gauge in text(replace(IN_FORCE, session_usd=spent))[4]


def test_a_value_that_would_touch_its_gauge_is_said_shorter() -> None:
    line = text(replace(IN_FORCE, day=Day(30.0, True, 12.5, None)))[7]
    assert line.split() == ["day", "$12.50", "of", "$30.00", "━━━────", "config.toml", "[budget]"]


def test_a_cap_of_nothing_is_spent() -> None:
    assert "0 of 0 this idle period      ━━━━━━━" in text(replace(allowing(pings=0), idle_pings=0))[3]


def test_an_end_that_is_the_next_prompt_is_said() -> None:
    held = allowing(mode=BudgetMode.HOLD, until=NOW + 86400, until_back=True)
    assert text(held)[2].startswith(" until   you are back, or Wed 14:31 ")
    assert " until   your next prompt" in text(held, 30)
    over = allowing(until=at(14, 0))
    assert " until   14:00 (over)" in text(over, 30)


def test_a_held_session_goes_back_to_auto() -> None:
    keep = replace(DEPLOY.keepalive, mode=BudgetMode.HOLD, until=NOW + 3600)
    held = replace(DEPLOY, keepalive=keep)
    assert text(session=held)[-1] == " b edit  h auto again  o off"


def test_other_keys_are_named_and_an_action_without_one_is_not() -> None:
    keys = {"budget": "B", "hold": "", "off": "ctrl+o"}
    lines = budget_tab(DEPLOY, IN_FORCE, NOW, UTC, 36, keys)
    assert text_of(lines[-1]) == " B edit  ctrl+o off"


def test_a_pause_is_said_with_its_way_out() -> None:
    paused = replace(IN_FORCE, day=Day(3.0, False, 0.0, NOW + 3600))
    assert " All pings are paused until 15:31: warmside budget --resume" in text(paused)


def test_a_day_that_is_nearly_spent_bounds_what_is_planned() -> None:
    nearly = replace(IN_FORCE, day=Day(3.0, False, 2.9, None))
    assert any(line.startswith(" no pings: day's cap ") for line in text(nearly, 36))


def test_under_a_plan_nobody_is_billed() -> None:
    said = " ".join(text(session=sample.NOTES))
    assert said.count("API prices") == 1
    assert "A plan is not billed by token: money here is at API prices." in said
    assert "API prices" not in " ".join(text())


def test_of_an_ended_session_nothing_is_planned_and_no_key_offered() -> None:
    found = text(session=sample.ENDED[0])
    assert found[:2] == [" The session has ended: no ping is sent in it any more. What held for it:", ""]
    assert found[-1].startswith(" day ")
    assert text(None, 36, sample.ENDED[0]) == [" The session has ended: no ping is", " sent in it any more."]
    assert not any("what comes of it" in line for line in found)


def test_before_it_was_read_there_is_only_the_plan() -> None:
    assert text(None, 36)[0] == " what comes of it"
    assert not any("edit" in line for line in text(None))


@given(
    st.sampled_from((*sample.BOARD.sessions, *sample.ENDED, DEPLOY)),
    st.sampled_from([30, 36, 60, 77, 120]) | st.integers(30, 140),
    st.builds(
        Allowance,
        st.sampled_from(BudgetMode),
        st.none() | st.integers(0, 999),
        st.none() | st.floats(0, 10_000),
        st.floats(0, 10_000),
        st.none() | st.floats(NOW - 1e6, NOW + 1e6),
        st.integers(0, 10**7),
        st.dictionaries(
            st.sampled_from(["mode", "until", "pings", "usd", "usd_per_ping", "min_prefix_tokens"]),
            st.sampled_from(["session", "stored", "budget", "budget.ttl.5m"]) | st.text(max_size=60),
        ),
        st.booleans(),
    ),
    st.integers(0, 1000),
    st.floats(0, 99_000),
    st.builds(Day, st.floats(0, 10_000), st.booleans(), st.floats(0, 10_000), st.none() | st.just(NOW + 60)),
)
def test_no_line_is_wider_than_the_tab(
    session: SessionView, width: int, allowed: Allowance, sent: int, spent: float, day: Day
) -> None:
    for line in drawn(InForce(allowed, sent, spent, day), width, session):
        assert width_of(line) <= width
        assert "\x1b" not in text_of(line)
        assert "\n" not in text_of(line)
