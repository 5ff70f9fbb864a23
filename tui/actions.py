"""The one catalogue of what a person can do: keys, words, help, and why something does not apply now.

Keys, footer, help and palette all read it, so they cannot disagree. It decides nothing else and touches nothing:
the screens carry an action out under its name. Which keys are in force is keymap.py's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

from tui import applies, key_names
from tui.applies import Reason
from tui.moment import Moment

Group = Literal["this session", "list", "in the history", "pages", "move", "warmside"]
GROUPS: tuple[Group, ...] = ("this session", "list", "in the history", "pages", "move", "warmside")
"""In the order of the help."""
NO_KEY = "the palette"
"""What leads to an action that has no key."""


class Action(NamedTuple):
    """One thing to do. `keys` are names as in key_names.py, the first one is shown."""

    name: str
    keys: tuple[str, ...]
    group: Group
    word: str
    help: str
    applies: Callable[[Moment], Reason]
    in_palette: bool = True
    footer: int = 0
    """Rank in the footer, first kept longest; 0 is never there, or always at its end (help)."""

    def reason_not(self, moment: Moment) -> Reason:
        """Why it does not apply, with the keys that it speaks of."""
        reason = self.applies(moment)
        return reason and reason.format_map(_Keys(DEFAULT_SHOWN if moment.keys is None else moment.keys))


class _Keys(dict[str, str]):
    """Keys by action, for a reason's braces."""

    def __missing__(self, name: str) -> str:
        return NO_KEY


_HERE, _LIST, _PAST, _PAGES, _MOVE, _ALL = GROUPS

CATALOGUE: tuple[Action, ...] = (
    Action("open", ("enter",), _HERE, "open", "open its last turns", applies.to_open, footer=1),
    Action("tab", ("tab", "]", "right"), _HERE, "next tab", "cache, ledger, budget", applies.to_turn_over, footer=4),
    Action("tab_back", ("[", "shift+tab", "left"), _HERE, "tab before", "the tab before", applies.to_turn_over, False),
    Action("tab_at", ("1", "2", "3", "4"), _HERE, "tab", "the tab by its number", applies.to_turn_over, False),
    Action("budget", ("b",), _HERE, "budget", "mode, pings, money, until", applies.live, footer=5),
    Action("ping", ("p",), _HERE, "ping", "send one ping now", applies.to_ping, footer=6),
    Action("hold", ("h",), _HERE, "hold", "keep warm 2 h; again auto", applies.live, footer=10),
    Action("off", ("o",), _HERE, "off", "pause: no pings here", applies.to_switch_off, footer=15),
    Action("jump", ("g",), _HERE, "pane", "to the agent's tmux pane", applies.to_jump, footer=7),
    Action("copy", ("y",), _HERE, "copy", "path, answer, turn, brief", applies.to_copy, footer=14),
    Action("find", ("/",), _LIST, "find", "show only what matches", applies.to_find, footer=9),
    Action("sort", ("s",), _LIST, "sort", "need, age, project, cost", applies.to_sort, footer=13),
    Action("back", ("escape",), _LIST, "back", "leave what was opened", applies.to_leave, in_palette=False, footer=2),
    Action("next_hit", ("n",), _PAST, "next", "the next turn found", applies.found, footer=8),
    Action("hit_before", ("N",), _PAST, "before", "the turn found before", applies.found, in_palette=False),
    Action("export", ("e",), _PAST, "export", "whole session as Markdown", applies.listed, footer=16),
    Action("history", ("H",), _PAGES, "history", "all sessions, full text", applies.to_history, footer=11),
    Action("days", ("L",), _PAGES, "ledger", "cost and savings by day", applies.to_days, footer=12),
    Action("up", ("up", "k"), _MOVE, "up", "up", applies.some_rows, in_palette=False),
    Action("down", ("down", "j"), _MOVE, "down", "down", applies.some_rows, in_palette=False),
    Action("page_up", ("pageup",), _MOVE, "page up", "a page up", applies.some_rows, in_palette=False),
    Action("page_down", ("pagedown", "space"), _MOVE, "page down", "a page down", applies.some_rows, in_palette=False),
    Action("first", ("home",), _MOVE, "first", "to the first", applies.some_rows, in_palette=False),
    Action("last", ("end", "G"), _MOVE, "last", "to the last", applies.some_rows, in_palette=False),
    Action("keeper", ("K",), _ALL, "keeper", "start the keeper", applies.to_start, footer=3),
    Action("palette", ("ctrl+p", ":"), _ALL, "palette", "an action by its name", applies.always, False, footer=18),
    Action("help", ("?",), _ALL, "help", "all keys", applies.always),
    Action("quit", ("q",), _ALL, "quit", "leave; the keeper goes on", applies.always, footer=17),
)
BY_NAME = {action.name: action for action in CATALOGUE}
DEFAULT_SHOWN: Mapping[str, str] = {action.name: key_names.shown(action.keys[0]) for action in CATALOGUE}
"""The first keys as they are shown where nobody chose others."""
