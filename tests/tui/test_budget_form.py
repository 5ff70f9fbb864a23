"""The sheet's contents: what is typed, what it means, what it costs."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.models import BudgetMode, ReasonArgs, SessionView
from tests.tui import sample
from tests.tui.sample import NOW, at
from tui.budget_form import Form, consequence, form_of, policy_view, read
from tui.lines import text_of, width_of


def said(form: Form, width: int = 32) -> list[str]:
    """The consequence of a form for the first session, as text."""
    return [text_of(line) for line in consequence(sample.API, read(form, NOW, UTC), NOW, UTC, width)]


def test_a_form_starts_with_the_present_budget() -> None:
    assert form_of(sample.API, NOW, UTC) == (BudgetMode.AUTO, "3", "$0.75", "")


@given(st.floats(61, 47 * 3600))
def test_a_present_time_is_typed_so_that_it_reads_back(seconds: float) -> None:
    until = NOW + seconds
    held = sample.API.model_copy(update={"keepalive": sample.keep("held", mode=BudgetMode.HOLD, until=until)})
    budget = read(form_of(held, NOW, UTC), NOW, UTC)
    assert not budget.errors
    assert budget.until == pytest.approx(until, abs=3600)


def test_read_keeps_values_and_names_errors() -> None:
    budget = read(Form(BudgetMode.AUTO, "6", "$1.50", "18:00"), NOW, UTC)
    assert (budget.pings, budget.usd, budget.until, budget.errors) == (6, 1.5, at(18, 0), {})
    broken = read(Form(BudgetMode.AUTO, "x", "y", "z"), NOW, UTC)
    assert set(broken.errors) == {"pings", "money", "until"}


def test_a_hold_without_a_time_lasts_two_hours() -> None:
    assert read(Form(BudgetMode.HOLD), NOW, UTC).until == NOW + 7200
    assert read(Form(BudgetMode.AUTO), NOW, UTC).until is None


def test_consequences_are_recomputed() -> None:
    assert said(Form(BudgetMode.AUTO, "6", "$1.50"))[1:] == [
        "3 pings more, at most      $0.57",
        "a cold resume              $2.41",
        "if you come back     saves $1.84",
    ]
    assert said(Form(BudgetMode.AUTO, "6", "$0.80"))[1].endswith("$0.22")
    assert said(Form(BudgetMode.OFF))[0] == "no pings  cold 14:32, then $2.41"
    assert said(Form(BudgetMode.AUTO, "3"))[0].startswith("no pings")
    assert said(Form(BudgetMode.AUTO, "6", "$0.60"))[0].startswith("no pings")
    assert said(Form(BudgetMode.AUTO))[1] == "all of them, at most    no limit"


def test_on_a_short_screen_what_a_cold_resume_costs_is_left_out() -> None:
    lines = consequence(sample.API, read(Form(BudgetMode.AUTO, "6", "$1.50"), NOW, UTC), NOW, UTC, 32, 3)
    assert [text_of(line).split()[0] for line in lines] == ["next", "3", "if"]
    assert said(Form(BudgetMode.OFF), 28)[0] == "no pings          then $2.41"


def test_an_untouched_budget_costs_what_the_keeper_plans() -> None:
    """Two of three pings are left, and the sheet asks for what was planned with."""
    keep = sample.DEPLOY.keepalive
    deploy = sample.DEPLOY.model_copy(update={"keepalive": keep.model_copy(update={"max_pings": None})})

    def line(form: Form) -> str:
        return text_of(consequence(deploy, read(form, NOW, UTC), NOW, UTC, 32)[1])

    assert line(form_of(deploy, NOW, UTC)) == "all 2 planned pings        $0.14"
    assert line(Form(BudgetMode.AUTO, money="$1")) == "all of them, at most       $0.93"
    assert line(Form(BudgetMode.AUTO, "2")) == "1 ping more, at most       $0.07"


@pytest.mark.parametrize(
    ("until", "pings", "line"),
    [
        ("16:00", "", "19 pings to hold it        $1.33"),
        ("16:00", "4", "3 pings to hold it         $0.21"),
        ("14:40", "", "2 pings to hold it         $0.14"),
        ("", "", "25 pings to hold it        $1.75"),
    ],
)
def test_a_hold_costs_the_pings_to_its_end(until: str, pings: str, line: str) -> None:
    """Warm to 14:34, one ping every 285 s from then on, $0.07 each; one is sent already."""
    budget = read(Form(BudgetMode.HOLD, pings, "", until), NOW, UTC)
    assert text_of(consequence(sample.DEPLOY, budget, NOW, UTC, 32)[1]) == line


def test_a_hold_that_ends_before_the_entry_needs_no_ping() -> None:
    budget = read(Form(BudgetMode.HOLD, until="14:33"), NOW, UTC)
    assert text_of(consequence(sample.DEPLOY, budget, NOW, UTC, 32)[0]).startswith("no pings")


def test_without_a_planned_ping_its_price_is_that_of_a_read() -> None:
    etl = sample.ETL.model_copy(update={"cache": sample.ETL.cache.model_copy(update={"warm_usd": 0.05})})
    lines = consequence(etl, read(Form(BudgetMode.AUTO, "4", "$1"), NOW, UTC), NOW, UTC, 32)
    assert [text_of(line) for line in lines[:2]] == [
        "next ping  when it is due  $0.05",
        "2 pings more, at most      $0.10",
    ]


def view(session: SessionView, width: int = 32, *, roomy: bool = True) -> list[str]:
    """What the keeper makes of a session, as text."""
    return [text_of(line) for line in policy_view(session, NOW, UTC, width, roomy=roomy)]


def test_the_keepers_view_stands_in_words_with_the_price_of_its_bet() -> None:
    assert view(sample.API) == ["now     3 of 3 pings spent", "a ping costs   8.6% of a rewrite"]
    assert view(sample.DEPLOY)[:2] == ["now     kept to 14:44, 2 pings", "        left"]
    assert view(sample.DEPLOY, roomy=False) == ["now     kept to 14:44, 2 pings…"]
    assert view(sample.DOCS) == ["now     went cold 18m ago"]


def test_the_odds_are_shown_where_the_keeper_told_them() -> None:
    def told(session: SessionView, args: ReasonArgs) -> list[str]:
        keep = session.keepalive.model_copy(update={"why_args": {**session.keepalive.why_args, **args}})
        return view(session.model_copy(update={"keepalive": keep}))[-2:]

    assert told(sample.API, {"chance": 0.04, "price": 0.0869, "seconds": 300.0}) == [
        "you are back within 5m      4.0%",
        "a ping costs   8.7% of a rewrite",
    ]
    assert told(sample.WEB, {"chance": 0.912, "price": 1.0, "seconds": 3600.0}) == [
        "it ends within 1h            91%",
        "a ping costs   100% of a rewrite",
    ]
    assert told(sample.API, {"chance": "odd", "seconds": 300.0})[0] == "now     3 of 3 pings spent"


@given(
    st.sampled_from(sample.BOARD.sessions),
    st.builds(Form, st.sampled_from(BudgetMode), *[st.sampled_from(["", "0", "2", "1.5", "18:00", "none", "x"])] * 3),
    st.integers(28, 60),
    st.sampled_from([3, 4]),
)
def test_no_line_is_wider_than_the_sheet(session: SessionView, form: Form, width: int, rows: int) -> None:
    lines = consequence(session, read(form, NOW, UTC), NOW, UTC, width, rows)
    assert len(lines) == rows
    for line in (*lines, *policy_view(session, NOW, UTC, width, roomy=rows == 4)):
        assert width_of(line) <= width


def test_an_error_stands_where_the_consequence_was() -> None:
    assert said(Form(BudgetMode.AUTO, until="18:0")) == ["try 18:00, 2h, tomorrow 9:00", "", "", ""]


@pytest.mark.parametrize("usd", [0.005, 0.75, 1.0, 100.6, 123.45, 9_999.99])
def test_an_untouched_sheet_changes_no_cap(usd: float) -> None:
    """The policy's plan (three pings) is not the person's cap, and money comes back as it was."""
    keep = sample.API.keepalive.model_copy(update={"max_pings": None, "max_usd": usd})
    budget = read(form_of(sample.API.model_copy(update={"keepalive": keep}), NOW, UTC), NOW, UTC)
    assert (budget.pings, budget.usd, budget.errors) == (None, usd, {})
