"""What came of idle periods in words."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace
from rich.cells import cell_len

from store.ledger_models import RESULTS
from store.models import LedgerLine
from tests.tui.ledger_sample import DAY, LEDGER, ledger_of, period
from tests.tui.sample import NOW, at
from tui.ledger_words import LABEL_CELLS, LABELS, idle_time, outcome, ping_count, totals, under_plan, waited_for, when

WHEN_CELLS = 12


def test_every_outcome_has_a_label_that_fits() -> None:
    assert set(LABELS) == set(RESULTS)
    assert max(cell_len(label) for label in LABELS.values()) == 14 < LABEL_CELLS


def test_the_sentence_of_a_ledger() -> None:
    assert totals(LEDGER.total, LEDGER.by_result) == (
        "Spent $3.98 on 14 pings, saved $3.80 in 2 idle periods that were read after expiry; $2.79 of it lost: "
        "$0.34 on 1 that never came back, $0.17 on 1 that came back early, "
        "$0.17 on 1 that came back too late, $2.11 on 1 that came back with another prefix, "
        "<1c on 1 that came back without a proof of a saving."
    )


@pytest.mark.parametrize(
    ("results", "said"),
    [
        ((), "No ping sent: nothing spent, nothing saved."),
        (("open",), "Spent $0.34 on 2 pings, saved nothing yet."),
        (("kept",), "Spent $0.34 on 2 pings, saved $1.94 in 1 idle period that was read after expiry."),
        (
            ("never_back", "never_back", "open"),
            "Spent $1.02 on 6 pings, saved nothing yet; $0.68 of it lost: $0.68 on 2 that never came back.",
        ),
    ],
)
def test_only_what_happened_is_told(results: tuple[str, ...], said: str) -> None:
    made = ledger_of(*(period(result) for result in RESULTS for _ in range(results.count(result))))
    assert totals(made.total, made.by_result) == said


def test_what_nobody_was_billed_for() -> None:
    plan = LedgerLine(key="subscription", pings=2, spent_usd=0.25)
    assert under_plan((LedgerLine(key="api_key", pings=1),)) == ""
    assert under_plan((plan,)) == (
        "Under a plan login nobody is billed by token: $0.25 of the spent is what an API key would have paid."
    )
    assert "$0.25 of the spent and $1.50 of the saved" in under_plan((replace(plan, saved_usd=1.5),))


def test_a_period_that_closed_after_its_last_ping_was_counted() -> None:
    """Since some day: its pings lie before it, its loss after."""
    line = LedgerLine(key="never_back", lost_usd=0.2, closed=1)
    assert totals(line, (line,)) == (
        "Spent $0.00 on 0 pings, saved nothing yet; $0.20 of it lost: $0.20 on 1 that never came back."
    )


def test_one_period_in_words() -> None:
    assert outcome(period("kept")) == "saved $1.94"
    assert outcome(period("kept", saved_usd=None)) == "saved –"
    assert outcome(period("early")) == "back early"
    assert (ping_count(period()), ping_count(period(pings=3, hits=1))) == ("2", "3 (1)")
    assert (waited_for(period()), waited_for(period(waiting_for=None))) == ("you", "–")
    assert idle_time(period(minutes=12.5), NOW) == "12m30"
    assert idle_time(period("open", NOW - 90), NOW) == "1m30"
    assert idle_time(period("never_back"), NOW) == "–"


@pytest.mark.parametrize(
    ("moment", "said"),
    [(at(14, 14), "today 14:14"), (at(23, 59) - DAY, "23 Nov 23:59"), (at(8, 5) - 365 * DAY, "24 Nov 2025")],
)
def test_when_it_was(moment: float, said: str) -> None:
    assert when(moment, NOW, UTC) == said
    assert len(said) <= WHEN_CELLS
