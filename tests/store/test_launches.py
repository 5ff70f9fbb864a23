"""Launches: found by their token, whose hash alone is stored; ended together with their sessions."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from msgspec.structs import replace

from store import launches, sessions
from tests.store.made_up import NOW, add_session, launch

TOKEN = "token of launch-00000001"


def test_a_launch_is_found_by_its_token_and_id(db: sqlite3.Connection) -> None:
    row = launch()
    launches.record(db, row)
    assert launches.by_token(db, TOKEN) == row
    assert launches.get(db, row.id) == row
    assert launches.by_token(db, TOKEN + "x") is None
    assert launches.by_token(db, row.token_hash) is None
    assert launches.get(db, "launch-ffffffff") is None


def test_the_token_itself_is_not_on_disk(db: sqlite3.Connection, store_file: Path) -> None:
    launches.record(db, launch())
    files = list(store_file.parent.iterdir())
    assert any(b"launch-00000001" in file.read_bytes() for file in files)
    assert not any(TOKEN.encode() in file.read_bytes() for file in files)


def test_a_token_belongs_to_one_launch(db: sqlite3.Connection) -> None:
    launches.record(db, launch())
    with pytest.raises(sqlite3.IntegrityError, match="token_hash"):
        launches.record(db, replace(launch(), id="launch-00000002"))


def test_live_launches_oldest_first(db: sqlite3.Connection) -> None:
    late, early, over = launch("launch-c", NOW), launch("launch-a", NOW - 9), launch("launch-b", NOW - 5)
    for row in (late, early, over):
        launches.record(db, row)
    launches.end(db, over.id, NOW)
    assert launches.live(db) == [early, late]


def test_the_end_of_a_launch_ends_its_open_sessions(db: sqlite3.Connection) -> None:
    for row in (launch("launch-a"), launch("launch-b")):
        launches.record(db, row)
    add_session(db, "ours", launch_id="launch-a", waiting_for="you", status="idle")
    add_session(db, "cleared", launch_id="launch-a")
    add_session(db, "other", launch_id="launch-b")
    sessions.end(db, "cleared", "cleared", NOW + 1)

    launches.end(db, "launch-a", NOW + 5)
    launches.end(db, "launch-a", NOW + 99)

    ended = launches.by_token(db, "token of launch-a")
    assert ended is not None
    assert ended.ended_at == NOW + 5
    rows = {row[0]: row[1:] for row in db.execute("SELECT id, ended_at, status, end_reason, waiting_for FROM sessions")}
    assert rows == {
        "ours": (NOW + 5, "ended", "ended", None),
        "cleared": (NOW + 1, "ended", "cleared", None),
        "other": (None, "unknown", "", None),
    }
