"""`h` and `o`: on, and back to auto; what is said after `p`."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace

from keepalive.caps import DayLeft
from store.models import BudgetMode, SessionView
from tests.tui import sample
from tests.tui.sample import NOW, at
from tui.failure import HELD
from tui.orders import BudgetWanted, ModeWanted
from tui.session_orders import NOT_DONE, budget_said, failed, mode_order, ping_paid, ping_result


def order(session: SessionView, asked: BudgetMode) -> ModeWanted:
    """What a key means for a session."""
    return mode_order(session, session.project, asked, NOW, UTC)


def in_mode(mode: BudgetMode, until: float | None = None) -> SessionView:
    """The first session in another mode."""
    return replace(sample.API, keepalive=sample.keep("held", mode=mode, until=until))


def test_hold_lasts_two_hours_and_toggles() -> None:
    wanted = order(sample.API, BudgetMode.HOLD)
    assert (wanted.mode, wanted.until) == (BudgetMode.HOLD, NOW + 7200)
    assert (wanted.said, wanted.name) == ("api-refactor: not held: 3 ping limit spent", "api-refactor")
    again = order(in_mode(BudgetMode.HOLD, NOW + 60), BudgetMode.HOLD)
    assert (again.mode, again.until) == (BudgetMode.AUTO, None)


def held(**update: object) -> str:
    """What is said of a hold of the session that is kept now: warm to 14:34, $0.07 a ping, $0.89 cold."""
    keep = replace(sample.DEPLOY.keepalive, max_pings=None, **update)
    return order(replace(sample.DEPLOY, keepalive=keep), BudgetMode.HOLD).said


def test_the_answer_says_to_when_the_caps_let_it_be_held_and_what_is_too_dear() -> None:
    assert held() == "deploy-infra: held to 16:31, $1.00 more than a cold resume"
    assert held(max_usd=0.5) == "deploy-infra: held to 15:02 only: $0.50 limit"
    assert held(max_usd=0.07) == "deploy-infra: not held: $0.07 limit spent"
    assert order(sample.DOCS, BudgetMode.HOLD).said == "docs-site: held to 16:31", "cold: nothing is known"


@pytest.mark.parametrize(
    ("pings", "usd", "back", "said"),
    [
        (2, None, True, "held to 14:39 only: 2 ping limit"),
        (1, None, True, "not held: 1 ping limit spent"),
        (None, 0.5, False, "held to 15:02 only: $0.50 limit"),
        (None, None, False, "held to 16:00, $0.58 more than a cold resume"),
    ],
)
def test_a_hold_that_its_limits_end_says_when(pings: int | None, usd: float | None, back: bool, said: str) -> None:
    """Warm to 14:34:17, one ping sent."""
    wanted = BudgetWanted("id", "name", BudgetMode.HOLD, pings, usd, at(16, 0), back)
    assert budget_said(wanted, NOW, UTC, sample.DEPLOY) == said


def test_the_day_ends_a_hold_too_and_no_key_lifts_that() -> None:
    wanted = BudgetWanted("id", "name", BudgetMode.HOLD, None, None, at(16, 0))
    assert budget_said(wanted, NOW, UTC, sample.DEPLOY, DayLeft(1.1)) == "held to 14:53 only: day's cap"
    keep = replace(sample.DEPLOY.keepalive, max_pings=2)
    lifted = mode_order(replace(sample.DEPLOY, keepalive=keep), "it", BudgetMode.HOLD, NOW, UTC, lifts="b").said
    assert lifted == "it: held to 14:39 only: 2 ping limit (b lifts it)"


@pytest.mark.parametrize(
    ("mode", "until", "back", "said"),
    [
        (BudgetMode.AUTO, at(18, 0), False, "kept while it pays to 18:00 at most"),
        (BudgetMode.AUTO, at(18, 0), True, "kept while it pays until your next prompt"),
        (BudgetMode.AUTO, None, False, "kept while it pays"),
        (BudgetMode.HOLD, at(18, 0) + 86_400, False, "held to Wed 18:00 at most"),
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


def test_a_ping_is_told_with_what_was_paid_and_until_when_it_is_warm() -> None:
    cache, keep = replace(sample.API.cache, expires_at=NOW + 300), sample.API.keepalive
    assert keep.usd is not None
    after = replace(sample.API, cache=cache, keepalive=replace(keep, pings=keep.pings + 1, usd=keep.usd + 0.004))
    assert ping_paid(sample.API, after, NOW, UTC) == "pinged for <1c, warm to 14:36"
    assert ping_paid(sample.API, sample.API, NOW, UTC) == "", "nothing of it is known yet"
    asked = replace(after, keepalive=replace(after.keepalive, in_flight=True))
    assert ping_paid(sample.API, asked, NOW, UTC) == ""
    on_plan = replace(after, login="subscription")
    assert ping_paid(sample.API, on_plan, NOW, UTC) == "pinged, warm to 14:36"
