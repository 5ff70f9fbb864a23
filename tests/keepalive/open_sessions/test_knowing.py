"""What a look says of one session in the store, and under which name a launch's session goes."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from keepalive.open_sessions.knowing import by_launch, know, named_as_stored, placeholders
from keepalive.open_sessions.types import OpenSession, SeenBy
from store import cache, lineages, sessions
from store.models import CacheStateName, Evidence, Status, WaitingFor
from store.rows import LaunchRow, LineageRow, SessionRow
from tests.fresh_store import fresh_store
from tests.keepalive.claude_folder import T0


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    with closing(fresh_store(tmp_path / "warmside.db")) as connection:
        yield connection


PI = OpenSession(
    agent="pi",
    session_id="p1",
    seen_by=SeenBy.PROCESS,
    pid=60,
    cwd="/src/made-up",
    status=Status.UNKNOWN,
    waiting_for=None,
    name=None,
    version=None,
    entrypoint=None,
    started_at=T0,
    proc_start="600",
    status_updated_at=T0 + 5,
    tmux_pane="%1",
    ancestors=(50, 9),
)


def launch(name: str, pid: int) -> LaunchRow:
    return LaunchRow(
        id=name,
        token_hash=name,
        agent="pi",
        pid=pid,
        pid_started_at=T0,
        cwd="/",
        upstream="http://127.0.0.1:9",
        proxy=None,
        ca_file=None,
        started_at=T0,
        ended_at=None,
    )


def row(db: sqlite3.Connection, name: str = "p1") -> SessionRow:
    found = sessions.get(db, name)
    assert found is not None
    return found


def test_a_new_session_is_stored_with_its_evidence(db: sqlite3.Connection) -> None:
    know(db, PI, None, T0 + 99)
    stored = row(db)
    assert (stored.agent, stored.project, stored.pid, stored.pid_started) == ("pi", "made-up", 60, "600")
    assert (stored.seen_by, stored.tmux_pane, stored.status) == ("process", "%1", Status.UNKNOWN)
    assert (stored.opened_at, stored.last_activity_at) == (T0, T0 + 5)


def test_what_others_know_better_stays(db: sqlite3.Connection) -> None:
    sessions.save(
        db,
        "p1",
        agent="pi",
        title="from its transcript",
        client_version="0.73.1",
        status="busy",
        waiting_for="tool",
        last_activity_at=T0 + 50,
    )
    know(db, replace(PI, name="a name"), None, T0 + 99)
    stored = row(db)
    assert (stored.title, stored.client_version, stored.last_activity_at) == ("from its transcript", "0.73.1", T0 + 50)
    assert (stored.status, stored.waiting_for) == (Status.BUSY, WaitingFor.TOOL)
    know(db, replace(PI, status_updated_at=T0 + 60), PI, T0 + 99)
    assert row(db).last_activity_at == T0 + 60


def test_the_newest_session_below_a_launchs_process_is_its_own() -> None:
    live = [launch("launch-1", 50), launch("launch-2", 70)]
    later = replace(PI, session_id="p2", pid=61, started_at=T0 + 1)
    claude = replace(PI, agent="claude", session_id="c1", pid=70)
    assert by_launch([later, PI, claude], live) == {"launch-1": later}
    assert by_launch([PI], []) == {}


def test_a_launch_whose_cache_is_followed_names_its_session() -> None:
    codex = replace(PI, agent="codex", session_id="x1", pid=80)
    named = named_as_stored([PI, codex], {"launch-1": PI, "launch-2": codex})
    assert [session.session_id for session in named] == ["launch-1", "x1"]


def test_what_stood_for_a_session_is_found_by_its_process(db: sqlite3.Connection) -> None:
    know(db, replace(PI, session_id="pi-60-600", made_up=True), None, T0)
    know(db, replace(PI, session_id="pi-50-500", pid=50, made_up=True), None, T0)
    know(db, replace(PI, session_id="pi-61-610", pid=61, made_up=True), None, T0)
    know(db, replace(PI, session_id="another"), None, T0)
    assert placeholders(db, PI) == ["pi-60-600", "pi-50-500"]
    sessions.end(db, "pi-60-600", "ended", T0)
    assert placeholders(db, PI) == ["pi-50-500"]


class TestResumes:
    """A process that is younger than the session's last request has opened it again."""

    CLAUDE = replace(PI, agent="claude", session_id="c1", pid=71, version="2.1.219", started_at=T0 + 100)

    def known(self, db: sqlite3.Connection, found: OpenSession = CLAUDE, last_request: float = T0 + 50) -> LineageRow:
        sessions.save(db, "c1", agent="claude", pid=70, ended_at=T0 + 60)
        self.ask(db, lineages.start(db, "c1", "", model="m", evidence=Evidence.TRANSCRIPT, at=T0), last_request)
        know(db, found, None, T0 + 101)
        return self.lineage(db)

    def ask(self, db: sqlite3.Connection, lineage_id: int, at: float) -> None:
        lineages.touch_by_request(
            db,
            lineage_id,
            at=at,
            prefix_tokens=50_000,
            ttl_class="1h",
            ttl_seconds=3_600.0,
            model="m",
            evidence=Evidence.TRANSCRIPT,
            held=False,
            thinking=False,
            replayable="",
        )

    def lineage(self, db: sqlite3.Connection) -> LineageRow:
        found = lineages.current(db, "c1")
        assert found is not None
        return found

    def test_the_entry_is_not_trusted_until_the_next_request(self, db: sqlite3.Connection) -> None:
        lineage = self.known(db)
        assert lineage.stop == "resumed"
        view = cache.view(lineage, None, T0 + 102, row(db, "c1"))
        assert (view.state, view.reason) == (CacheStateName.CHANGED, "resumed")
        self.ask(db, lineage.id, T0 + 120)
        know(db, self.CLAUDE, None, T0 + 121)
        view = cache.view(self.lineage(db), None, T0 + 122, row(db, "c1"))
        assert view.state is CacheStateName.WARM

    def test_a_client_whose_resumes_hit(self, db: sqlite3.Connection) -> None:
        assert self.known(db, replace(self.CLAUDE, version="2.1.331")).stop == ""

    def test_a_process_that_made_the_last_request_itself(self, db: sqlite3.Connection) -> None:
        assert self.known(db, last_request=T0 + 100.5).stop == ""

    def test_other_clients_and_unknown_starts(self, db: sqlite3.Connection) -> None:
        assert self.known(db, replace(self.CLAUDE, started_at=None)).stop == ""
        know(db, replace(self.CLAUDE, agent="codex"), None, T0 + 101)
        assert self.lineage(db).stop == ""
