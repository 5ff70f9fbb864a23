"""One temporary folder with everything that a client and our product find there, and the environment they get.

Nothing may leave the machine: the configured provider and every proxy are closed ports.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.e2e.waiting import PATIENCE

REPOSITORY = Path(__file__).resolve().parents[2]
WARMSIDE = Path(sys.executable).with_name("warmside")
CLOSED = "http://127.0.0.1:9"
"""Nobody listens there."""
KEY = "sk-ant-made-up-for-tests-0001"
TTL_SECONDS = float(os.environ.get("WARMSIDE_E2E_TTL", "24"))
"""Lifetime of every cache entry, instead of five minutes. A ping is due five seconds before its end."""
MAX_PINGS = 2
"""The budget of an idle period that every test starts with; none raises it."""


def find_client() -> Path | None:
    """The client: $WARMSIDE_CLAUDE, the one that .ci/run installs, the one on PATH."""
    named = os.environ.get("WARMSIDE_CLAUDE")
    if named:
        return Path(named)
    installed = REPOSITORY / ".e2e" / "node_modules" / ".bin" / "claude"
    found = str(installed) if installed.exists() else shutil.which("claude")
    return Path(found) if found else None


class Home:
    """The folders, what lies in them before anything starts, and how commands are run there."""

    def __init__(self, claude: Path, root: Path) -> None:
        self.claude, self.root = claude, root
        self.home, self.work, self.ours = root / "home", root / "work", root / "warmside"
        for folder in (self.home / ".claude", self.work, self.ours):
            folder.mkdir(parents=True)
        self._write_client_state()
        self.write_settings({"permissions": {"defaultMode": "acceptEdits", "allow": ["Bash"]}})
        self.write_config()

    def _write_client_state(self) -> None:
        """What a client that has been used before has on disk, so that it asks nothing at its start."""
        project = {"hasTrustDialogAccepted": True, "hasCompletedProjectOnboarding": True, "allowedTools": []}
        state = {
            "hasCompletedOnboarding": True,
            "lastOnboardingVersion": "2.1.331",
            "theme": "dark",
            "hasSeenAutoDefaultNotice": True,
            "hasSeenAutoDefaultNudge": True,
            "hasSeenAutoModeEntryWarning": True,
            "officialMarketplaceAutoInstallAttempted": True,
            "officialMarketplaceAutoInstalled": True,
            "customApiKeyResponses": {"approved": [KEY[-20:]], "rejected": []},
            "projects": {str(self.work): project},
        }
        (self.home / ".claude.json").write_text(json.dumps(state), encoding="utf-8")

    def write_settings(self, settings: Mapping[str, object]) -> None:
        """The person's own settings file."""
        (self.home / ".claude" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")

    def write_config(self, *, pings: int = MAX_PINGS) -> None:
        """Our configuration: short lifetimes, a small floor, and a provider that is a closed port."""
        (self.ours / "config.toml").write_text(
            f'[providers.anthropic]\nupstream = "{CLOSED}"\n'
            f'[providers.anthropic.ttl_seconds]\n"5m" = {TTL_SECONDS}\n"1h" = {TTL_SECONDS}\n'
            f"[budget]\npings = {pings}\nmin_prefix_tokens = 1000\n",
            encoding="utf-8",
        )

    def environment(self, **more: str) -> dict[str, str]:
        """The whole environment of everything that is started here: nothing of the caller's leaks in."""
        proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), CLOSED)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "TERM": "xterm-256color",
            "LANG": "C.UTF-8",
            "TMUX_TMPDIR": str(self.root),
            "WARMSIDE_HOME": str(self.ours),
            "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
            "DISABLE_AUTOUPDATER": "1",
            **proxies,
            **more,
        }

    def command(self, *command: str, **more: str) -> subprocess.CompletedProcess[str]:
        """Run something in the clean environment."""
        return subprocess.run(
            command,
            cwd=self.work,
            env=self.environment(**more),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=2 * PATIENCE,
            check=False,
        )

    def files_with(self, text: str) -> list[Path]:
        """Files in our home that contain this text in clear."""
        wanted = text.encode()
        return [path for path in self.ours.rglob("*") if path.is_file() and wanted in path.read_bytes()]

    def keeper_errors(self) -> str:
        """The keeper's log from its first failure on."""
        log = self.ours / "keeper.log"
        _, found, rest = (log.read_text(encoding="utf-8") if log.exists() else "").partition("Traceback")
        return found + rest
