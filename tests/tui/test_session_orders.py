"""`h` and `o`: on, and back to auto; what is said after `p`."""

from __future__ import annotations

from datetime import UTC

import pytest

from store.models import BudgetMode, SessionView
from tests.tui import sample
from tests.tui.sample import NOW
from tui.orders import ModeWanted
from tui.session_orders import mode_order, ping_result


def order(session: SessionView, asked: BudgetMode) -> ModeWanted:
    """What a key means for a session."""
    return mode_order(session, session.project, asked, NOW, UTC)


def in_mode(mode: BudgetMode, until: float | None = None) -> SessionView:
    """The first session in another mode."""
    return sample.API.model_copy(update={"keepalive": sample.keep("held", mode=mode, until=until)})


def test_hold_lasts_two_hours_and_toggles() -> None:
    wanted = order(sample.API, BudgetMode.HOLD)
    assert (wanted.mode, wanted.until) == (BudgetMode.HOLD, NOW + 7200)
    assert wanted.said == "api-refactor: held to 16:31"
    again = order(in_mode(BudgetMode.HOLD, NOW + 60), BudgetMode.HOLD)
    assert (again.mode, again.until) == (BudgetMode.AUTO, None)


def test_a_hold_that_is_over_starts_anew() -> None:
    assert order(in_mode(BudgetMode.HOLD, NOW - 1), BudgetMode.HOLD).mode is BudgetMode.HOLD


def test_off_is_always_off_and_ends_a_hold() -> None:
    assert order(sample.API, BudgetMode.OFF).mode is BudgetMode.OFF
    assert order(sample.DOCS, BudgetMode.OFF).mode is BudgetMode.OFF
    assert order(in_mode(BudgetMode.HOLD, NOW + 60), BudgetMode.OFF).mode is BudgetMode.OFF


@pytest.mark.parametrize(
    ("result", "said"),
    [
        ("hit", "ping hit, warm again"),
        ("miss", "ping missed: the prefix was written again"),
        ("", "ping sent, no answer yet"),
        ("day_cap", "no ping: day cap"),
        ("no_keeper", "no ping: no keeper"),
        ("unreachable", "no ping: unreachable"),
    ],
)
def test_what_came_of_a_ping(result: str, said: str) -> None:
    assert ping_result(result, NOW, UTC) == said
