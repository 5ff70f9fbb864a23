"""What `run` does: works out how the client is started, records it, and becomes the client.

Every start of a client waits for this, so it must not load click, models or configuration where the keeper already
runs and there is nothing to say.
"""

from __future__ import annotations

import importlib
import os
import shutil
import sqlite3
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from keepalive.launching.start import RUN_PID, LaunchError, Start

if TYPE_CHECKING:
    from keepalive.launching import record

SAID = "said.base_url"
"""Setting: what a base URL changes in Claude Code was said."""
SAID_SPENDING = "said.spending"
"""Setting: what keep-alive may spend was said."""
SAID_NOTE = "said.note."
"""Setting, by client: what was said last of how it is started."""
_BASE_URL_NOTE = (
    "the client talks to a local address now: in it Remote Control and fine-grained tool streaming are off,"
    " tool search stays on; the plain `claude` goes around"
)
_SPENDS = "keep-alive is on, at most ${ping:.2f} a ping and ${day:.2f} a day: `warmside budget --default --mode off`"


def become(command: Sequence[str], upstream: str | None) -> NoReturn:
    """Replace this process by the client: same pid, terminal, signals and exit code.

    Raises:
        LaunchError: what the person set cannot be kept; for others see `_prepare`.
    """
    if shutil.which(command[0]) is None:  # asked first: no keeper and no launch for a typing error
        _say(f"{command[0]}: command not found")
        sys.exit(127)
    argv, environment = _prepare(tuple(command), upstream)
    os.environ.update(environment)
    try:
        os.execvp(argv[0], argv)  # noqa: S606
    except OSError as error:
        _say(f"cannot start {argv[0]}: {error.strerror}")
        sys.exit(126)


def check() -> None:
    """Whether a start would get as far as the client: what is broken shows itself when it is imported."""
    for name in ("keepalive.launch", "keepalive.launching.record", "keepalive.paths", "store.migrations"):
        importlib.import_module(name)


def quick(arguments: Sequence[str]) -> bool:
    """The plain form `-- CMD…`, as the shell's function writes it; False for any other, which the caller parses."""
    if len(arguments) < 2 or arguments[0] != "--":
        return False
    try:
        become(arguments[1:], None)
    except LaunchError as error:
        _say(" ".join(str(error).split()))
        sys.exit(1)


def _prepare(command: tuple[str, ...], upstream: str | None) -> tuple[tuple[str, ...], dict[str, str]]:
    """What to execute. Whatever breaks in warmside itself, the agent starts: then as typed, with a word about it."""
    try:
        return _through_gateway(command, upstream)
    except LaunchError:
        raise
    except Exception as error:
        if upstream is not None:
            raise  # going elsewhere than asked is worse than not starting
        from tui.errors import one_line

        reason = one_line(error) or f"{type(error).__name__}: {error}"
        _say(f"{reason}; starting {command[0]} without it")
        return command, {}


def _through_gateway(command: tuple[str, ...], upstream: str | None) -> tuple[tuple[str, ...], dict[str, str]]:
    from keepalive import launch

    if not launch.holds_conversation(command):
        return command, {}
    from keepalive.launching import record
    from keepalive.paths import find_paths
    from store.migrations import open_store

    paths = find_paths()
    connection = open_store(paths.store_file)
    keeper = record.running(connection) or _start_keeper(connection)
    token, launch_id = launch.new_token(command), f"launch-{os.urandom(4).hex()}"
    settings_file = paths.launch_dir / f"{launch_id}.json"
    start = launch.prepare(
        launch.Asked(
            command=command,
            gateway_url=f"{keeper.url}/s/{token}",
            upstream=upstream,
            default_upstream=keeper.upstream,
            upstream_of=lambda outer: record.upstream_of(connection, outer),
            environ=os.environ,
            cwd=Path.cwd(),
            claude_dir=paths.claude_dir,
            codex_dir=paths.codex_dir,
            settings_file=settings_file,
        )
    )
    record.record(connection, start, launch_id=launch_id, token=token)
    if start.settings is not None:  # after the launch was stored: the keeper removes files of launches it does not know
        launch.write_settings(settings_file, start.settings)
    for note in _notes(connection, start, kept=not launch.adapter_of(command).passing):
        _say(note)
    connection.close()
    return start.argv, {**start.environment, RUN_PID: str(os.getpid())}


def _start_keeper(connection: sqlite3.Connection) -> record.Running:
    """The keeper, which was not running. A configuration that is wrong is said before it is tried with it."""
    from keepalive import config, keeper
    from keepalive.launching import record

    paths = config.find_paths()
    config.load(paths.config_file)
    started = keeper.ensure(connection, paths)
    return record.Running(started.url, started.upstream)


def _notes(connection: sqlite3.Connection, start: Start, *, kept: bool) -> list[str]:
    """What the person should know: what a launch changes the first time, and what is special about this one.
    `kept`: its requests may be kept warm."""
    from keepalive.launch import ADAPTERS
    from store import settings

    first = []
    if start.agent == "claude" and settings.get(connection, SAID) is None:
        settings.put(connection, SAID, True)
        first.append(_BASE_URL_NOTE)
    if kept and settings.get(connection, SAID_SPENDING) is None:
        settings.put(connection, SAID_SPENDING, True)
        from keepalive import config

        budget = config.load(config.find_paths().config_file).budget
        if budget.mode != "off":
            first.append(_SPENDS.format(ping=budget.usd_per_ping, day=budget.usd_per_day))
    own = start.note
    if start.agent in ADAPTERS and settings.get(connection, f"{SAID_NOTE}{start.agent}") == own:
        own = ""  # for whom each start goes through us, once is enough
    elif start.agent in ADAPTERS and own:
        settings.put(connection, f"{SAID_NOTE}{start.agent}", own)
    return [note for note in ("; ".join(first), own) if note]


def _say(line: str) -> None:
    print(f"warmside: {line}", file=sys.stderr)  # noqa: T201
