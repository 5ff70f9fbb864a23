"""Runs every check. One that fails says so in a line of its own, and the rest goes on."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from keepalive.config import ConfigError
from keepalive.doctor import (
    base_urls,
    client_settings,
    clients,
    keeper,
    plugin,
    prices,
    sessions,
    shells,
    store_file,
    terminal,
)
from keepalive.doctor.finding import Finding, problem
from keepalive.doctor.hiding import hidden, secrets_in
from keepalive.doctor.reading import base_urls as read_base_urls
from keepalive.doctor.reading import claude as read_claude
from keepalive.doctor.reading import keeper as read_keeper
from keepalive.doctor.reading import sessions as read_sessions
from keepalive.doctor.reading import shells as read_shells
from keepalive.doctor.reading import store_file as read_store_file
from keepalive.doctor.reading import terminal as read_terminal
from keepalive.doctor.reading.around import Around
from keepalive.install.refusal import InstallError
from store.database import StoreError
from store.plain_text import one_line

Look = Callable[[Around], list[Finding]]

AREAS: dict[str, Look] = {
    "clients": lambda around: clients.check(around.clients),
    "shells": lambda around: shells.check(read_shells.read(around.environ, around.clients)),
    "plugin": lambda around: plugin.check(read_claude.read_plugin(around)),
    "statusline": lambda around: plugin.check_line(read_claude.read_line(around)),
    "settings": lambda around: client_settings.check(read_claude.read_settings(around)),
    "subscription": lambda around: client_settings.check_consent(read_claude.read_consent(around)),
    "sessions": lambda around: sessions.check(read_sessions.read(around)),
    "base_url": lambda around: base_urls.check(read_base_urls.read(around)),
    "keeper": lambda around: keeper.check(read_keeper.read_keeper(around)),
    "config": lambda around: keeper.check_config(read_keeper.read_config(around)),
    "store": lambda around: store_file.check(read_store_file.read(around)),
    "prices": lambda around: prices.check(read_store_file.read_prices(around)),
    "terminal": lambda around: terminal.check(read_terminal.read(around)),
}
"""In the order in which they are shown."""


def examine(around: Around, areas: Mapping[str, Look] = AREAS) -> list[Finding]:
    """All findings, as they may be shown: one line each, with nothing secret in it."""
    found = [finding for area, look in areas.items() for finding in _tried(area, look, around)]
    secrets = secrets_in(_environs(around))
    return [_shown(finding, secrets, around.home) for finding in found]


def _tried(area: str, look: Look, around: Around) -> Iterable[Finding]:
    try:
        said = look(around)
    except Exception as error:
        said = [problem(f"could not be checked: {_why(error)}")]
    return [replace(finding, area=area) for finding in said]


def _why(error: Exception) -> str:
    """What went wrong; of an error that is not meant for people only its kind, since it may quote anything."""
    if isinstance(error, InstallError | StoreError | ConfigError | sqlite3.Error):
        return str(error)
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename}: {error.strerror}" if error.filename else error.strerror
    return type(error).__name__


def _environs(around: Around) -> Iterable[Mapping[str, object]]:
    """Ours, and those that the client's settings set."""
    yield around.environ
    try:
        layers = around.layers
    except Exception:
        return  # what reads them says so
    yield from (env for layer in layers if isinstance(env := layer.values.get("env"), Mapping))


def _shown(finding: Finding, secrets: tuple[str, ...], home: Path) -> Finding:
    text = one_line(hidden(finding.text, secrets))
    if len(home.parts) > 1:
        text = text.replace(f"{home}/", "~/")
    mend = None if finding.mend is None else one_line(hidden(finding.mend, secrets))
    return replace(finding, text=text, mend=mend)
