"""What the status line reads in one query, what it keeps of the client's report, and which evidence it believes."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import board, budgets, launches, lineages, prices, settings, statusline_row
from store.client_report import reports
from store.models import BudgetMode, Evidence, ReasonArgs, TTLClass
from store.reported import Report, Told
from store.statusline_row import Shown, StatusRow
from tests.store.conftest import Connect
from tests.store.made_up import (
    HAIKU,
    NOW,
    OPUS,
    OPUS_PRICE,
    TTL,
    add_lineage,
    add_ping,
    add_prices,
    add_session,
    budget_of,
    launch,
    memory_store,
    open_period,
)

REPORT = Report(True, "5m", NOW + TTL, 1, NOW - 50, "tools_changed", 100_100)
TOLD = Told("s1", OPUS, REPORT)


def read(db: sqlite3.Connection, session_id: str = "s1", model: str = OPUS) -> StatusRow:
    return statusline_row.read(db, Told(session_id, model, None), NOW)


def test_of_an_unknown_session_nothing_is_known_but_its_price(db: sqlite3.Connection) -> None:
    assert read(db) == StatusRow()
    add_prices(db)
    assert read(db) == StatusRow(write_5m=5.0, write_1h=8.0)
    assert read(db, model="") == StatusRow()


def test_everything_of_a_session_in_one_query(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    add_prices(db)
    launches.record(db, launch())
    add_session(db, launch_id="launch-00000001", login="api_key")
    old = add_lineage(db, at=NOW - 500, ttl="1h")
    lineages.replace(db, old, "model_changed")
    lineage = add_lineage(db)
    add_lineage(db, at=NOW + 50, agent_id="a1", prefix=7)
    first = open_period(db, lineage)
    add_ping(db, lineage)
    db.execute("UPDATE idle_periods SET closed_by = 'request' WHERE id = ?", (first,))
    open_period(db, lineage, at=NOW + 300)
    add_ping(db, lineage, at=NOW + 500)
    lineages.plan(db, lineage, why="kept", args={}, next_ping_at=NOW + 700, max_idle_pings=3)
    settings.put(db, "keeper.status", {"pid": 4711, "worker_pid": 4712})
    statusline_row.note(db, TOLD, None, NOW)
    monkeypatch.setattr("os.kill", lambda pid, number: None)
    assert read(db) == StatusRow(
        login="api_key",
        attached=1,
        evidence="gateway",
        ttl_class="5m",
        expires_at=NOW + TTL,
        prefix_tokens=100_000,
        why="kept",
        idle_pings=1,
        max_idle_pings=3,
        write_5m=5.0,
        write_1h=8.0,
        keeper_on=True,
        stored=REPORT,
    )


def test_the_own_budget_goes_before_the_default(db: sqlite3.Connection) -> None:
    common = {"pings": None, "usd": None, "until": None, "now": NOW}
    budgets.put(db, "", mode=BudgetMode.OFF, **common)  # type: ignore[arg-type]
    assert read(db).mode == "off"
    budgets.put(db, "s1", mode=BudgetMode.HOLD, **common)  # type: ignore[arg-type]
    assert read(db).mode == "hold"


def test_the_price_is_that_of_the_prefix_size(db: sqlite3.Connection) -> None:
    add_prices(db)
    add_session(db)
    add_lineage(db, model=HAIKU, prefix=100_001)
    assert (read(db).write_5m, read(db).write_1h) == (0.625, 1.0)


@pytest.mark.parametrize(
    ("status", "running"),
    [
        ({"pid": 1, "worker_pid": 0}, False),
        ({"pid": "x"}, False),
        ({"pid": 10**30}, False),
        ([], False),
        ({"worker_pid": 4712}, True),
    ],
)
def test_a_keeper_is_one_whose_process_lives(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, status: settings.JsonValue, running: bool
) -> None:
    settings.put(db, "keeper.status", status)
    if running:
        monkeypatch.setattr("os.kill", lambda pid, number: None)
    assert read(db).keeper_on is running
    db.execute("UPDATE settings SET value = '{'")
    assert read(db).keeper_on is False


def test_a_report_is_replaced_and_an_unchanged_one_is_not_written(db: sqlite3.Connection, another: Connect) -> None:
    reader = another()
    before = reader.execute("PRAGMA data_version").fetchone()
    assert statusline_row.note(db, TOLD, read(db).stored, NOW)
    changed = reader.execute("PRAGMA data_version").fetchone()
    assert changed != before
    assert not statusline_row.note(db, TOLD, read(db).stored, NOW + 5)
    assert reader.execute("PRAGMA data_version").fetchone() == changed
    newer = REPORT._replace(misses=2)
    assert statusline_row.note(db, TOLD._replace(report=newer), read(db).stored, NOW + 9)
    (row,) = reports(db, ["s1"]).values()
    assert (row.reported_at, row.report) == (NOW + 9, newer)


def test_a_call_that_was_overtaken_changes_nothing(db: sqlite3.Connection) -> None:
    statusline_row.note(db, TOLD, None, NOW + 5)
    statusline_row.note(db, TOLD._replace(report=REPORT._replace(misses=0)), None, NOW)
    assert read(db).stored == REPORT


def test_a_client_that_has_nothing_to_report_any_more_takes_its_report_back(db: sqlite3.Connection) -> None:
    nothing = TOLD._replace(report=None)
    assert not statusline_row.note(db, nothing, read(db).stored, NOW)
    statusline_row.note(db, TOLD, None, NOW)
    assert statusline_row.note(db, nothing, read(db).stored, NOW + 1)
    assert read(db).stored is None


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    with pytest.raises(sqlite3.OperationalError):
        statusline_row.open_quickly(tmp_path / "a store.db").execute("SELECT 1")
    assert list(tmp_path.iterdir()) == []


def test_somebody_else_who_writes_is_hardly_waited_for(db: sqlite3.Connection, store_file: Path) -> None:
    with closing(statusline_row.open_quickly(store_file)) as ours:
        assert ours.execute("PRAGMA busy_timeout").fetchone()[0] == 50
        db.execute("BEGIN IMMEDIATE")
        assert statusline_row.read(ours, TOLD, NOW) == StatusRow()
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            statusline_row.note(ours, TOLD, None, NOW)
        db.execute("ROLLBACK")
        assert statusline_row.note(ours, TOLD, None, NOW)


def row(evidence: str = "transcript", *, until: float | None = NOW + TTL, replaced: str = "") -> StatusRow:
    return StatusRow(
        evidence=evidence,
        ttl_class="5m",
        expires_at=until,
        replaced=replaced,
        prefix_tokens=100_000,
        write_5m=5.0,
        write_1h=8.0,
    )


@pytest.mark.parametrize(
    ("known", "report", "expected"),
    [
        (row(), None, Shown("warm", "", "transcript", NOW + TTL, 100_000, 0.5)),
        (row(until=NOW), None, Shown("expired", "", "transcript", NOW, 100_000, 0.5)),
        (row(until=None), None, Shown()),
        (StatusRow(), None, Shown()),
        (row(), Report(True, "1h", NOW + 9), Shown("warm", "", "client", NOW + 9, 100_000, 0.8)),
        (row(), Report(False, "5m", NOW - 9), Shown("expired", "", "client", NOW - 9, 100_000, 0.5)),
        (row(), Report(misses=3), Shown("warm", "", "transcript", NOW + TTL, 100_000, 0.5)),
        (row("gateway"), Report(False, "5m", NOW - 9), Shown("warm", "", "gateway", NOW + TTL, 100_000, 0.5)),
        (
            row(replaced="compacted"),
            Report(True, "5m", NOW + 9),
            Shown("changed", "compacted", "transcript", None, 100_000, 0.5),
        ),
        (StatusRow(), Report(True, "5m", NOW + 9, cold_tokens=50), Shown("warm", "", "client", NOW + 9, 50, None)),
        (row()._replace(stop="resumed"), None, Shown()),
        (row()._replace(stop="missed"), None, Shown("warm", "", "transcript", NOW + TTL, 100_000, 0.5)),
    ],
)
def test_the_best_evidence_is_shown(known: StatusRow, report: Report | None, expected: Shown) -> None:
    assert statusline_row.cache(known, report, NOW) == expected


@given(
    st.sampled_from([Evidence.GATEWAY, Evidence.TRANSCRIPT]),
    st.sampled_from(["", "compacted", "model_changed"]),
    st.sampled_from(["", "missed", "resumed"]),
    st.floats(-900, 0),
    st.sampled_from(["5m", "1h"]),
)
def test_the_line_says_what_the_board_says(
    evidence: Evidence, replaced: str, stop: str, age: float, ttl: TTLClass
) -> None:
    with memory_store() as db:
        prices.put(db, [OPUS_PRICE])
        add_session(db)
        add_lineage(db, at=NOW + age, ttl=ttl)
        db.execute("UPDATE lineages SET evidence = ?, replaced = ?, stop = ?", (evidence, replaced, stop))
        (view,) = board.sessions(db, now=NOW, keeper_on=False, budget_of=budget_of)
        shown = statusline_row.cache(read(db), None, NOW)
    assert shown.state == view.cache.state
    if shown.state != "unknown":
        assert shown.cold_tokens == view.cache.cold_tokens
        assert shown.cold_usd == pytest.approx(view.cache.cold_usd)
        assert shown.evidence == view.cache.evidence
        assert shown.state == "changed" or shown.expires_at == view.cache.expires_at


def test_a_session_that_would_be_asked_itself_is_attached_too(db: sqlite3.Connection) -> None:
    add_session(db)
    lineage = add_lineage(db)
    assert not read(db).attached
    plans: list[tuple[ReasonArgs, int]] = [({"n": 1, "warmer": "fork"}, 1), ({"n": 1, "warmer": "replay"}, 0), ({}, 0)]
    for args, attached in plans:
        lineages.plan(db, lineage, why="kept", args=args, next_ping_at=NOW + 5, max_idle_pings=1)
        assert read(db).attached == attached
