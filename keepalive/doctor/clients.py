"""Which clients are on PATH. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from keepalive.doctor.finding import Finding, note, ok
from keepalive.launch import ADAPTERS

KNOWN = ("claude", "codex", "opencode", "gemini", "aider", "qwen", "copilot", "pi")
"""Clients whose sessions the sidebar shows, as their commands are called."""


@dataclass(frozen=True, slots=True)
class Client:
    """A client's command on PATH. `version` is '' where neither its files nor the client itself say it."""

    name: str
    path: Path
    version: str


def check(found: Sequence[Client]) -> list[Finding]:
    """A line for each client that is there, one for all that are not."""
    if not found:
        return [
            note(f"no client is on PATH (looked for {', '.join(KNOWN)})", "npm install -g @anthropic-ai/claude-code")
        ]
    said = []
    for client in found:
        how = "" if client.name in ADAPTERS else ", shown by its own files"
        version = client.version or "(its version cannot be found out)"
        text = f"{client.name} {version}{how}: {client.path}"
        said.append(ok(text) if client.version else note(text))
    there = {client.name for client in found}
    if missing := [name for name in KNOWN if name not in there]:
        said.append(ok(f"not on PATH: {', '.join(missing)}"))
    return said
