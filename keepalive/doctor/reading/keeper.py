"""Reads `config.toml` and who runs as the keeper, since when, and from which installation."""

from __future__ import annotations

import sys
from pathlib import Path

import psutil

import keepalive
import store
from keepalive import config, keeper
from keepalive.doctor.keeper import ConfigFile, Keeper
from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.base_urls import listens
from store import launches
from store.models import KeeperView

_SLACK = 2.0
"""Seconds by which a process's start and a file's time may disagree."""


def read_config(around: Around) -> ConfigFile:
    """The file, and whether the running keeper has read what it says now: a worker reads it when it starts."""
    path = around.paths.config_file
    error = ""
    try:
        config.load(path)
    except config.ConfigError as wrong:
        error = " ".join(str(wrong).split())
    try:
        changed = path.stat().st_mtime
    except OSError:
        return ConfigFile(path, error=error)
    view = _view(around)
    started = _started(view.worker_pid) if view else None
    return ConfigFile(
        path,
        exists=True,
        error=error,
        newer=started is not None and changed > started + _SLACK,
        running=view is not None,
    )


def read_keeper(around: Around) -> Keeper:
    """The process behind what the store says."""
    with around.store() as connection:
        if connection is None:
            return Keeper(None, log=around.paths.log_file)
        view = keeper.status(connection)
        rows = [(row.pid, row.pid_started_at) for row in launches.live(connection)]
    attached = sum(_same(pid, began) for pid, began in rows)
    if view is None:
        return Keeper(None, launches=attached, log=around.paths.log_file)
    started = _started(view.worker_pid)
    return Keeper(
        view.pid,
        view.port,
        view.upstream,
        supervised=view.supervised,
        listening=listens(view.port),
        launches=attached,
        elsewhere=_elsewhere(view.worker_pid),
        outdated=started is not None and _installed_at() > started + _SLACK,
        log=around.paths.log_file,
    )


def _view(around: Around) -> KeeperView | None:
    with around.store() as connection:
        return None if connection is None else keeper.status(connection)


def _started(pid: int) -> float | None:
    try:
        return psutil.Process(pid).create_time()
    except psutil.Error:
        return None


def _same(pid: int, began: float | None) -> bool:
    """Whether the launch's process lives, and is not a later one with its id."""
    started = _started(pid)
    return started is not None and (began is None or abs(started - began) <= _SLACK)


def _elsewhere(pid: int) -> str:
    """The interpreter of a keeper that is not ours, as it was called; '' where it is, or nobody knows."""
    try:
        called = psutil.Process(pid).cmdline()[:1]
    except psutil.Error:
        return ""
    return called[0] if called and Path(called[0]).parent != Path(sys.executable).parent else ""


def _installed_at() -> float:
    """When the newest of our own files was written, seconds since the epoch."""
    folders = [Path(place) for package in (keepalive, store) for place in package.__path__]
    return max((path.stat().st_mtime for folder in folders for path in folder.glob("**/*.py")), default=0.0)
