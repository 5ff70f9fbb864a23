"""What new lines become: turns, requests, a title, a state, and a cache clock where the gateway sees nothing."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from keepalive import follower as module
from keepalive.allowance import budget_of
from keepalive.clock import ManualClock
from keepalive.config import Config, HistoryConfig
from keepalive.follower import FIRST_FILES, RECENT_SECONDS, Follower
from keepalive.store_thread import StoreThread
from keepalive.transcript_watch import TranscriptWatch
from store import board, forget, launches, lineages, sessions, turns
from store.database import connect, data_version
from store.ingest import writing
from store.ingest.reading import FileRead
from store.models import Evidence, Status, WaitingFor
from store.rows import LaunchRow, LineageRow
from store.transcripts.clients import Found
from store.transcripts.reading import Reading
from tests.keepalive.claude_folder import CWD, T0, ClaudeFolder, answer, compaction, prompt, title, tool_result
from tests.keepalive.money_harness import launch

A = "0b1c2d3e-0000-4000-8000-00000000abcd"
B = "0b1c2d3e-0000-4000-8000-00000000beef"


class Followed:
    """A follower over a made-up home folder, and another connection to see what it stored."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.folder = ClaudeFolder(root / ".claude")
        self.clock = ManualClock(T0 + 1000)
        self.store = StoreThread(root / "warmside.db")
        self.changed: list[str] = []
        self.follower = self.new()
        self._reader: sqlite3.Connection | None = None

    def new(self, config: Config | None = None) -> Follower:
        async def changed(session_id: str) -> None:
            self.changed.append(session_id)

        return Follower(
            store=self.store,
            clock=self.clock,
            config=config or Config(),
            environ={},
            home=self.root,
            changed=changed,
        )

    @property
    def db(self) -> sqlite3.Connection:
        if self._reader is None:
            self._reader = connect(self.root / "warmside.db")
        return self._reader

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    async def poll(self) -> list[str]:
        self.changed.clear()
        await self.follower.poll()
        return list(self.changed)

    async def writes(self, *records: dict[str, object], session: str = A) -> list[str]:
        """The client appends; we look once. Sessions that changed."""
        path = self.folder.transcript(session, *records)
        at = int(self.clock.wall() * 1e9)
        os.utime(path, ns=(at, at + path.stat().st_size))
        return await self.poll()

    def open(self, session_id: str = A, **known: str | int | float | None) -> None:
        """Somebody saw that the session is open."""
        sessions.save(
            self.db, session_id, agent="claude", opened_at=T0, **{"status": "busy", "seen_by": "session_file", **known}
        )

    def go_to(self, seconds: float) -> None:
        """It is so long after the transcript's first moment."""
        self.clock = ManualClock(T0 + seconds)
        self.follower = self.new()

    @property
    def lineage(self) -> LineageRow:
        found = lineages.current(self.db, A)
        assert found is not None
        return found

    def state(self, session_id: str = A) -> tuple[Status, WaitingFor | None]:
        found = sessions.get(self.db, session_id)
        assert found is not None
        return found.status, found.waiting_for

    def chains(self) -> list[tuple[str, int]]:
        """Each main lineage's end and number of requests, oldest first."""
        rows = self.db.execute("SELECT replaced, requests FROM lineages WHERE session_id = ? ORDER BY id", (A,))
        return [(row[0], row[1]) for row in rows]


@pytest_asyncio.fixture
async def followed(tmp_path: Path) -> AsyncIterator[Followed]:
    made = Followed(tmp_path)
    await made.store.open()
    yield made
    made.close()
    await made.store.close()


async def test_new_lines_are_there_after_one_look(followed: Followed) -> None:
    followed.open()
    assert await followed.writes(prompt(T0, "make it so"), answer(T0 + 9, "msg_1", written_1h=5_000)) == [A]
    row = followed.lineage
    assert (row.evidence, row.ttl_class, row.ttl_seconds) == (Evidence.TRANSCRIPT, "1h", 3600.0)
    assert (row.expires_at, row.prefix_tokens, row.requests, row.held) == (T0 + 3600.0, 25_000, 1, False)
    session = sessions.get(followed.db, A)
    assert session is not None
    assert (session.model, session.context_tokens, session.last_activity_at) == ("claude-opus-5-5", 25_003, T0 + 9)
    (turn,) = turns.read(followed.db, A)
    assert (turn.prompt, turn.answer, turn.requests) == ("make it so", "made-up answer", 1)
    assert turn.usd is not None, "the model's price was looked up"
    assert await followed.writes(prompt(T0 + 20, "and more")) == [A]
    assert [turn.prompt for turn in turns.read(followed.db, A)] == ["make it so", "and more"]


async def test_a_look_without_news_writes_nothing(followed: Followed) -> None:
    followed.open()
    await followed.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1"))
    before = data_version(followed.db)
    assert await followed.poll() == []
    assert data_version(followed.db) == before


async def test_a_torn_line_waits(followed: Followed) -> None:
    followed.open()
    await followed.writes(prompt(T0, "x"))
    path = followed.folder.transcript(A)
    with path.open("a") as file:
        file.write('{"type": "user", "message": {"content": "half')
    assert await followed.poll() == []
    with path.open("a") as file:
        file.write(' a thought"}}\n')
    assert await followed.poll() == [A]
    assert [turn.prompt for turn in turns.read(followed.db, A)] == ["x", "half a thought"]


async def test_a_session_that_nobody_saw_open_is_followed_too_and_counts_as_ended(followed: Followed) -> None:
    assert await followed.writes(prompt(T0, "x"), answer(T0 + 5, "msg_1"), session=B) == [B]
    session = sessions.get(followed.db, B)
    assert session is not None
    assert (session.status, session.ended_at, session.seen_by) == (Status.ENDED, T0 + 5, "transcript")
    await followed.writes(prompt(T0 + 50, "y"), session=B)
    session = sessions.get(followed.db, B)
    assert session is not None
    assert session.ended_at == T0 + 50


async def test_old_files_are_left_to_the_import_until_their_session_opens(followed: Followed) -> None:
    path = followed.folder.transcript(A, prompt(T0, "x"), answer(T0 + 1, "msg_1"))
    old = int((followed.clock.wall() - RECENT_SECONDS - 1) * 1e9)
    os.utime(path, ns=(old, old))
    assert await followed.poll() == []
    followed.open()
    assert await followed.poll() == [A]
    assert len(turns.read(followed.db, A)) == 1


async def test_a_file_that_rests_is_let_go_unless_its_session_is_open(followed: Followed) -> None:
    followed.open(A)
    for session in (A, B):
        await followed.writes(prompt(T0, "x"), session=session)
    followed.clock.advance(RECENT_SECONDS + 60)
    await followed.poll()
    assert {Path(path).stem for path in followed.follower._watches} == {A}


async def test_what_was_read_but_not_stored_is_read_again(followed: Followed, monkeypatch: pytest.MonkeyPatch) -> None:
    followed.open()
    with monkeypatch.context() as patched:

        def fails(*_: object, **__: object) -> str:
            raise sqlite3.OperationalError("database is locked")

        patched.setattr(module, "write", fails)
        followed.folder.transcript(B, prompt(T0, "z"))
        with pytest.raises(sqlite3.OperationalError):
            await followed.writes(prompt(T0, "x"))
    await followed.writes(prompt(T0 + 9, "y"))
    assert [turn.prompt for turn in turns.read(followed.db, A)] == ["x", "y"]
    assert [turn.prompt for turn in turns.read(followed.db, B)] == ["z"]


async def test_an_unreadable_file_is_logged_once_and_harms_no_other(
    followed: Followed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = TranscriptWatch.poll

    def poll(self: TranscriptWatch, found: Found) -> FileRead | None:
        if found.session_id == A:
            raise PermissionError(13, "Permission denied")
        return real(self, found)

    monkeypatch.setattr(TranscriptWatch, "poll", poll)
    followed.folder.transcript(A, prompt(T0, "x"))
    assert await followed.writes(prompt(T0, "x"), session=B) == [B]
    await followed.writes(prompt(T0 + 1, "y"))
    assert [record.message for record in caplog.records if A in record.message] == [
        f"cannot read {followed.folder.transcript(A)}: Permission denied"
    ]


async def test_a_reader_that_fails_costs_one_file_and_is_tried_again(
    followed: Followed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def feed(self: Reading, lines: Iterable[bytes]) -> None:
        lines = list(lines)
        if any(b"hard to read" in line for line in lines):
            raise ZeroDivisionError("made up")
        real(self, lines)

    real = Reading.feed
    with monkeypatch.context() as patch:
        patch.setattr(Reading, "feed", feed)
        followed.folder.transcript(A, prompt(T0, "hard to read"))
        assert await followed.writes(prompt(T0, "x"), session=B) == [B]
    assert "ZeroDivisionError" in caplog.text
    assert await followed.writes(prompt(T0 + 1, "y")) == [A]
    assert [turn.prompt for turn in turns.read(followed.db, A)] == ["hard to read", "y"]


async def test_what_cannot_be_stored_holds_up_nothing_else(
    followed: Followed, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuses(connection: sqlite3.Connection, read: FileRead, *others: Any, **named: Any) -> str:
        if read.found.session_id == A:
            raise OverflowError("made up")
        return real(connection, read, *others, **named)

    real = writing.write
    with monkeypatch.context() as patch:
        patch.setattr(module, "write", refuses)
        followed.folder.transcript(A, prompt(T0, "x"))
        assert await followed.writes(prompt(T0, "x"), session=B) == [B]
        assert await followed.poll() == []
    assert "OverflowError" in caplog.text
    assert await followed.writes(prompt(T0 + 1, "y")) == [A]
    assert [turn.prompt for turn in turns.read(followed.db, A)] == ["x", "y"]


async def test_another_worker_that_reads_it_all_again_changes_nothing(followed: Followed) -> None:
    followed.open()
    await followed.writes(
        prompt(T0, "x"),
        answer(T0 + 1, "msg_1", written_5m=100),
        compaction(T0 + 5),
        prompt(T0 + 10, "y"),
        answer(T0 + 11, "msg_2", written_5m=100),
        title("about the parser"),
    )
    tables = ("sessions", "lineages", "requests", "turns", "sources")
    before = {table: followed.db.execute(f"SELECT * FROM {table}").fetchall() for table in tables}  # noqa: S608
    followed.follower = followed.new()
    assert await followed.poll() == [A]
    assert {table: followed.db.execute(f"SELECT * FROM {table}").fetchall() for table in tables} == before  # noqa: S608


async def test_the_transcript_tells_a_running_tool_from_a_thinking_model(followed: Followed) -> None:
    followed.open()
    await followed.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", stop="tool_use", tool="Bash"))
    assert followed.state() == (Status.BUSY, WaitingFor.TOOL)
    await followed.writes(tool_result(T0 + 5, "msg_1"))
    assert followed.state() == (Status.BUSY, None)


@pytest.mark.parametrize("known", [{"status": "idle", "waiting_for": "you"}, {"waiting_for": "permission"}])
async def test_a_client_that_tells_its_state_is_believed(followed: Followed, known: dict[str, str]) -> None:
    followed.open(**known)
    before = followed.state()
    await followed.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", stop="tool_use", tool="Bash"))
    assert followed.state() == before


async def test_where_no_client_tells_the_transcript_does(followed: Followed) -> None:
    followed.open(seen_by="process", status="unknown")
    await followed.writes(prompt(T0, "x"))
    assert followed.state() == (Status.BUSY, None)
    await followed.writes(answer(T0 + 1, "msg_1"))
    assert followed.state() == (Status.IDLE, WaitingFor.YOU)


def attach(followed: Followed) -> None:
    """The session goes through the gateway, which saw its last request at T0."""
    launches.record(
        followed.db,
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
    followed.open(launch_id="launch-1")
    lineage = lineages.start(followed.db, A, "", model="claude-opus-5-5", evidence=Evidence.GATEWAY, at=T0)
    lineages.touch_by_request(
        followed.db,
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


async def test_what_the_gateway_saw_is_better_evidence(followed: Followed) -> None:
    attach(followed)
    before, state = followed.lineage, followed.state()
    await followed.writes(prompt(T0 + 1, "x"), answer(T0 + 2, "msg_1", written_1h=100))
    assert (followed.lineage, followed.state()) == (before, state)
    assert len(turns.read(followed.db, A)) == 1
    await followed.writes(compaction(T0 + 50))
    assert (followed.lineage.replaced, followed.lineage.held) == ("compacted", False)


async def test_a_session_that_left_the_gateway_goes_on_by_its_transcript(followed: Followed) -> None:
    attach(followed)
    sessions.save(followed.db, A, agent="claude", launch_id=None)
    await followed.writes(prompt(T0 + 100, "x"), answer(T0 + 101, "msg_1", written_5m=100))
    row = followed.lineage
    assert (row.evidence, row.expires_at, row.held) == (Evidence.TRANSCRIPT, T0 + 400, False)


async def test_compactions_are_counted_and_end_what_came_before_them(followed: Followed) -> None:
    followed.open()
    await followed.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100))
    await followed.writes(compaction(T0 + 50))
    assert followed.chains() == [("compacted", 1)]
    await followed.writes(prompt(T0 + 60, "y"), answer(T0 + 61, "msg_2", written_5m=100))
    assert followed.chains() == [("compacted", 1), ("", 1)]
    detail = board.detail(followed.db, A, now=T0 + 70, keeper_on=False, budget_of=budget_of(Config()))
    assert detail.compactions == 1


async def test_a_subagents_file_adds_requests_and_moves_no_clock(followed: Followed) -> None:
    followed.open()
    await followed.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100))
    folder = followed.folder.transcript(A).with_suffix("") / "subagents"
    folder.mkdir(parents=True)
    path = followed.folder.transcript(A)
    text = path.read_text(encoding="utf-8").replace("msg_1", "msg_2").replace("{", '{"isSidechain": true, ', 1)
    (folder / "agent-a1.jsonl").write_text(text, encoding="utf-8")
    before = followed.lineage
    assert await followed.poll() == [A]
    assert followed.lineage == before
    assert followed.db.execute("SELECT agent_id FROM requests ORDER BY message_id").fetchall() == [("",), ("a1",)]
    (turn,) = turns.read(followed.db, A)
    assert turn.requests == 2, "its request belongs to the turn that ran"


async def test_a_deleted_transcript_loses_nothing_and_a_rewritten_one_is_read_anew(followed: Followed) -> None:
    followed.open()
    await followed.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100), prompt(T0 + 5, "y"))
    path = followed.folder.transcript(A)
    path.unlink()
    assert await followed.poll() == []
    assert len(turns.read(followed.db, A)) == 2
    await followed.writes(prompt(T0, "x"), answer(T0 + 1, "msg_1", written_5m=100))
    assert [turn.prompt for turn in turns.read(followed.db, A)] == ["x"]
    assert followed.chains() == [("", 1)]


async def test_a_copied_folder_is_left_to_the_import_but_for_its_newest_files(followed: Followed) -> None:
    at = int(followed.clock.wall() * 1e9)
    for number in range(FIRST_FILES + 3):
        path = followed.folder.transcript(f"{number:08}-0000-4000-8000-000000000000", prompt(T0, "x"))
        os.utime(path, ns=(at + number, at + number))
    changed = await followed.poll()
    assert len(changed) == FIRST_FILES
    assert "00000000-0000-4000-8000-000000000000" not in changed
    assert await followed.poll() == []


# --- what is not to be kept -------------------------------------------------------------------------------------------


async def test_without_text_the_numbers_are_followed(followed: Followed) -> None:
    followed.follower = followed.new(Config(history=HistoryConfig(store_text=False)))
    followed.open()
    assert await followed.writes(prompt(T0, "make it so"), answer(T0 + 9, "msg_1", written_1h=5_000)) == [A]
    (turn,) = turns.read(followed.db, A)
    assert (turn.prompt, turn.answer, turn.requests) == ("", "", 1)
    assert followed.lineage.prefix_tokens == 25_000


@pytest.mark.parametrize("by", ["transcript", "folder"])
async def test_an_ignored_session_is_not_followed(followed: Followed, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if by == "transcript":
        monkeypatch.setattr(TranscriptWatch, "poll", lambda self, found: pytest.fail("it is read"))
    at = followed.root / ".claude" if by == "transcript" else CWD
    followed.follower = followed.new(Config(history=HistoryConfig(ignore_paths=(str(at),))))
    assert await followed.writes(prompt(T0, "make it so"), answer(T0 + 9, "msg_1", written_1h=5_000)) == []
    assert await followed.writes(prompt(T0 + 20, "again")) == []
    for table in ("sessions", "turns", "requests", "sources"):
        assert followed.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608


async def test_a_forgotten_session_does_not_come_back_while_its_file_grows(followed: Followed) -> None:
    assert await followed.writes(prompt(T0, "make it so"), answer(T0 + 9, "msg_1", written_1h=5_000)) == [A]
    forget.delete(followed.db, [A], T0 + 100)
    await followed.writes(prompt(T0 + 20, "and again"), answer(T0 + 29, "msg_2"))
    for table in ("sessions", "turns", "requests", "sources"):
        assert followed.db.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,), table  # noqa: S608


class TestIdlePeriods:
    """What keep-alive counts by, where no gateway sees the requests."""

    def periods(self, followed: Followed) -> list[tuple[object, ...]]:
        query = "SELECT opened_at - ?, closed_by, waiting_for FROM idle_periods ORDER BY id"
        return followed.db.execute(query, (T0,)).fetchall()

    async def test_an_open_sessions_last_request_opens_one_and_the_next_closes_it(self, followed: Followed) -> None:
        followed.open(seen_by="transcript")
        followed.go_to(20)
        await followed.writes(prompt(T0, "go"), answer(T0 + 3, "m1", written_5m=100))
        at = followed.lineage.last_request_at
        assert at is not None
        assert self.periods(followed) == [(at - T0, "", "you")]
        await followed.poll()
        await followed.writes(prompt(T0 + 100, "on"), answer(T0 + 103, "m2", written_5m=100))
        assert [row[1] for row in self.periods(followed)] == ["request", ""]

    async def test_one_that_was_read_before_it_was_seen_to_be_open_gets_it_then(self, followed: Followed) -> None:
        followed.go_to(20)
        await followed.writes(prompt(T0, "go"), answer(T0 + 3, "m1", written_5m=100))
        followed.db.execute("UPDATE sessions SET ended_at = ?", (T0 + 5,))
        await followed.poll()
        followed.db.execute("DELETE FROM idle_periods")
        followed.open()
        followed.db.execute("UPDATE sessions SET ended_at = NULL")
        assert A in await followed.poll()
        assert [row[1] for row in self.periods(followed)] == [""]
        assert await followed.poll() == []

    async def test_what_has_gone_cold_before_it_was_read_opens_none(self, followed: Followed) -> None:
        followed.open()
        await followed.writes(prompt(T0, "go"), answer(T0 + 3, "m1", written_5m=100))  # a quarter of an hour ago
        assert self.periods(followed) == []

    async def test_a_session_behind_the_gateway_has_its_own(self, followed: Followed) -> None:
        followed.go_to(20)
        launches.record(followed.db, launch("launch-0001", "claude"))
        followed.open(launch_id="launch-0001")
        await followed.writes(prompt(T0, "go"), answer(T0 + 3, "m1", written_5m=100))
        assert self.periods(followed) == []
