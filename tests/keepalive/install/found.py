"""What a reader would find in a made-up client folder, for tests of the pure plans."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from keepalive.install.plan import Found, Plan, Wanted

CLAUDE = Path("/home/ada/.claude")
PLUGIN = CLAUDE / "skills" / "warmside"
SETTINGS = CLAUDE / "settings.json"
PROGRAM = "/opt/ws/bin/warmside"
FILES = {"plugin.json": b"{}\n", "hooks/register.ts": b"// one\n"}
NOW = 1_795_000_000.0


def runs(program: str) -> bool:
    return program in ("warmside", PROGRAM)


def wanted(files: Mapping[str, bytes] = FILES, program: str = PROGRAM) -> Wanted:
    return Wanted(program, files, "0.1.0", runs)


def fresh(settings: bytes | None = b"{}") -> Found:
    """A folder in which nothing of ours lies."""
    return Found(CLAUDE, PLUGIN, SETTINGS, settings, dict.fromkeys(FILES), missing=(PLUGIN, PLUGIN / "hooks"))


def after(found: Found, plan: Plan) -> Found:
    """What is found when the plan has been carried out."""
    changed = {change.path: change.after for change in plan.changes}
    plugin = {name: changed.get(PLUGIN / name, data) for name, data in found.plugin.items()}
    backups = dict(found.backups)
    if plan.backup is not None:
        backups[str(plan.backup)] = found.settings
    settings = changed.get(SETTINGS, found.settings)
    return replace(found, settings=settings, plugin=plugin, backups=backups, entry=plan.entry, missing=())
