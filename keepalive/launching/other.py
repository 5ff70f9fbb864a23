"""Any other command: the variable that many clients honour, and a word about it."""

from __future__ import annotations

from pathlib import Path

from keepalive.launching.start import BASE_URL, Asked, Start
from keepalive.launching.ways import through_gateway, usable


class Other:
    """Implements `Adapter` for whatever has none of its own."""

    passing = False
    elsewhere: frozenset[str] = frozenset()

    def __init__(self, command: str) -> None:
        self.name = Path(command).name

    def plan(self, asked: Asked) -> Start:
        said = asked.upstream or asked.environ.get(BASE_URL) or asked.default_upstream
        note = f"{self.name} is not known; it gets {BASE_URL} and is tracked if it honours that"
        target = usable(asked, said, asked.default_upstream)
        return through_gateway(asked, self.name, target, {BASE_URL: asked.gateway_url}, note=note)


def adapter(command: str) -> Other:
    """The adapter, for a client that is started by this name or path."""
    return Other(command)
