"""The doctor's findings for a person: by area, aligned, wrapped to the terminal's usual width. Pure."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

import click

from keepalive.doctor.finding import Finding

WIDTH = 80
_MARKS = {"ok": ("ok", "green"), "note": ("note", "yellow"), "problem": ("PROBLEM", "red")}
_LEVEL = max(len(mark) for mark, _ in _MARKS.values()) + 2
_INDENT = 2
_TITLES = {
    "base_url": "Base URL",
    "config": "Configuration",
    "plugin": "Plugin for Claude Code",
    "prices": "Price table",
    "sessions": "Open sessions",
    "settings": "Claude Code's settings",
    "statusline": "Status line",
    "subscription": "Subscription login",
}


def lines(findings: Sequence[Finding], *, colour: bool) -> list[str]:
    """Everything, with a summary at the end."""
    said: list[str] = []
    for area, group in groupby(findings, key=lambda finding: finding.area):
        title = _TITLES.get(area, area.capitalize())
        said.append(click.style(title, bold=True) if colour else title)
        for finding in group:
            said += _one(finding, colour)
    return [*said, "", _summary(findings)]


def _one(finding: Finding, colour: bool) -> Iterator[str]:
    mark, shade = _MARKS[finding.level]
    left = " " * (_INDENT + _LEVEL)
    wrapped = textwrap.wrap(finding.text, WIDTH - len(left), break_long_words=False, break_on_hyphens=False)
    first, *more = wrapped or ["-"]
    shown = f"{mark:<{_LEVEL}}"
    yield f"{' ' * _INDENT}{click.style(shown, fg=shade) if colour else shown}{first}"
    yield from (left + line for line in more)
    if finding.mend is not None:  # one line, however long: it is there to be copied
        yield f"{left}> {click.style(finding.mend, bold=True) if colour else finding.mend}"


def _summary(findings: Sequence[Finding]) -> str:
    problems, notes = (sum(finding.level == level for finding in findings) for level in ("problem", "note"))
    if problems:
        return f"{_count(problems, 'problem')}, {_count(notes, 'note')}."
    return f"No problem, {_count(notes, 'note')}."


def _count(count: int, word: str) -> str:
    return f"{count} {word}" if count == 1 else f"{count} {word}s"
