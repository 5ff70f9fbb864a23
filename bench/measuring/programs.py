"""Runs a program and says what it cost: wall time, CPU of all its processes, and the memory of all of them together.

Time and memory are measured in different runs: looking at the memory of every process a few dozen times a second is
work too, and on a small machine it would be taken from the program that is being timed.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

SAMPLE_SECONDS = 0.02
DEAD_PROXY = "http://127.0.0.1:9"
"""Nobody listens there: a program that respects it reaches nothing."""


@dataclass(frozen=True)
class Run:
    """One finished run. Times in seconds, memory in MB."""

    wall: float
    cpu: float
    output: str
    errors: str
    rss: float = 0.0
    """Peak of the resident memory summed over the processes; shared pages count in each."""
    pss: float = 0.0
    """The same with shared pages divided among those who share them (0 where the system does not tell)."""


class ProgramError(Exception):
    """A program failed; the message is what it said."""


def isolated(home: Path, **more: str) -> dict[str, str]:
    """An environment with nothing of ours in it but the path, and no way to the network."""
    proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), DEAD_PROXY)
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", **proxies, **more}


def run(command: Sequence[str], environment: Mapping[str, str], *, memory: bool = False) -> Run:
    """Run a program to its end.

    Raises:
        ProgramError: it failed.
    """
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        started = time.perf_counter()
        process = subprocess.Popen(command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=out, stderr=err)
        rss, pss = _watch(process.pid) if memory else (0.0, 0.0)
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        for file in (out, err):
            file.seek(0)
        said, complained = (file.read().decode("utf-8", "replace") for file in (out, err))
    if process.returncode:
        raise ProgramError(f"{Path(command[0]).name} ended with {process.returncode}: {complained.strip()[-300:]}")
    return Run(wall, used.ru_utime + used.ru_stime, said, complained, rss=rss, pss=pss)


def _watch(pid: int) -> tuple[float, float]:
    """Peaks of (RSS, PSS) over the process and everything below it, until it ends."""
    top = psutil.Process(pid)
    rss = pss = 0.0
    while True:
        now = time.perf_counter()
        try:
            if top.status() == psutil.STATUS_ZOMBIE:
                return rss, pss
            tree = [top, *top.children(recursive=True)]
        except psutil.NoSuchProcess:
            return rss, pss
        sums = [_memory(process.pid) for process in tree]
        rss = max(rss, sum(one[0] for one in sums))
        pss = max(pss, sum(one[1] for one in sums))
        time.sleep(max(0.001, SAMPLE_SECONDS - (time.perf_counter() - now)))


def _memory(pid: int) -> tuple[float, float]:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except OSError:
        try:
            return psutil.Process(pid).memory_info().rss / 1e6, 0.0
        except psutil.Error:
            return 0.0, 0.0
    fields = dict(line.split(":", 1) for line in text.splitlines()[1:])
    return tuple(int(fields[name].split()[0]) * 1024 / 1e6 for name in ("Rss", "Pss"))  # type: ignore[return-value]
