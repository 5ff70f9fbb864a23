"""Whether the process that a session was seen in is still the one that runs."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass, field, replace
from pathlib import Path

import psutil
import pytest

from keepalive.liveness import SystemProcesses, alive
from keepalive.open_sessions.types import OpenSession, SeenBy
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


def session(pid: int = 7, **values: object) -> OpenSession:
    plain = OpenSession(
        agent="claude",
        session_id=SESSION,
        seen_by=SeenBy.SESSION_FILE,
        pid=pid,
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
