"""Gemini CLI: by its base URL's variable, where it logs in with an API key. Its requests only pass.

The variable also decides how the client logs in when its settings do not say: then, and with every other login, it is
started as it is.
"""

from __future__ import annotations

import json
from pathlib import Path

from keepalive.launching.dotenv import value_in
from keepalive.launching.start import Asked, Start, as_typed
from keepalive.launching.ways import through_gateway, usable

BASE = "GOOGLE_GEMINI_BASE_URL"
PROVIDER = "https://generativelanguage.googleapis.com"
_BY_KEY = ("gemini-api-key", "gateway")


class Gemini:
    """Implements `Adapter`."""

    name = "gemini"
    passing = True
    elsewhere = frozenset({"--version", "-v", "--help", "-h", "mcp", "extensions", "extension", "skills", "hooks"})

    def plan(self, asked: Asked) -> Start:
        own = asked.environ.get(BASE) or next((v for file in _env_files(asked) if (v := value_in(file, BASE))), None)
        if asked.upstream is None and own is None and _login(asked) not in _BY_KEY:
            note = "gemini is started as it is: a base URL works with `gemini-api-key` in its settings alone"
            return as_typed(asked, self.name, PROVIDER, note)
        target = usable(asked, asked.upstream or own or PROVIDER, PROVIDER)
        return through_gateway(asked, self.name, target, {BASE: asked.gateway_url})


def _env_files(asked: Asked) -> list[Path]:
    """Where the client looks for variables that its environment does not have, best first."""
    folders = (asked.cwd, *asked.cwd.parents, asked.home)
    return [file for folder in folders for file in (folder / ".gemini" / ".env", folder / ".env")]


def _login(asked: Asked) -> str | None:
    """The login that its settings choose: the project's before the person's."""
    for folder in (asked.cwd, asked.home):
        try:
            settings = json.loads((folder / ".gemini" / "settings.json").read_text(encoding="utf-8"))
            chosen = settings["security"]["auth"]["selectedType"]
        except (OSError, ValueError, LookupError, TypeError, RecursionError):
            continue
        if isinstance(chosen, str):
            return chosen
    return None


def adapter(command: str) -> Gemini:
    """The adapter, for a client that is started by this name or path."""
    return Gemini()
