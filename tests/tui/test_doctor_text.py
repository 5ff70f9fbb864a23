"""The doctor's findings as a person reads them."""

from __future__ import annotations

import click
from hypothesis import given
from hypothesis import strategies as st

from keepalive.doctor.finding import Finding
from tui.doctor_text import WIDTH, lines

FOUND = [
    Finding("ok", "claude 2.1.331: /bin/claude", area="clients"),
    Finding("note", "not installed: " + "six files would be written " * 4, "warmside install claude", "plugin"),
    Finding("problem", "no keeper runs", "warmside keeper start", "keeper"),
]


def test_groups_are_aligned_and_end_with_a_count() -> None:
    assert lines(FOUND, colour=False) == [
        "Clients",
        "  ok       claude 2.1.331: /bin/claude",
        "Plugin for Claude Code",
        "  note     not installed: six files would be written six files would be written",
        "           six files would be written six files would be written",
        "           > warmside install claude",
        "Keeper",
        "  PROBLEM  no keeper runs",
        "           > warmside keeper start",
        "",
        "1 problem, 1 note.",
    ]
    assert lines(FOUND[:1], colour=False)[-1] == "No problem, 0 notes."


def test_colour_adds_nothing_but_colour() -> None:
    coloured = lines(FOUND, colour=True)
    assert any("\x1b[31m" in line for line in coloured)
    assert [click.unstyle(line) for line in coloured] == lines(FOUND, colour=False)


@given(st.lists(st.text("ab -/", min_size=1, max_size=30), max_size=30).map(" ".join))
def test_no_text_is_lost_and_none_is_wider_than_the_terminal(text: str) -> None:
    said = lines([Finding("ok", text, area="store")], colour=False)[1:-2]
    assert "".join(said).replace(" ", "") == "ok" + (text.replace(" ", "") or "-")
    assert all(len(line) <= WIDTH for line in said)
