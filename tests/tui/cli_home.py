"""The command line in this process, over folders of the test's own. The configured upstream is a closed loopback
port: nothing that a test starts can leave the machine."""

from __future__ import annotations

import json
import sqlite3
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import pytest

from keepalive.paths import CLAUDE_HOME, HOME, Paths, find_paths
from store import lineages, prices, requests, sessions
from store.models import Evidence, Usage
from store.rows import PriceRow
from tests.store.written_turns import add_turn
from tui import cli

Json: TypeAlias = "str | int | float | bool | list[Json] | dict[str, Json] | None"

UPSTREAM = "http://127.0.0.1:9"
FIRST = "0b1c2d3e-0000-4000-8000-00000000abcd"
SECOND = "0b1c2fff-0000-4000-8000-00000000abcd"
EVIL = "\x1b[31mred\x1b]0;title\x07 \x9b1mC1"
"""What a transcript may hold, and no terminal may get."""


@dataclass(frozen=True)
class Result:
    code: int
    out: str
    err: str

    def json(self) -> Json:
        loaded: Json = json.loads(self.out)
        return loaded

    def object(self) -> dict[str, Json]:
        loaded = self.json()
        assert isinstance(loaded, dict)
        return loaded

    def refused(self, code: int = 1) -> str:
        """The one line of an error."""
        assert (self.code, self.out) == (code, "")
        assert self.err.startswith("warmside: ")
        assert self.err.count("\n") == 1
        return self.err.removeprefix("warmside: ").strip()


class Cli:
    """Runs commands as the console script does."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        monkeypatch.setenv("HOME", str(root))
        monkeypatch.setenv(HOME, str(root / "warmside"))
        monkeypatch.setenv(CLAUDE_HOME, str(root / "claude"))
        self._capsys = capsys
        self.paths: Paths = find_paths()
        self.paths.state_dir.mkdir(mode=0o700)
        self.config()

    def config(self, extra: str = "") -> None:
        self.paths.config_file.write_text(f'[providers.anthropic]\nupstream = "{UPSTREAM}"\n{extra}', encoding="utf-8")

    def __call__(self, *arguments: str) -> Result:
        self._capsys.readouterr()
        try:
            cli.main(arguments)
            code = 0
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else 0
        captured = self._capsys.readouterr()
        return Result(code, captured.out, captured.err)


def fill(db: sqlite3.Connection) -> None:
    """Two sessions: one warm, with a turn whose texts are hostile; one that is over."""
    now = time.time()
    row = {"input": 4.0, "output": 20.0, "cache_read": 0.2, "cache_write_5m": 5.0, "cache_write_1h": 8.0}
    prices.put(db, [PriceRow(model="claude-opus-5-5", valid_from=0, above_tokens=0, source="test", **row)])
    sessions.save(db, FIRST, agent="claude", cwd="/src/par\x07\x9b2Jser", opened_at=now - 90, last_activity_at=now - 60)
    sessions.save(db, SECOND, agent="claude", cwd="/src/docs", opened_at=1.0, last_activity_at=2.0)
    sessions.end(db, SECOND, "ended", 3.0)
    lineage = lineages.start(db, FIRST, "", model="claude-opus-5-5", evidence=Evidence.TRANSCRIPT, at=now - 60)
    lineages.touch_by_request(
        db,
        lineage,
        at=now - 60,
        prefix_tokens=30_000,
        ttl_class="1h",
        ttl_seconds=3600.0,
        model="claude-opus-5-5",
        evidence=Evidence.TRANSCRIPT,
        held=False,
        thinking=False,
        replayable="",
    )
    requests.record(
        db,
        message_id="msg_1",
        session_id=FIRST,
        agent_id="",
        lineage_id=lineage,
        evidence=Evidence.TRANSCRIPT,
        model="claude-opus-5-5",
        started_at=now - 60,
        usage=Usage(input=10, output=100, cache_read=20_000, cache_write_1h=10_000),
    )
    db.execute("UPDATE requests SET turn = 1")
    answer = f"def f():\n    return 1\n{EVIL}"
    add_turn(db, 1, FIRST, prompt=f"do {EVIL}", answer=answer, at=datetime(2026, 11, 24, 10, tzinfo=UTC).timestamp())
