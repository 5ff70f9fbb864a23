"""`warmside run`: works out how a client is started so that its requests pass our gateway, and changes nothing else.

Pure but for reading the settings files that the client itself would read. The client keeps its own settings: ours go
on top through its `--settings` argument, which beats the settings files and the shell. They go there as a private
file: a command line is everybody's to read on this machine, and ours hold the launch's token. A base URL that was set
before becomes the launch's upstream. The command replaces this process; see tui/cli_run.py.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import proxy_bypass_environment  # type: ignore[attr-defined]  # missing in typeshed only

from keepalive.router import without_userinfo

BASE_URL = "ANTHROPIC_BASE_URL"
LOOPBACK = ("127.0.0.1", "localhost")
_CA_VARIABLES = ("NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE")
_OUR_PATH = re.compile(r"/s/([A-Za-z0-9_-]+)/?")

UpstreamOf = Callable[[str], str | None]
"""Where the launch with this token sends its requests; None for an unknown token."""


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
    settings: str | None = None
    """What belongs in the settings file that `argv` names (see `write_settings`)."""
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
    upstream_of: UpstreamOf,
    environ: Mapping[str, str],
    cwd: Path,
    claude_dir: Path,
    settings_file: Path,
) -> Start:
    """Plan a launch. `gateway_url` already holds the launch's token; `settings_file` is where the client's settings
    will be, if it takes them from a file; `upstream_of` is asked when this launch was started inside another one.

    Raises:
        LaunchError: the person's own `--settings` cannot be read, or the upstream is no URL.
    """
    if is_claude(command):
        return _claude(
            command,
            gateway_url=gateway_url,
            upstream=upstream,
            default_upstream=default_upstream,
            upstream_of=upstream_of,
            environ=environ,
            cwd=cwd,
            claude_dir=claude_dir,
            settings_file=settings_file,
        )
    target = _usable(upstream or environ.get(BASE_URL) or default_upstream, gateway_url, default_upstream, upstream_of)
    proxy = _proxy(target, environ)
    return Start(
        agent=Path(command[0]).name,
        argv=tuple(command),
        environment={BASE_URL: gateway_url, **_no_proxy(environ)},
        upstream=target,
        proxy=without_userinfo(proxy[1]) if proxy else None,
        ca_file=_ca_file(environ, cwd),
        note=f"warmside: {Path(command[0]).name} is not known; it gets {BASE_URL} and is tracked if it honours that",
    )


def _claude(
    command: Sequence[str],
    *,
    gateway_url: str,
    upstream: str | None,
    default_upstream: str,
    upstream_of: UpstreamOf,
    environ: Mapping[str, str],
    cwd: Path,
    claude_dir: Path,
    settings_file: Path,
) -> Start:
    argv, own = _take_settings(command[1:])
    mine = _load_settings(own, cwd) if own is not None else {}
    own_env = _env_of(mine)
    # The client's own order: argument, project's local file, project's file, person's file, shell.
    files = (cwd / ".claude" / "settings.local.json", cwd / ".claude" / "settings.json", claude_dir / "settings.json")
    layers = [own_env, *(_env_of(_read_settings(file)) for file in files), environ]
    effective: dict[str, str] = {}
    for layer in reversed(layers):
        effective.update(layer)
    target = _usable(
        upstream or effective.get(BASE_URL) or default_upstream, gateway_url, default_upstream, upstream_of
    )
    ours = {
        BASE_URL: gateway_url,
        "ENABLE_TOOL_SEARCH": effective.get("ENABLE_TOOL_SEARCH", "true"),
        **_no_proxy(effective),
    }
    mine_env = mine.get("env")
    merged = {**mine, "env": {**(mine_env if isinstance(mine_env, dict) else {}), **ours}}
    proxy = _proxy(target, effective)
    return Start(
        agent="claude",
        argv=(command[0], "--settings", str(settings_file), *argv),
        # The gateway takes the proxy's password from the client's environment, where its settings may have put it.
        environment={**ours, **dict([proxy] if proxy else [])},
        upstream=target,
        proxy=without_userinfo(proxy[1]) if proxy else None,
        ca_file=_ca_file(effective, cwd),
        settings=json.dumps(merged, ensure_ascii=False),
    )


def write_settings(path: Path, text: str) -> None:
    """Write a launch's settings for its client alone: 0600 in a 0700 folder."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)


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


def _usable(upstream: str, gateway_url: str, default: str, upstream_of: UpstreamOf) -> str:
    """The URL that requests go to. Our own gateway (a launch inside a launch) would go round in circles: there the
    outer launch's upstream is meant, also where the gateway had another port then."""
    try:
        theirs, ours = urlsplit(upstream), urlsplit(gateway_url)
        port = theirs.port
    except ValueError as error:
        raise LaunchError(_no_url(upstream)) from error
    if theirs.hostname in LOOPBACK:
        named = _OUR_PATH.fullmatch(theirs.path)
        outer = upstream_of(named[1]) if named else None
        if outer is not None or port == ours.port:
            return outer or default
    if theirs.scheme not in ("http", "https") or not theirs.hostname:
        raise LaunchError(_no_url(upstream))
    if "@" in theirs.netloc:
        raise LaunchError("a base URL with a password in it cannot be used: it would be stored")
    return upstream.rstrip("/")


def _no_url(text: str) -> str:
    return f"not a URL that requests can go to: {text.rpartition('@')[2]}"  # what is before it may be a password


def _no_proxy(environ: Mapping[str, str]) -> dict[str, str]:
    """NO_PROXY in both spellings with the loopback names added: else a proxy would get the calls to our gateway."""
    named = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    hosts = [host for host in (part.strip() for part in named.split(",")) if host]
    hosts += [host for host in LOOPBACK if host not in hosts]
    return {"NO_PROXY": ",".join(hosts), "no_proxy": ",".join(hosts)}


def _proxy(upstream: str, environ: Mapping[str, str]) -> tuple[str, str] | None:
    """The proxy on the way to the upstream: the variable that names it, and its URL as it stands there."""
    parts = urlsplit(upstream)
    no_proxy = environ.get("NO_PROXY") or environ.get("no_proxy") or ""
    if parts.hostname in LOOPBACK or proxy_bypass_environment(parts.netloc, {"no": no_proxy}):
        return None
    names = ("HTTPS_PROXY", "https_proxy") if parts.scheme == "https" else ("HTTP_PROXY", "http_proxy")
    return next(((name, environ[name]) for name in (*names, "ALL_PROXY", "all_proxy") if environ.get(name)), None)


def _ca_file(environ: Mapping[str, str], cwd: Path) -> str | None:
    return next((str(cwd / environ[name]) for name in _CA_VARIABLES if environ.get(name)), None)
