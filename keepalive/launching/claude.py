"""Claude Code: by its `--settings`, which beats its settings files and the shell.

What the person set stays: their own `--settings` is merged in. Ours go there as a private file: a command line is
everybody's to read on this machine, and ours hold the launch's token.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from keepalive.launching.start import BASE_URL, Asked, LaunchError, Start
from keepalive.launching.ways import ca_file, no_proxy, proxy_to, usable, without_userinfo


class Claude:
    """Implements `Adapter`."""

    name = "claude"
    passing = False
    elsewhere = frozenset(
        {
            *("--version", "-v", "--help", "-h", "auth", "config", "doctor", "install", "mcp", "migrate-installer"),
            *("plugin", "plugins", "setup-token", "update", "upgrade"),
        }
    )

    def plan(self, asked: Asked) -> Start:
        argv, own = _take_settings(asked.command[1:])
        mine = _load_settings(own, asked.cwd) if own is not None else {}
        # The client's own order: argument, project's local file, project's file, person's file, shell.
        here = asked.cwd / ".claude"
        files = (here / "settings.local.json", here / "settings.json", asked.claude_dir / "settings.json")
        layers = [_env_of(mine), *(_env_of(_read_settings(file)) for file in files), asked.environ]
        effective: dict[str, str] = {}
        for layer in reversed(layers):
            effective.update(layer)
        upstream = asked.upstream or effective.get(BASE_URL) or asked.default_upstream
        target = usable(asked, upstream, asked.default_upstream)
        ours = {
            BASE_URL: asked.gateway_url,
            "ENABLE_TOOL_SEARCH": effective.get("ENABLE_TOOL_SEARCH", "true"),
            **no_proxy(effective),
        }
        mine_env = mine.get("env")
        merged = {**mine, "env": {**(mine_env if isinstance(mine_env, dict) else {}), **ours}}
        proxy = proxy_to(target, effective)
        return Start(
            agent=self.name,
            argv=(asked.command[0], "--settings", str(asked.settings_file), *argv),
            # The gateway takes the proxy's password from the client's environment, where its settings may have put it.
            environment={**ours, **dict([proxy] if proxy else [])},
            upstream=target,
            proxy=without_userinfo(proxy[1]) if proxy else None,
            ca_file=ca_file(effective, asked.cwd),
            settings=json.dumps(merged, ensure_ascii=False),
        )


def _take_settings(arguments: Sequence[str]) -> tuple[list[str], str | None]:
    """The arguments without `--settings`, and its (last) value. What follows `--` is the client's prompt."""
    rest: list[str] = []
    value: str | None = None
    position = 0
    while position < len(arguments):
        argument = arguments[position]
        if argument == "--":
            return [*rest, *arguments[position:]], value
        if argument == "--settings" and position + 1 < len(arguments):
            value = arguments[position + 1]
            position += 2
            continue
        if argument.startswith("--settings="):
            value = argument.partition("=")[2]
        else:
            rest.append(argument)
        position += 1
    return rest, value


def _load_settings(value: str, cwd: Path) -> dict[str, object]:
    """The person's own `--settings`: JSON as it stands, or a file."""
    try:
        inline = value.lstrip().startswith("{")
        loaded = json.loads(value if inline else (cwd / Path(value).expanduser()).read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError, RuntimeError) as error:  # (RuntimeError: ~nobody)
        raise LaunchError(f"cannot read your --settings: {error}") from error
    if not isinstance(loaded, dict):
        raise LaunchError("cannot read your --settings: not a JSON object")
    return loaded


def _read_settings(file: Path) -> dict[str, object]:
    """A settings file as the client reads it; a missing or broken one counts as empty, the client says so itself."""
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _env_of(settings: Mapping[str, object]) -> dict[str, str]:
    env = settings.get("env")
    return {key: value for key, value in env.items() if isinstance(value, str)} if isinstance(env, dict) else {}


def adapter(command: str) -> Claude:
    """The adapter, for a client that is started by this name or path."""
    return Claude()
