"""What was appended, and whether it is all there is."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from keepalive.transcript_watch import TranscriptWatch
from store.ingest.reading import FileRead
from store.models import WaitingFor
from store.transcripts.clients import Found
from store.transcripts.opencode_client import OPENCODE
from tests.keepalive.claude_folder import T0, ClaudeFolder, answer, prompt

A = "0b1c2d3e-0000-4000-8000-00000000abcd"
OPENCODE_SESSIONS = Path(__file__).parents[1] / "store" / "transcripts" / "fixtures" / "opencode" / "sessions.sql"


class Watched:
    def __init__(self, root: Path) -> None:
        self.folder = ClaudeFolder(root)
        self.path = self.folder.transcript(A)
        self.found = Found("claude", str(self.path), A, "", 0, 0)
        self.watch = TranscriptWatch(self.found)

    def poll(self, *records: dict[str, object]) -> FileRead | None:
        self.folder.transcript(A, *records)
        return self.watch.poll(self.found)


@pytest.fixture
def watched(tmp_path: Path) -> Watched:
    return Watched(tmp_path)


def test_the_first_look_gives_everything_and_the_next_what_is_new(watched: Watched) -> None:
    first = watched.poll(prompt(T0, "x"), answer(T0 + 1, "msg_1"))
    assert first is not None
    assert (watched.watch.whole, [turn.prompt for turn in first.turns], len(first.requests)) == (True, ["x"], 1)
    stat = watched.path.stat()
    assert (first.found.size, first.found.mtime_ns, first.offset) == (stat.st_size, stat.st_mtime_ns, stat.st_size)

    assert watched.poll() is None
    second = watched.poll(prompt(T0 + 9, "y"))
    assert second is not None
    assert (watched.watch.whole, [turn.n for turn in second.turns], second.requests) == (False, [2], [])
    assert (second.facts.prompts, second.facts.lines) == (2, 3), "the facts are the whole file's"


def test_a_file_that_shrank_is_everything_again(watched: Watched) -> None:
    watched.poll(prompt(T0, "x"), prompt(T0 + 1, "y"))
    watched.path.write_text("")
    assert watched.watch.poll(watched.found) is None
    found = watched.poll(prompt(T0 + 9, "z"))
    assert found is not None
    assert (watched.watch.whole, [turn.prompt for turn in found.turns], found.facts.prompts) == (True, ["z"], 1)


def test_what_it_waits_for(watched: Watched) -> None:
    first = watched.poll(prompt(T0, "x"))
    assert first is not None
    assert first.waiting_for is None
    second = watched.poll(answer(T0 + 1, "msg_1", stop="tool_use", tool="Bash"))
    assert second is not None
    assert second.waiting_for is WaitingFor.TOOL


def test_what_a_session_in_a_database_waits_for(tmp_path: Path) -> None:
    path = tmp_path / "opencode.db"
    with closing(sqlite3.connect(path)) as db, db:
        db.executescript(OPENCODE_SESSIONS.read_text(encoding="utf-8"))

        def waits_for() -> WaitingFor | None:
            (found,) = (one for one in sessions_in(path) if one.path.endswith("#ses_fork"))
            read = TranscriptWatch(found).poll(found)
            assert read is not None
            return read.waiting_for

        assert OPENCODE.sessions_in
        sessions_in = OPENCODE.sessions_in
        assert waits_for() is WaitingFor.YOU
        db.execute("DELETE FROM message WHERE id = 'msg_f4'")
        db.commit()
        assert waits_for() is None, "asked, and not answered yet"
