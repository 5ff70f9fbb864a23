"""Codex: by `-c` on its command line, which beats its files; with one it leaves its shared daemon alone and runs by
itself, so the address is this launch's own. Its requests only pass: a token on a command line is everybody's to read.

What decides its own address is the provider that it uses, and for the built-in one how it is logged in: a login with
ChatGPT has an address that depends on the account, so it is started as it is.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from keepalive.launching.start import Asked, LaunchError, Start, as_typed
from keepalive.launching.ways import through_gateway, usable

PROVIDER = "https://api.openai.com/v1"
_BUILT_IN = "openai"
_NAME = re.compile(r"[A-Za-z0-9_-]+")
_CONFIG = ("-c", "--config")
_PROFILE = ("-p", "--profile")
_LOCAL = ("--oss", "--local-provider", "--remote")


class Codex:
    """Implements `Adapter`."""

    name = "codex"
    passing = True
    elsewhere = frozenset(
        {
            *("--version", "-V", "--help", "-h", "help", "login", "logout", "mcp", "mcp-server", "plugin"),
            *("app-server", "remote-control", "completion", "update", "doctor", "sandbox", "debug", "apply", "a"),
            *("queue", "archive", "delete", "unarchive", "migrate-rollouts", "migrate-nfs-db", "cloud"),
            *("exec-server", "features"),
        }
    )

    def plan(self, asked: Asked) -> Start:
        own = _read(asked)
        if own.local:
            if asked.upstream is not None:
                raise LaunchError("codex talks to a provider of its own choice here: --upstream cannot be kept")
            return as_typed(
                asked, self.name, PROVIDER, "codex is started as it is: it does not talk to a provider here"
            )
        said = asked.upstream or own.base
        if said is None and own.provider == _BUILT_IN and _by_key(asked):
            said = PROVIDER
        if said is None:
            note = "codex is started as it is: with this login or provider its address is not known"
            return as_typed(asked, self.name, PROVIDER, note)
        value = f"{own.key}={json.dumps(asked.gateway_url)}"  # (a TOML string, as it is)
        argv = (asked.command[0], "-c", value, *own.arguments)
        return through_gateway(asked, self.name, usable(asked, said, PROVIDER), {}, argv=argv)


class _Own(NamedTuple):
    """What its files and its command line say. `arguments` are without what ours replaces."""

    provider: str
    key: str
    base: str | None
    local: bool
    arguments: tuple[str, ...]


def _read(asked: Asked) -> _Own:
    """The client's own order: base file, profile's file, command line."""
    arguments = asked.command[1:]
    given = [pair.partition("=") for pair in _values(arguments, _CONFIG)]
    overrides = {key.strip(): _plain(value) for key, _, value in given}
    layers = [_table(asked.codex_dir / "config.toml")]
    if profiles := _values(arguments, _PROFILE):
        layers.append(_table(asked.codex_dir / f"{profiles[-1]}.config.toml"))
    provider = overrides.get("model_provider") or _last(layers, "model_provider") or _BUILT_IN
    key = "openai_base_url" if provider == _BUILT_IN else f"model_providers.{provider}.base_url"
    base = overrides.get(key) or _last(layers, *key.split("."))
    flags = arguments[: arguments.index("--")] if "--" in arguments else arguments
    local = any(flag.partition("=")[0] in _LOCAL for flag in flags) or _NAME.fullmatch(provider) is None
    return _Own(provider, key, base, local, tuple(_without(arguments, key)))


def _values(arguments: Sequence[str], names: tuple[str, str]) -> list[str]:
    """The values of an option, in order; what follows `--` is the client's prompt."""
    short, long = names
    values = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            break
        if argument in names:
            values.append(next(rest, ""))
        elif argument.startswith(f"{long}="):
            values.append(argument.partition("=")[2])
        elif argument.startswith(short) and not argument.startswith("--"):
            values.append(argument.removeprefix(short).removeprefix("="))
    return values


def _without(arguments: Sequence[str], key: str) -> list[str]:
    """The arguments without the person's own setting of this key: it would come after ours and win."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument == "--":
            return [*kept, argument, *rest]
        taken = [argument, *([next(rest, "")] if argument in _CONFIG else [])]
        pairs = _values(taken, _CONFIG)
        if not pairs or pairs[0].partition("=")[0].strip() != key:
            kept += taken
    return kept


def _plain(value: str) -> str:
    """A value of `-c`: TOML, or else the text as it stands."""
    try:
        return str(tomllib.loads(f"value = {value}")["value"])
    except tomllib.TOMLDecodeError:
        return value


def _table(file: Path) -> Mapping[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return {}  # missing, or broken: the client says so itself


def _last(layers: Sequence[object], *names: str) -> str | None:
    for layer in reversed(layers):
        for name in names:
            layer = layer.get(name) if isinstance(layer, Mapping) else None
        if isinstance(layer, str) and layer:
            return layer
    return None


def _by_key(asked: Asked) -> bool:
    """Whether it is logged in with an API key: its own note of the kind, nothing else of that file is looked at."""
    if asked.environ.get("CODEX_API_KEY"):
        return True
    try:
        login = json.loads((asked.codex_dir / "auth.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, RecursionError):
        return False
    return isinstance(login, dict) and login.get("auth_mode") == "apikey"


def adapter(command: str) -> Codex:
    """The adapter, for a client that is started by this name or path."""
    return Codex()
