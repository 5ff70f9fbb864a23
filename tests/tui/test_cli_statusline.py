"""Help and wrong usage of the status line, as of any command."""

from __future__ import annotations

import pytest

from tests.tui.cli_home import Cli
from tui import statusline


def test_help(cli: Cli) -> None:
    shown = cli("statusline", "--help")
    assert shown.code == 0
    assert "--wrap COMMAND" in shown.out


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--wrap"], ["--wrap", "a", "--", "b"]])
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: list[str]) -> None:
    result = cli("statusline", *arguments)
    assert (result.code, result.out) == (2, "")
    assert "Error: " in result.err


def test_what_the_quick_way_did_not_take_is_served_all_the_same(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    served: list[statusline.Wrapped] = []
    monkeypatch.setattr(statusline, "serve", served.append)
    assert cli("statusline", "--").code == 0
    assert cli("statusline", "echo", "x").code == 0
    assert cli("statusline", "--wrap", "").code == 0
    assert served == [None, ("echo", "x"), None]
