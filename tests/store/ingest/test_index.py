"""What changed since the last look, and what a look costs when nothing did."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import pytest

from store.ingest import index as index_module
from store.ingest.index import WALK_EVERY, Index
from store.ingest.scan import Scan, scan_clients
from store.transcripts.clients import Client, Environ


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / ".claude" / "projects" / "-src-made-up"
    made.mkdir(parents=True)
    return made


@pytest.fixture
def index(tmp_path: Path) -> Index:
    return Index({}, tmp_path)


def append(path: Path, text: str = "{}\n") -> str:
    with path.open("a", encoding="utf-8") as file:
        file.write(text)
    return str(path)


def names(index: Index, *hot: str) -> list[str]:
    return [Path(found.path).name for found in index.look(hot)]


def test_everything_is_new_at_first_and_nothing_afterwards(index: Index, folder: Path) -> None:
    append(folder / "a.jsonl")
    append(folder / "b.jsonl")
    assert names(index) == ["a.jsonl", "b.jsonl"]
    assert names(index) == []


def test_a_file_that_grows_is_seen_when_it_is_hot(index: Index, folder: Path) -> None:
    hot = append(folder / "a.jsonl")
    index.look(())
    append(folder / "a.jsonl")
    (found,) = index.look((hot,))
    assert (found.path, found.size, found.session_id) == (hot, 6, "a")
    assert index.files[hot] == found
    assert index.look((hot,)) == []


def test_a_new_file_is_seen_at_once_also_in_a_new_folder(index: Index, folder: Path) -> None:
    index.look(())
    append(folder / "a.jsonl")
    assert names(index) == ["a.jsonl"]
    below = folder / "a" / "subagents"
    below.mkdir(parents=True)
    append(below / "agent-7.jsonl")
    assert names(index) == ["agent-7.jsonl"]


def test_a_client_that_is_used_for_the_first_time_is_seen(tmp_path: Path) -> None:
    index = Index({}, tmp_path)
    assert index.look(()) == []
    folder = tmp_path / ".claude" / "projects" / "-src"
    folder.mkdir(parents=True)
    append(folder / "a.jsonl")
    assert names(index) == ["a.jsonl"]


def test_a_cold_file_that_grows_is_seen_once_in_a_while(index: Index, folder: Path) -> None:
    append(folder / "a.jsonl")
    index.look(())
    append(folder / "a.jsonl")
    seen = [names(index) for _ in range(WALK_EVERY)]
    assert seen == [[]] * (WALK_EVERY - 1) + [["a.jsonl"]]


def test_a_deleted_file_is_forgotten(index: Index, folder: Path) -> None:
    hot = append(folder / "a.jsonl")
    index.look(())
    Path(hot).unlink()
    assert index.look((hot,)) == []
    assert index.files == {}


def test_a_look_without_news_walks_nothing(index: Index, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hot = append(folder / "a.jsonl")
    index.look(())
    monkeypatch.setattr(index_module, "scan_clients", lambda *_: pytest.fail("walked"))
    assert index.look((hot,)) == []


def test_a_client_that_writes_into_its_database_has_nobody_elses_folders_walked(
    index: Index, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hot = append(folder / "a.jsonl")
    append(folder / "b.jsonl")
    database = tmp_path / ".local" / "share" / "opencode" / "opencode.db"
    database.parent.mkdir(parents=True)
    script = Path(__file__).parents[1] / "transcripts" / "fixtures" / "opencode" / "sessions.sql"
    with closing(sqlite3.connect(database)) as db, db:
        db.execute("PRAGMA journal_mode = WAL")
        db.executescript(script.read_text(encoding="utf-8"))
        assert len(index.look((hot,))) == 5
        walked: list[tuple[str, ...]] = []

        def scan(environ: Environ, home: Path, clients: Sequence[Client]) -> Scan:
            walked.append(tuple(client.name for client in clients))
            return scan_clients(environ, home, clients)

        monkeypatch.setattr(index_module, "scan_clients", scan)
        db.execute("UPDATE session SET time_updated = time_updated + 1e9 WHERE id = 'ses_fork'")
        db.commit()
        append(folder / "a.jsonl")
        assert names(index, hot) == ["opencode.db#ses_fork", "a.jsonl"]
    assert walked == [("opencode",)]


def test_a_file_whose_time_alone_changed_counts_as_changed(index: Index, folder: Path) -> None:
    hot = append(folder / "a.jsonl")
    index.look(())
    os.utime(hot, ns=(1, 1))
    assert names(index, hot) == ["a.jsonl"]


def test_a_file_that_was_forgotten_is_new(index: Index, folder: Path) -> None:
    path = append(folder / "a.jsonl")
    append(folder / "b.jsonl")
    index.look(())
    index.forget(path)
    assert names(index) == ["a.jsonl"]


def test_an_old_sessions_folder_is_left_to_the_walks_and_a_projects_is_not(index: Index, folder: Path) -> None:
    old, other = folder / "old", folder.parent / "-src-other"
    (old / "subagents").mkdir(parents=True)
    other.mkdir()
    for place in (old / "subagents", old, other):
        os.utime(place, ns=(1, 1))
    append(folder / "new.jsonl")
    index.look(())
    assert names(index) == []
    append(other / "b.jsonl")
    assert names(index) == ["b.jsonl"], "a project comes back to life"
    append(old / "subagents" / "agent-7.jsonl")
    seen = [names(index) for _ in range(WALK_EVERY)]
    assert seen.count(["agent-7.jsonl"]) == 1
    assert seen[0] == [], "nobody looked there"
