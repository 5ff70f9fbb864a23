"""The sessions of the other clients in the store: opened, named, taken over from launches, and each of their ends."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from store import launches, lineages, sessions
from store.models import Evidence, Status
from store.rows import LaunchRow
from tests.keepalive.claude_folder import T0
from tests.keepalive.open_sessions.client_folders import (
    CodexFolder,
    opencode_database,
    opencode_session,
    pi_session,
    workspace,
)
from tests.keepalive.test_watcher import Watch

A = "01a21780-a398-70b0-8741-981f1adab60b"
B = "01a21781-41cf-77b1-949d-f05ad4b468cf"
LAUNCH = "launch-00000001"


@pytest_asyncio.fixture
async def watch(tmp_path: Path) -> AsyncIterator[Watch]:
    made = Watch(tmp_path)
    await made.store.open()
    yield made
    await made.store.close()
    made.close()


@pytest.fixture
def codex(watch: Watch) -> CodexFolder:
    return CodexFolder(watch.machine)


def launched(watch: Watch, agent: str, pid: int) -> str:
    """A launch whose requests name no session, so that the gateway has stored one under its name."""
    launches.record(
        watch.db,
        LaunchRow(
            id=LAUNCH,
            token_hash=LAUNCH,
            agent=agent,
            pid=pid,
            pid_started_at=T0 + watch.folder.processes.ticks[pid],
            cwd="/src/made-up",
            upstream="http://127.0.0.1:9",
            proxy=None,
            ca_file=None,
            started_at=T0,
            ended_at=None,
        ),
    )
    sessions.save(watch.db, LAUNCH, agent=agent, launch_id=LAUNCH, pid=pid, cwd="/src/made-up", opened_at=T0)
    return LAUNCH


def opened(watch: Watch) -> dict[str, str]:
    return {row.id: row.seen_by for row in sessions.open_sessions(watch.db)}


async def test_a_codex_session_opens_with_its_lock_and_ends_with_it(watch: Watch, codex: CodexFolder) -> None:
    watch.machine.runs(50, "codex")
    codex.thread(A, title="fix the parser", cwd="/src/made-up")
    codex.lock(A, 50)
    await watch.poll()
    view = watch.view(A)
    assert (view.agent, view.seen_by, view.title, view.project, view.pid) == (
        "codex",
        "lock",
        "fix the parser",
        "made-up",
        50,
    )
    assert (view.status, view.ended_at) == (Status.UNKNOWN, None)
    codex.unlock(A)
    await watch.poll()
    assert watch.row(A).end_reason == "ended"
    assert watch.ended == [A]


async def test_a_killed_codex_is_dead(watch: Watch, codex: CodexFolder) -> None:
    watch.machine.runs(50, "codex")
    codex.thread(A)
    codex.lock(A, 50)
    await watch.poll()
    watch.machine.ends(50)
    await watch.poll()
    assert watch.row(A).end_reason == "dead", "its lock file stays"


async def test_a_daemons_threads_end_one_by_one_or_all_with_it(watch: Watch, codex: CodexFolder) -> None:
    watch.machine.runs(40, "codex", "app-server", "--listen", "unix://", cwd="/")
    watch.machine.runs(50, "codex")
    codex.thread(A)
    codex.thread(B, cwd="/src/other")
    codex.lock(A, 40)
    codex.lock(B, 40)
    await watch.poll()
    assert opened(watch) == {A: "lock", B: "lock"}
    assert (watch.row(A).pid, watch.row(B).pid) == (50, 40)
    codex.unlock(B)
    await watch.poll()
    assert opened(watch) == {A: "lock"}
    assert watch.row(B).end_reason == "ended", "the same process holds another session: that is no /clear"
    watch.machine.ends(40)
    await watch.poll()
    assert watch.row(A).end_reason == "dead", "though its terminal is still there"


async def test_a_terminal_that_leaves_its_daemon_leaves_the_session_open(watch: Watch, codex: CodexFolder) -> None:
    watch.machine.runs(40, "codex", "app-server", cwd="/")
    watch.machine.runs(50, "codex")
    codex.thread(A)
    codex.lock(A, 40)
    await watch.poll()
    watch.machine.ends(50)
    await watch.poll()
    assert (watch.row(A).ended_at, watch.row(A).pid, watch.ended) == (None, 40, [])


async def test_a_codex_table_that_cannot_be_read_changes_nothing(watch: Watch, codex: CodexFolder) -> None:
    watch.machine.runs(50, "codex")
    codex.thread(A, title="kept")
    codex.lock(A, 50)
    await watch.poll()
    watch.machine.broken = PermissionError("no")
    for worker in ("the same", "another"):
        if worker == "another":
            watch.watcher = watch.new()
        await watch.poll()
        assert (watch.row(A).ended_at, watch.row(A).title) == (None, "kept")
    watch.machine.broken = None
    watch.machine.ends(50)
    await watch.poll()
    assert watch.row(A).end_reason == "dead"


async def test_a_session_gets_its_own_name_when_it_has_one(watch: Watch) -> None:
    watch.machine.runs(60, "pi", started=1000)
    await watch.poll()
    assert opened(watch) == {"pi-60-1000": "process"}
    pi_session(watch.machine.folders.pi, A, at=T0 + 1010)
    await watch.poll()
    assert opened(watch) == {A: "process"}
    assert watch.ended == ["pi-60-1000"]
    assert sessions.get(watch.db, "pi-60-1000") is None, "no row is left of what stood for it"
    watch.machine.ends(60)
    await watch.poll()
    assert watch.row(A).end_reason == "ended"


async def test_another_session_in_the_same_process_is_no_clear(watch: Watch) -> None:
    watch.machine.runs(60, "pi", started=1000)
    pi_session(watch.machine.folders.pi, A, at=T0 + 1010)
    await watch.poll()
    pi_session(watch.machine.folders.pi, B, at=T0 + 1020)
    watch.machine.now += 60
    await watch.poll()
    assert opened(watch) == {B: "process"}
    assert watch.row(A).end_reason == "ended", "its cache is as warm as before"


async def test_a_database_that_cannot_be_read_ends_no_session(watch: Watch) -> None:
    watch.machine.runs(60, "opencode", started=1000)
    database = opencode_database(watch.machine.folders.opencode)
    opencode_session(database, "ses_1", at=T0 + 1010)
    await watch.poll()
    database.write_bytes(b"x" * 5000)
    watch.watcher = watch.new()
    await watch.poll()
    assert opened(watch) == {"ses_1": "process"}
    watch.machine.ends(60)
    await watch.poll()
    assert opened(watch) == {}


async def test_a_process_id_that_was_used_again_is_another_session(watch: Watch) -> None:
    watch.machine.runs(60, "aider", started=1000)
    await watch.poll()
    watch.machine.runs(60, "aider", started=2000)
    await watch.poll()
    assert opened(watch) == {"aider-60-2000": "process"}
    assert watch.row("aider-60-1000").end_reason == "ended"


async def test_a_killed_copilot_is_dead_and_one_that_left_has_ended(watch: Watch) -> None:
    for name, pid in ((A, 70), (B, 71)):
        watch.machine.runs(pid, "node", "/bin/copilot")
        workspace(watch.machine, name, pid, name="a task")
    await watch.poll()
    assert opened(watch) == {A: "hold_file", B: "hold_file"}
    (watch.machine.folders.copilot / "session-state" / B / "inuse.71.hold").unlink()
    watch.machine.ends(70, 71)
    await watch.poll()
    assert (watch.row(A).end_reason, watch.row(B).end_reason) == ("dead", "ended")


@pytest.mark.parametrize("before", ["", "transcript"])
async def test_a_session_that_only_its_requests_show_is_seen_by_its_launch(watch: Watch, before: str) -> None:
    watch.machine.runs(80, "something")
    launched(watch, "something", 80)
    sessions.save(watch.db, LAUNCH, seen_by=before)
    await watch.poll()
    assert opened(watch) == {LAUNCH: "launch"}
    watch.machine.ends(80)
    await watch.poll()
    assert watch.row(LAUNCH).end_reason == "ended"


async def test_a_launch_that_is_not_pinged_takes_its_sessions_own_name(watch: Watch, codex: CodexFolder) -> None:
    watch.machine.runs(50, "node", "/bin/codex")
    watch.machine.runs(51, "codex", ancestors=(50,))
    launched(watch, "codex", 50)
    codex.thread(A)
    codex.lock(A, 51)
    await watch.poll()
    assert opened(watch) == {A: "lock"}
    assert sessions.get(watch.db, LAUNCH) is None
    sessions.save(watch.db, LAUNCH, agent="codex", launch_id=LAUNCH, pid=50, opened_at=T0)  # its next request
    await watch.poll()
    assert opened(watch) == {A: "lock"}
    watch.machine.ends(50, 51)
    await watch.poll()
    assert opened(watch) == {}


async def test_a_launch_whose_cache_is_followed_keeps_its_name(watch: Watch) -> None:
    watch.machine.runs(60, "pi", started=600)
    await watch.poll()
    launched(watch, "pi", 60)
    lineage = lineages.start(watch.db, LAUNCH, "", model="m", evidence=Evidence.GATEWAY, at=T0)
    pi_session(watch.machine.folders.pi, A, at=T0 + 1010)
    for _ in range(2):
        await watch.poll()
        assert opened(watch) == {LAUNCH: "process"}
        current = lineages.current(watch.db, LAUNCH)
        assert current is not None
        assert (current.id, current.replaced) == (lineage, "")
    assert watch.row(LAUNCH).pid_started == "600"


async def test_an_ended_session_that_is_seen_again_is_open_and_of_unknown_state(watch: Watch) -> None:
    watch.machine.runs(60, "pi", started=1000)
    sessions.save(watch.db, A, agent="pi", title="from its transcript", ended_at=T0, status="ended")
    pi_session(watch.machine.folders.pi, A, at=T0 + 1010)
    await watch.poll()
    row = watch.row(A)
    assert (row.ended_at, row.status, row.title) == (None, Status.UNKNOWN, "from its transcript")


async def test_an_idle_look_at_all_clients_writes_nothing(
    watch: Watch, codex: CodexFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    watch.machine.runs(50, "codex")
    watch.machine.runs(60, "pi", started=1000)
    watch.machine.runs(61, "aider")
    launched(watch, "pi", 60)
    codex.thread(A)
    codex.lock(A, 50)
    await watch.poll()
    await watch.poll()
    with monkeypatch.context() as patch:
        patch.setattr(watch.store, "write", None)
        for _ in range(3):
            await watch.poll()
            assert watch.changed == []
