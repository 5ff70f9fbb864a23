"""The keeper and its configuration: does it run, whole, as it is configured now. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from keepalive.doctor.finding import Finding, note, ok, problem
from keepalive.doctor.hiding import address

START = "warmside keeper start"
RESTART = "warmside keeper stop; warmside keeper start"


@dataclass(frozen=True, slots=True)
class ConfigFile:
    """`config.toml`. `error` names file, line and key. `newer`: changed since the keeper that runs has read it."""

    path: Path
    exists: bool = False
    error: str = ""
    newer: bool = False
    running: bool = False


@dataclass(frozen=True, slots=True)
class Keeper:
    """The running keeper; `pid` None where none runs. `launches`: living clients that send their requests to it.

    `elsewhere` is the interpreter of a keeper that runs from another installation, '' for ours. `outdated`: it started
    before the program that is here now was installed.
    """

    pid: int | None
    port: int | None = None
    upstream: str = ""
    supervised: bool = False
    listening: bool = False
    launches: int = 0
    elsewhere: str = ""
    outdated: bool = False
    log: Path = Path()


def check_config(config: ConfigFile) -> list[Finding]:
    """A wrong file is no configuration: the keeper then sends no ping at all."""
    if config.error:
        text = f"{config.error}; a keeper that starts now passes requests on and sends no ping"
        return [problem(text, f"edit {config.path}" + (f", then: {RESTART}" if config.running else ""))]
    if config.newer:
        return [note(f"{config.path} has changed since the keeper read it", RESTART)]
    if config.exists:
        return [ok(f"{config.path} is valid")]
    return [ok(f"no {config.path}: the defaults hold")]


def check(keeper: Keeper) -> list[Finding]:
    """One line about the process, and one for each thing that is wrong with it."""
    if keeper.pid is None:
        if keeper.launches:
            return [problem(f"no keeper runs, and {_clients(keeper.launches)} send their requests to it", START)]
        return [note("no keeper runs; the sidebar and `warmside run` start one", START)]
    said = []
    where = f"pid {keeper.pid}, port {keeper.port}"
    if not keeper.supervised:
        said.append(problem(f"the keeper ({where}) has lost its parent: nothing restarts it after a crash", START))
    if not keeper.listening:
        said.append(problem(f"the keeper ({where}) accepts no connection; see {keeper.log}", RESTART))
    if keeper.elsewhere:
        said.append(note(f"the keeper ({where}) is of another installation: {keeper.elsewhere}", RESTART))
    elif keeper.outdated:
        said.append(note(f"the keeper ({where}) started before this version of warmside was installed", RESTART))
    to = address(keeper.upstream) or "an address that is no URL"
    return said or [ok(f"the keeper runs: {where}, to {to}, {_clients(keeper.launches)} attached")]


def _clients(count: int) -> str:
    return "1 client" if count == 1 else f"{count} clients"
