"""`install shell`, `uninstall shell`: put the shell's function into the files that the shells read, and take it out.

Every change is shown before it is made, and nothing is made without a yes.
"""

from __future__ import annotations

import difflib
import os
import shutil
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import click

from keepalive import install_shell
from keepalive.install import files
from keepalive.install.refusal import InstallError
from keepalive.install_shell import SHELLS, DamagedBlock, Place, Shell
from keepalive.launch import ADAPTERS
from keepalive.paths import find_paths
from tui.own_command import own_command

_SHELL = click.option(
    "--shell", "chosen", type=click.Choice(SHELLS), multiple=True, help="Only this shell; may be given more than once."
)
_YES = click.option("--yes", is_flag=True, help="Do not ask.")


@dataclass(frozen=True, slots=True)
class _Change:
    """One file: what it says, and what it is to say; None is no file."""

    file: Path
    """The real one, behind every link."""
    before: str | None
    after: str | None
    folders: int = 0
    """How many folders above it were made for it, and go with it."""


@click.command("shell")
@_SHELL
@_YES
def install_command(chosen: tuple[Shell, ...], yes: bool) -> None:
    """Let `claude` mean `warmside run -- claude` in your shells; `command claude` goes around it."""
    clients = ["claude", *(name for name in ADAPTERS if name != "claude" and shutil.which(name))]
    warmside = own_command()
    changes = []
    for shell in chosen or _shells():
        place = install_shell.place(shell, os.environ)
        inner = install_shell.body(shell, warmside, clients)
        with _one_line(place.file):
            file, before = _read(place)
            folders = 0 if before is not None else len(files.missing_folders(file))
            changes.append(_Change(file, before, install_shell.added(before, inner, folders=folders)))
        if before is not None and (name := install_shell.own_alias(before, clients)):
            _say(f"{place.file} has an alias `{name}`: it goes first, and may go around warmside")
    if _make(changes, yes=yes, nothing="the function is there already"):
        click.echo(f"From the next shell on these start through warmside: {', '.join(clients)}")


@click.command("shell")
@_SHELL
@_YES
def uninstall_command(chosen: tuple[Shell, ...], yes: bool) -> None:
    """Take the function out of your shells' files again."""
    changes = []
    for shell in chosen or SHELLS:
        place = install_shell.place(shell, os.environ)
        with _one_line(place.file):
            file, before = _read(place)
            left = None if before is None else install_shell.removed(before)
        if left is not None:
            changes.append(_Change(file, before, left.text, left.folders))
    if _make(changes, yes=yes, nothing="the function is in no shell's file"):
        click.echo("Shells that run now keep the function until they end.")


def _make(changes: Sequence[_Change], *, yes: bool, nothing: str) -> bool:
    """Show, ask, write. Returns whether anything was written."""
    changes = [change for change in changes if change.after != change.before]
    if not changes:
        click.echo(f"Nothing to do: {nothing}.")
        return False
    for change in changes:
        click.echo(_diff(change))
    if not yes and not click.confirm("Write this?"):
        click.echo("Nothing was written.")
        return False
    for change in changes:
        with _one_line(change.file):
            kept = _write(change)
        done = "removed" if change.after is None else "written"
        click.echo(f"{done}: {change.file}{f' (before: {kept})' if kept else ''}")
    return True


def _read(place: Place) -> tuple[Path, str | None]:
    """The real file, and its text; bytes that are no UTF-8 survive."""
    file = files.real(place.file)
    data = files.read(file)
    return file, None if data is None else data.decode("utf-8", "surrogateescape")


def _write(change: _Change) -> Path | None:
    """Returns where the bytes from before are kept."""
    before, after = (
        None if text is None else text.encode("utf-8", "surrogateescape") for text in (change.before, change.after)
    )
    kept = None
    if before is not None:
        kept = find_paths().state_dir / "backups" / f"{change.file.name}.{time.time_ns()}"
        files.replace(kept, None, before)
    if after is not None:
        files.replace(change.file, before, after)
    elif before is not None:
        files.remove(change.file, before)
        files.remove_folders(list(change.file.parents)[: change.folders])
    return kept


def _diff(change: _Change) -> str:
    name = str(change.file)
    old, new = ([] if text is None else text.splitlines() for text in (change.before, change.after))
    before, after = ("/dev/null" if text is None else name for text in (change.before, change.after))
    lines = difflib.unified_diff(old, new, before, after, lineterm="")
    # A file of the person's may hold anything; what is not printable is shown and not done.
    return "\n".join(
        "".join(c if c.isprintable() or c == "\t" else "\N{REPLACEMENT CHARACTER}" for c in x) for x in lines
    )


def _shells() -> list[Shell]:
    """Shells that are installed here, and that the person uses: the login shell, and those with a file of their own."""
    login = Path(os.environ.get("SHELL", "")).name
    used = []
    for shell in SHELLS:
        file = install_shell.place(shell, os.environ).file
        there = file.exists() if shell != "fish" else file.parent.parent.is_dir()
        if shutil.which(shell) and (shell == login or there):
            used.append(shell)
    if not used:
        _say("no shell found that this works for: say which with --shell bash, zsh or fish")
        sys.exit(1)
    return used


@contextmanager
def _one_line(file: Path) -> Iterator[None]:
    try:
        yield
    except DamagedBlock as error:
        _say(f"{file}: {error}")
        sys.exit(1)
    except InstallError as error:
        _say(str(error))
        sys.exit(1)


def _say(line: str) -> None:
    click.echo(f"warmside: {line}", err=True)
