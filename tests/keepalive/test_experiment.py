"""An idle period gets one arm, before anything was sent in it, and keeps it."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from keepalive.experiment import SEED, assign, lapses
from keepalive.trial import draw
from store import assignments, settings
from store.database import connect, immediate
from store.migrations import open_store
from tests.store.made_up import NOW, add_lineage, add_ping, add_prices, add_session, memory_store, open_period


def period(db: sqlite3.Connection, session_id: str = "s1") -> tuple[int, int]:
    """A session in an idle period: lineage and period."""
    add_prices(db)
    add_session(db, session_id)
    lineage_id = add_lineage(db, session_id)
    return lineage_id, open_period(db, lineage_id, session_id)


def test_the_draw_is_recorded_and_stands() -> None:
    with memory_store() as db:
        _, idle_id = period(db)
        assert assign(db, idle_id, 1.0, NOW + 280) == "lapse"
        kept = assignments.get(db, idle_id)
        assert kept is not None
        assert (kept.arm, kept.probability, kept.assigned_at) == ("lapse", 1.0, NOW + 280)
        assert assign(db, idle_id, 1e-12, NOW + 290) == "lapse"
        assert assignments.get(db, idle_id) == kept


def test_the_seed_is_made_once_and_draws_the_arm() -> None:
    with memory_store() as db:
        _, idle_id = period(db)
        assert assign(db, idle_id, 0.5, NOW) == draw(idle_id, 0.5, str(settings.get(db, SEED)))
        seed = settings.get(db, SEED)
        assert isinstance(seed, str)
        assert len(seed) == 32
        _, other = period(db, "s2")
        assign(db, other, 0.5, NOW)
        assert settings.get(db, SEED) == seed


def test_two_stores_have_two_seeds() -> None:
    seeds = []
    for _ in range(2):
        with memory_store() as db:
            assign(db, period(db)[1], 0.5, NOW)
            seeds.append(settings.get(db, SEED))
    assert seeds[0] != seeds[1]


def test_a_crash_before_the_record_draws_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    with memory_store() as db:
        settings.put(db, SEED, "f" * 32)
        _, idle_id = period(db)

        def crash(*_: object) -> None:
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(assignments, "record", crash)
            with pytest.raises(KeyboardInterrupt):
                assign(db, idle_id, 0.5, NOW)
        assert not db.in_transaction
        assert assignments.get(db, idle_id) is None
        assert assign(db, idle_id, 0.5, NOW + 1) == draw(idle_id, 0.5, "f" * 32)


def test_from_look_to_record_nobody_else_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    with memory_store() as db:
        _, idle_id = period(db)
        held: list[bool] = []

        def watched(*_: object) -> str:
            held.append(db.in_transaction)
            return "ping"

        monkeypatch.setattr("keepalive.experiment.draw", watched)
        assert assign(db, idle_id, 0.5, NOW) == "ping"
        assert held == [True]
        assert not db.in_transaction


def test_off_draws_nothing_and_lets_no_period_lapse() -> None:
    with memory_store() as db:
        _, idle_id = period(db)
        assert assign(db, idle_id, 0.0, NOW) == "ping"
        assert assignments.get(db, idle_id) is None
        assert settings.get(db, SEED) is None
        assign(db, idle_id, 1.0, NOW)
        assert lapses(db, idle_id, 1.0)
        assert not lapses(db, idle_id, 0.0), "switched off, it is off at once"
        assert assign(db, idle_id, 0.0, NOW) == "ping"


@pytest.mark.parametrize("hit", [True, False])
def test_a_period_in_which_something_was_sent_takes_no_part(hit: bool) -> None:
    with memory_store() as db:
        lineage_id, idle_id = period(db)
        add_ping(db, lineage_id, hit=hit)
        assert assign(db, idle_id, 1.0, NOW + 560) == "ping"
        assert assignments.get(db, idle_id) is None
        assert not lapses(db, idle_id, 1.0)


def test_a_later_ping_does_not_undo_the_draw() -> None:
    with memory_store() as db:
        lineage_id, idle_id = period(db)
        assert assign(db, idle_id, 1.0, NOW + 280) == "lapse"
        add_ping(db, lineage_id)  # a person asked for it
        assert assign(db, idle_id, 1.0, NOW + 560) == "lapse"


def test_a_period_that_was_forgotten_takes_no_part() -> None:
    with memory_store() as db:
        assert assign(db, 99, 1.0, NOW) == "ping"
        assert assignments.get(db, 99) is None


def test_two_processes_draw_once(tmp_path: Path) -> None:
    file = tmp_path / "warmside.db"
    first = open_store(file)
    second = connect(file)
    try:
        _, idle_id = period(first)
        second.execute("PRAGMA busy_timeout = 20")
        with immediate(first):
            assign(first, idle_id, 1.0, NOW)
            with pytest.raises(sqlite3.OperationalError, match="locked"):
                assign(second, idle_id, 1e-12, NOW)
        assert assign(second, idle_id, 1e-12, NOW + 1) == "lapse"
    finally:
        first.close()
        second.close()
