"""What an install shows before it writes."""

from __future__ import annotations

from pathlib import Path

from keepalive.install.plan import Change
from keepalive.install.surroundings import Hook
from keepalive.plugin_files import plugin_files
from tui.install_text import WIDTH, diff, hooks, summary, terms

FILE = Path("/home/ada/.claude/settings.json")


def test_a_change_is_a_unified_diff() -> None:
    assert diff(Change(FILE, b'{\r\n "a": 1\r\n}', b'{\r\n "a": 2\r\n}\r\n'), colour=False) == [
        f"--- {FILE}",
        f"+++ {FILE}",
        "@@ -1,3 +1,3 @@",
        " {",
        '- "a": 1',
        "-}\n\\ No newline at end of file",
        '+ "a": 2',
        "+}",
    ]


def test_a_new_file_and_one_that_goes() -> None:
    assert diff(Change(FILE, None, b"x\n"), colour=False) == ["--- /dev/null", f"+++ {FILE}", "@@ -0,0 +1 @@", "+x"]
    assert diff(Change(FILE, b"x\n", None), colour=False) == [f"remove {FILE}"]


def test_a_file_of_the_plugin_is_told_by_its_length_and_what_for() -> None:
    path = Path("/p/hooks/start.ts")
    assert summary(Change(path, None, b"a\nb\n")) == ["/p/hooks/start.ts: 2 lines; how the keeper is started"]
    assert summary(Change(path, b"a\nx\n", b"a\n")) == [
        "/p/hooks/start.ts: 1 line, 0 of them new; how the keeper is started"
    ]
    assert summary(Change(FILE, b"{}", b"{1}")) == [], "what is the person's own is shown as a whole"
    assert summary(Change(path, b"a\n", None)) == []


def test_every_file_of_the_plugin_has_its_line() -> None:
    for name, data in plugin_files(Path("/p"), []).items():
        assert summary(Change(Path("/p") / name, None, data))


def test_colours_are_there_when_they_are_wanted() -> None:
    lines = diff(Change(FILE, b"a\n", b"b\n"), colour=True)
    assert lines[-2:] == ["\x1b[31m-a\x1b[0m", "\x1b[32m+b\x1b[0m"]
    assert all("\x1b" not in line for line in diff(Change(FILE, b"a\n", b"b\n"), colour=False))


def test_what_a_file_holds_is_shown_and_not_done() -> None:
    hostile = "\x1b[31m\u202e\x07\x9b2J".encode()
    (line,) = [line for line in diff(Change(FILE, b"", hostile + b"\n"), colour=False) if line.startswith("+\ufffd")]
    assert line.isprintable()
    assert hooks([Hook(Path("/s\x1b"), "say \x1b[31mred\n" + "x" * 500)])[1] == f"  /s\ufffd: say red {'x' * 92}"


def test_without_hooks_there_is_nothing_to_say() -> None:
    assert hooks([]) == []


def test_the_terms_are_quoted_with_their_source() -> None:
    text = " ".join(" ".join(terms()).split())
    assert '"does not permit third-party developers to offer Claude.ai login' in text
    assert 'No access "through automated or non-human means"' in text
    assert "is not published" in text
    assert max(map(len, terms())) <= WIDTH
