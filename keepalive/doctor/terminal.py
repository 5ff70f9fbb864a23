"""What this terminal can show and do: colours, letters, clipboard, notifications. Pure.

Only what the environment and tmux say: nothing is asked of the terminal, since its answer would end up in somebody's
input.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from keepalive.doctor.finding import Finding, note, ok

_NOTIFIES = frozenset({"iTerm.app", "WezTerm", "ghostty", "rio", "WarpTerminal", "kitty", "foot"})
"""Terminals that show OSC 9 as a notification of the desktop, as TERM_PROGRAM or TERM has them."""


@dataclass(frozen=True, slots=True)
class Terminal:
    """`environ` as far as it is about the terminal. `tmux` holds the options `set-clipboard` and `allow-passthrough`
    of the tmux that this runs in, None outside of one; `desktop`: notifications are switched on in `config.toml`."""

    environ: Mapping[str, str] = field(default_factory=dict)
    tmux: Mapping[str, str] | None = None
    desktop: bool = False


def check(terminal: Terminal) -> list[Finding]:
    """Colours and letters first, then what reaches the desktop."""
    said = [_colours(terminal.environ), _letters(terminal.environ)]
    if terminal.tmux is not None:
        said += _tmux(terminal.tmux, terminal.desktop)
    if terminal.desktop and not _notifies(terminal.environ) and terminal.tmux is None:
        said.append(note("[notify] desktop is on, and this terminal is not known to show OSC 9", "desktop = false"))
    return said


def _colours(environ: Mapping[str, str]) -> Finding:
    term = environ.get("TERM", "")
    if environ.get("NO_COLOR"):
        return ok("no colours (NO_COLOR is set)")
    if term in ("", "dumb"):
        return note(f"no colours: TERM is {term or 'not set'}", "export TERM=xterm-256color")
    if environ.get("COLORTERM") in ("truecolor", "24bit"):
        return ok(f"colours: all ({term})")
    return ok(f"colours: {'256' if '256color' in term else '16'} ({term}; COLORTERM does not say truecolor)")


def _letters(environ: Mapping[str, str]) -> Finding:
    locale = environ.get("LC_ALL") or environ.get("LC_CTYPE") or environ.get("LANG") or ""
    if "utf8" in locale.lower().replace("-", ""):
        return ok(f"Unicode ({locale})")
    return note(f"ASCII only: the locale is {locale or 'not set'}", "export LANG=C.UTF-8")


def _tmux(options: Mapping[str, str], desktop: bool) -> list[Finding]:
    clipboard, passing = options.get("set-clipboard", ""), options.get("allow-passthrough", "")
    said = []
    if clipboard == "on":
        said.append(ok("tmux passes copies on to the clipboard (OSC 52)"))
    else:
        text = f"tmux keeps copies from the clipboard (set-clipboard is {clipboard or 'not known'})"
        said.append(note(text, "tmux set -s set-clipboard on"))
    if passing in ("on", "all"):
        said.append(ok("tmux passes notifications on (OSC 9)"))
    elif desktop:
        text = f"tmux keeps notifications back (allow-passthrough is {passing or 'not known'})"
        said.append(note(text, "tmux set -g allow-passthrough on"))
    return said


def _notifies(environ: Mapping[str, str]) -> bool:
    names = {environ.get("TERM_PROGRAM", ""), environ.get("TERM", "").removeprefix("xterm-")}
    return bool(names & _NOTIFIES)
