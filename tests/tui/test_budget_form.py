"""The sheet's contents: what is typed, what it means, what it costs."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.models import BudgetMode
from tests.tui import sample
from tests.tui.sample import NOW, at
from tui.budget_form import Form, consequence, form_of, read
from tui.lines import text_of


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
        "if you come back     saves $1.84",
    ]
    assert said(Form(BudgetMode.AUTO, "6", "$0.80"))[1].endswith("$0.22")
    assert said(Form(BudgetMode.OFF))[0] == "no pings  cold 14:32, then $2.41"
    assert said(Form(BudgetMode.AUTO, "3"))[0].startswith("no pings")
    assert said(Form(BudgetMode.AUTO, "6", "$0.60"))[0].startswith("no pings")
    assert said(Form(BudgetMode.AUTO))[1] == "all of them, at most    no limit"


def test_an_error_stands_where_the_consequence_was() -> None:
    assert said(Form(BudgetMode.AUTO, until="18:0")) == ["try 18:00, 2h, tomorrow 9:00", "", ""]


@pytest.mark.parametrize("usd", [0.005, 0.75, 1.0, 100.6, 123.45, 9_999.99])
def test_an_untouched_sheet_changes_no_cap(usd: float) -> None:
    """The policy's plan (three pings) is not the person's cap, and money comes back as it was."""
    keep = sample.API.keepalive.model_copy(update={"max_pings": None, "max_usd": usd})
    budget = read(form_of(sample.API.model_copy(update={"keepalive": keep}), NOW, UTC), NOW, UTC)
    assert (budget.pings, budget.usd, budget.errors) == (None, usd, {})
