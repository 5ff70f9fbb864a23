"""What around an install decides whether it works: the client and its version, settings that switch plugins off, the
person's own hooks that forks fire. Read tolerantly, since none of these files is ours; nothing is started where a file
says the same.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from keepalive.install import files
from keepalive.install.refusal import InstallError
from store import client_version

LEAST = (2, 1, 287)
"""The first Claude Code that runs plugin modules."""
ASK_SECONDS = 10.0
MOST_PLUGINS = 200
_MANAGED = Path("/Library/Application Support/ClaudeCode" if sys.platform == "darwin" else "/etc/claude-code")
_EVENT = "SubagentStop"


@dataclass(frozen=True, slots=True)
class Layer:
    """One settings file of the client, with what it says."""

    path: Path
    values: Mapping[str, object]
    managed: bool = False


@dataclass(frozen=True, slots=True)
class Hook:
    """A hook of the person's, and the file that it stands in."""

    path: Path
    what: str


def find_client(environ: Mapping[str, str]) -> Path | None:
    """The client's executable on PATH."""
    found = shutil.which("claude", path=environ.get("PATH"))
    return Path(found) if found else None


def version_of(client: Path) -> str:
    """The client's version, '' where it cannot be found out: from its files, else by asking it."""
    try:
        real = client.resolve()
    except (OSError, RuntimeError):
        return ""
    if client_version.parse(real.name):
        return real.name  # the vendor's own installer keeps each version under its number
    for folder in list(real.parents)[:3]:
        package = _load(folder / "package.json")
        if package.get("name") == "@anthropic-ai/claude-code" and isinstance(package.get("version"), str):
            return str(package["version"])
    try:
        said = subprocess.run(
            [str(client), "--version"],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=ASK_SECONDS,
            check=False,
        )
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return ""
    version = client_version.parse(said.stdout)
    return ".".join(map(str, version)) if version else ""


def layers(claude_dir: Path, project: Path, managed: Path = _MANAGED) -> list[Layer]:
    """The client's settings files that exist, those of an administrator first."""
    theirs = [managed / "managed-settings.json", *sorted((managed / "managed-settings.d").glob("*.json"))]
    found = [Layer(path, _load(path), managed=True) for path in (*theirs, claude_dir / "remote-settings.json")]
    own = (claude_dir / "settings.json", project / ".claude/settings.json", project / ".claude/settings.local.json")
    return [layer for layer in (*found, *(Layer(path, _load(path)) for path in dict.fromkeys(own))) if layer.values]


def obstacles(layers: list[Layer], environ: Mapping[str, str], version: str) -> list[str]:
    """Why the plugin would stay inactive, a line each."""
    found = []
    known = client_version.parse(version)
    if known is not None and known < LEAST:
        least = ".".join(map(str, LEAST))
        found.append(f"Claude Code {version} ignores the plugin: it needs {least} or newer (`claude update`)")
    for layer in layers:
        if layer.values.get("disableAllHooks") is True:
            found.append(f"{layer.path}: disableAllHooks is set: plugin and status line stay inactive")
        if layer.managed and layer.values.get("allowManagedHooksOnly") is True:
            found.append(f"{layer.path}: allowManagedHooksOnly is set: the plugin stays inactive")
        if layer.managed and _says(layer.values, "allowManagedModsOnly"):
            found.append(f"{layer.path}: allowManagedModsOnly is set: the plugin stays inactive")
    settings_env = [layer.values.get("env") for layer in layers]
    for name, option in (("CLAUDE_CODE_SIMPLE", "--bare"), ("CLAUDE_CODE_SAFE_MODE", "--safe-mode")):
        values = [env.get(name) for env in (environ, *settings_env) if isinstance(env, Mapping)]
        if any(value not in (None, "", "0", "false") for value in values):
            found.append(f"{name} is set, which means {option}: the plugin stays inactive")
    return found


def hidden_line(layers: list[Layer], settings_file: Path) -> list[Path]:
    """Other settings files with a status line of their own: the client shows theirs and not the person's."""
    return [layer.path for layer in layers if "statusLine" in layer.values and layer.path != settings_file]


def subagent_hooks(claude_dir: Path, layers: list[Layer]) -> list[Hook]:
    """All hooks that every fork fires."""
    found = [Hook(layer.path, what) for layer in layers for what in _hooks(layer.values)]
    for folder in _plugins(claude_dir):
        path = folder / "hooks" / "hooks.json"
        found += [Hook(path, what) for what in _hooks(_load(path))]
    return found


def login(claude_dir: Path, layers: list[Layer], environ: Mapping[str, str]) -> str:
    """`subscription`, `api_key`, or '' where nothing says. Only whether something is there is asked, never what."""
    home = claude_dir if environ.get("CLAUDE_CONFIG_DIR") else claude_dir.parent
    state = _load(home / ".claude.json")
    environs = [environ, *(env for layer in layers if isinstance(env := layer.values.get("env"), Mapping))]
    if (claude_dir / ".credentials.json").exists() or state.get("oauthAccount"):
        return "subscription"
    if any(env.get("CLAUDE_CODE_OAUTH_TOKEN") for env in environs):
        return "subscription"
    keys = any(env.get(name) for env in environs for name in ("ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"))
    answers = state.get("customApiKeyResponses")
    keys = keys or bool(isinstance(answers, Mapping) and answers.get("approved"))
    return "api_key" if keys or any(layer.values.get("apiKeyHelper") for layer in layers) else ""


def _plugins(claude_dir: Path) -> Iterator[Path]:
    """Folders of installed plugins, as far as the client's own list and its skills folder name them."""
    listed = _load(claude_dir / "plugins" / "installed_plugins.json").get("plugins")
    places: list[Path] = []
    for entries in listed.values() if isinstance(listed, dict) else ():
        for entry in entries if isinstance(entries, list) else [entries]:
            path = entry.get("installPath") if isinstance(entry, dict) else None
            places += [Path(path)] if isinstance(path, str) and Path(path).is_absolute() else []
    try:
        with os.scandir(claude_dir / "skills") as entries_there:
            places += sorted(Path(entry.path) for entry in entries_there)
    except OSError:
        pass
    yield from list(dict.fromkeys(places))[:MOST_PLUGINS]


def _hooks(values: Mapping[str, object]) -> Iterator[str]:
    hooks = values.get("hooks")
    groups = hooks.get(_EVENT) if isinstance(hooks, Mapping) else None
    for group in groups if isinstance(groups, list) else ():
        inner = group.get("hooks") if isinstance(group, Mapping) else None
        for hook in inner if isinstance(inner, list) else ():
            if isinstance(hook, Mapping):
                yield str(hook.get("command") or hook.get("url") or hook.get("type") or "hook")


def _says(value: object, name: str) -> bool:
    """Whether a member of this name is true anywhere in it (a plugin's options lie deep)."""
    if not isinstance(value, Mapping):
        return False
    return value.get(name) is True or any(_says(inner, name) for inner in value.values())


def _load(path: Path) -> dict[str, object]:
    """What a JSON file says; nothing where it is missing, broken or none of ours to read."""
    try:
        loaded = json.loads(files.read(path) or b"{}")
    except (InstallError, ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}
