"""The sheet's contents: what is typed, what it means, what is said beside and below it."""

from __future__ import annotations

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.models import BudgetMode, SessionView
from tests.tui import sample
from tests.tui.budget_sample import IN_FORCE
from tests.tui.sample import NOW, at
from tui.budget_form import FIELDS, MODES, Form, below, budget_of, form_of, mode_note, note, read
from tui.lines import text_of, width_of

DAY = 24 * 3600


def held(until: float) -> SessionView:
    return replace(sample.API, keepalive=sample.keep("held", mode=BudgetMode.HOLD, until=until))


def under(name: str, form: Form, width: int = 32, rows: int = 2) -> list[str]:
    """What stands under a field, as text."""
    return [text_of(line) for line in below(name, read(form, NOW, UTC), NOW, UTC, width, rows=rows)]


def beside(name: str, form: Form, room: int = 20, session: SessionView = sample.API) -> str:
    return note(name, session, form, read(form, NOW, UTC), NOW, UTC, room)


def test_a_form_starts_with_the_present_budget() -> None:
    assert form_of(sample.API, NOW, UTC) == (BudgetMode.AUTO, "3", "$0.75", "")
    assert form_of(held(NOW + DAY), NOW, UTC, until_back=True).until == "back"
    assert form_of(held(NOW + DAY), NOW, UTC).until == "Wed 14:31"
    assert form_of(held(NOW - 1), NOW, UTC, until_back=True).until == "", "it is over"


@given(st.floats(61, 900 * 3600), st.floats(0, 2 * 365 * DAY), st.sampled_from([UTC, ZoneInfo("Europe/Berlin")]))
def test_a_present_time_is_typed_so_that_it_reads_back_to_the_minute(
    seconds: float, later: float, zone: ZoneInfo
) -> None:
    now = NOW + later
    until = now + seconds
    budget = read(form_of(held(until), now, zone), now, zone)
    assert not budget.errors
    assert budget.until == pytest.approx(until, abs=60)


def test_a_time_that_clocks_read_twice_is_typed_as_a_span() -> None:
    zone = ZoneInfo("Europe/Berlin")
    now = datetime(2026, 10, 25, 1, 0, tzinfo=zone).timestamp()
    second = datetime(2026, 10, 25, 2, 30, fold=1, tzinfo=zone).timestamp()
    assert form_of(held(second), now, zone).until == "2h30m"


def test_read_keeps_values_and_names_errors() -> None:
    budget = read(Form(BudgetMode.AUTO, "6", "$1.50", "18:00"), NOW, UTC)
    assert (budget.pings, budget.usd, budget.until, budget.errors) == (6, 1.5, at(18, 0), {})
    broken = read(Form(BudgetMode.AUTO, "x", "y", "z"), NOW, UTC)
    assert set(broken.errors) == set(FIELDS)


def test_back_is_the_next_prompt_and_a_day_at_most() -> None:
    budget = read(Form(BudgetMode.HOLD, until="back"), NOW, UTC)
    assert (budget.until, budget.until_back) == (NOW + DAY, True)
    assert not read(Form(BudgetMode.HOLD, until="2h"), NOW, UTC).until_back


def test_a_hold_without_a_time_lasts_two_hours() -> None:
    assert read(Form(BudgetMode.HOLD), NOW, UTC).until == NOW + 7200
    assert read(Form(BudgetMode.AUTO), NOW, UTC).until is None


def test_the_budget_in_force_is_as_if_it_had_been_typed() -> None:
    assert budget_of(sample.API) == read(form_of(sample.API, NOW, UTC), NOW, UTC)


@pytest.mark.parametrize("usd", [0.005, 0.75, 1.0, 100.6, 123.45, 9_999.99])
def test_an_untouched_sheet_changes_no_cap(usd: float) -> None:
    """The policy's plan (three pings) is not the person's cap, and money comes back as it was."""
    keep = replace(sample.API.keepalive, max_pings=None, max_usd=usd)
    budget = read(form_of(replace(sample.API, keepalive=keep), NOW, UTC), NOW, UTC)
    assert (budget.pings, budget.usd, budget.errors) == (None, usd, {})


def test_an_error_stands_under_its_field_with_a_valid_example() -> None:
    assert under("until", Form(BudgetMode.AUTO, until="18:0"), 60) == [
        "✗ not a time, try 18:00, 2h, tomorrow 9:00, back"
    ]
    assert under("until", Form(BudgetMode.AUTO, until="18:0"), 26) == [
        "✗ not a time, try 18:00,",
        "  2h, tomorrow 9:00, back",
    ]
    assert under("pings", Form(BudgetMode.AUTO, "x"), 26) == ["✗ a whole number, such as", "  3"]
    assert under("money", Form(BudgetMode.AUTO, money="x"), 26) == ["✗ an amount, such as 1.50"]
    assert under("money", Form(BudgetMode.AUTO, until="x")) == []


def test_back_is_said_in_words() -> None:
    form = Form(BudgetMode.HOLD, until="back")
    assert under("until", form, 60) == ["hold until your next prompt in it, 24 h at most"]
    assert under("until", form, 26, 1) == ["at the latest Wed 14:31"]
    assert [beside("until", form, room) for room in (16, 11, 8)] == ["your next prompt", "next prompt", ""]


def test_beside_a_field_stands_what_is_used_or_when_that_is() -> None:
    assert [beside("money", Form(BudgetMode.AUTO), room) for room in (11, 10, 5)] == [
        "$0.58 used",
        "$0.58 used",
        "$0.58",
    ]
    assert beside("pings", Form(BudgetMode.AUTO)) == "3 used"
    assert [beside("until", Form(BudgetMode.AUTO), room) for room in (17, 14, 11)] == [
        "18:00, 2h or back",
        "time, 2h, back",
        "2h, back",
    ]
    assert beside("until", Form(BudgetMode.AUTO, until="2h")) == "to 16:31"
    assert beside("until", Form(BudgetMode.HOLD)) == "2 h: to 16:31", "a hold has an end"
    assert beside("until", Form(BudgetMode.HOLD, until="none"), 10) == "to 16:31"
    assert beside("until", Form(BudgetMode.AUTO, until="tomorrow 9:00")) == "to Wed 9:00"
    assert beside("until", Form(BudgetMode.AUTO, until="tomorrow 9:00"), 10) == "Wed 9:00"
    assert beside("until", Form(BudgetMode.AUTO, until="none")) == "none"
    assert beside("until", Form(BudgetMode.AUTO, until="x")) == "✗", "of several only one has its cause told"
    assert beside("money", Form(BudgetMode.AUTO, money="x")) == beside("pings", Form(BudgetMode.AUTO, "x")) == "✗"


def test_under_a_plan_nobody_is_billed() -> None:
    assert beside("money", Form(BudgetMode.AUTO), 25, sample.NOTES) == "$0.00 used, at API prices"
    assert beside("money", Form(BudgetMode.AUTO), 19, sample.NOTES) == "$0.00 at API prices"
    assert beside("money", Form(BudgetMode.AUTO), 11, sample.NOTES) == "$0.00 API"


def test_where_a_value_was_set_stands_under_it() -> None:
    budget = read(Form(BudgetMode.AUTO), NOW, UTC)

    def said(name: str) -> str:
        return "".join(text_of(line) for line in below(name, budget, NOW, UTC, 40, force=IN_FORCE))

    assert [said(name) for name in FIELDS] == ["this session", "config.toml [budget.project.api]", "this session"]


@given(
    st.sampled_from(sample.BOARD.sessions),
    st.builds(Form, st.sampled_from(BudgetMode), *[st.sampled_from(["", "0", "2", "1.5", "18:00", "back", "x"])] * 3),
    st.integers(20, 60),
    st.integers(1, 2),
)
def test_nothing_is_wider_than_its_room(session: SessionView, form: Form, width: int, rows: int) -> None:
    budget = read(form, NOW, UTC)
    for name in FIELDS:
        lines = below(name, budget, NOW, UTC, width, rows=rows, force=IN_FORCE)
        assert len(lines) <= rows
        assert all(width_of(line) <= width for line in lines)
        assert len(note(name, session, form, budget, NOW, UTC, width - 12)) <= width - 12


@pytest.mark.parametrize("mode", MODES)
def test_a_mode_is_told_in_words_that_fit(mode: BudgetMode) -> None:
    assert len(mode_note(mode, 20)) > 6
    assert mode_note(mode, 4) == ""
