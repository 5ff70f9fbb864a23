"""Claude Code's session files: what they mean; and where its transcripts lie."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.liveness import alive
from keepalive.open_sessions.claude import SessionFiles, read_session_files
from keepalive.open_sessions.types import OpenSession, SeenBy
from store.models import Status, WaitingFor
from tests.keepalive.claude_folder import FakeProcesses

SESSION = "0b1c2d3e-0000-4000-8000-00000000abcd"


def write(folder: Path, file_name: str, /, **values: object) -> Path:
    path = folder / "sessions" / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def test_a_session_file_says_all_of_it(tmp_path: Path) -> None:
    write(
        tmp_path,
        "4242.json",
        pid=4242,
        sessionId=SESSION,
        cwd="/src/made-up",
        startedAt=1_790_000_000_500,
        procStart="98765",
        version="2.1.331",
        kind="interactive",
        entrypoint="cli",
        name="fix the parser",
        status="idle",
        statusUpdatedAt=1_790_000_060_000,
        tmux="work:@3.%17",
    )
    assert read_session_files(tmp_path).sessions == (
        OpenSession(
            agent="claude",
            session_id=SESSION,
            seen_by=SeenBy.SESSION_FILE,
            pid=4242,
            cwd="/src/made-up",
            status=Status.IDLE,
            waiting_for=WaitingFor.YOU,
            name="fix the parser",
            version="2.1.331",
            entrypoint="cli",
            started_at=1_790_000_000.5,
            proc_start="98765",
            status_updated_at=1_790_000_060.0,
            tmux_pane="%17",
        ),
    )


@pytest.mark.parametrize(
    ("status", "waiting", "expected"),
    [
        ("busy", None, (Status.BUSY, None)),
        ("idle", None, (Status.IDLE, WaitingFor.YOU)),
        ("shell", None, (Status.IDLE, WaitingFor.BACKGROUND)),
        ("waiting", "permission prompt", (Status.BUSY, WaitingFor.PERMISSION)),
        ("waiting", "sandbox request", (Status.BUSY, WaitingFor.PERMISSION)),
        ("waiting", "input needed", (Status.BUSY, WaitingFor.YOU)),
        ("waiting", "dialog open", (Status.IDLE, WaitingFor.YOU)),
        ("waiting", "something new", (Status.BUSY, WaitingFor.YOU)),
        ("something new", None, (Status.UNKNOWN, None)),
        (None, None, (Status.UNKNOWN, None)),
    ],
)
def test_status_words(
    tmp_path: Path, status: str | None, waiting: str | None, expected: tuple[Status, WaitingFor | None]
) -> None:
    write(tmp_path, "5.json", sessionId=SESSION, status=status, waitingFor=waiting)
    (found,) = read_session_files(tmp_path).sessions
    assert (found.status, found.waiting_for) == expected


def test_what_holds_no_session_is_left_out(tmp_path: Path) -> None:
    write(tmp_path, "1.json", status="idle")
    write(tmp_path, "2.json", sessionId=SESSION, spare=True)
    write(tmp_path, "3.json", sessionId=SESSION, kind="daemon")
    assert read_session_files(tmp_path) == SessionFiles()


def test_no_folder_is_no_session(tmp_path: Path) -> None:
    assert read_session_files(tmp_path / "absent") == SessionFiles()


def test_fields_of_another_shape_are_unknown(tmp_path: Path) -> None:
    write(tmp_path, "1.json", sessionId=SESSION, cwd=7, startedAt="soon", name=[], tmux={}, procStart=55)
    (found,) = read_session_files(tmp_path).sessions
    assert (found.cwd, found.started_at, found.name, found.tmux_pane, found.proc_start) == (
        "",
        None,
        None,
        None,
        "55",
    )


@given(st.dictionaries(st.sampled_from(["sessionId", "cwd", "status", "startedAt", "procStart"]), st.text()))
def test_any_texts_are_read_without_raising(tmp_path_factory: pytest.TempPathFactory, values: dict[str, str]) -> None:
    folder = tmp_path_factory.mktemp("claude")
    write(folder, "1.json", **values)
    for found in read_session_files(folder).sessions:
        assert alive(found, FakeProcesses()) is False
