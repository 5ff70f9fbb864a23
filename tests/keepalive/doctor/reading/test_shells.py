"""The block in a shell's file is read as the installer writes it."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive import install_shell
from keepalive.doctor.clients import Client
from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.shells import read
from keepalive.install_shell import SHELLS, Shell
from tests.keepalive.doctor.reading.test_clients import program

OWN = "[ ! -x /opt/other ] && echo no\nalias codex='codex --yes'\n"


@pytest.mark.parametrize("shell", SHELLS)
def test_what_an_install_wrote_is_found(around: Around, shell: Shell) -> None:
    warmside = program(around.home / "it's here" / "warmside", "exit 0")
    place = install_shell.place(shell, around.environ)
    place.file.parent.mkdir(parents=True, exist_ok=True)
    text = install_shell.added(OWN, install_shell.body(shell, warmside, ["claude", "codex"]))
    place.file.write_text(text, encoding="utf-8")
    (found,) = read(around.environ, [Client("codex", Path("/bin/codex"), "1"), Client("pi", Path("/bin/pi"), "1")])
    assert (found.name, found.file, found.damaged) == (shell, place.file, "")
    assert (found.program, found.runs) == (str(warmside), True)
    assert found.clients == found.wanted == ("claude", "codex")
    assert found.alias == "codex"
    warmside.unlink()
    assert not read(around.environ, [])[0].runs


def test_a_file_without_a_block_and_one_with_half_of_it(around: Around) -> None:
    bashrc = around.home / ".bashrc"
    bashrc.write_text(OWN)
    (found,) = read(around.environ, [])
    assert (found.program, found.damaged, found.wanted) == (None, "", ("claude",))
    bashrc.write_text("# >>> warmside >>>\n")
    assert "not whole" in read(around.environ, [])[0].damaged


def test_the_login_shell_counts_without_a_file(around: Around) -> None:
    assert read(around.environ, []) == ()
    program(around.home / "bin" / "zsh", "exit 0")
    (found,) = read({**around.environ, "SHELL": "/bin/zsh"}, [])
    assert (found.name, found.program) == ("zsh", None)
