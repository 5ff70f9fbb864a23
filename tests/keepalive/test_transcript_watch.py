"""What a transcript's new lines become: turns, requests, a title, and a cache clock where the gateway sees nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepalive.config import Config
from keepalive.transcript_watch import TranscriptWatch
from store import board, launches, lineages, sessions, turns
from store.database import immediate
from store.migrations import open_store
from store.models import Evidence, WaitingFor
from store.rows import LaunchRow, LineageRow
from tests.keepalive.claude_folder import (
    T0,
    ClaudeFolder,
    answer,
    compaction,
    prompt,
    title,
    tool_result,
)

SESSION = "0b1c2d3e-0000-4000-8000-00000000abcd"


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = open_store(tmp_path / "warmside.db")
    sessions.save(connection, SESSION, agent="claude", opened_at=T0)
    yield connection
    connection.close()


class Watched:
    """A session whose transcript grows."""

    def __init__(self, root: Path, db: sqlite3.Connection) -> None:
        self.folder, self.db = ClaudeFolder(root), db
        self.path = self.folder.transcript(SESSION)
        self.watch = TranscriptWatch(SESSION, self.path, Config())

    def writes(self, *records: dict[str, object]) -> bool:
        """The client appends; we look once. Whether there was news."""
        self.folder.transcript(SESSION, *records)
        return self.look()

    def look(self) -> bool:
        news = self.watch.poll()
        if news:
            with immediate(self.db):
                self.watch.write(self.db)
        return news

    def again(self) -> None:
        """Another worker, which knows nothing, reads from the start."""
        self.watch = TranscriptWatch(SESSION, self.path, Config())
        self.look()

    @property
    def lineage(self) -> LineageRow:
        found = lineages.current(self.db, SESSION)
        assert found is not None
        return found

    def chains(self) -> list[tuple[str, int]]:
        """Each main lineage's end and number of requests, oldest first."""
        rows = self.db.execute("SELECT replaced, requests FROM lineages WHERE session_id = ? ORDER BY id", (SESSION,))
        return [(row[0], row[1]) for row in rows]


@pytest.fixture
def watched(tmp_path: Path, db: sqlite3.Connection) -> Watched:
    return Watched(tmp_path / "claude", db)


def test_a_request_sets_the_clock_from_the_moment_it_was_asked(watched: Watched) -> None:
    assert watched.writes(prompt(T0, "make it so"), answer(T0 + 9, "msg_1", written_1h=5_000))
    row = watched.lineage
    assert (row.evidence, row.ttl_class, row.ttl_seconds) == (Evidence.TRANSCRIPT, "1h", 3600.0)
    assert row.expires_at == T0 + 3600.0
    assert (row.prefix_tokens, row.requests, row.held) == (25_000, 1, False)
    session = sessions.get(watched.db, SESSION)
    assert session is not None
    assert (session.model, session.context_tokens, session.last_activity_at) == ("claude-opus-5-5", 25_003, T0 + 9)
    (turn,) = turns.read(watched.db, SESSION)
    assert (turn.prompt, turn.answer, turn.requests) == ("make it so", "made-up answer", 1)


def test_no_news_is_no_write(watched: Watched) -> None:
    assert not watched.look()
    watched.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1"))
    before = watched.db.total_changes
    assert not watched.look()
    assert watched.db.total_changes == before


def clock(watched: Watched) -> tuple[str | None, float | None]:
    return watched.lineage.ttl_class, watched.lineage.expires_at


def test_the_class_comes_from_usage_alone_and_a_request_that_only_reads_keeps_it(watched: Watched) -> None:
    watched.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1"))
    assert clock(watched) == (None, None)
    watched.writes(prompt(T0 + 10, "y"), answer(T0 + 11, "msg_2", written_5m=100))
    assert clock(watched) == ("5m", T0 + 310)
    watched.writes(prompt(T0 + 20, "z"), answer(T0 + 21, "msg_3"))
    assert clock(watched) == ("5m", T0 + 320)
    assert watched.chains() == [("", 3)]


def test_reading_it_all_again_changes_nothing(watched: Watched) -> None:
    watched.writes(
        prompt(T0, "x"),
        answer(T0 + 1, "msg_1", written_5m=100),
        compaction(T0 + 5),
        prompt(T0 + 10, "y"),
        answer(T0 + 11, "msg_2", written_5m=100),
        title("about the parser"),
    )
    tables = ("sessions", "lineages", "requests", "turns", "sources")
    before = {table: watched.db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608
    watched.again()
    assert {table: watched.db.execute(f"SELECT * FROM {table}").fetchall() for table in tables} == before  # noqa: S608


def test_another_model_is_another_lineage(watched: Watched) -> None:
    watched.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100))
    watched.writes(prompt(T0 + 10, "y"), answer(T0 + 11, "msg_2", written_5m=100, model="claude-haiku-4-5"))
    assert watched.chains() == [("model_changed", 1), ("", 1)]


def test_a_compaction_ends_the_lineage_once(watched: Watched) -> None:
    watched.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100))
    watched.writes(compaction(T0 + 50))
    assert watched.chains() == [("compacted", 1)]
    watched.writes(prompt(T0 + 60, "y"), answer(T0 + 61, "msg_2", written_5m=100))
    watched.writes(prompt(T0 + 70, "z"), answer(T0 + 71, "msg_3", written_5m=100))
    assert watched.chains() == [("compacted", 1), ("", 2)], "only what came before it"


def test_a_whole_history_read_at_once_is_cut_at_each_compaction(watched: Watched) -> None:
    watched.writes(
        prompt(T0, "x"),
        answer(T0 + 1, "msg_1", written_5m=100),
        compaction(T0 + 5),
        prompt(T0 + 10, "y"),
        answer(T0 + 11, "msg_2", written_5m=100),
        compaction(T0 + 15),
        prompt(T0 + 20, "z"),
        answer(T0 + 21, "msg_3", written_5m=100),
        compaction(T0 + 25),
    )
    assert watched.chains() == [("compacted", 1), ("compacted", 1), ("compacted", 1)]
    detail = board.detail(watched.db, SESSION, now=T0 + 30, keeper_on=False, default=Config().default_budget())
    assert detail.compactions == 3


def attach(db: sqlite3.Connection) -> int:
    """The session goes through the gateway, which saw its last request at T0."""
    launches.record(
        db,
        LaunchRow(
            id="launch-1",
            token_hash="x",
            agent="claude",
            pid=7,
            pid_started_at=None,
            cwd="/",
            upstream="http://127.0.0.1:9",
            proxy=None,
            ca_file=None,
            started_at=T0,
            ended_at=None,
        ),
    )
    sessions.save(db, SESSION, agent="claude", launch_id="launch-1")
    lineage = lineages.start(db, SESSION, "", model="claude-opus-5-5", evidence=Evidence.GATEWAY, at=T0)
    lineages.touch_by_request(
        db,
        lineage,
        at=T0,
        prefix_tokens=30_000,
        ttl_class="5m",
        ttl_seconds=300.0,
        model="claude-opus-5-5",
        evidence=Evidence.GATEWAY,
        held=True,
        thinking=False,
        replayable="",
    )
    return lineage


def test_what_the_gateway_saw_is_better_evidence(watched: Watched) -> None:
    attach(watched.db)
    before = watched.lineage
    watched.writes(prompt(T0 + 1, "x"), answer(T0 + 2, "msg_1", written_1h=100))
    assert watched.lineage == before
    assert len(turns.read(watched.db, SESSION)) == 1
    watched.writes(compaction(T0 + 50))
    assert (watched.lineage.replaced, watched.lineage.held) == ("compacted", False)


def test_a_session_that_left_the_gateway_goes_on_by_its_transcript(watched: Watched) -> None:
    attach(watched.db)
    sessions.save(watched.db, SESSION, agent="claude", launch_id=None)
    watched.writes(prompt(T0 + 100, "x"), answer(T0 + 101, "msg_1", written_5m=100))
    row = watched.lineage
    assert (row.evidence, row.expires_at, row.held) == (Evidence.TRANSCRIPT, T0 + 400, False)


def test_what_is_older_than_the_last_request_moves_no_clock(watched: Watched) -> None:
    attach(watched.db)
    sessions.save(watched.db, SESSION, agent="claude", launch_id=None)
    watched.writes(prompt(T0 - 100, "x"), answer(T0 - 99, "msg_1", written_5m=100), compaction(T0 - 50))
    assert (watched.lineage.last_touch_at, watched.lineage.replaced) == (T0, "")


def test_subagents_do_not_touch_the_main_lineage(watched: Watched) -> None:
    record = answer(T0 + 1, "msg_1", written_5m=100)
    watched.writes(prompt(T0, "x"), {**record, "isSidechain": True, "agentId": "a1"})
    assert lineages.current(watched.db, SESSION) is None
    assert watched.db.execute("SELECT agent_id FROM requests").fetchall() == [("a1",)]


def test_the_title_follows_the_transcript(watched: Watched) -> None:
    watched.writes(title("about the parser"))
    watched.writes({"type": "custom-title", "customTitle": "my own words"}, title("a later guess"))
    session = sessions.get(watched.db, SESSION)
    assert session is not None
    assert session.title == "my own words"


def test_a_running_tool_is_told_from_a_thinking_model(watched: Watched) -> None:
    watched.writes(prompt(T0, "x"))
    assert watched.watch.waiting_for is None
    watched.writes(answer(T0 + 1, "msg_1", stop="tool_use", tool="Bash"))
    assert watched.watch.waiting_for is WaitingFor.TOOL
    watched.writes(tool_result(T0 + 5, "msg_1"))
    assert watched.watch.waiting_for is None


def test_malformed_lines_are_counted_and_the_rest_read(watched: Watched) -> None:
    with watched.path.open("ab") as file:
        file.write(b'{"type": "user", \n\xff\xfe\n')
    watched.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1"))
    assert watched.db.execute("SELECT malformed, lines FROM sources").fetchall() == [(2, 4)]
    assert len(turns.read(watched.db, SESSION)) == 1


def test_a_deleted_transcript_loses_nothing_and_a_rewritten_one_is_read_anew(watched: Watched) -> None:
    watched.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100))
    watched.path.unlink()
    assert not watched.look()
    assert len(turns.read(watched.db, SESSION)) == 1
    watched.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100), prompt(T0 + 9, "more"))
    assert [turn.prompt for turn in turns.read(watched.db, SESSION)] == ["x", "more"]
    assert watched.chains() == [("", 1)]
