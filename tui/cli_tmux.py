"""`tmux`: the sidebar as a pane beside the agent, opened and closed by one key."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from contextlib import suppress

import click

from keepalive.paths import CLAUDE_HOME, CODEX_HOME, HOME, fixed
from tui import tmux_pane
from tui.own_command import own_command
from tui.tmux_pane import Command, Opening, Refusal, Wish

ASK_SECONDS = 5.0

_OURS = (HOME, CLAUDE_HOME, CODEX_HOME)
"""The pane gets tmux's environment and not the caller's; these say which store is meant."""
_NO_TMUX = (
    "not inside tmux: start one with `tmux`, then `warmside tmux` in it (or plain `warmside` in a second terminal)"
)


class _TmuxError(Exception):
    """tmux is not there, or says no; one line."""


@click.command("tmux")
@click.option("--right", "side", flag_value="right", default="right", help="At the right edge (as without it).")
@click.option("--left", "side", flag_value="left", help="At the left edge.")
@click.option(
    "--width",
    type=click.IntRange(min=tmux_pane.MIN_WIDTH, max=200),
    default=tmux_pane.DEFAULT_WIDTH,
    show_default=True,
    help="Columns of the sidebar; kept when the terminal changes its size.",
)
@click.option("--stay", is_flag=True, help="Stay in this window instead of following through the session's windows.")
@click.option("--focus", is_flag=True, help="Go to the sidebar; where it is open, the first press goes to it.")
@click.option("--close", is_flag=True, help="Close it if it is open; never open it.")
@click.option("--print-conf", is_flag=True, help="Only print the line for ~/.tmux.conf that binds this to a key.")
@click.option("--key", default="W", show_default=True, help="The key in that line, after tmux's prefix.")
@click.option("--pane", metavar="ID", help="The pane that counts as the current one, as `%3` (for key bindings).")
def tmux_command(
    side: tmux_pane.Side,
    width: int,
    stay: bool,
    focus: bool,
    close: bool,
    print_conf: bool,
    key: str,
    pane: str | None,
) -> None:
    """Open the sidebar beside the current pane, or close it.

    A pane as high as the window, at its edge; your agent keeps the focus. There is one for a session: it comes along
    when you switch windows. It goes when nothing else is left in its window, and q leaves the layout as it was. Bind it
    to a key:

    \b
        warmside tmux --print-conf >> ~/.tmux.conf
        tmux source-file ~/.tmux.conf        # then: prefix W
    """
    wish = Wish(side, width, stay=stay, focus=focus, close=close)
    if print_conf:
        click.echo(tmux_pane.conf_line(str(own_command()), wish, key))
        return
    if not os.environ.get("TMUX"):
        _say(_NO_TMUX)
        sys.exit(1)
    at = pane or os.environ.get("TMUX_PANE", "")
    try:
        at = at if re.fullmatch(r"%\d+", at) else _tmux(at, ["display-message", "-p", "#{pane_id}"]).strip()
        refused = _press(at, wish)
    except _TmuxError as error:
        refused = str(error)
    if refused is not None:
        _show(at, refused)
        _say(refused)
        sys.exit(1)


def _press(at: str, wish: Wish) -> str | None:
    """Do it. Returns why nothing was done."""
    version = _tmux(at, ["display-message", "-p", "#{version}"]).strip()
    if (old := tmux_pane.too_old(version)) is not None:
        return old
    panes = tmux_pane.read_panes(_tmux(at, ["list-panes", "-s", "-t", at, "-F", tmux_pane.LISTED]))
    surroundings = fixed()
    found = tmux_pane.decide(
        panes, at, wish, [str(own_command())], {name: surroundings[name] for name in _OURS if surroundings.get(name)}
    )
    if isinstance(found, Refusal):
        return found.line
    if isinstance(found, Opening):
        opened = _tmux(at, *found.before, found.split).strip()
        try:
            _tmux(at, *found.then(opened))
        except _TmuxError:
            with suppress(_TmuxError):  # without its mark no key would ever close it
                _tmux(at, ["kill-pane", "-t", opened])
            raise
    elif found:
        _tmux(at, *found)
    return None


def _show(at: str, line: str) -> None:
    """On tmux's status line, since nobody sees what a key binding writes."""
    message = f"warmside: {line}".replace("#", "##")
    for how in (["-d", str(tmux_pane.SHOWN_MS)], []):  # an old tmux shows it as long as it likes
        with suppress(_TmuxError):
            _tmux(at, ["display-message", *how, message])
            return


def _tmux(at: str, *commands: Command) -> str:
    """What the tmux around us answers to these commands, asked as if from the pane `at`.

    Raises:
        _TmuxError
    """
    words = [word for command in commands for word in (*map(_word, command), ";")][:-1]
    try:
        done = subprocess.run(
            ["tmux", *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            timeout=ASK_SECONDS,
            env={**os.environ, "TMUX_PANE": at},
            check=False,
        )
    except FileNotFoundError:
        raise _TmuxError("tmux is not on PATH") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise _TmuxError(f"tmux does not answer: {error}") from None
    if done.returncode != 0:
        raise _TmuxError(f"tmux: {' '.join(done.stderr.split()) or f'exit code {done.returncode}'}")
    return done.stdout


def _word(word: str) -> str:
    r"""tmux takes a word that ends in `;` for the end of a command, unless it is `\;`."""
    return f"{word[:-1]}\\;" if word.endswith(";") else word


def _say(line: str) -> None:
    click.echo(f"warmside: {line}", err=True)
