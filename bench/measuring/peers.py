"""Other programs that read the same transcripts, each installed into a throwaway folder and kept off the network."""

from __future__ import annotations

import json
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.measuring.programs import Run, isolated

AGENTSVIEW, CCUSAGE = "0.46.1", "18.0.11"
_INSTALL_SECONDS = 300


@dataclass(frozen=True)
class Peer:
    """One program: how it is run on a corpus with a home folder of its own, and what it counted."""

    name: str
    what: str
    command: Callable[[Path], list[str]]
    again: Callable[[Path], list[str]] | None
    """A second run, where it keeps what it read."""
    environment: Callable[[Path, Path], dict[str, str]]
    """(corpus, home)."""
    counted: Callable[[Path, Run], str]
    clients: tuple[str, ...]
    """Whose transcripts it reads."""


class Unavailable(Exception):
    """A peer cannot be installed here."""


def install_all(folder: Path) -> Iterator[Peer | str]:
    """Each peer, or one line that says why it is not there. What is installed already is used as it is."""
    for name, install in (("agentsview", _agentsview), ("ccusage", _ccusage)):
        try:
            yield install(folder / name)
        except Unavailable as error:
            yield f"{name}: skipped, {error}"


def _install(command: list[str]) -> None:
    if shutil.which(command[0]) is None:
        raise Unavailable(f"there is no {command[0]}")
    try:
        subprocess.run(command, check=True, capture_output=True, timeout=_INSTALL_SECONDS, text=True)
    except subprocess.CalledProcessError as error:
        raise Unavailable(f"it could not be installed ({error.stderr.strip().splitlines()[-1:]})") from error
    except subprocess.TimeoutExpired as error:
        raise Unavailable("its installation took too long") from error


def _agentsview(folder: Path) -> Peer:
    program = folder / "bin" / "agentsview"
    if not program.exists():
        _install([sys.executable, "-m", "venv", str(folder)])
        _install([str(folder / "bin" / "pip"), "install", "--quiet", "--no-deps", f"agentsview=={AGENTSVIEW}"])
    binary = next(folder.rglob("agentsview/bin/agentsview"), program)  # (without Python's start, where it is found)

    def environment(corpus: Path, home: Path) -> dict[str, str]:
        return isolated(
            home,
            AGENTSVIEW_NO_DAEMON="1",
            AGENTSVIEW_TELEMETRY_ENABLED="0",
            AGENTSVIEW_DISABLE_UPDATE_CHECK="1",
            AGENTSVIEW_DATA_DIR=str(home / "data"),
            CLAUDE_PROJECTS_DIR=str(corpus / "projects"),
            CODEX_SESSIONS_DIR=str(corpus / "codex" / "sessions"),
        )

    return Peer(
        name="agentsview",
        what=f"agentsview {AGENTSVIEW} (sync --full: messages, usage, search)",
        command=lambda _: [str(binary), "sync", "--full"],
        again=lambda _: [str(binary), "sync"],
        environment=environment,
        counted=_agentsview_counted,
        clients=("claude", "codex"),
    )


def _agentsview_counted(home: Path, run: Run) -> str:
    with closing(sqlite3.connect(home / "data" / "sessions.db")) as connection:
        sessions, malformed = connection.execute(
            "SELECT count(*), sum(parser_malformed_lines) FROM sessions"
        ).fetchone()
        messages = connection.execute("SELECT count(*) FROM messages").fetchone()[0]
        ids = connection.execute(
            "SELECT count(DISTINCT claude_message_id) FROM messages WHERE claude_message_id != ''"
        ).fetchone()[0]
    return f"{sessions:,} sessions, {messages:,} messages, {ids:,} Claude message ids, {malformed} malformed lines"


def _ccusage(folder: Path) -> Peer:
    program = folder / "node_modules" / "ccusage" / "dist" / "index.js"
    if not program.exists():
        folder.mkdir(parents=True, exist_ok=True)
        quiet = ("--silent", "--no-audit", "--no-fund", "--ignore-scripts")
        _install(["npm", "install", *quiet, "--prefix", str(folder), f"ccusage@{CCUSAGE}"])
    return Peer(
        name="ccusage",
        what=f"ccusage {CCUSAGE} (daily --offline --json: usage of the Claude part only)",
        command=lambda _: ["node", str(program), "daily", "--offline", "--json"],
        again=None,
        environment=lambda corpus, home: isolated(home, CLAUDE_CONFIG_DIR=str(corpus)),
        counted=_ccusage_counted,
        clients=("claude",),
    )


def _ccusage_counted(home: Path, run: Run) -> str:
    totals: dict[str, Any] = json.loads(run.output)["totals"]
    names = {
        "inputTokens": "input",
        "outputTokens": "output",
        "cacheReadTokens": "read",
        "cacheCreationTokens": "written",
    }
    return "tokens: " + ", ".join(f"{totals[key]:,} {name}" for key, name in names.items())
