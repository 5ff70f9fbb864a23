"""What is seen of the clients: new sessions, what they wait for, and each of their ends."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from keepalive.allowance import budget_of
from keepalive.clock import ManualClock
from keepalive.config import Config
from keepalive.presence import Presence
from keepalive.store_thread import StoreThread
from keepalive.watcher import Watcher
from store import board, idle, launches, lineages, sessions
from store.database import connect, data_version
from store.models import Evidence, SessionView, Status, WaitingFor
from store.rows import LaunchRow, LineageRow, SessionRow
from tests.keepalive.claude_folder import T0, ClaudeFolder
from tests.keepalive.open_sessions.fake_machine import FakeMachine

A = "aaaaaaaa-0000-4000-8000-000000000001"
B = "bbbbbbbb-0000-4000-8000-000000000002"


class Watch:
    """A watcher over a made-up folder, and another connection to see what it stored."""

    def __init__(self, root: Path) -> None:
        self.folder = ClaudeFolder(root / "claude")
        self.clock = ManualClock(T0 + 1000)
        self.launch_dir = root / "launches"
        self.store = StoreThread(root / "warmside.db")
        self.changed: list[str] = []
        self.ended: list[str] = []
        self.told_over: set[str] = set()
        self.machine = FakeMachine(self.folder.processes, root)
        self.watcher = self.new()
        self._reader: sqlite3.Connection | None = None
        self._file = root / "warmside.db"

    def new(self) -> Watcher:
        async def changed(session_id: str) -> None:
            self.changed.append(session_id)

        return Watcher(
            store=self.store,
            clock=self.clock,
            launch_dir=self.launch_dir,
            sight=self.machine.open_sessions(),
            presence=Presence(self.folder.root, self.folder.processes),
            changed=changed,
            ended=self.ended.append,
            told_over=self.told_over.__contains__,
        )

    async def poll(self) -> None:
        self.changed.clear()
        self.ended.clear()
        self.clock.advance(1.0)
        await self.watcher.poll()

    @property
    def db(self) -> sqlite3.Connection:
        if self._reader is None:
            self._reader = connect(self._file)
        return self._reader

    def close(self) -> None:
        if self._reader is not None:
            self._reader.close()

    def row(self, session_id: str = A) -> SessionRow:
        found = sessions.get(self.db, session_id)
        assert found is not None
        return found

    def view(self, session_id: str = A) -> SessionView:
        views = board.sessions(self.db, now=self.clock.wall(), keeper_on=True, budget_of=budget_of(Config()), limit=100)
        return next(view for view in views if view.id == session_id)

    def lineage(self, session_id: str = A) -> LineageRow:
        found = lineages.current(self.db, session_id)
        assert found is not None
        return found

    def launch(self, pid: int, name: str = "launch-00000001") -> str:
        launches.record(
            self.db,
            LaunchRow(
                id=name,
                token_hash=name,
                agent="claude",
                pid=pid,
                pid_started_at=T0 + self.folder.processes.ticks[pid],
                cwd="/src/made-up",
                upstream="http://127.0.0.1:9",
                proxy=None,
                ca_file=None,
                started_at=T0,
                ended_at=None,
            ),
        )
        return name

    def gateway_saw(self, session_id: str, launch_id: str, pid: int) -> int:
        """A request of this launch went through the gateway a moment ago."""
        at = self.clock.wall()
        sessions.save(self.db, session_id, agent="claude", launch_id=launch_id, pid=pid, opened_at=at)
        lineage = lineages.start(self.db, session_id, "", model="claude-opus-5-5", evidence=Evidence.GATEWAY, at=at)
        lineages.touch_by_request(
            self.db,
            lineage,
            at=at,
            prefix_tokens=30_000,
            ttl_class="5m",
            ttl_seconds=300.0,
            model="claude-opus-5-5",
            evidence=Evidence.GATEWAY,
            held=True,
            thinking=False,
            replayable="",
        )
        idle.open_period(self.db, lineage, session_id, at=at, ttl_class="5m", ttl_seconds=300.0, prefix_tokens=30_000)
        return lineage

    def idle_ends(self) -> list[str]:
        return [row[0] for row in self.db.execute("SELECT closed_by FROM idle_periods ORDER BY id")]


@pytest_asyncio.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    made = Watch(tmp_path)
    await made.store.open()
    yield made
    await made.store.close()
    made.close()


async def test_a_new_session_appears_with_how_we_know(watch: Watch) -> None:
    watch.folder.session(7, A, at=T0 + 9)
    await watch.poll()
    view = watch.view()
    assert (view.agent, view.cwd, view.project, view.pid, view.tmux_pane) == (
        "claude",
        "/src/made-up",
        "made-up",
        7,
        "%17",
    )
    assert (view.status, view.waiting_for, view.ended_at) == (Status.IDLE, WaitingFor.YOU, None)
    assert (view.seen_by, view.last_activity_at) == ("session_file", T0 + 9)
    assert watch.changed == [A]


async def test_status_follows_the_file(watch: Watch) -> None:
    expected = [
        ("busy", None, (Status.BUSY, None)),
        ("waiting", "permission prompt", (Status.BUSY, WaitingFor.PERMISSION)),
        ("busy", None, (Status.BUSY, WaitingFor.TOOL)),  # permission was given: the tool runs
        ("shell", None, (Status.IDLE, WaitingFor.BACKGROUND)),
        ("idle", None, (Status.IDLE, WaitingFor.YOU)),
        ("busy", None, (Status.BUSY, None)),
    ]
    for step, (status, waiting, state) in enumerate(expected):
        watch.folder.session(7, A, status, waiting_for=waiting, at=T0 + step)
        await watch.poll()
        row = watch.row()
        assert (row.status, row.waiting_for) == state, step
        assert row.waiting_since == T0 + step
        assert watch.changed == [A]


async def test_a_client_that_works_on_after_its_requests_end_is_busy(watch: Watch) -> None:
    watch.folder.session(7, A, "busy", at=T0)
    await watch.poll()
    await watch.store.write(lambda c: sessions.set_state(c, A, Status.IDLE, WaitingFor.YOU, watch.clock.wall()))
    watch.clock.advance(0.9)
    await watch.poll()  # a second later, so 1.9 s
    assert watch.row().status is Status.IDLE, "its file may only be late"
    await watch.poll()
    state = (watch.row().status, watch.row().waiting_for)
    assert state == (Status.BUSY, WaitingFor.BACKGROUND), "the turn is over: a subagent, perhaps"
    watch.folder.session(7, A, "busy", at=T0 + 9)
    await watch.poll()
    assert watch.row().waiting_for is WaitingFor.BACKGROUND, "written anew, and still busy"


async def test_a_turn_that_began_and_ended_between_two_looks_is_not_taken_for_a_running_one(watch: Watch) -> None:
    watch.folder.session(7, A, "idle", at=T0)
    await watch.poll()
    watch.folder.session(7, A, "busy", at=T0 + 1)
    watch.clock.advance(2)
    await watch.store.write(lambda c: sessions.set_state(c, A, Status.BUSY, None, T0 + 1.1))
    await watch.store.write(lambda c: sessions.set_state(c, A, Status.IDLE, WaitingFor.YOU, T0 + 2))
    await watch.poll()
    assert (watch.row().status, watch.row().waiting_for) == (Status.IDLE, WaitingFor.YOU), "its file may only be late"
    for _ in range(3):
        await watch.poll()
    state = (watch.row().status, watch.row().waiting_for)
    assert state == (Status.BUSY, WaitingFor.BACKGROUND), "a subagent, perhaps"
    watch.folder.session(7, A, "idle", at=T0 + 9)
    await watch.poll()
    watch.folder.session(7, A, "busy", at=T0 + 10)
    await watch.poll()
    assert (watch.row().status, watch.row().waiting_for) == (Status.BUSY, None), "it works again"


async def test_clear_ends_the_old_session_in_the_same_process(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    watch.gateway_saw(A, watch.launch(7), 7)
    watch.folder.session(7, B)
    await watch.poll()
    assert (watch.row(A).end_reason, watch.row(A).ended_at) == ("cleared", watch.clock.wall())
    assert watch.lineage(A).replaced == "cleared"
    assert watch.row(B).ended_at is None
    assert watch.ended == [A]
    assert set(watch.changed) == {A, B}


async def test_a_clear_that_no_worker_saw_is_still_one(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    watch.folder.session(7, B)
    watch.watcher = watch.new()
    await watch.poll()
    assert watch.row(A).end_reason == "cleared"


async def test_leaving_ends_the_session(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    lineage = watch.gateway_saw(A, watch.launch(7), 7)
    watch.folder.leaves(7)
    await watch.poll()
    row = watch.row()
    assert (row.end_reason, row.status, row.waiting_for) == ("ended", Status.ENDED, None)
    assert watch.ended == [A]
    assert watch.idle_ends() == ["end"]
    assert watch.lineage().id == lineage
    assert watch.lineage().replaced == "", "its cache is as warm as before: it may be resumed"


@pytest.mark.parametrize("launched", [True, False])
async def test_a_killed_client_is_dead(watch: Watch, launched: bool) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    if launched:
        watch.gateway_saw(A, watch.launch(7), 7)
    watch.folder.killed(7)
    await watch.poll()
    assert watch.row().end_reason == "dead"
    assert watch.ended == [A]
    assert launches.live(watch.db) == []


async def test_a_pid_that_was_used_again_is_another_process(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    watch.folder.processes.ticks[7] = 71  # killed; the file stays, and something else got the pid
    await watch.poll()
    assert watch.row().end_reason == "dead"
    watch.folder.session(7, B, start=71)
    await watch.poll()
    assert watch.row(B).ended_at is None
    assert watch.row(A).end_reason == "dead"


async def test_a_half_written_file_keeps_what_was_known(watch: Watch) -> None:
    watch.folder.session(7, A, "busy")
    watch.folder.session(8, B)
    await watch.poll()
    whole = watch.folder.file(7).read_bytes()
    watch.folder.file(7).write_bytes(whole[:40])
    for worker in ("the same", "another"):
        if worker == "another":
            watch.watcher = watch.new()
        await watch.poll()
        assert (watch.row(A).ended_at, watch.row(A).status) == (None, Status.BUSY)
        assert watch.ended == []
    watch.folder.leaves(8)
    await watch.poll()
    assert watch.row(B).end_reason == "ended", "a torn file blinds us for nobody else"
    watch.folder.killed(7)
    await watch.poll()
    assert watch.row(A).end_reason == "dead", "nor for good"


async def test_a_resumed_session_is_open_again(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    watch.gateway_saw(A, watch.launch(7), 7)
    watch.folder.leaves(7)
    await watch.poll()
    assert watch.row().ended_at is not None
    watch.folder.session(9, A)
    await watch.poll()
    row = watch.row()
    assert (row.ended_at, row.end_reason, row.pid) == (None, "", 9)
    assert row.launch_id is None, "this process does not go through the gateway"


async def test_a_session_taken_over_at_once_does_not_end_with_its_launch(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    watch.gateway_saw(A, watch.launch(7), 7)
    watch.folder.leaves(7)
    watch.folder.session(9, A)
    for _ in range(2):
        await watch.poll()
        assert (watch.row().ended_at, watch.row().pid, watch.row().launch_id) == (None, 9, None)
    assert launches.live(watch.db) == []


async def test_a_session_resumed_elsewhere_outlives_the_launch_it_began_in(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    watch.gateway_saw(A, watch.launch(7), 7)
    watch.folder.session(7, B)  # the launch's client talks in another session,
    watch.folder.session(9, A)  # and a client of its own has resumed the first
    await watch.poll()
    assert watch.row(A).ended_at is None
    watch.folder.leaves(7)
    await watch.poll()
    assert (watch.row(A).ended_at, watch.row(A).launch_id) == (None, None)
    assert watch.row(B).ended_at is not None


async def test_an_open_session_that_was_ended_by_mistake_comes_back(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    sessions.end(watch.db, A, "ended", T0)
    await watch.poll()
    assert watch.row().ended_at is None
    assert watch.changed == [A]


async def test_an_end_that_the_client_has_told_stands_while_its_file_is_still_there(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    sessions.end(watch.db, A, "ended", T0)
    watch.told_over.add(A)
    await watch.poll()
    assert (watch.row().ended_at, watch.changed) == (T0, [])
    watch.told_over.clear()
    await watch.poll()
    assert watch.row().ended_at is None, "it goes on after all"


async def test_a_session_that_no_file_names_ends_with_its_launch_alone(watch: Watch) -> None:
    watch.folder.processes.ticks[7] = 70
    watch.gateway_saw(A, watch.launch(7), 7)
    await watch.poll()
    assert watch.row().ended_at is None
    del watch.folder.processes.ticks[7]
    await watch.poll()
    assert watch.row().end_reason == "ended"
    assert watch.ended == [A]


async def test_attached_sessions_keep_the_gateways_evidence(watch: Watch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    watch.gateway_saw(A, watch.launch(7), 7)
    before = watch.lineage()
    watch.folder.session(7, A, "busy")
    await watch.poll()
    assert watch.lineage() == before
    assert watch.row().launch_id == "launch-00000001"


async def test_a_title_about_the_work_is_not_replaced_by_a_derived_name(watch: Watch) -> None:
    watch.folder.session(7, A, name="made-up-3f")
    await watch.poll()
    assert watch.row().title == "made-up-3f"
    watch.folder.session(7, A, "busy", name="made-up-4a")
    await watch.poll()
    assert watch.row().title == "made-up-4a", "still the best there is"
    sessions.save(watch.db, A, agent="claude", title="about the parser")
    watch.folder.session(7, A, "idle", name="made-up-5b")
    await watch.poll()
    assert watch.row().title == "about the parser"
    watch.watcher = watch.new()
    watch.folder.session(7, A, "busy", name="made-up-6c")
    await watch.poll()
    assert watch.row().title == "about the parser"


async def test_what_could_not_be_stored_is_seen_again(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    watch.folder.session(7, A)
    await watch.poll()
    with monkeypatch.context() as patch:
        patch.setattr(sessions, "save", _busy)
        watch.folder.session(7, A, "busy")
        with pytest.raises(sqlite3.OperationalError, match="locked"):
            await watch.poll()
    await watch.poll()
    assert watch.row().status is Status.BUSY


def _busy(*args: object, **values: object) -> None:
    raise sqlite3.OperationalError("database is locked")


async def test_an_idle_look_writes_nothing(watch: Watch, monkeypatch: pytest.MonkeyPatch) -> None:
    for pid in range(20):
        session_id = f"{pid:08x}-0000-4000-8000-000000000001"
        watch.folder.session(100 + pid, session_id)
    watch.launch(100)
    await watch.poll()
    await watch.poll()
    before = data_version(watch.db)
    with monkeypatch.context() as patch:
        patch.setattr(watch.store, "write", None)  # not even a transaction
        for _ in range(3):
            await watch.poll()
            assert watch.changed == []
    assert data_version(watch.db) == before
    watch.folder.session(100, f"{0:08x}-0000-4000-8000-000000000001", "busy")
    await watch.poll()
    assert data_version(watch.db) != before


async def test_a_launchs_settings_file_goes_with_it(watch: Watch) -> None:
    watch.launch_dir.mkdir()
    watch.folder.processes.ticks.update({7: 70, 8: 80})
    first, second = watch.launch(7, "launch-00000001"), watch.launch(8, "launch-00000002")
    for name in (first, second, "launch-99999999", "notes"):
        (watch.launch_dir / f"{name}.json").write_text("{}")

    def left() -> list[str]:
        return sorted(file.stem for file in watch.launch_dir.iterdir())

    await watch.poll()
    assert left() == [first, second, "notes"], "what an earlier worker left behind is gone"
    del watch.folder.processes.ticks[7]
    await watch.poll()
    assert left() == [second, "notes"]
