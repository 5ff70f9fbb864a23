"""Whether money may still be spent on a session: never on a guess."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.presence import Presence
from store.models import Status
from store.row import row_of
from store.rows import LaunchRow, SessionRow
from tests.keepalive.claude_folder import T0, ClaudeFolder, FakeProcesses

SESSION = "0b1c2d3e-0000-4000-8000-00000000abcd"


def row(**values: object) -> SessionRow:
    plain: dict[str, object] = dict.fromkeys(SessionRow.__struct_fields__)
    plain.update(
        id=SESSION,
        agent="claude",
        cwd="",
        project="",
        title="",
        client_version="",
        end_reason="",
        seen_by="",
        status=Status.IDLE,
        pid=7,
        pid_started="70",
    )
    return row_of(SessionRow, {**plain, **values})


def launch(pid: int = 7, started: float | None = T0 + 70) -> LaunchRow:
    return LaunchRow(
        id="launch-1",
        token_hash="x",
        agent="claude",
        pid=pid,
        pid_started_at=started,
        cwd="/",
        upstream="http://127.0.0.1:9",
        proxy=None,
        ca_file=None,
        started_at=T0,
        ended_at=None,
    )


@pytest.fixture
def folder(tmp_path: Path) -> ClaudeFolder:
    made = ClaudeFolder(tmp_path)
    made.session(7, SESSION)
    return made


@pytest.fixture
def presence(folder: ClaudeFolder) -> Presence:
    return Presence(folder.root, folder.processes)


def test_file_and_process_together_are_a_live_session(presence: Presence) -> None:
    assert presence.session_alive(row())


def test_an_ended_session_is_not_alive_whatever_runs(presence: Presence) -> None:
    assert not presence.session_alive(row(ended_at=T0))


def test_each_of_the_ends_is_one(folder: ClaudeFolder, presence: Presence) -> None:
    folder.session(7, "another-session")  # /clear
    assert not presence.session_alive(row())
    folder.session(7, SESSION)
    folder.processes.ticks[7] = 71  # the pid was used again
    assert not presence.session_alive(row())
    folder.processes.ticks[7] = 70
    assert presence.session_alive(row())
    folder.file(7).unlink()  # /exit
    assert not presence.session_alive(row())
    folder.session(7, SESSION)
    folder.killed(7)
    assert not presence.session_alive(row())


def test_a_half_written_file_leaves_the_process_as_the_witness(folder: ClaudeFolder, presence: Presence) -> None:
    folder.file(7).write_text('{"pid": 7, "sess')
    assert presence.session_alive(row())
    folder.killed(7)
    assert not presence.session_alive(row())


def test_a_session_that_no_file_names_hangs_on_its_process(folder: ClaudeFolder, presence: Presence) -> None:
    folder.file(7).unlink()
    assert presence.session_alive(row(pid_started=None))
    assert not presence.session_alive(row(pid_started=None, pid=8))
    assert presence.session_alive(row(pid_started=None, pid=None)), "its launch is watched instead"


def test_the_file_of_another_client_is_not_looked_for(presence: Presence) -> None:
    assert presence.session_alive(row(agent="opencode", id="ses_1"))
    assert not presence.session_alive(row(agent="opencode", id="ses_1", pid_started="71"))


def test_a_process_is_known_by_its_start(presence: Presence) -> None:
    assert presence.process_alive(row())
    assert not presence.process_alive(row(pid_started="71"))
    assert presence.process_alive(row(pid_started="Tue Nov 24 10:00:00 2026")), "a text is no tick count"
    assert not presence.process_alive(row(pid=None))


def test_a_launch_lives_with_its_own_process() -> None:
    presence = Presence(Path("/nowhere"), FakeProcesses({7: 70}))
    assert presence.launch_alive(launch())
    assert presence.launch_alive(launch(started=T0 + 71)), "clocks of different resolution"
    assert presence.launch_alive(launch(started=None))
    assert not presence.launch_alive(launch(started=T0 + 80)), "the pid was used again"
    assert not presence.launch_alive(launch(pid=8))
