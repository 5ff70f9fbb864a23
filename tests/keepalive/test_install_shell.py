"""The function: in and out of a file without a trace, and in real shells never between a person and a client."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.install_shell import (
    SHELLS,
    DamagedBlock,
    Removed,
    Shell,
    added,
    body,
    own_alias,
    place,
    removed,
)

SECONDS = 20.0
TEXTS = st.one_of(
    st.text(), st.lists(st.sampled_from(["", "x=1", "\r", "# a", "fi", "\x0c", "é", "\udc80"])).map("\n".join)
)
INNER, OTHER = "one\ntwo\n", "three\n"
SPECIAL = ["", "two words", "it's", '"q"', "*", "~", "$HOME", "a\nb", "\\", "-x", "--", "é", "`id`", "!!", "%", "{a,b}"]
CLIENT = f"""#!{sys.executable} -S
import json, os, sys
with open({{log!r}}, "a") as log:
    log.write(json.dumps({{{{"argv": sys.argv[1:], "name": os.path.basename(sys.argv[0]),
                              "through": os.environ.get("THROUGH"), "stdin": sys.stdin.read()}}}}) + "\\n")
if os.environ.get("DIE"):
    os.kill(os.getpid(), int(os.environ["DIE"]))
sys.exit(int(os.environ.get("CODE", "0")))
"""
THROUGH = '#!/bin/sh\n[ "$1 $2" = "run --check" ] && exit 0\n[ "$1 $2" = "run --" ] || exit 99\nshift 2\n'
THROUGH += 'THROUGH=1 exec "$@"\n'


@given(TEXTS)
def test_what_goes_in_comes_out_without_a_trace(text: str) -> None:
    inside = added(text, INNER)
    assert removed(inside) == Removed(text)
    assert inside.startswith(text)
    assert removed(text) is None


@given(TEXTS)
def test_twice_is_once_and_a_new_body_takes_the_old_ones_place(text: str) -> None:
    once = added(text, INNER)
    assert added(once, INNER) == once
    assert added(once, OTHER) == added(text, OTHER)


@given(TEXTS, TEXTS, TEXTS)
def test_what_the_person_writes_around_it_stays(text: str, before: str, after: str) -> None:
    """The line end that we added goes only where nothing has come after it."""
    inside = before + "\n" + added(text, INNER) + after
    left = removed(inside)
    assert left is not None
    ended = "\n" if after and text and not text.endswith("\n") else ""
    assert left.text == before + "\n" + text + ended + after
    assert added(inside, OTHER) == inside.replace(INNER, OTHER)


def test_a_file_that_was_new_goes_with_the_block_unless_something_else_is_in_it() -> None:
    new = added(None, INNER)
    assert removed(new) == Removed(None)
    assert removed(new + "mine\n") == Removed("mine\n")
    assert removed(added(None, INNER, folders=2)) == Removed(None, folders=2)
    assert removed(added(added(None, INNER, folders=2), OTHER)) == Removed(None, folders=2)
    assert removed(added("", INNER)) == Removed("")


@pytest.mark.parametrize("damage", ["no end", "no begin", "twice", "one and a half"])
def test_a_damaged_block_is_left_to_the_person(damage: str) -> None:
    whole = added("x=1\n", INNER)
    begin, end = whole.splitlines(keepends=True)[1], whole.splitlines(keepends=True)[-1]
    text = {
        "no end": whole.replace(end, ""),
        "no begin": whole.replace(begin, ""),
        "twice": whole + added(None, INNER),
        "one and a half": whole + begin,
    }[damage]
    for edit in (removed, lambda text: added(text, INNER)):
        with pytest.raises(DamagedBlock, match="by hand"):
            edit(text)


def test_each_shells_file_is_where_the_shell_looks(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    files = {shell: place(shell, environ).file.relative_to(tmp_path) for shell in SHELLS}
    assert {shell: str(file) for shell, file in files.items()} == {
        "bash": ".bashrc",
        "zsh": ".zshrc",
        "fish": ".config/fish/conf.d/warmside.fish",
    }
    moved = environ | {"ZDOTDIR": "/z", "XDG_CONFIG_HOME": "/c"}
    assert place("zsh", moved).file == Path("/z/.zshrc")
    assert place("fish", moved).file == Path("/c/fish/conf.d/warmside.fish")
    assert [place(shell, environ).whole for shell in SHELLS] == [False, False, True]


def test_an_alias_of_the_persons_own_is_seen() -> None:
    assert own_alias('x=1\n  alias claude="~/.claude/local/claude"\n', ["claude"]) == "claude"
    assert own_alias("alias codex claude\n", ["claude", "codex"]) == "codex"
    assert own_alias("alias claudette=1\n# alias claude=2\n", ["claude"]) is None


@dataclass
class Terminal:
    """A shell of a person with the block in its file, clients on PATH, and a warmside that says when it was used."""

    shell: Shell
    root: Path

    def __post_init__(self) -> None:
        self.bin = self.root / "bin"
        self.bin.mkdir()
        self.log = self.root / "log"
        self.warmside = self.root / 'it\'s \\ "$HOME" here' / "warmside"
        self.warmside.parent.mkdir()
        self.executable(self.warmside, THROUGH)
        for name in ("claude", "codex"):
            self.executable(self.bin / name, CLIENT.format(log=str(self.log)))
        self.environ = {
            "PATH": f"{self.bin}:{os.environ['PATH']}",
            "HOME": str(self.root),
            "TERM": "dumb",
            "LANG": "C.UTF-8",
        }
        self.file = place(self.shell, self.environ).file
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.install()

    def executable(self, path: Path, text: str) -> None:
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o755)

    def install(self, before: str = "", after: str = "") -> None:
        self.file.write_text(before + added(None, body(self.shell, self.warmside, ["claude", "codex"])) + after)

    def run(self, script: str, *, interactive: bool = True, **environ: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [self.shell, *(["-i"] if interactive else []), "-c", script],
            env=self.environ | environ,
            cwd=self.root,
            input="typed",
            capture_output=True,
            text=True,
            timeout=SECONDS,
            check=False,
            start_new_session=True,
        )

    def started(self) -> list[dict[str, object]]:
        """The starts of clients since the last time that was asked."""
        lines = self.log.read_text(encoding="utf-8").splitlines() if self.log.exists() else []
        self.log.unlink(missing_ok=True)
        return [json.loads(line) for line in lines]

    def through(self) -> list[object]:
        return [start["through"] for start in self.started()]


@pytest.fixture(params=SHELLS)
def terminal(request: pytest.FixtureRequest, tmp_path: Path) -> Terminal:
    if shutil.which(request.param) is None:
        pytest.skip(f"{request.param} is not installed")
    return Terminal(request.param, tmp_path)


def quoted(shell: Shell, words: list[str]) -> str:
    if shell != "fish":
        return shlex.join(words)
    return " ".join("'" + word.replace("\\", "\\\\").replace("'", "\\'") + "'" for word in words)


def test_arguments_and_input_arrive_as_they_were_typed(terminal: Terminal) -> None:
    assert terminal.run("claude " + quoted(terminal.shell, SPECIAL)).returncode == 0
    [start] = terminal.started()
    assert start == {"argv": SPECIAL, "name": "claude", "through": "1", "stdin": "typed"}
    terminal.run("codex; claude")
    assert [(start["name"], start["argv"], start["through"]) for start in terminal.started()] == [
        ("codex", [], "1"),
        ("claude", [], "1"),
    ]


@pytest.mark.parametrize("code", [0, 1, 7, 126, 127, 255])
def test_the_code_is_the_clients_own_and_it_is_started_once(terminal: Terminal, code: int) -> None:
    assert terminal.run("claude", CODE=str(code)).returncode == code
    assert terminal.through() == ["1"]


def test_a_signals_end_is_the_clients_own(terminal: Terminal) -> None:
    ended = terminal.run("claude; exit $status" if terminal.shell == "fish" else "claude; exit $?", DIE="15")
    assert ended.returncode == 128 + signal.SIGTERM
    assert terminal.through() == ["1"]


def test_command_goes_around(terminal: Terminal) -> None:
    terminal.run("command claude x")
    assert terminal.through() == [None]


@pytest.mark.parametrize("trouble", ["gone", "no interpreter", "fails", "not executable"])
def test_without_a_working_warmside_the_client_starts_as_it_is(terminal: Terminal, trouble: str) -> None:
    if trouble == "gone":
        terminal.warmside.unlink()
    elif trouble == "not executable":
        terminal.warmside.chmod(0o644)
    else:
        start = "#!/nowhere/python\n" if trouble == "no interpreter" else "#!/bin/sh\necho broken >&2\nexit 1\n"
        terminal.executable(terminal.warmside, start)
    ended = terminal.run("claude " + quoted(terminal.shell, SPECIAL), CODE="7")
    assert ended.returncode == 7
    [start_] = terminal.started()
    assert start_ == {"argv": SPECIAL, "name": "claude", "through": None, "stdin": "typed"}


def test_inside_a_launch_nothing_is_wrapped_and_after_it_everything_is(terminal: Terminal) -> None:
    terminal.run("claude", WARMSIDE_RUN_PID=str(os.getpid()))
    assert terminal.through() == [None]
    with subprocess.Popen(["true"]) as over:
        pass
    terminal.run("claude", WARMSIDE_RUN_PID=str(over.pid))
    assert terminal.through() == ["1"]


def test_a_shell_that_is_not_interactive_is_left_alone(terminal: Terminal) -> None:
    source = quoted(terminal.shell, [str(terminal.file)])
    ended = terminal.run(
        f"source {source}; claude" if terminal.shell == "fish" else f". {source}; claude", interactive=False
    )
    assert (ended.returncode, ended.stderr) == (0, "")
    assert terminal.through() == [None]


def test_strict_shells(terminal: Terminal) -> None:
    if terminal.shell == "fish":
        pytest.skip("fish has neither set -u nor set -e")
    ended = terminal.run("set -eu; claude x; echo after; claude y; echo never", CODE="0")
    assert (ended.returncode, ended.stdout) == (0, "after\nnever\n")
    assert terminal.through() == ["1", "1"]
    ended = terminal.run("set -eu; claude x; echo never", CODE="7")
    assert (ended.returncode, ended.stdout) == (7, "")
    assert terminal.through() == ["1"]
    ended = terminal.run("set -eu; if claude x; then :; else echo no; fi; claude y || echo nor", CODE="7")
    assert (ended.returncode, ended.stdout) == (0, "no\nnor\n")
    terminal.warmside.unlink()
    assert terminal.run("set -eu; claude x; echo never", CODE="7").returncode == 7


def test_aliases_still_work(terminal: Terminal) -> None:
    if terminal.shell == "fish":
        pytest.skip("an alias of fish is a function")
    alias = "shopt -s expand_aliases 2>/dev/null\nalias claude='claude --more'\n"
    for before, after in ((alias, ""), ("", alias)):
        terminal.install(before, after)
        ended = terminal.run("eval 'claude x'")
        assert ended.returncode == 0
        [start] = terminal.started()
        assert (start["argv"], start["through"]) == (["--more", "x"], "1")


def test_a_function_of_the_persons_own_stays(terminal: Terminal) -> None:
    if terminal.shell == "fish":
        own = terminal.file.parent.parent / "functions" / "claude.fish"
        own.parent.mkdir()
        own.write_text("function claude\n    command claude mine $argv\nend\n")
    else:
        terminal.install('claude() { command claude mine "$@"; }\n')
    terminal.run("claude x")
    [start] = terminal.started()
    assert (start["argv"], start["through"]) == (["mine", "x"], None)


def test_the_file_may_be_read_again(terminal: Terminal) -> None:
    source = quoted(terminal.shell, [str(terminal.file)])
    ended = terminal.run(f"{'source' if terminal.shell == 'fish' else '.'} {source}; claude")
    assert ended.returncode == 0
    assert terminal.through() == ["1"]


def test_its_start_is_silent(terminal: Terminal) -> None:
    plain = terminal.run("claude")
    terminal.file.unlink()
    assert plain.stderr == terminal.run("claude").stderr
    assert terminal.through() == ["1", None]
