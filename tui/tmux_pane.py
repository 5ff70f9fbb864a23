"""What one press of the sidebar's key comes to, from what tmux says: the commands to run, or a line to say. Pure.

What has to happen while nobody presses a key is tmux's own work (`tmux_hooks`).
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from tui import tmux_hooks as hooks

Side = Literal["left", "right"]
Command = list[str]
"""One command of tmux, as arguments."""

OLDEST = (3, 3)
"""Nothing older was tried."""
MIN_WIDTH, DEFAULT_WIDTH = 30, 36

LISTED = (
    "#{pane_id} #{window_id} #{window_width} #{window_active} #{window_zoomed_flag} #{pane_active}"
    f" #{{?{hooks.MARK},#{{{hooks.MARK}}},-}}"
)
"""What `list-panes -s` is to say of each pane of the session."""
_LINE = re.compile(r"(%\d+) (@\d+) (\d+) ([01]) ([01]) ([01]) (\S+)")
_VERSION = re.compile(r"(\d+)\.(\d+)")

# The program comes as `$0`: no shell reads its path. What it has to say when it fails stays until it was read.
_STAY_ON_ERROR = '"$0" "$@" || { printf "\\n[Enter closes this]"; read -r _; }'

SHOWN_MS = 6000
"""How long tmux's status line shows why nothing was opened."""
_GONE = f'tmux display-message -d {SHOWN_MS} "warmside does not start: is its path in this key binding right?"'


@dataclass(frozen=True, slots=True)
class Pane:
    """A pane of the session, as tmux lists it."""

    id: str
    window: str
    window_width: int
    """Columns."""
    shown: bool
    """Its window is the session's current one."""
    zoomed: bool
    """Its window shows the active pane alone."""
    active: bool
    """In its window."""
    mark: str
    """`sidebar`, `fixed`, `slot` (see `tmux_hooks`), or `-` for what is not ours."""

    @property
    def runs(self) -> bool:
        """Whether the sidebar itself is in it."""
        return self.mark in ("sidebar", "fixed")


@dataclass(frozen=True, slots=True)
class Wish:
    """What was asked for."""

    side: Side = "right"
    width: int = DEFAULT_WIDTH
    """Columns of the sidebar, without the line beside it."""
    stay: bool = False
    """In this window only."""
    focus: bool = False
    close: bool = False
    """Close it if it is there, and never open it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nothing is done, in one line."""

    line: str


@dataclass(frozen=True, slots=True)
class Opening:
    """`split` prints the new pane's id; `then(id)` makes it the sidebar."""

    window: str
    wish: Wish
    before: tuple[Command, ...]
    split: Command

    def then(self, pane: str) -> list[Command]:
        """What makes the new pane the sidebar, and lets it follow, keep its width and leave."""
        mark = "fixed" if self.wish.stay else "sidebar"
        return [
            *(
                ["set-option", "-p", "-t", pane, name, value]
                for name, value in (
                    (hooks.MARK, mark),
                    (hooks.WIDTH, str(self.wish.width)),
                    (hooks.SIDE, self.wish.side),
                    ("remain-on-exit", "off"),
                    ("synchronize-panes", "off"),
                )
            ),
            ["set-option", "-wF", "-t", self.window, hooks.DURING, hooks.GEOMETRY],
            *hooks.install(),
            *([["select-pane", "-t", pane]] if self.wish.focus else []),
        ]


def too_old(version: str) -> str | None:
    """The line to say where tmux is too old; a version without numbers (built from its repository) is new."""
    found = _VERSION.search(version)
    if found is None or (int(found[1]), int(found[2])) >= OLDEST:
        return None
    return f"tmux {version} is too old: the sidebar needs {OLDEST[0]}.{OLDEST[1]} or newer"


def read_panes(listed: str) -> list[Pane]:
    """Lines of `LISTED`; one that is none is left out."""
    found = (_LINE.fullmatch(line) for line in listed.splitlines())
    return [Pane(m[1], m[2], int(m[3]), m[4] == "1", m[5] == "1", m[6] == "1", m[7]) for m in found if m is not None]


def decide(
    panes: Sequence[Pane], at: str, wish: Wish, program: Sequence[str], environ: Mapping[str, str]
) -> list[Command] | Opening | Refusal:
    """What to do for somebody who looks at the pane `at`.

    `panes`: those of its session. `program`: the sidebar's command. `environ`: what it needs of ours.
    """
    own = next((pane for pane in panes if pane.id == at), None)
    if own is None:
        return Refusal(f"tmux has no pane {at}")
    here = next((pane for pane in panes if pane.window == own.window and pane.runs), None)
    if here is not None:
        return _press(here, own, wish)
    follower = next((pane for pane in panes if pane.mark == "sidebar"), None)
    if wish.close:
        return [*hooks.install(), _kill(follower)] if follower is not None else []
    needed = wish.width + hooks.MAIN_COLUMNS
    if own.window_width < needed:
        return Refusal(
            f"this window has {own.window_width} columns and the sidebar needs {needed}:"
            f" {wish.width} of its own, {hooks.MAIN_COLUMNS} for the rest"
        )
    if follower is not None and not wish.stay:
        # It comes by its hooks, which run one after the other; what is run beside them could bring a second slot.
        if not own.shown:
            return [*hooks.install(), *_unzoom(own), ["select-window", "-t", own.window]]
        return [*hooks.install(), *(_unzoom(own) or [["run-shell", "-C", hooks.tend()]])]
    return Opening(
        own.window,
        wish,
        (
            *(_kill(pane) for pane in panes if pane.mark == "slot" and pane.window == own.window),
            ["set-option", "-wF", "-t", own.window, hooks.BEFORE, "#{window_layout}"],
            ["set-option", "-wF", "-t", own.window, hooks.PANES, "#{window_panes}"],
            ["set-option", "-wF", "-t", own.window, hooks.FOR, "#{window_width}"],
        ),
        [
            *("split-window", "-d", "-f", "-h", *(["-b"] if wish.side == "left" else [])),
            *("-l", str(wish.width), "-t", own.id, "-P", "-F", "#{pane_id}"),
            *(word for name, value in environ.items() for word in ("-e", f"{name}={value}")),
            *("sh", "-c", _STAY_ON_ERROR, *program),
        ],
    )


def _press(sidebar: Pane, own: Pane, wish: Wish) -> list[Command]:
    """It is in this window: close it, unless there is something of it still to be seen or gone to."""
    if not wish.close:
        if sidebar.zoomed and not sidebar.active:
            return [*_unzoom(own), *([["select-pane", "-t", sidebar.id]] if wish.focus else [])]
        if wish.focus and not sidebar.active:
            return [["select-pane", "-t", sidebar.id]]
    return [*hooks.install(), _kill(sidebar)]


def _kill(pane: Pane) -> Command:
    return ["kill-pane", "-t", pane.id]


def _unzoom(pane: Pane) -> list[Command]:
    return [["resize-pane", "-Z", "-t", pane.id]] if pane.zoomed else []


def conf_line(program: str, wish: Wish, key: str) -> str:
    """The line for `.tmux.conf`. `program`: absolute.

    What ends with 1 has said why on tmux's status line; anything else, as a program that is gone, is said there too.
    """
    options = [f"--{wish.side}", "--width", str(wish.width)]
    options += ["--stay"] if wish.stay else []
    options += ["--focus"] if wish.focus else []
    # tmux fills in formats first, and `##` is a `#` but before a `[`; then the shell reads, to which `''` is nothing.
    path = shlex.quote(program).replace("#", "##''")
    command = f"{path} tmux --pane #{{pane_id}} {' '.join(options)} || [ $? -eq 1 ] || {_GONE}"
    return f"bind-key {shlex.quote(key)} run-shell {shlex.quote(command)}"
