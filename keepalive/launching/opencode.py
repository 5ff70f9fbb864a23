"""OpenCode: by the configuration that it takes from its environment, which goes on top of all its files.

Only its Anthropic provider is turned to us, and only where the person uses it: to name a provider in the configuration
is to offer its models, and might change which one is the default. Its other providers are left where they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from keepalive.launching import jsonc
from keepalive.launching.start import BASE_URL, Asked, LaunchError, Start, as_typed
from keepalive.launching.ways import through_gateway, usable

CONTENT = "OPENCODE_CONFIG_CONTENT"
_KEY = "ANTHROPIC_API_KEY"
_VERSION = "/v1"
_NAMES = ("opencode.json", "opencode.jsonc")
_VARIABLE = re.compile(r"\{env:([^}]+)\}")


class OpenCode:
    """Implements `Adapter`."""

    name = "opencode"
    passing = False
    elsewhere = frozenset(
        {
            *("--version", "-v", "--help", "-h", "agent", "auth", "completion", "db", "debug", "export", "import"),
            *("mcp", "models", "plugin", "providers", "session", "stats", "uninstall", "upgrade"),
        }
    )

    def plan(self, asked: Asked) -> Start:
        content = _own_content(asked)
        configured = [*_configured(asked), jsonc.inside(content, "provider", "anthropic")]
        known = [provider for provider in configured if isinstance(provider, dict)]
        if asked.upstream is None and not known and not _has_login(asked):
            note = "opencode has no Anthropic login or provider: it is started as it is"
            return as_typed(asked, self.name, asked.default_upstream, note)
        said = asked.upstream or _last_base(known, asked.environ) or asked.environ.get(BASE_URL)
        if said is not None and "{" in said:
            note = "the base URL in opencode's configuration is put together there: it is started as it is"
            return as_typed(asked, self.name, asked.default_upstream, note)
        base = (said or asked.default_upstream).rstrip("/")
        target = usable(asked, base.removesuffix(_VERSION), asked.default_upstream)
        # The client appends `/messages`. An address of its own without a version stays without one.
        versioned = base.endswith(_VERSION) or target != base or asked.upstream is not None or said is None
        _set(content, asked.gateway_url + (_VERSION if versioned else ""))
        return through_gateway(asked, self.name, target, {CONTENT: json.dumps(content, ensure_ascii=False)})


def _own_content(asked: Asked) -> dict[str, object]:
    try:
        return jsonc.loads(asked.environ.get(CONTENT) or "{}")
    except ValueError as error:
        raise LaunchError(f"cannot read your {CONTENT}: {error}") from error


def _configured(asked: Asked) -> Iterator[object]:
    """The Anthropic provider as each of its files has it, the ones that win last."""
    for file in _files(asked):
        try:
            yield jsonc.inside(jsonc.loads(file.read_text(encoding="utf-8")), "provider", "anthropic")
        except (OSError, ValueError):
            continue  # missing, or broken: the client says so itself


def _files(asked: Asked) -> Iterator[Path]:
    person = Path(asked.environ.get("XDG_CONFIG_HOME") or asked.home / ".config") / "opencode"
    yield from (person / name for name in ("config.json", *_NAMES))
    if named := asked.environ.get("OPENCODE_CONFIG"):
        yield asked.cwd / named
    folders = [asked.cwd, *asked.cwd.parents]
    root = next((n for n, folder in enumerate(folders) if (folder / ".git").exists()), 0)
    project = folders[root::-1]  # the nearest wins
    yield from (folder / name for folder in project for name in _NAMES)
    yield from (folder / ".opencode" / name for folder in (asked.home, *project) for name in _NAMES)
    if named := asked.environ.get("OPENCODE_CONFIG_DIR"):
        yield from (asked.cwd / named / name for name in _NAMES)


def _has_login(asked: Asked) -> bool:
    """Whether the client has a credential for the provider. What it is, nobody here wants to know."""
    if asked.environ.get(_KEY):
        return True
    data = Path(asked.environ.get("XDG_DATA_HOME") or asked.home / ".local" / "share")
    try:
        return '"anthropic"' in (data / "opencode" / "auth.json").read_text(encoding="utf-8")
    except (OSError, ValueError):
        return False


def _last_base(providers: list[dict[str, object]], environ: Mapping[str, str]) -> str | None:
    bases = [jsonc.inside(provider, "options", "baseURL") for provider in providers]
    said = next((base for base in reversed(bases) if isinstance(base, str) and base), None)
    return None if said is None else _VARIABLE.sub(lambda found: environ.get(found[1], ""), said)


def _set(content: dict[str, object], base_url: str) -> None:
    """Put our address into a configuration; what stands around it stays."""
    place = content
    for name in ("provider", "anthropic", "options"):
        inner = place.get(name)
        place[name] = inner = dict(inner) if isinstance(inner, dict) else {}
        place = inner
    place["baseURL"] = base_url


def adapter(command: str) -> OpenCode:
    """The adapter, for a client that is started by this name or path."""
    return OpenCode()
