"""`install claude`, `uninstall claude`: show, ask, write, and say what follows from it.

`--yes` answers for the files. Whether pings are sent under a subscription login is another question, which the person
answers: on a terminal, or by `--subscription`.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any

import click

from keepalive import consent
from keepalive.install import surroundings
from keepalive.install.doing import Installer
from keepalive.install.files import ChangedMeanwhile
from keepalive.install.plan import Plan, Wanted
from keepalive.install.reading import plugin_folder
from keepalive.install.refusal import InstallError
from keepalive.install.surroundings import Layer
from keepalive.paths import Paths, find_paths
from keepalive.plugin_files import plugin_files, plugin_version
from store.migrations import open_store
from tui import install_text
from tui.status_text import wants_colour

MOST_ROUNDS = 5
"""How often changed files are shown anew before this gives up."""
_STAY_OFF = "They stay off until `warmside install claude --subscription yes`."


class Refused(click.ClickException):
    """Nothing was written; one line for a person."""

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"warmside: {install_text.printable(' '.join(self.message.split()))}", err=True)


@click.command("claude")
@click.option("--yes", is_flag=True, help="Write the files without asking.")
@click.option(
    "--subscription",
    type=click.Choice(["yes", "no"]),
    help="Whether pings may be sent under a subscription login; `no` alone takes a yes back.",
)
@click.option("--dry-run", is_flag=True, help="Show every line that would be written, and write nothing.")
def install_claude(yes: bool, subscription: str | None, dry_run: bool) -> None:
    """Put the plugin and the status line into Claude Code, after showing both.

    The plugin lets the client re-read its own prompt cache when the keeper asks, and tells it when turns begin and
    end. A status line of your own stays: ours goes below it.
    """
    paths = find_paths()
    if subscription == "no" and not dry_run:
        _take_back_consent(paths)
    with _one_line():
        installer, wanted = Installer(paths), _wanted(paths)
        plan = installer.plan_install(wanted, time.time())
        if plan.changes and not (yes or dry_run or _terminal()):
            raise InstallError("nothing was written: there is no terminal to ask on, and no --yes")
        layers = surroundings.layers(paths.claude_dir, Path.cwd())
        _say_client(paths, layers)
        if not plan.changes:
            click.echo("Plugin and status line are installed already: nothing to write.")
            _notes(plan)
            if not dry_run:
                installer.install(plan)
        else:
            _say(install_text.hooks(surroundings.subagent_hooks(paths.claude_dir, layers)))
            if not _carried_out(
                plan, lambda: installer.plan_install(wanted, time.time()), installer.install, yes, dry_run
            ):
                return
            click.echo(f"Plugin and keeper meet in {paths.plugin_dir}. `warmside uninstall claude` takes it all back.")
            click.echo(
                "Running sessions need /reload-plugins or a restart; with --bare or --safe-mode there is no plugin."
            )
    _subscription(paths, subscription, surroundings.login(paths.claude_dir, layers, os.environ), dry_run=dry_run)


@click.command("claude")
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.option("--dry-run", is_flag=True, help="Show what would be taken back, and change nothing.")
def uninstall_claude(yes: bool, dry_run: bool) -> None:
    """Take plugin and status line out of Claude Code again: exactly what was written, also when you edited since."""
    paths = find_paths()
    with _one_line():
        installer = Installer(paths)
        if not installer.installed:
            click.echo(f"There is no record of an install in {paths.claude_dir}: nothing to take back.")
            if (folder := plugin_folder(paths.claude_dir)).exists():
                click.echo(f"{folder} is there without one: `warmside install claude` takes it over, then uninstall.")
            return
        plan = installer.plan_uninstall()
        if not (yes or dry_run or _terminal()):
            raise InstallError("nothing was removed: there is no terminal to ask on, and no --yes")
        if not _carried_out(plan, installer.plan_uninstall, lambda plan: _say(installer.uninstall(plan)), yes, dry_run):
            return
    if _stored_answer(paths) is not None:
        with closing(open_store(paths.store_file)) as connection:
            consent.forget(connection)
    click.echo("Taken back. In sessions that still run the plugin does nothing any more.")


def _carried_out(
    plan: Plan, plan_again: Callable[[], Plan], carry_out: Callable[[Plan], None], yes: bool, dry_run: bool
) -> bool:
    """Show, ask, look again, do. What has changed since it was shown is shown anew."""
    for _ in range(MOST_ROUNDS):
        colour = sys.stdout.isatty() and wants_colour(os.environ)
        short = {change.path: [] if dry_run else install_text.summary(change) for change in plan.changes}
        for change in (*plan.changes, *plan.dropped):
            _say(short.get(change.path) or install_text.diff(change, colour=colour))
        if any(short.values()):
            click.echo("(--dry-run shows every line of them.)")
        _notes(plan)
        if dry_run:
            return False
        if not yes and plan.changes and not click.confirm("Write these?"):
            click.echo("Nothing was written.")
            sys.exit(1)
        again = plan_again()
        if again.changes == plan.changes:
            try:
                carry_out(again)
            except ChangedMeanwhile:
                again = plan_again()
            else:
                if again.backup is not None:
                    click.echo(f"Written. Your settings as they were: {again.backup}")
                return True
        click.echo("A file has changed since this was shown; now it is:")
        plan = again
    raise InstallError("the files change all the time: nothing was written")


def _subscription(paths: Paths, answer: str | None, login: str, *, dry_run: bool) -> None:
    """Show the terms and let the person decide; whoever does not is never sent for."""
    if answer == "no":
        return
    stored = _stored_answer(paths)
    if answer is None and stored is not None:
        word = "on: `--subscription no` takes it back" if stored else "off: `--subscription yes` allows them"
        click.echo(f"Fork pings under a subscription login are {word}.")
        return
    if answer is None and login == "api_key":
        click.echo(f"This login is an API key. Fork pings under a subscription login are off. {_STAY_OFF}")
        return
    _say(install_text.terms())
    if answer is None and (dry_run or not _terminal()):
        click.echo(_STAY_OFF)
        return
    wanted = answer == "yes" or click.confirm("Send fork pings under a subscription login?")
    if dry_run:
        return
    if wanted:
        with closing(open_store(paths.store_file)) as connection:
            consent.put(connection, True, time.time())
        click.echo("Fork pings under a subscription login are on, inside the budget.")
    else:
        _take_back_consent(paths)


def _take_back_consent(paths: Paths) -> None:
    """Without a store nothing was ever allowed, and none is made to say so."""
    if paths.store_file.exists():
        with closing(open_store(paths.store_file)) as connection:
            consent.put(connection, False, time.time())
    click.echo("Fork pings under a subscription login are off.")


def _stored_answer(paths: Paths) -> bool | None:
    if not paths.store_file.exists():
        return None
    with closing(open_store(paths.store_file)) as connection:
        return consent.answered(connection)


def _say_client(paths: Paths, layers: list[Layer]) -> None:
    """Which client this is for, and why the plugin would stay inactive in it."""
    client = surroundings.find_client(os.environ)
    version = surroundings.version_of(client) if client else ""
    if client is None:
        click.echo("Claude Code was not found on PATH: what is written works once it is installed.")
    else:
        click.echo(f"Claude Code {version or '(version unknown)'}: {client}")
    for line in surroundings.obstacles(layers, os.environ, version):
        click.echo(f"! {install_text.printable(line)}")
    for path in surroundings.hidden_line(layers, paths.claude_dir / "settings.json"):
        click.echo(f"! {path} has a statusLine of its own: where it holds, the client shows that one")


def _wanted(paths: Paths) -> Wanted:
    return Wanted(str(_program()), plugin_files(paths.plugin_dir), plugin_version(), _runs)


def _program() -> Path:
    """How a client starts us: the path that we were started by, else the script beside our interpreter, else PATH."""
    started, named = Path(sys.argv[0]), shutil.which("warmside")
    given = [started] if started.name == "warmside" and len(started.parts) > 1 else []
    for path in (*given, Path(sys.executable).with_name("warmside"), *([Path(named)] if named else [])):
        if path.is_file() and os.access(path, os.X_OK):
            return path.absolute()
    raise InstallError("the program `warmside` cannot be found: is it installed?")


def _runs(program: str) -> bool:
    return shutil.which(program) is not None


def _terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _notes(plan: Plan) -> None:
    for note in plan.notes:
        click.echo(f"! {install_text.printable(note)}")


def _say(lines: list[str] | tuple[str, ...]) -> None:
    for line in lines:
        click.echo(line)


@contextmanager
def _one_line() -> Iterator[None]:
    try:
        yield
    except InstallError as error:
        raise Refused(str(error)) from error
