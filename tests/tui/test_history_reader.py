"""The history on a real store: what is read, that nothing is written, and that a search can be ended."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from keepalive.clock import ManualClock
from store import search as search_module
from store.database import StoreError
from store.search import EVERYTHING, Filters
from store.session_filter import SessionFilter
from tests.fresh_store import fresh_store
from tests.store.made_up import NOW, add_session, budget_of
from tests.store.written_turns import add_turn
from tui.history_reader import CACHE_KB, StoreHistory


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "warmside.db"


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    connection = fresh_store(path)
    add_session(connection, "s1", cwd="/src/harbour", opened_at=NOW, last_activity_at=NOW + 60)
    add_session(connection, "s2", cwd="/src/crane", opened_at=NOW + 100)
    add_turn(connection, 1, "s1", prompt="mend the pier", failed=[("pytest -q", 1)])
    yield connection
    connection.close()


@pytest.fixture
def reader(db: sqlite3.Connection, path: Path, tmp_path: Path) -> Iterator[StoreHistory]:
    history = StoreHistory(path, ManualClock(NOW), budget_of, tmp_path / "exports")
    yield history
    history.close()


def test_it_reads_lists_turns_and_sessions(reader: StoreHistory) -> None:
    assert reader.overview().sessions == 2
    assert [place.session for place in reader.places(EVERYTHING)] == ["s2", "s1"]
    assert [line.turns for line in reader.lines(["s1"])] == [1]
    assert [hit.turn for hit in reader.search("pier", EVERYTHING, 30).hits] == [1]
    assert [one.memory for one in reader.opened("s1").detail.turns] == [
        "Tool memory:\n- Failed bash: pytest -q (exit 1)"
    ]


def test_a_list_is_read_again_when_the_store_has_changed_or_is_filtered(
    reader: StoreHistory, db: sqlite3.Connection
) -> None:
    first = reader.places(EVERYTHING)
    version = reader.version()
    assert reader.places(EVERYTHING) is first
    assert [one.session for one in reader.places(Filters(SessionFilter(project="crane")))] == ["s2"]
    assert reader.version() == version, "reading changes nothing"
    add_session(db, "s3", opened_at=NOW + 200)
    assert reader.version() != version
    assert [one.session for one in reader.places(EVERYTHING)] == ["s3", "s2", "s1"]


def test_a_store_that_may_only_be_read_will_do_and_is_left_as_it_is(
    reader: StoreHistory, db: sqlite3.Connection, path: Path
) -> None:
    db.close()
    before = path.read_bytes()
    path.chmod(0o400)
    assert reader.search("pier", EVERYTHING, 30).hits
    assert reader.opened("s1").detail.turns
    reader.close()
    assert path.read_bytes() == before


def test_its_connections_keep_little_of_a_large_store(reader: StoreHistory) -> None:
    for lane in (reader._reading, reader._searching):
        assert lane.run(lambda connection: connection.execute("PRAGMA cache_size").fetchone()) == (-CACHE_KB,)


def test_a_search_is_ended_from_another_thread(reader: StoreHistory, monkeypatch: pytest.MonkeyPatch) -> None:
    running = threading.Event()

    def endless(connection: sqlite3.Connection, *given: object, **named: object) -> None:
        def begun() -> int:
            running.set()
            return 1

        connection.create_function("begun", 0, begun)
        connection.execute("WITH RECURSIVE n(x) AS (SELECT begun() UNION ALL SELECT x + 1 FROM n) SELECT max(x) FROM n")

    monkeypatch.setattr("tui.history_reader.search", endless)
    failed: list[Exception] = []
    thread = threading.Thread(target=_catching(lambda: reader.search("x", EVERYTHING, 30), failed))
    thread.start()
    assert running.wait(5)
    reader.interrupt()
    thread.join(5)
    assert not thread.is_alive()
    assert "interrupted" in str(failed[0])
    monkeypatch.setattr("tui.history_reader.search", search_module.search)
    assert reader.search("pier", EVERYTHING, 30).hits, "and the next one is not harmed"


def _catching(call: Callable[[], object], failed: list[Exception]) -> Callable[[], None]:
    def run() -> None:
        try:
            call()
        except sqlite3.Error as error:
            failed.append(error)

    return run


def test_a_session_is_exported_as_the_command_does(reader: StoreHistory, tmp_path: Path) -> None:
    said = reader.export("s1")
    (file,) = (tmp_path / "exports").iterdir()
    assert said == f"exported: {file}"
    assert "mend the pier" in file.read_text("utf-8")


def test_without_a_store_the_cause_is_told(tmp_path: Path) -> None:
    history = StoreHistory(tmp_path / "none.db", ManualClock(NOW), budget_of, tmp_path)
    history.interrupt()
    with pytest.raises(StoreError, match="no store"):
        history.overview()
    history.close()
