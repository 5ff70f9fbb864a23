"""Where Codex keeps its rollouts, and what their paths say."""

from __future__ import annotations

import re
from pathlib import Path

from store.transcripts.clients import Claim, Client, Environ, Reader

_FOLDERS = ("sessions", "archived_sessions")
_PART = "[0-9A-Za-z]"
_ROLLOUT = re.compile(
    rf"rollout-\d{{4}}-\d\d-\d\dT\d\d-\d\d-\d\d-({_PART}{{8}}(?:-{_PART}{{4}}){{3}}-{_PART}{{12}})\.jsonl", re.ASCII
)
"""`rollout-<local time>-<thread>.jsonl`."""


def _roots(environ: Environ, home: Path) -> tuple[Path, ...]:
    configured = environ.get("CODEX_HOME")
    base = Path(configured) if configured else home / ".codex"
    return tuple(base / folder for folder in _FOLDERS)


def _claim(path: Path) -> Claim | None:
    """Wherever it lies: the folders of a rollout only repeat its date. A subagent is a thread of its own."""
    rollout = _ROLLOUT.fullmatch(path.name)
    return Claim(rollout[1]) if rollout else None


def _reader() -> Reader:
    from store.transcripts.codex import CodexReader

    return CodexReader()


CODEX = Client(name="codex", roots=_roots, claim=_claim, reader=_reader)
