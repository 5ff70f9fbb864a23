"""Who holds a lock: told by the system, never by trying."""

from __future__ import annotations

import fcntl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from keepalive.open_sessions.locks import KernelLocks, Locks, OpenFileLocks, system_locks
from keepalive.open_sessions.process_table import SystemTable

HOLDER = """
import fcntl, sys
files = [open(name, "w") for name in sys.argv[1:]]
for file in files:
    fcntl.flock(file, fcntl.LOCK_EX)
print(flush=True)
input()
"""
LINUX = pytest.mark.skipif(not Path("/proc/locks").exists(), reason="the list of locks is Linux's")
BOTH = pytest.mark.parametrize(
    "asked", [pytest.param(KernelLocks(), marks=LINUX), OpenFileLocks(SystemTable())], ids=["kernel", "open files"]
)


@contextmanager
def holding(*files: Path) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-c", HOLDER, *map(str, files)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


@BOTH
def test_the_holder_is_named_and_gone_with_its_process(asked: Locks, tmp_path: Path) -> None:
    held, other = tmp_path / "a.lock", tmp_path / "b.lock"
    other.touch()
    with holding(held) as process:
        among = [process.pid]
        assert asked.holders([held, other, tmp_path / "absent"], among) == {held: process.pid}
        process.kill()
        process.wait()
        assert asked.holders([held, other], among) == {}, "the file stays and nobody holds it"


@BOTH
def test_asking_disturbs_nobody(asked: Locks, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    held = tmp_path / "a.lock"
    with holding(held) as process:
        monkeypatch.setattr(fcntl, "flock", None)
        monkeypatch.setattr(fcntl, "lockf", None)
        asked.holders([held], [process.pid])


def test_the_kernels_list_is_read_line_by_line(tmp_path: Path) -> None:
    file = tmp_path / "x.lock"
    file.touch()
    inode = file.stat().st_ino
    listing = tmp_path / "locks"

    def holders(line: str, among: tuple[int, ...] = ()) -> list[int]:
        listing.write_text(line + "\n")
        return list(KernelLocks(listing).holders([file], among).values())

    device = file.stat().st_dev
    here = f"{device >> 8 & 0xFFF:02x}:{device & 0xFF:02x}"
    assert holders(f"1: FLOCK  ADVISORY  WRITE 77 {here}:{inode} 0 EOF") == [77]
    assert holders(f"1: FLOCK  ADVISORY  READ  77 {here}:{inode} 0 EOF") == [77]
    assert holders(f"1: POSIX  ADVISORY  WRITE 77 {here}:{inode} 0 EOF") == []
    assert holders(f"1: -> FLOCK  ADVISORY  WRITE 77 {here}:{inode} 0 EOF") == [], "waits for it"
    assert holders(f"1: FLOCK  ADVISORY  WRITE 0 {here}:{inode} 0 EOF") == [], "of another container"
    elsewhere = f"1: FLOCK  ADVISORY  WRITE 77 ff:7f:{inode} 0 EOF"
    assert holders(elsewhere) == []
    assert holders(elsewhere, among=(77,)) == [77], "file systems with a device number of their own"


def test_without_a_list_the_open_files_are_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    table = SystemTable()
    assert isinstance(system_locks(table), KernelLocks if Path("/proc/locks").exists() else OpenFileLocks)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert isinstance(system_locks(table), OpenFileLocks)
