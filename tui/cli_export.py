"""`export`: sessions as documents, to stdout or into a folder, which gets one file for each session.

A file there is written whole or not at all, readable by its owner alone. It replaces an earlier export of the same
session; any other file of its name stays, and the command stops and says so, unless `--force` is given.
"""

from __future__ import annotations

import json
import os
import re
import sqlite3
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import IO, Any

import click

from keepalive.allowance import budget_of
from store import board, sessions
from store.export import markdown
from store.models import SessionDetail
from tui.cli_context import Here, here
from tui.json_out import dumps

_MARK = "<!-- warmside session {} -->\n"
"""First line of a Markdown file of ours: tells an earlier export from somebody's notes."""


class ExportError(click.ClickException):
    """A folder or file that cannot be written; one line for a person."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"warmside: {' '.join(self.message.split())}", err=True)


@click.command()
@click.argument("session", required=False)
@click.option("--all", "everything", is_flag=True, help="Every session of the store.")
@click.option("--json", "as_json", is_flag=True, help="JSON as of `show`; with --all a list of them.")
@click.option("--output", type=click.Path(path_type=Path), help="A folder: one file for each session.")
@click.option("--force", is_flag=True, help="Replace files that are no export of the same session, too.")
def export(session: str | None, everything: bool, as_json: bool, output: Path | None, force: bool) -> None:
    """Write SESSION (an id or the unique beginning of one), or with --all every session, as Markdown or JSON.

    Without --output it goes to stdout; Markdown of every session needs a folder.
    """
    if (session is None) != everything:
        raise click.UsageError("name a session, or --all")
    if everything and output is None and not as_json:
        raise click.UsageError("--all needs --output DIR, or --json")
    at = here()
    wanted = _every_id(at.connection) if session is None else [sessions.resolve(at.connection, session)]
    details = _details(at, wanted)
    if output is not None:
        written = write_all(output, details, as_json=as_json, force=force)
        click.echo(f"{written} session{'' if written == 1 else 's'} written to {output}")
    elif everything:
        _print_list(details)
    else:
        for detail in details:
            click.echo(dumps(detail) + "\n" if as_json else markdown(detail), nl=False)


def _every_id(connection: sqlite3.Connection) -> list[str]:
    rows = connection.execute(
        f"SELECT id FROM sessions WHERE {sessions.NAMED}"  # noqa: S608
        " ORDER BY coalesce(last_activity_at, opened_at) DESC, id"
    )
    return [row[0] for row in rows]


def _details(at: Here, wanted: list[str]) -> Iterator[SessionDetail]:
    """One at a time: a year of sessions need not fit into memory."""
    keeper_on, decide = at.keeper is not None, budget_of(at.config)
    for session_id in wanted:
        # It may have been forgotten since the list was made.
        with suppress(sessions.UnknownSession):
            yield board.detail(
                at.connection,
                session_id,
                now=time.time(),
                keeper_on=keeper_on,
                budget_of=decide,
                costly_usd=at.config.warnings.cold_usd,
            )


def _print_list(details: Iterator[SessionDetail]) -> None:
    opening = "["
    for detail in details:
        click.echo(f"{opening}\n{dumps(detail)}", nl=False)
        opening = ","
    click.echo("[]" if opening == "[" else "\n]")


def write_all(folder: Path, details: Iterator[SessionDetail], *, as_json: bool, force: bool) -> int:
    written = 0
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        for detail in details:
            path = folder / file_name(detail, "json" if as_json else "md")
            if as_json:
                text, ours = dumps(detail) + "\n", _is_json_of(detail.id)
            else:
                mark = _MARK.format(_id_slug(detail.id))
                text, ours = mark + markdown(detail), _begins_with(mark)
            if not force and os.path.lexists(path) and not (path.is_file() and not path.is_symlink() and ours(path)):
                raise ExportError(f"{path} is no export of session {detail.id}; --force replaces it")
            _write(path, text)
            written += 1
    except OSError as error:
        raise ExportError(f"cannot write to {folder}: {error}") from error
    return written


def file_name(detail: SessionDetail, ending: str) -> str:
    """The day on which it began (UTC), its project and its id: sorted by name, sessions are in order."""
    at = detail.first_at if detail.first_at is not None else detail.opened_at
    day = "undated" if at is None else f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"
    return f"{day}-{_slug(detail.project)[:40] or 'project'}-{_id_slug(detail.id)}.{ending}"


def _slug(text: str) -> str:
    """Letters, digits and single separators."""
    return re.sub(r"[^A-Za-z0-9._]+", "-", text).strip("-.")


def _id_slug(session_id: str) -> str:
    """An id as part of a name; two ids that would look alike keep apart."""
    slug = _slug(session_id)[:80]
    return slug if slug == session_id else f"{slug}-{sha256(session_id.encode()).hexdigest()[:8]}".lstrip("-")


def _begins_with(mark: str) -> Callable[[Path], bool]:
    def check(path: Path) -> bool:
        with path.open("rb") as file:
            return file.read(len(mark.encode())) == mark.encode()

    return check


def _is_json_of(session_id: str) -> Callable[[Path], bool]:
    def check(path: Path) -> bool:
        try:
            loaded = json.loads(path.read_bytes())
        except ValueError:
            return False
        return isinstance(loaded, dict) and loaded.get("id") == session_id and "turns" in loaded

    return check


def _write(path: Path, text: str) -> None:
    """All or nothing, 0600 from its first byte."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=".warmside-")
    try:
        with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
