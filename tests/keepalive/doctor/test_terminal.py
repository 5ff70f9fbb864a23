"""What is said of the terminal."""

from __future__ import annotations

import pytest

from keepalive.doctor.terminal import Terminal, check

GOOD = {"TERM": "xterm-256color", "COLORTERM": "truecolor", "LANG": "de_DE.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "level", "begins"),
    [
        (GOOD, "ok", "colours: all"),
        ({"TERM": "screen-256color"}, "ok", "colours: 256"),
        ({"TERM": "xterm"}, "ok", "colours: 16"),
        ({**GOOD, "NO_COLOR": "1"}, "ok", "no colours"),
        ({"TERM": "dumb"}, "note", "no colours: TERM is dumb"),
        ({}, "note", "no colours: TERM is not set"),
    ],
)
def test_colours(environ: dict[str, str], level: str, begins: str) -> None:
    one = check(Terminal(environ))[0]
    assert one.level == level
    assert one.text.startswith(begins)


@pytest.mark.parametrize(
    ("environ", "level"),
    [
        ({"LANG": "C.UTF-8"}, "ok"),
        ({"LC_ALL": "C", "LANG": "C.UTF-8"}, "note"),
        ({"LC_CTYPE": "utf8"}, "ok"),
        ({}, "note"),
    ],
)
def test_letters(environ: dict[str, str], level: str) -> None:
    assert check(Terminal(environ))[1].level == level


def test_tmux_says_what_it_passes_on() -> None:
    def said(desktop: bool = False, **options: str) -> list[tuple[str, str | None]]:
        tmux = {name.replace("_", "-"): value for name, value in options.items()}
        return [(one.level, one.mend) for one in check(Terminal(GOOD, tmux, desktop))[2:]]

    assert said(set_clipboard="on", allow_passthrough="on") == [("ok", None), ("ok", None)]
    assert said(set_clipboard="external") == [("note", "tmux set -s set-clipboard on")]
    assert said(True, set_clipboard="on")[1:] == [("note", "tmux set -g allow-passthrough on")]


def test_notifications_matter_where_they_are_wanted() -> None:
    assert [one.mend for one in check(Terminal(GOOD, desktop=True))[2:]] == ["desktop = false"]
    assert check(Terminal({**GOOD, "TERM_PROGRAM": "WezTerm"}, desktop=True))[2:] == []
    assert check(Terminal({**GOOD, "TERM": "xterm-kitty"}, desktop=True))[2:] == []
