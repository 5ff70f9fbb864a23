"""`h` and `o`: on, and back to auto; what is said after `p`."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace

from store.models import BudgetMode, SessionView
from tests.tui import sample
from tests.tui.sample import NOW, at
from tui.failure import HELD
from tui.orders import BudgetWanted, ModeWanted
from tui.session_orders import NOT_DONE, budget_said, failed, mode_order, ping_result


def order(session: SessionView, asked: BudgetMode) -> ModeWanted:
    """What a key means for a session."""
    return mode_order(session, session.project, asked, NOW, UTC)


def in_mode(mode: BudgetMode, until: float | None = None) -> SessionView:
    """The first session in another mode."""
    return replace(sample.API, keepalive=sample.keep("held", mode=mode, until=until))


def test_hold_lasts_two_hours_and_toggles() -> None:
    wanted = order(sample.API, BudgetMode.HOLD)
    assert (wanted.mode, wanted.until) == (BudgetMode.HOLD, NOW + 7200)
    assert (wanted.said, wanted.name) == ("api-refactor: held, but its pings are spent", "api-refactor")
    again = order(in_mode(BudgetMode.HOLD, NOW + 60), BudgetMode.HOLD)
    assert (again.mode, again.until) == (BudgetMode.AUTO, None)


def held(**update: object) -> str:
    """What is said of a hold of the session that is kept now: warm to 14:34, $0.07 a ping, $0.89 cold."""
    keep = replace(sample.DEPLOY.keepalive, max_pings=None, **update)
    return order(replace(sample.DEPLOY, keepalive=keep), BudgetMode.HOLD).said


def test_the_answer_says_to_when_the_caps_let_it_be_held_and_what_is_too_dear() -> None:
    assert held() == "deploy-infra: held to 16:31, $0.86 more than a cold resume"
    assert held(max_usd=0.5) == "deploy-infra: held to 15:02"
    assert held(max_usd=0.07) == "deploy-infra: held, but its money is spent"
    assert order(sample.DOCS, BudgetMode.HOLD).said == "docs-site: held to 16:31", "cold: nothing is known"


@pytest.mark.parametrize(
    ("mode", "until", "back", "said"),
    [
        (BudgetMode.AUTO, at(18, 0), False, "kept while it pays, to 18:00 at most"),
        (BudgetMode.AUTO, at(18, 0), True, "kept while it pays until your next prompt"),
        (BudgetMode.AUTO, None, False, "kept while it pays"),
        (BudgetMode.HOLD, at(18, 0) + 86_400, False, "held, to Wed 18:00 at most"),
        (BudgetMode.OFF, None, False, "keep-alive off"),
    ],
)
def test_what_a_budget_means_from_now_on(mode: BudgetMode, until: float | None, back: bool, said: str) -> None:
    assert budget_said(BudgetWanted("id", "name", mode, 3, 0.5, until, back), NOW, UTC) == said


@pytest.mark.parametrize(
    ("why", "width", "said"),
    [
        (HELD, 90, "docs-site not switched off: another program holds the store; press o again"),
        (HELD, 58, "docs-site not switched off: store held; press o again"),
        (HELD, 43, "not switched off: store held; press o again"),
        (HELD, 34, "not switched off: press o again"),
        ("disk full", 90, "docs-site not switched off: disk full"),
        ("disk full", 34, "not switched off: disk full"),
        ("disk full", 20, "disk full"),
    ],
)
def test_an_order_that_failed_names_itself_and_its_remedy(why: str, width: int, said: str) -> None:
    assert failed("docs-site", NOT_DONE[BudgetMode.OFF], why, "o", width) == said


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
