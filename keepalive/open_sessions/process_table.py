"""The machine's processes, as much of them as tells a client: only this user's, only read."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import psutil

from keepalive.liveness import SystemProcesses

_MOST_ANCESTORS = 12


@dataclass(frozen=True, slots=True)
class Running:
    """One process, as it was when it was first looked at."""

    pid: int
    start: str
    """Tells it from a later process with the same id: clock ticks since boot on Linux, a time elsewhere."""
    created_at: float
    argv: tuple[str, ...]
    cwd: str
    ancestors: tuple[int, ...]
    """Nearest first."""


class ProcessTable(Protocol):
    """What is asked of the system. Each answer about a process that is gone, or not ours, is None or empty."""

    def pids(self) -> list[int]:
        """Every process id there is."""
        ...

    def argv(self, pid: int) -> tuple[str, ...]:
        """The command line of a process of this user; cheap."""
        ...

    def start(self, pid: int) -> str | None:
        """`Running.start` of the process that has this id now; cheap."""
        ...

    def details(self, pid: int) -> Running | None:
        """Everything about a process of this user."""
        ...

    def environment(self, pid: int) -> Mapping[str, str] | None:
        """What it was started with; None where the system does not say."""
        ...

    def open_files(self, pid: int) -> list[str]:
        """Paths of the files that it has open."""
        ...


class SystemTable:
    """The real one: /proc where there is one, psutil else."""

    def __init__(self) -> None:
        self._linux = sys.platform == "linux"
        self._user = os.getuid()
        self._processes = SystemProcesses()

    def pids(self) -> list[int]:
        return psutil.pids()

    def argv(self, pid: int) -> tuple[str, ...]:
        try:
            if not self._linux:
                process = psutil.Process(pid)
                return tuple(process.cmdline()) if process.uids().real == self._user else ()
            with open(f"/proc/{pid}/cmdline", "rb") as file:  # noqa: PTH123 - asked for every new process
                if os.fstat(file.fileno()).st_uid != self._user:
                    return ()
                data = file.read(4096)
        except (OSError, psutil.Error):
            return ()
        # A client that sets its title leaves the rest of its arguments' space empty.
        return tuple(part.decode("utf-8", "replace") for part in data.rstrip(b"\0").split(b"\0")) if data else ()

    def start(self, pid: int) -> str | None:
        if self._linux:
            ticks = self._processes.start_ticks(pid)
            return None if ticks is None else str(ticks)
        created = self._processes.created_at(pid)
        return None if created is None else f"{created:.2f} s"

    def details(self, pid: int) -> Running | None:
        argv, start = self.argv(pid), self.start(pid)
        if not argv or start is None:
            return None
        try:
            process = psutil.Process(pid)
            created, cwd = process.create_time(), process.cwd()
            ancestors = tuple(parent.pid for parent in process.parents()[:_MOST_ANCESTORS] if parent.pid > 1)
        except (OSError, psutil.Error):
            return None
        return Running(pid, start, created, argv, cwd, ancestors)

    def environment(self, pid: int) -> Mapping[str, str] | None:
        try:
            return psutil.Process(pid).environ()
        except (OSError, psutil.Error):
            return None

    def open_files(self, pid: int) -> list[str]:
        try:
            if not self._linux:
                return [file.path for file in psutil.Process(pid).open_files()]
            folder = f"/proc/{pid}/fd"
            numbers = os.listdir(folder)  # noqa: PTH208
        except (OSError, psutil.Error):
            return []
        files = []
        for number in numbers:
            try:
                files.append(os.readlink(f"{folder}/{number}"))  # noqa: PTH115 - hundreds each time
            except OSError:
                continue  # closed meanwhile
        return files
