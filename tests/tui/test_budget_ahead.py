"""How many pings a budget comes to, to when, for how much, and what ends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keepalive.caps import DayLeft
from store.models import BudgetMode
from tests.tui import sample
from tests.tui.sample import NOW, at
from tui.budget_ahead import Ahead, ahead, most, over, paid, price, saving
from tui.budget_form import Budget

STEP = 285.0
"""Between two pings of a five-minute entry."""


def hold(pings: int | None = None, usd: float | None = None, until: float = at(16, 0)) -> Budget:
    return Budget(BudgetMode.HOLD, pings, usd, until, {})


def test_a_hold_ends_with_its_time_or_with_the_first_cap() -> None:
    """Warm to 14:34:17, one ping sent, $0.07 each and spent."""
    expires = NOW + 185
    assert ahead(sample.DEPLOY, hold(), NOW, None) == Ahead(19, "", at(16, 0))
    assert ahead(sample.DEPLOY, hold(3), NOW, None) == Ahead(2, "pings", expires + 2 * STEP)
    assert ahead(sample.DEPLOY, hold(9, 0.5), NOW, None) == Ahead(6, "money", expires + 6 * STEP)
    assert ahead(sample.DEPLOY, hold(9, 0.5), NOW, DayLeft(1.1)) == Ahead(4, "day", expires + 4 * STEP)


def test_a_hold_in_force_whose_end_was_read_to_the_minute_is_the_keepers() -> None:
    """The last ping falls into the seconds that the field does not show."""
    expires = NOW + 185
    end = expires + 2 * STEP + 5
    keep = replace(sample.DEPLOY.keepalive, mode=BudgetMode.HOLD, until=end, max_pings=None, max_usd=None)
    held = replace(sample.DEPLOY, keepalive=keep)
    assert ahead(held, hold(until=end - 10), NOW, None) == Ahead(3, "", end)
    assert ahead(held, hold(until=end - 120), NOW, None) == Ahead(2, "", end - 120), "another end is another budget"


def test_what_they_cost_and_how_much_more_that_is_than_a_cold_resume() -> None:
    seen = ahead(sample.DEPLOY, hold(), NOW, None)
    usd = most(sample.DEPLOY, hold(), seen, None)
    assert usd == pytest.approx(19 * 0.07)
    assert saving(sample.DEPLOY, 0.14) == pytest.approx(0.89 - 0.07 - 0.07 - 0.14), "less the one sent and a warm read"
    assert over(sample.DEPLOY, usd) == pytest.approx(19 * 0.07 - (0.89 - 0.07 - 0.07))
    assert over(sample.DEPLOY, 0.75) is None
    assert over(replace(sample.DEPLOY, login="subscription"), 9.0) is None, "nobody pays it"
    assert most(sample.ETL, hold(usd=0.7), Ahead(None), DayLeft(0.3)) == pytest.approx(0.2), "no price is known"
    assert price(sample.ETL) is None


@given(st.floats(0.02, 9), st.floats(0.001, 0.2), st.integers(0, 40), st.floats(0, 9))
def test_a_saving_never_turns_into_a_loss_by_rounding(cold: float, a_ping: float, sent: int, usd: float) -> None:
    keep = replace(sample.DEPLOY.keepalive, next_ping_usd=a_ping, idle_pings=sent, usd=sent * a_ping + 0.1)
    session = replace(sample.DEPLOY, keepalive=keep, cache=replace(sample.DEPLOY.cache, cold_usd=cold, warm_usd=a_ping))
    assert paid(session) == pytest.approx(sent * a_ping)
    left, told = cold - a_ping - sent * a_ping - usd, saving(session, usd)
    assert told is not None
    assert told * left >= 0
    assert abs(told - left) <= 0.0201


@given(
    st.integers(0, 300) | st.none(),
    st.floats(0, 20) | st.none(),
    st.floats(0, 5),
    st.floats(200, 80_000),
    st.floats(60, 90_000),
)
def test_an_end_is_told_that_its_money_pays_for(
    pings: int | None, usd: float | None, today: float, lasts: float, midnight: float
) -> None:
    budget, day = hold(pings, usd, NOW + lasts), DayLeft(today, 3.0, NOW + midnight)
    seen = ahead(sample.DEPLOY, budget, NOW, day)
    assert seen.pings is not None
    assert seen.to is not None
    assert seen.to <= NOW + lasts
    assert (seen.to == NOW + lasts) == (seen.ends == "")
    assert usd is None or seen.pings * 0.07 <= max(0.0, usd - 0.07) + 1e-9
    assert pings is None or seen.pings <= max(0, pings - 1)
    if lasts < midnight:
        assert seen.pings == 0 or seen.pings * 0.07 <= today - 0.89 + 0.07 + 1e-9
