"""What an install shows before it writes: each file in a line or as a unified diff. Pure."""

from __future__ import annotations

import difflib
import textwrap
from collections.abc import Iterable, Iterator

import click

from keepalive.consent import TERMS, WHAT
from keepalive.install.plan import Change
from keepalive.install.surroundings import Hook
from store.plain_text import one_line
from tui.amounts import plural

WIDTH = 100
MOST_CELLS = 100
"""Of a hook's command."""
_WHAT = {
    "plugin.json": "names the plugin to the client",
    "README.md": "says what this is, for whoever finds it",
    "hooks.json": "when the client runs it",
    "register.ts": "tells the keeper of turns, and has the client re-read its cache when the keeper asks",
    "words.ts": "what plugin and keeper say to each other",
    "folder.ts": "where plugin and keeper meet",
    "start.ts": "how the keeper is started",
}
"""The plugin's files, by name."""
_COLOURS = {"+": "green", "-": "red", "@": "cyan"}


def diff(change: Change, *, colour: bool) -> list[str]:
    """The change as lines; a file that is removed as one line."""
    if change.after is None:
        return [_painted(f"remove {printable(str(change.path))}", "red", colour)]
    name = printable(str(change.path))
    before = "/dev/null" if change.before is None else name
    old, new = _lines(change.before or b""), _lines(change.after)
    lines = list(difflib.unified_diff(old, new, before, name, lineterm=""))
    return [
        click.style(line, bold=True) if colour and at < 2 else _painted(line, _COLOURS.get(line[:1], ""), colour)
        for at, line in enumerate(lines)
    ]


def summary(change: Change) -> list[str]:
    """A file of the plugin in one line: how long it is, and what for; any other change as it is."""
    what = _WHAT.get(change.path.name)
    if what is None or change.after is None:
        return []
    new = len(_lines(change.after))
    size = plural(new, "line")
    if change.before is not None:
        matcher = difflib.SequenceMatcher(None, _lines(change.before), _lines(change.after), autojunk=False)
        same = sum(block.size for block in matcher.get_matching_blocks())
        size = f"{size}, {new - same} of them new"
    return [f"{printable(str(change.path))}: {size}; {what}"]


def hooks(found: Iterable[Hook]) -> list[str]:
    """The person's own hooks that forks fire."""
    lines = [f"  {printable(str(hook.path))}: {one_line(hook.what)[:MOST_CELLS]}" for hook in found]
    return ["Your SubagentStop hooks, which every fork ping fires (with an empty agent type):", *lines] if lines else []


def terms() -> list[str]:
    """What the provider says about requests with a subscription login, and what this is about."""
    lines = ["Fork pings under a subscription login (Pro, Max, Team):"]
    for place, said in TERMS:
        lines += [*_wrapped(said, "  "), f"    {place}"]
    return [*lines, *(line for text in WHAT for line in _wrapped(text, "  "))]


def printable(text: str) -> str:
    """The text as it can stand in one line of a terminal: what a file holds is shown, never done."""
    return "".join(ch if ch.isprintable() or ch == "\t" else "\N{REPLACEMENT CHARACTER}" for ch in text)


def _lines(data: bytes) -> list[str]:
    text = data.decode("utf-8", "replace")
    lines = [printable(line.removesuffix("\r")) for line in text.split("\n")]
    if lines[-1] == "":
        return lines[:-1]
    return [*lines[:-1], lines[-1] + "\n\\ No newline at end of file"]


def _painted(line: str, colour: str, wanted: bool) -> str:
    return click.style(line, fg=colour) if wanted and colour else line


def _wrapped(text: str, indent: str) -> Iterator[str]:
    yield from textwrap.wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_on_hyphens=False)
