"""Open sessions: which files are read, what they mean, and whether their process is still the one that wrote them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.liveness import (
    MAX_FILE_BYTES,
    OpenSession,
    SessionFiles,
    SystemProcesses,
    alive,
    claude_dir,
    find_transcript,
    read_session_files,
    transcript_path,
)
from store.models import Status, WaitingFor

SESSION = "0b1c2d3e-0000-4000-8000-00000000abcd"


@dataclass
class FakeProcesses:
    """A process table to write down."""

    ticks: dict[int, int] = field(default_factory=dict)
    created: dict[int, float] = field(default_factory=dict)

    def start_ticks(self, pid: int) -> int | None:
        return self.ticks.get(pid)

    def created_at(self, pid: int) -> float | None:
        return self.created.get(pid)


def write(folder: Path, file_name: str, /, **values: object) -> Path:
    path = folder / "sessions" / file_name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values), encoding="utf-8")
    return path


def session(pid: int = 7, **values: object) -> OpenSession:
    plain = OpenSession(
        pid=pid,
        session_id=SESSION,
        cwd="/src/made-up",
        status=Status.IDLE,
        waiting_for=WaitingFor.YOU,
        name=None,
        version=None,
        entrypoint=None,
        started_at=1_790_000_000.0,
        proc_start="4321",
        status_updated_at=None,
        tmux_pane=None,
    )
    return replace(plain, **values)  # type: ignore[arg-type]


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
            pid=4242,
            session_id=SESSION,
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


def test_only_files_named_by_a_process_are_ever_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "12.json", sessionId=SESSION)
    for name in ("12.abcdef.key", "12.json.tmp", "x12.json", "012.json", "12.JSON", ".12.json", "12.json.key"):
        write(tmp_path, name, sessionId="secret")
    opened: list[str] = []
    real_open = os.open

    def watched(path: str | Path, flags: int, mode: int = 0o777) -> int:
        opened.append(Path(path).name)
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", watched)
    assert [found.session_id for found in read_session_files(tmp_path).sessions] == [SESSION]
    assert opened == ["12.json"]


def test_bad_files_are_counted_and_the_others_read(tmp_path: Path) -> None:
    write(tmp_path, "1.json", sessionId=SESSION)
    (tmp_path / "sessions" / "2.json").write_bytes(b'{"pid": 2, "sess')
    (tmp_path / "sessions" / "3.json").write_bytes(b"[]")
    (tmp_path / "sessions" / "4.json").write_bytes(b'{"sessionId": "x"}' + b" " * MAX_FILE_BYTES)
    (tmp_path / "sessions" / "5.json").symlink_to(tmp_path / "sessions" / "1.json")
    os.mkfifo(tmp_path / "sessions" / "6.json")
    (tmp_path / "sessions" / "7.json").write_bytes(b'{"sessionId": "\xff"}')
    files = read_session_files(tmp_path)
    assert [found.pid for found in files.sessions] == [1]
    assert files.unreadable == 6


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


def test_a_process_with_the_same_start_is_alive() -> None:
    assert alive(session(), FakeProcesses(ticks={7: 4321}))


def test_a_reused_pid_is_dead() -> None:
    assert not alive(session(), FakeProcesses(ticks={7: 9999}, created={7: 1_790_000_000.0}))
    assert not alive(session(proc_start=None), FakeProcesses(created={7: 1_790_000_010.0}))


def test_a_file_left_behind_is_dead() -> None:
    assert not alive(session(), FakeProcesses())


def test_without_ticks_the_start_time_decides() -> None:
    processes = FakeProcesses(created={7: 1_789_999_999.0})
    assert alive(session(), processes)
    assert alive(session(proc_start="Tue Nov 24 10:00:00 2026"), processes)
    assert alive(session(started_at=None, proc_start=None), processes)


def test_the_machine_knows_this_process_and_not_a_finished_one() -> None:
    processes = SystemProcesses()
    me = psutil.Process()
    created = processes.created_at(me.pid)
    assert created == pytest.approx(me.create_time(), abs=2)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as child:
        here = session(pid=child.pid, proc_start=None, started_at=psutil.Process(child.pid).create_time())
        assert alive(here, processes)
        child.kill()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)
        # Killed and not yet collected by its parent: only its remains are left.
        assert not alive(here, processes)
        assert processes.start_ticks(child.pid) is None
    assert not alive(here, processes)


@pytest.mark.skipif(sys.platform != "linux", reason="start ticks are read from /proc, which only Linux has")
def test_linux_counts_start_ticks_even_for_odd_program_names(tmp_path: Path) -> None:
    program = tmp_path / "a) R 1 (b"
    program.symlink_to(Path("/bin/sleep").resolve())
    with subprocess.Popen([str(program), "60"]) as child:
        ticks = SystemProcesses().start_ticks(child.pid)
        expected = psutil.Process(child.pid).create_time() - psutil.boot_time()
        child.kill()
    assert ticks is not None
    assert ticks / os.sysconf("SC_CLK_TCK") == pytest.approx(expected, abs=2)


def test_the_clients_folder_can_be_configured() -> None:
    assert claude_dir({"CLAUDE_CONFIG_DIR": "/somewhere/else"}) == Path("/somewhere/else")
    assert claude_dir({}) == Path.home() / ".claude"


@pytest.mark.parametrize(
    ("cwd", "name"),
    [
        ("/src/made_up.repo/Ünit 1", "-src-made-up-repo--nit-1"),
        ("/src/🙂", "-src---"),
        ("/" + "a" * 199, "-" + "a" * 199),
    ],
)
def test_transcripts_lie_under_the_folder_of_their_cwd(tmp_path: Path, cwd: str, name: str) -> None:
    assert transcript_path(tmp_path, cwd, SESSION) == tmp_path / "projects" / name / f"{SESSION}.jsonl"


def test_long_folder_names_are_cut_and_end_in_a_checksum(tmp_path: Path) -> None:
    name = transcript_path(tmp_path, "/" + "a" * 300, SESSION).parent.name
    assert name.startswith("-" + "a" * 199 + "-")
    assert name != transcript_path(tmp_path, "/" + "a" * 301, SESSION).parent.name


def test_a_transcript_is_found_where_it_is_expected_or_elsewhere(tmp_path: Path) -> None:
    assert find_transcript(tmp_path, "/src/a", SESSION) is None
    elsewhere = tmp_path / "projects" / "-src-b" / f"{SESSION}.jsonl"
    elsewhere.parent.mkdir(parents=True)
    elsewhere.touch()
    assert find_transcript(tmp_path, "/src/a", SESSION) == elsewhere
    expected = transcript_path(tmp_path, "/src/a", SESSION)
    expected.parent.mkdir()
    expected.touch()
    assert find_transcript(tmp_path, "/src/a", SESSION) == expected


def test_a_session_id_is_no_pattern_and_no_path(tmp_path: Path) -> None:
    (tmp_path / "projects" / "-src-b").mkdir(parents=True)
    (tmp_path / "projects" / "-src-b" / "x.jsonl").touch()
    assert find_transcript(tmp_path, "/src/a", "*") is None
    assert find_transcript(tmp_path, "/src/a", "../-src-b/x") is None
