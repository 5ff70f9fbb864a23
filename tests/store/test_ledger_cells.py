"""What the ledger adds up: slots of time, tokens in the dollars' place, and what becomes of a loss."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import ledger_cells
from store.ledger_cells import LOST, TOKENS, Cell, joined, total
from store.models import WaitingFor
from tests.store import idle_sample
from tests.store.idle_sample import PREFIX, MadePeriod, MadePing
from tests.store.made_up import NOW, memory_store

PING = MadePing("replay", True, 280.0)
KEPT = MadePeriod("a", "5m", WaitingFor.YOU, NOW, "request", 500.0, 1.0, (PING,))


@pytest.mark.usefixtures("utc")
def test_a_cell_is_a_session_a_day_and_an_outcome(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [KEPT, KEPT._replace(session="b", closed_by="end", gap=86_400.0)])
    found = ledger_cells.cells(db, 0.0)
    assert set(found) == {
        Cell("a", "2026-09-21", "kept"),
        Cell("b", "2026-09-21", "never_back"),
        Cell("b", "2026-09-22", "never_back"),
    }
    sent, closed = (found[Cell("b", f"2026-09-{day}", "never_back")] for day in (21, 22))
    assert (sent.pings, sent.lost, closed.pings, closed.closed) == (1, 0.0, 0, 1)
    assert closed.lost == pytest.approx(sent.spent)


def test_slots_are_what_the_caller_says(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [KEPT])
    assert {cell.slot for cell in ledger_cells.cells(db, 0.0, slot_of=lambda moment: f"{moment - NOW:.0f}")} == {
        "280",
        "500",
    }


def test_tokens_are_those_of_pings_and_of_what_was_kept(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [KEPT._replace(read=0.96), KEPT._replace(session="b", read=0.6)])
    found = total(ledger_cells.cells(db, 0.0, amounts=TOKENS))
    assert (found.spent, found.saved, found.lost) == (2 * PREFIX, 0.96 * PREFIX, PREFIX)


@settings(max_examples=40, deadline=None)
@given(st.lists(idle_sample.PERIODS, max_size=8), st.sampled_from([0.0, NOW + 86_400]))
def test_money_and_tokens_are_booked_alike(periods: list[MadePeriod], since: float) -> None:
    with memory_store() as db:
        idle_sample.fill(db, periods)
        dollars, tokens = (ledger_cells.cells(db, since, amounts=amounts) for amounts in (ledger_cells.DOLLARS, TOKENS))
    assert set(dollars) == set(tokens)
    for cell, tally in dollars.items():
        assert (tally.pings, tally.hits, tally.closed) == (
            tokens[cell].pings,
            tokens[cell].hits,
            tokens[cell].closed,
        )
        assert bool(tally.saved) == bool(tokens[cell].saved)
        assert (cell.result in LOST) or not (tally.lost or tokens[cell].lost)
    by_result = joined(dollars, lambda cell: cell.result)
    assert sum(tally.spent for tally in by_result.values()) == pytest.approx(total(dollars).spent)
