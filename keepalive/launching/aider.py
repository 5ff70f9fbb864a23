"""aider: by the variable of the library that it calls Anthropic with. Its other providers are left where they are."""

from __future__ import annotations

from pathlib import Path

from keepalive.launching.dotenv import first_set
from keepalive.launching.start import BASE_URL, Asked, Start
from keepalive.launching.ways import through_gateway, usable

API_BASE = "ANTHROPIC_API_BASE"
_PATH = "/v1/messages"


class Aider:
    """Implements `Adapter`."""

    name = "aider"
    passing = False
    elsewhere = frozenset({"--version", "--help", "-h", "--models", "--list-models", "--upgrade", "--update"})

    def plan(self, asked: Asked) -> Start:
        said = asked.upstream or asked.environ.get(API_BASE) or asked.environ.get(BASE_URL) or asked.default_upstream
        # The library takes the whole address too; ours must be what comes before it.
        target = usable(asked, said.rstrip("/").removesuffix(_PATH), asked.default_upstream)
        note = ""
        if (file := first_set(_files(asked), API_BASE)) is not None:
            note = f"{API_BASE} in {file} beats what this launch sets: what goes there does not pass warmside"
        return through_gateway(asked, self.name, target, {API_BASE: asked.gateway_url}, note=note)


def _files(asked: Asked) -> list[Path]:
    """The files of variables that the client reads; they replace what its environment says."""
    repository = next((folder for folder in (asked.cwd, *asked.cwd.parents) if (folder / ".git").exists()), asked.cwd)
    return [folder / ".env" for folder in (asked.cwd, repository, asked.home)]


def adapter(command: str) -> Aider:
    """The adapter, for a client that is started by this name or path."""
    return Aider()
