"""What in Claude Code's settings switches the plugin off, what every fork ping fires, and whether forks may be sent
under a subscription login. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from keepalive.doctor.finding import Finding, note, ok, problem

_SWITCHES = {
    "disableAllHooks": "set disableAllHooks to false in that file",
    "allowManagedHooksOnly": "ask whoever manages this machine",
    "allowManagedModsOnly": "ask whoever manages this machine",
    "CLAUDE_CODE_SIMPLE": "unset CLAUDE_CODE_SIMPLE",
    "CLAUDE_CODE_SAFE_MODE": "unset CLAUDE_CODE_SAFE_MODE",
}
"""What an obstacle's line names, and what mends it."""


@dataclass(frozen=True, slots=True)
class ClientSettings:
    """`obstacles`: a line for each setting that keeps the plugin inactive. `hooks`: the file of each SubagentStop hook
    (what it runs is the person's)."""

    obstacles: Sequence[str] = ()
    hooks: Sequence[Path] = ()
    installed: bool = False


class Consent(NamedTuple):
    """`login`: `subscription`, `api_key`, or '' where nothing says. `answer` None: not asked, or about other terms."""

    login: str
    answer: bool | None


def check(settings: ClientSettings) -> list[Finding]:
    """An obstacle is a problem once the plugin is there."""
    said = []
    for line in settings.obstacles:
        mend = next((mend for name, mend in _SWITCHES.items() if name in line), None)
        said.append(problem(line, mend) if settings.installed else note(line, mend))
    for path, times in Counter(settings.hooks).items():
        count = f"{times} SubagentStop hooks" if times > 1 else "a SubagentStop hook"
        said.append(note(f"{path} has {count}: every fork ping fires it, with an empty agent_type"))
    return said or [ok("nothing in Claude Code's settings switches plugins off")]


def check_consent(consent: Consent) -> list[Finding]:
    """Under a subscription login nothing is sent without a yes."""
    if consent.answer is True:
        return [ok("fork pings under a subscription login are on, as you said (`--subscription no` takes it back)")]
    if consent.answer is False:
        return [ok("fork pings under a subscription login are off, as you said")]
    if consent.login == "subscription":
        text = "Claude Code has a subscription login, and you were not asked yet: no fork pings under it"
        return [note(text, "warmside install claude --subscription yes (or no)")]
    what = "Claude Code's login is an API key" if consent.login == "api_key" else "no login of Claude Code was found"
    return [ok(f"{what}; fork pings under a subscription login are off")]
