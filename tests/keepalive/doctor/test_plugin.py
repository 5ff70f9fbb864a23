"""What is said of plugin and status line."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from keepalive.doctor.plugin import INSTALL, Plugin, StatusLine, check, check_line

FOLDER = Path("/h/.claude/skills/warmside")
GOOD = Plugin(FOLDER, Path("/h/state/plugin"), "0.1.0", 6, recorded=True, meets=True, client="2.1.331")
LINE = StatusLine(Path("/h/.claude/settings.json"), "/opt/warmside", runs=True)
ALL = ("a", "b", "c", "d", "e", "f")


def said(plugin: Plugin) -> list[tuple[str, str | None]]:
    return [(one.level, one.mend) for one in check(plugin)]


def test_a_whole_plugin_is_fine() -> None:
    (one,) = check(GOOD)
    assert (one.level, one.text) == ("ok", f"the plugin 0.1.0 is in {FOLDER}")


def test_a_plugin_that_is_not_there_is_a_problem_only_where_it_was_installed() -> None:
    assert said(replace(GOOD, missing=ALL)) == [("problem", INSTALL)]
    (one,) = check(replace(GOOD, missing=ALL, recorded=False))
    assert (one.level, one.mend) == ("note", INSTALL)
    assert one.text == f"not installed: 6 files would be written to {FOLDER}"


def test_each_fault_has_its_line() -> None:
    assert said(replace(GOOD, missing=("a",))) == [("problem", INSTALL)]
    assert said(replace(GOOD, edited=("a",))) == [("problem", f"move {FOLDER} away, then: {INSTALL}")]
    assert said(replace(GOOD, old=("a",))) == [("note", INSTALL)]
    assert said(replace(GOOD, recorded=False))[1:] == [("note", INSTALL)]
    assert said(replace(GOOD, meets=False))[1:] == [("problem", INSTALL)]
    assert [level for level, _ in said(replace(GOOD, elsewhere=True, edited=("a",)))] == ["problem"]
    assert check(replace(GOOD, beside=ALL))[1].text.endswith("a, b, c and 3 more")


def test_a_client_that_is_too_old_matters_once_the_plugin_is_there() -> None:
    assert said(replace(GOOD, client="2.1.286"))[1:] == [("problem", "claude update")]
    assert said(replace(GOOD, client="2.1.286", missing=ALL, recorded=False))[1:] == [("note", "claude update")]
    assert len(said(replace(GOOD, client="2.1.287"))) == len(said(replace(GOOD, client=""))) == 1


def test_the_status_line() -> None:
    def line(**other: object) -> list[tuple[str, str | None]]:
        return [(one.level, one.mend) for one in check_line(replace(LINE, **other))]  # type: ignore[arg-type]

    assert line() == [("ok", None)]
    assert line(program=None) == line(program=None, own=True) == [("note", INSTALL)]
    assert line(runs=False) == [("problem", INSTALL)]
    assert line(broken="no JSON") == [("problem", "edit /h/.claude/settings.json")]
    assert line(hidden_by=(Path("/p/.claude/settings.json"),))[1:] == [("note", None)]
