"""What a budget would do: the keeper's view, and what pings cost against what they save."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from keepalive.caps import DayLeft
from store.models import BudgetMode, ReasonArgs, SessionView
from tests.tui import sample
from tests.tui.sample import NOW
from tui.budget_form import Form, form_of, read
from tui.budget_outlook import consequence, dearer, policy_view
from tui.lines import text_of, width_of


def said(form: Form, width: int = 32, session: SessionView = sample.API, day_left: DayLeft | None = None) -> list[str]:
    """The consequence of a form, as text."""
    return [text_of(one) for one in consequence(session, read(form, NOW, UTC), NOW, UTC, width, day_left=day_left)]


def told(session: SessionView, args: ReasonArgs) -> SessionView:
    keep = replace(session.keepalive, why_args={**session.keepalive.why_args, **args})
    return replace(session, keepalive=keep)


def test_consequences_are_recomputed() -> None:
    assert said(Form(BudgetMode.AUTO, "6", "$1.50"))[1:] == [
        "3 pings more, at most      $0.57",
        "resume: warm $0.19, cold   $2.41",
        "back, $0.57 spent    saves $1.08",
    ]
    assert said(Form(BudgetMode.AUTO, "6", "$0.80"))[1] == "1 ping more, at most       $0.19"
    assert said(Form(BudgetMode.OFF))[0] == "no pings  cold 14:32, then $2.41"
    assert said(Form(BudgetMode.AUTO, "3"))[0].startswith("no pings")
    assert said(Form(BudgetMode.AUTO, "6", "$0.60"))[0].startswith("no pings")


def test_without_a_cap_pings_end_at_break_even() -> None:
    """(2.41 - 0.19) / 0.19 is 11.7, and three are sent."""
    assert said(Form(BudgetMode.AUTO))[1] == "8 pings more, at most      $1.52"
    assert said(Form(BudgetMode.AUTO, "50"))[1] == "8 pings more, at most      $1.52"
    assert said(Form(BudgetMode.AUTO), day_left=DayLeft(3.0))[1] == "4 pings more, at most      $0.76"


def test_where_no_price_is_known_nothing_is_promised() -> None:
    unpriced = replace(sample.ETL, cache=replace(sample.ETL.cache, cold_usd=None))
    assert said(Form(BudgetMode.AUTO), session=unpriced)[1] == "all of them, at most    no limit"


def test_a_day_that_is_spent_leaves_no_ping() -> None:
    assert said(Form(BudgetMode.AUTO, "6", "$5"), day_left=DayLeft(0.1))[0] == "no pings: day's cap   then $2.41"


def test_an_end_comes_before_the_caps() -> None:
    """Warm to 14:34; pings are due at 14:34:02, 14:38:47, ..."""
    by_end = said(Form(BudgetMode.AUTO, "9", until="14:40"), session=sample.DEPLOY)
    assert by_end[1] == "2 pings more, at most      $0.14"


def test_what_is_gone_is_not_pinged() -> None:
    assert said(Form(BudgetMode.AUTO, "9"), session=sample.DOCS)[0] == "no pings  next prompt pays $1.31"
    assert said(Form(BudgetMode.AUTO, "9"), session=sample.BILLING)[0] == "no pings  next prompt pays $0.76"


def test_fewer_rows_keep_what_matters_most() -> None:
    budget = read(Form(BudgetMode.AUTO, "6", "$1.50"), NOW, UTC)

    def first_words(rows: int) -> list[str]:
        return [text_of(one).split()[0] for one in consequence(sample.API, budget, NOW, UTC, 32, rows)]

    assert first_words(3) == ["next", "3", "back,"]
    assert first_words(2) == ["3", "back,"]
    assert first_words(1) == ["3"]
    assert consequence(sample.API, budget, NOW, UTC, 32, 0) == ()
    assert said(Form(BudgetMode.OFF), 28)[0] == "no pings          then $2.41"


def test_an_untouched_budget_costs_what_the_keeper_plans() -> None:
    """Two of three pings are left, and the sheet asks for what was planned with."""
    keep = sample.DEPLOY.keepalive
    deploy = replace(sample.DEPLOY, keepalive=replace(keep, max_pings=None))

    def line(form: Form) -> str:
        return said(form, session=deploy)[1]

    assert line(form_of(deploy, NOW, UTC)) == "all 2 planned pings        $0.14"
    assert line(Form(BudgetMode.AUTO, money="$1")) == "10 pings more, at most     $0.70"
    assert line(Form(BudgetMode.AUTO, "2")) == "1 ping more, at most       $0.07"


@pytest.mark.parametrize(
    ("until", "pings", "line"),
    [
        ("16:00", "", "19 pings to hold it        $1.33"),
        ("16:00", "4", "3 pings, held to 14:48     $0.21"),
        ("14:40", "", "2 pings to hold it         $0.14"),
        ("", "", "25 pings to hold it        $1.75"),
        ("back", "", "303 pings to hold it      $21.21"),
    ],
)
def test_a_hold_costs_the_pings_to_its_end(until: str, pings: str, line: str) -> None:
    """Warm to 14:34, one ping every 285 s from then on, $0.07 each; one is sent already."""
    assert said(Form(BudgetMode.HOLD, pings, "", until), session=sample.DEPLOY)[1] == line


@pytest.mark.parametrize(
    ("form", "day", "width", "line"),
    [
        (("", "1", "16:00"), None, 32, "13 pings, to 15:36: money  $0.91"),
        (("", "1", "16:00"), None, 41, "13 pings to 15:36: money ends it    $0.91"),
        (("", "1", "16:00"), None, 60, "13 pings, held to 15:36: the money ends it             $0.91"),
        (("", "", "16:00"), DayLeft(2.0), 41, "16 pings, to 15:50: day's cap       $1.12"),
        (("3", "", "16:00"), None, 60, "2 pings, held to 14:43: its ping limit ends it         $0.14"),
        (("", "1", "16:00"), DayLeft(1.5), 41, "9 pings to 15:17: day's cap ends it $0.63"),
    ],
)
def test_a_hold_names_the_limit_that_ends_it(
    form: tuple[str, str, str], day: DayLeft | None, width: int, line: str
) -> None:
    """$0.07 a ping, $0.07 spent; the day keeps room for a rewrite of $0.89."""
    assert said(Form(BudgetMode.HOLD, *form), width, sample.DEPLOY, day)[1] == line


def test_a_hold_over_midnight_is_paid_by_two_days() -> None:
    """$1.56 would be 10 pings today, and 9 are due before a midnight at 15:20."""
    day = DayLeft(1.56, 3.0, NOW + 2928)
    assert said(Form(BudgetMode.HOLD, until="16:00"), 32, sample.DEPLOY, day)[1] == "19 pings to hold it        $1.33"


@pytest.mark.parametrize(
    ("width", "line"),
    [(60, "costs $0.58 more than a cold resume"), (32, "costs $0.58 more than cold"), (24, "$0.58 more than cold")],
)
def test_a_hold_that_costs_more_than_a_cold_resume_says_so(width: int, line: str) -> None:
    budget = read(Form(BudgetMode.HOLD, until="16:00"), NOW, UTC)
    (piece,) = consequence(sample.DEPLOY, budget, NOW, UTC, width)[3]
    assert (piece.text, piece.role) == (line, "bad")


def test_a_hold_that_ends_before_the_entry_needs_no_ping() -> None:
    assert said(Form(BudgetMode.HOLD, until="14:33"), session=sample.DEPLOY)[0].startswith("no pings")


def test_without_a_planned_ping_its_price_is_that_of_a_read() -> None:
    etl = replace(sample.ETL, cache=replace(sample.ETL.cache, warm_usd=0.05))
    assert said(Form(BudgetMode.AUTO, "4", "$1"), session=etl)[:2] == [
        "next ping  when it is due  $0.05",
        "2 pings more, at most      $0.10",
    ]


def test_under_a_plan_money_is_at_api_prices() -> None:
    cache = replace(sample.NOTES.cache, warm_usd=0.05, cold_usd=0.9)
    lines = said(Form(BudgetMode.AUTO, "2"), session=replace(sample.NOTES, cache=cache))
    assert lines[1:] == [
        "2 pings more, at most      $0.10",
        "a cold resume               164k",
        "money at API prices",
    ]


@pytest.mark.parametrize("why", ["no_keeper", "watch_only", "plan_login"])
def test_what_no_budget_does_away_with_promises_no_ping(why: str) -> None:
    keep = replace(sample.ETL.keepalive, why=why, why_args={})
    etl = replace(sample.ETL, keepalive=keep)
    assert said(Form(BudgetMode.AUTO, "4", "$1"), session=etl)[0] == "next ping           none for now"


@pytest.mark.parametrize(("cold", "saves"), [(0.666, "saves $0.61"), (0.674, "saves $0.61"), (0.676, "saves $0.62")])
def test_what_is_saved_is_what_the_lines_above_it_leave(cold: float, saves: str) -> None:
    keep = replace(sample.DEPLOY.keepalive, next_ping_usd=0.0166)
    cache = replace(sample.DEPLOY.cache, cold_usd=cold)
    session = replace(sample.DEPLOY, keepalive=keep, cache=cache)
    lines = said(Form(BudgetMode.AUTO, "2", "$5"), 60, session=session)
    assert lines[1].endswith("$0.02")
    assert lines[2].startswith("resume: warm $0.02, cold ")
    assert lines[3].startswith("if you come back, $0.02 spent too ")
    assert lines[-1].endswith(saves)


def test_what_is_saved_is_what_the_ledger_books() -> None:
    """At the break-even of 24 pings nothing is left, and the first one of them leaves all but itself and a read."""
    keep = replace(sample.DEPLOY.keepalive, next_ping_usd=0.0239, idle_pings=0, usd=0.0)
    cache = replace(sample.DEPLOY.cache, cold_usd=0.5975, warm_usd=0.0239)
    session = replace(sample.DEPLOY, keepalive=keep, cache=cache)
    assert said(Form(BudgetMode.AUTO, "1"), 41, session)[3] == "if you come back, pings paid  saves $0.56"
    assert said(Form(BudgetMode.AUTO), 32, session)[1:] == [
        "24 pings more, at most     $0.57",
        "resume: warm $0.02, cold   $0.60",
        "if you come back   saves nothing",
    ]


def test_a_wrong_field_has_no_consequence() -> None:
    assert said(Form(BudgetMode.AUTO, until="18:0")) == [""] * 4


# -- the keeper's view -----------------------------------------------------------------------------------------------


def view(session: SessionView, width: int = 32, *, roomy: bool = True) -> list[str]:
    return [text_of(line) for line in policy_view(session, NOW, UTC, width, roomy=roomy)]


def test_the_keepers_view_stands_in_words_with_the_price_of_its_bet() -> None:
    assert view(sample.API) == ["as is  3 of 3 pings spent", "a ping costs   7.9% of a rewrite"]
    assert view(sample.DEPLOY)[:2] == ["as is  kept to 14:44, 2 pings", "       left"]
    assert view(sample.DOCS) == ["as is  went cold 18m ago"], "what is cold is no bet any more"


def test_a_reason_is_said_shorter_and_not_cut() -> None:
    assert view(sample.DEPLOY, roomy=False) == ["as is  ↻1/3 to 14:44"]
    assert view(sample.ETL, 26, roomy=False) == ["as is  budget spent"]


def test_the_odds_are_shown_where_the_keeper_told_them() -> None:
    assert view(told(sample.API, {"chance": 0.04, "price": 0.0869, "seconds": 300.0}))[-2:] == [
        "you are back within 5m      4.0%",
        "a ping pays from            8.7%",
    ]
    assert view(told(sample.WEB, {"chance": 0.912, "price": 1.0, "seconds": 3600.0}))[-2:] == [
        "it ends within 1h            91%",
        "a ping pays from            100%",
    ]
    assert (
        view(told(sample.API, {"chance": 0.04, "price": 0.0869, "seconds": 300.0}), 26)[-2]
        == "back within 5m        4.0%"
    )
    assert view(told(sample.API, {"chance": "odd", "seconds": 300.0}))[0] == "as is  3 of 3 pings spent"


def test_a_permission_ends_and_nobody_is_awaited() -> None:
    """As the policy asks: only a person's own turn is a person's wait."""
    assert view(told(sample.DEPLOY, {"chance": 0.5, "price": 0.1, "seconds": 300.0}))[-2].startswith(
        "it ends within 5m"
    )


@given(
    st.sampled_from(sample.BOARD.sessions),
    st.builds(
        Form, st.sampled_from(BudgetMode), *[st.sampled_from(["", "0", "2", "1.5", "18:00", "none", "back", "x"])] * 3
    ),
    st.integers(24, 60),
    st.integers(0, 4),
    st.sampled_from([None, DayLeft(0.0), DayLeft(0.95, 1.0, NOW + 3600), DayLeft(3.0)]),
)
def test_no_line_is_wider_than_the_sheet(
    session: SessionView, form: Form, width: int, rows: int, day_left: DayLeft | None
) -> None:
    lines = consequence(session, read(form, NOW, UTC), NOW, UTC, width, rows, day_left)
    assert len(lines) == rows
    seen = told(session, {"chance": 0.2307, "price": 0.087, "seconds": 300.0})
    for line in (*lines, *policy_view(seen, NOW, UTC, width, roomy=rows == 4)):
        assert width_of(line) <= width
        assert "…" not in text_of(line)


def test_what_is_dearer_fits_whatever_it_costs() -> None:
    assert len(dearer(1e15, 20)) <= 20
