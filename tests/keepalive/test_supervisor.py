"""The keeper's parent: one lock, one port for good, and a worker that is replaced when it dies."""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from keepalive.supervisor import (
    PORT,
    STATUS,
    KeeperError,
    listen,
    python_module,
    runs,
    take_lock,
    worker_command,
)
from store import launches, settings
from store.rows import LaunchRow
from tests.fresh_store import fresh_store
from tests.keepalive.keeper_home import eventually

FILE = "warmside.db"
GONE = 4_194_399
"""A pid above Linux's greatest."""


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = fresh_store(tmp_path / FILE)
    yield connection
    connection.close()


@pytest.fixture
def taken(db: sqlite3.Connection) -> Iterator[int]:
    """The kept port, in the hands of another program."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        settings.put(db, PORT, port)
        yield port


def launch(db: sqlite3.Connection, pid: int) -> None:
    launches.record(
        db,
        LaunchRow(
            id="launch-00000001",
            token_hash="x",
            agent="claude",
            pid=pid,
            pid_started_at=None,
            cwd="/",
            upstream="http://127.0.0.1:9",
            proxy=None,
            ca_file=None,
            started_at=1.0,
            ended_at=None,
        ),
    )


def port_of(tmp_path: Path, port: int | None = None) -> int:
    with listen(tmp_path / FILE, port) as sock:
        host, bound = sock.getsockname()
        assert host == "127.0.0.1"
        with socket.create_connection((host, bound), timeout=5):
            return int(bound)


def test_the_lock_is_one_and_private(tmp_path: Path) -> None:
    path = tmp_path / "state" / "keeper.lock"
    first = take_lock(path)
    assert first is not None
    assert take_lock(path) is None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    os.close(first)
    again = take_lock(path)
    assert again is not None
    os.close(again)


def test_the_first_start_takes_any_port_and_later_ones_the_kept_one(tmp_path: Path, db: sqlite3.Connection) -> None:
    assert not (tmp_path / "absent").exists()
    with listen(tmp_path / "absent" / FILE, None) as sock:
        assert sock.getsockname()[1] > 0
    assert not (tmp_path / "absent").exists()
    kept = port_of(tmp_path)
    settings.put(db, PORT, kept)
    assert port_of(tmp_path) == kept


def test_a_taken_port_gives_way_only_where_no_agent_depends_on_it(
    tmp_path: Path, db: sqlite3.Connection, taken: int
) -> None:
    assert port_of(tmp_path) != taken
    launch(db, GONE)
    assert port_of(tmp_path) != taken, "its process is gone"
    db.execute("UPDATE launches SET pid = ?", (os.getpid(),))
    with pytest.raises(KeeperError, match=f"port {taken} on 127.0.0.1 is taken"):
        listen(tmp_path / FILE, None)


def test_a_port_that_was_asked_for_is_had_or_refused(tmp_path: Path, db: sqlite3.Connection, taken: int) -> None:
    with pytest.raises(KeeperError, match=str(taken)):
        listen(tmp_path / FILE, taken)
    free = port_of(tmp_path)
    assert port_of(tmp_path, free) == free


def test_only_a_supervised_keeper_whose_process_lives_runs(tmp_path: Path, db: sqlite3.Connection) -> None:
    assert not runs(tmp_path / "absent.db")
    assert not runs(tmp_path / FILE)
    for value, expected in (
        ({"pid": os.getpid(), "supervised": True}, True),
        ({"pid": os.getpid(), "supervised": False}, False),
        ({"pid": GONE, "supervised": True}, False),
        ({"supervised": True}, False),
        ("nonsense", False),
    ):
        settings.put(db, STATUS, value)  # type: ignore[arg-type]
        assert runs(tmp_path / FILE) is expected, value


def test_a_worker_is_this_interpreter_whatever_the_folder(tmp_path: Path) -> None:
    command = worker_command(upstream="http://127.0.0.1:9", stay=True)
    assert command == [sys.executable, "-P", "-m", "keepalive.worker_main", "--upstream=http://127.0.0.1:9", "--stay"]
    assert worker_command(upstream=None, stay=False) == python_module("keepalive.worker_main")


# A supervisor in a process of its own (it changes signal handlers), over workers that are small scripts.
_SUPERVISE = """
import os, socket, sys
from pathlib import Path
from keepalive.supervisor import supervise, take_lock
sock = socket.create_server(("127.0.0.1", 0))
raise SystemExit(supervise(sock, take_lock(Path(sys.argv[1])), [sys.executable, sys.argv[2]]))
"""
_WORKER = """
import os, pathlib, signal, socket, sys
given = dict(part.split("=") for part in sys.argv[1:])
sock = socket.socket(fileno=int(given["--socket-fd"]))
os.fstat(int(given["--lock-fd"]))
assert int(given["--parent"]) == os.getppid()
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
folder = pathlib.Path(__file__).parent
(folder / f"worker.{os.getpid()}").write_text(f"{sock.getsockname()[1]} {os.getcwd()} {os.environ['WARMSIDE_HOME']}")
signal.pause()
"""


class Supervised:
    """A running supervisor and what its workers left."""

    def __init__(self, root: Path) -> None:
        (root / "worker.py").write_text(_WORKER)
        self.root = root
        self.process = subprocess.Popen(
            [sys.executable, "-c", _SUPERVISE, str(root / "keeper.lock"), str(root / "worker.py")],
            cwd=root,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "WARMSIDE_HOME": "relative"},
        )

    def workers(self) -> dict[int, str]:
        return {
            int(file.suffix[1:]): file.read_text() for file in self.root.glob("worker.[0-9]*") if file.stat().st_size
        }


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[Supervised]:
    made = Supervised(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.terminate()
    assert made.process.wait(10) == 0


def test_a_dead_worker_is_replaced_on_the_same_socket_and_lock(supervised: Supervised, tmp_path: Path) -> None:
    (first,) = eventually(supervised.workers)
    os.kill(first, signal.SIGKILL)

    def both() -> dict[int, str] | None:
        workers = supervised.workers()
        return workers if len(workers) == 2 else None

    found = eventually(both)
    assert len(set(found.values())) == 1, "one port, folder and home for both"
    port, folder, home = found[first].split()
    assert int(port) > 0
    assert (folder, home) == ("/", str(tmp_path / "relative"))
    (second,) = found.keys() - {first}
    supervised.process.kill()
    supervised.process.wait(10)
    assert take_lock(tmp_path / "keeper.lock") is None, "the orphan holds the lock"
    os.kill(second, signal.SIGTERM)
    lock = eventually(lambda: take_lock(tmp_path / "keeper.lock"))
    os.close(lock)
    supervised.process.returncode = 0


def test_a_worker_that_leaves_in_peace_takes_its_parent_along(supervised: Supervised) -> None:
    (worker,) = eventually(supervised.workers)
    os.kill(worker, signal.SIGTERM)
    assert supervised.process.wait(10) == 0


def test_a_parent_that_is_told_to_stop_ends_its_worker(supervised: Supervised) -> None:
    (worker,) = eventually(supervised.workers)
    supervised.process.send_signal(signal.SIGINT)
    assert supervised.process.wait(10) == 0
    assert not psutil.pid_exists(worker)
