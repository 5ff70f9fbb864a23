"""A project, a person's settings and a shell, and what `run` makes of a command there."""

from __future__ import annotations

import json
from pathlib import Path

from keepalive.launch import Asked, Start, prepare

GATEWAY = "http://127.0.0.1:4242/s/made_up_token"
DEFAULT = "https://default.example.com"
FILE = Path("/state/launches/launch-1.json")
NO_PROXY = {"NO_PROXY": "127.0.0.1,localhost", "no_proxy": "127.0.0.1,localhost"}


class Place:
    """Folders of the test's own; `outer` holds the launches that are known by their tokens."""

    def __init__(self, root: Path) -> None:
        self.cwd = root / "project"
        self.home = root / "home"
        self.claude_dir = self.home / ".claude"
        self.codex_dir = self.home / ".codex"
        (self.cwd / ".claude").mkdir(parents=True)
        (self.cwd / ".git").mkdir()
        for folder in (self.claude_dir, self.codex_dir):
            folder.mkdir(parents=True)
        self.environ: dict[str, str] = {"HOME": str(self.home)}
        self.outer: dict[str, str] = {}

    def settings(self, which: str, **env: str) -> None:
        """Claude Code's."""
        places = {
            "local": self.cwd / ".claude" / "settings.local.json",
            "project": self.cwd / ".claude" / "settings.json",
            "user": self.claude_dir / "settings.json",
        }
        places[which].write_text(json.dumps({"env": env}), encoding="utf-8")

    def write(self, path: Path, text: str) -> Path:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def asked(self, *command: str, upstream: str | None = None) -> Asked:
        return Asked(
            command=command,
            gateway_url=GATEWAY,
            upstream=upstream,
            default_upstream=DEFAULT,
            upstream_of=self.outer.get,
            environ=self.environ,
            cwd=self.cwd,
            claude_dir=self.claude_dir,
            codex_dir=self.codex_dir,
            settings_file=FILE,
        )

    def prepare(self, *command: str, upstream: str | None = None) -> Start:
        return prepare(self.asked(*command, upstream=upstream))
