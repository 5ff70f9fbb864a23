"""The bar of an import: how far it is, on stderr, and gone afterwards."""

from __future__ import annotations

import io
import sys

import pytest

from store.ingest.importer import Progress
from tui.import_bar import bar


class Terminal(io.StringIO):
    """A stderr that a person looks at."""

    def isatty(self) -> bool:
        return True


def a_terminal(monkeypatch: pytest.MonkeyPatch) -> Terminal:
    """Within the test itself: pytest puts its own stderr back between a fixture and its test."""
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "100")
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    return shown


def test_it_says_how_many_bytes_of_how_many(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = a_terminal(monkeypatch)
    with bar() as report:
        report(Progress(1, 4, 2_000_000, 8_000_000))
        report(Progress(4, 4, 8_000_000, 8_000_000))
    assert "8.0/8.0 MB" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_it_is_taken_away_at_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with bar() as report:
        report(Progress(1, 1, 5, 5))
    assert terminal.getvalue().endswith("\x1b[1A\x1b[2K")  # up, and the line erased
    assert terminal.getvalue().count("\x1b[?25h") == 1  # the cursor is back


def test_what_is_written_meanwhile_stays_above_it(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)
    with bar() as report:
        report(Progress(1, 2, 5, 10))
        sys.stderr.write("warmside: one line\n")
    shown = terminal.getvalue()
    assert "warmside: one line" in shown
    assert shown.index("warmside: one line") < shown.rindex("\x1b[1A")


def test_ctrl_c_gives_the_terminal_back(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = a_terminal(monkeypatch)

    def interrupted() -> None:
        with bar():
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert sys.stderr is terminal
    assert "\x1b[?25h" in terminal.getvalue()
