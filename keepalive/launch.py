"""`warmside run`: works out how a client is started so that its requests pass our gateway, and changes nothing else.

Pure but for reading the settings files that the client itself would read. The client keeps its own settings: ours go
on top through its `--settings` argument, which beats the settings files and the shell. A base URL that was set before
becomes the launch's upstream. The command replaces this process; see tui/cli_run.py.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # missing in typeshed only

from keepalive.router import without_userinfo

BASE_URL = "ANTHROPIC_BASE_URL"
LOOPBACK = ("127.0.0.1", "localhost")
_CA_VARIABLES = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")


class LaunchError(Exception):
    """The client cannot be started through the gateway; one line that says why."""


@dataclass(frozen=True, slots=True)
class Start:
    """What to run instead of the command as typed. `environment` holds only what differs from ours."""

    agent: str
    argv: tuple[str, ...]
    environment: Mapping[str, str]
    upstream: str
    proxy: str | None
    """Without user name and password."""
    ca_file: str | None
    note: str = ""
    """One line for the person, or nothing."""


def is_claude(command: Sequence[str]) -> bool:
    """Whether this starts Claude Code."""
    return bool(command) and Path(command[0]).name == "claude"


def prepare(
    command: Sequence[str],
    *,
    gateway_url: str,
    upstream: str | None,
    default_upstream: str,
    environ: Mapping[str, str],
    cwd: Path,
    claude_dir: Path,
    settings_file: Path,
) -> Start:
    """Plan a launch. `gateway_url` already holds the launch's token; `settings_file` is where merged settings may be
    written when the person's own `--settings` named a file (see `write_settings`).

    Raises:
        LaunchError: the person's own `--settings` cannot be read.
    """
    if is_claude(command):
        return _claude(
            command,
            gateway_url=gateway_url,
            upstream=upstream,
            default_upstream=default_upstream,
            environ=environ,
            cwd=cwd,
            claude_dir=claude_dir,
            settings_file=settings_file,
        )
    target = _usable(upstream or environ.get(BASE_URL) or default_upstream, gateway_url, default_upstream)
    return Start(
        agent=Path(command[0]).name,
        argv=tuple(command),
        environment={BASE_URL: gateway_url, **_no_proxy(environ)},
        upstream=target,
        proxy=_proxy(target, environ),
        ca_file=_ca_file(environ),
        note=f"warmside: {Path(command[0]).name} is not known; it gets {BASE_URL} and is tracked if it honours that",
    )


def _claude(
    command: Sequence[str],
    *,
    gateway_url: str,
    upstream: str | None,
    default_upstream: str,
    environ: Mapping[str, str],
    cwd: Path,
    claude_dir: Path,
    settings_file: Path,
) -> Start:
    argv, own = _take_settings(command[1:])
    mine, from_file = _load_settings(own, cwd) if own is not None else ({}, False)
    own_env = _env_of(mine)
    # The client's own order: argument, project's local file, project's file, person's file, shell.
    files = (cwd / ".claude" / "settings.local.json", cwd / ".claude" / "settings.json", claude_dir / "settings.json")
    layers = [own_env, *(_env_of(_read_settings(file)) for file in files), environ]
    effective: dict[str, str] = {}
    for layer in reversed(layers):
        effective.update(layer)
    target = _usable(upstream or effective.get(BASE_URL) or default_upstream, gateway_url, default_upstream)
    ours = {
        BASE_URL: gateway_url,
        "ENABLE_TOOL_SEARCH": effective.get("ENABLE_TOOL_SEARCH", "true"),
        **_no_proxy(effective),
    }
    merged = {**mine, "env": {**own_env, **ours}}
    text = json.dumps(merged, ensure_ascii=False)
    if from_file:
        # A file may hold what must not stand on a command line, where every user of the machine can read it.
        _write_private(settings_file, text)
        text = str(settings_file)
    return Start(
        agent="claude",
        argv=(command[0], "--settings", text, *argv),
        environment=ours,
        upstream=target,
        proxy=_proxy(target, effective),
        ca_file=_ca_file(effective),
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


def _load_settings(value: str, cwd: Path) -> tuple[dict[str, object], bool]:
    """The person's own `--settings`: JSON as it stands, or a file; tells which."""
    from_file = not value.lstrip().startswith("{")
    try:
        text = (cwd / Path(value).expanduser()).read_text(encoding="utf-8") if from_file else value
        loaded = json.loads(text)
    except (OSError, ValueError) as error:
        raise LaunchError(f"cannot read your --settings: {error}") from error
    if not isinstance(loaded, dict):
        raise LaunchError("cannot read your --settings: not a JSON object")
    return loaded, from_file


def _read_settings(file: Path) -> dict[str, object]:
    """A settings file as the client reads it; a missing or broken one counts as empty, the client says so itself."""
    try:
        loaded = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _env_of(settings: Mapping[str, object]) -> dict[str, str]:
    env = settings.get("env")
    return {key: value for key, value in env.items() if isinstance(value, str)} if isinstance(env, dict) else {}


def _usable(upstream: str, gateway_url: str, default: str) -> str:
    """An upstream that is our own gateway (a launch inside a launch) would go round in circles."""
    theirs, ours = urlsplit(upstream), urlsplit(gateway_url)
    if theirs.hostname in LOOPBACK and theirs.port == ours.port:
        return default
    if theirs.scheme not in ("http", "https") or not theirs.hostname:
        raise LaunchError(f"not a URL that requests can go to: {upstream}")
    return upstream.rstrip("/")


def _no_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY in both spellings with the loopback names added: else a proxy would get the calls to our gateway."""
    named = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    hosts = [host for host in (part.strip() for part in named.split(",")) if host]
    hosts += [host for host in LOOPBACK if host not in hosts]
    return {"NO_PROXY": ",".join(hosts), "no_proxy": ",".join(hosts)}


def _proxy(upstream: str, environ: Mapping[str, str]) -> str | None:
    parts = urlsplit(upstream)
    no_proxy = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if parts.hostname in LOOPBACK or proxy_bypass_environment(parts.netloc, {"no": no_proxy}):
        return None
    names = ("HTTPS_PROXY", "https_proxy") if parts.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    for name in (*names, "ALL_PROXY", "all_proxy"):
        url = environ.get(name)
        if url:
            return without_userinfo(url)
    return None


def _ca_file(environ: Mapping[str, str]) -> str | None:
    return next((environ[name] for name in _CA_VARIABLES if environ.get(name)), None)


def _write_private(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
