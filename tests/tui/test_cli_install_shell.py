"""`install shell`, `uninstall shell`: shown, asked, written through links, and taken back without a trace."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result

from keepalive.install import files
from tui.cli_install_shell import install_command, uninstall_command

BASHRC = b"x=1\n\xff\xfe no end"


class Person:
    """A home, with shells and clients on PATH."""

    def __init__(self, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home, self.bin = root / "home", root / "bin"
        for folder in (self.home, self.bin):
            folder.mkdir()
        self.bashrc = self.home / ".bashrc"
        self.bashrc.write_bytes(BASHRC)
        for name in ("bash", "fish", "warmside", "codex"):
            self.program(name)
        for name in ("ZDOTDIR", "XDG_CONFIG_HOME"):
            monkeypatch.delenv(name, raising=False)
        given = {"HOME": self.home, "PATH": self.bin, "SHELL": "/bin/bash", "WARMSIDE_HOME": root / "ours"}
        for name, value in given.items():
            monkeypatch.setenv(name, str(value))

    def program(self, name: str) -> None:
        path = self.bin / name
        path.write_text("#!/bin/sh\n")
        path.chmod(0o755)

    def snapshot(self) -> dict[str, bytes | None]:
        """Everything in the home: files with their bytes, folders, links."""
        return {
            str(path.relative_to(self.home)): path.read_bytes() if path.is_file() else None
            for path in sorted(self.home.rglob("*"))
        }


@pytest.fixture
def person(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(tmp_path, monkeypatch)


def run(command: click.Command, *arguments: str, typed: str = "") -> Result:
    return CliRunner().invoke(command, arguments, input=typed)


def test_it_shows_asks_writes_and_takes_back(person: Person) -> None:
    before = person.snapshot()
    declined = run(install_command, typed="n\n")
    assert "+# >>> warmside" in declined.output
    assert f"+++ {person.bashrc}" in declined.output
    assert "Nothing was written." in declined.output
    assert person.snapshot() == before
    done = run(install_command, typed="y\n")
    assert done.exit_code == 0
    assert "claude, codex" in done.output
    written = person.bashrc.read_bytes()
    assert written.startswith(BASHRC + b"\n# >>> warmside")
    assert str(person.bin / "warmside").encode() in written
    assert b"function codex" in written
    assert b"function aider" not in written, "it is not here"
    assert person.snapshot().keys() == before.keys(), "no fish is used here, and no backup lies in the home"
    again = run(install_command, "--yes")
    assert "Nothing to do" in again.output
    assert run(uninstall_command, typed="n\n").exit_code == 0
    assert person.bashrc.read_bytes() == written
    assert run(uninstall_command, "--yes").exit_code == 0
    assert person.snapshot() == before
    assert "Nothing to do" in run(uninstall_command, "--yes").output


def test_every_shell_and_back_leaves_the_home_as_it_was(person: Person) -> None:
    before = person.snapshot()
    chosen = [part for shell in ("bash", "zsh", "fish") for part in ("--shell", shell)]
    assert run(install_command, *chosen, "--yes").exit_code == 0
    assert person.snapshot().keys() - before.keys() == {
        ".zshrc",
        ".config",
        ".config/fish",
        ".config/fish/conf.d",
        ".config/fish/conf.d/warmside.fish",
    }
    assert run(install_command, *chosen, "--yes").output.startswith("Nothing to do")
    assert run(uninstall_command, "--yes").exit_code == 0
    assert person.snapshot() == before


def test_what_the_person_wrote_in_between_stays(person: Person) -> None:
    run(install_command, "--yes", "--shell", "zsh", "--shell", "fish", "--shell", "bash")
    zshrc = person.home / ".zshrc"
    for file in (person.bashrc, zshrc):
        file.write_bytes(b"first=1\n" + file.read_bytes() + b"last=1\n")
    (person.home / ".config" / "fish" / "mine.fish").write_text("mine")
    assert run(uninstall_command, "--yes").exit_code == 0
    assert person.bashrc.read_bytes() == b"first=1\n" + BASHRC + b"\nlast=1\n"
    assert zshrc.read_bytes() == b"first=1\nlast=1\n"
    assert sorted(path.name for path in (person.home / ".config").rglob("*")) == ["fish", "mine.fish"]


def test_a_new_client_or_another_place_of_ours_renews_the_block(person: Person) -> None:
    run(install_command, "--yes")
    person.program("aider")
    renewed = run(install_command, "--yes")
    assert "+    typeset -f aider" in renewed.output
    assert person.bashrc.read_bytes().count(b"# >>> warmside") == 1


def test_a_link_is_followed_and_rights_stay(person: Person) -> None:
    real = person.home / "dotfiles" / "bashrc"
    real.parent.mkdir()
    person.bashrc.rename(real)
    real.chmod(0o640)
    person.bashrc.symlink_to("dotfiles/bashrc")
    run(install_command, "--yes")
    assert person.bashrc.readlink() == Path("dotfiles/bashrc")
    assert real.read_bytes().startswith(BASHRC + b"\n")
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    run(uninstall_command, "--yes")
    assert (real.read_bytes(), person.bashrc.is_symlink()) == (BASHRC, True)


def test_what_was_there_is_kept_for_its_owner_alone(person: Person) -> None:
    run(install_command, "--yes")
    [kept] = Path(os.environ["WARMSIDE_HOME"], "backups").iterdir()
    assert kept.read_bytes() == BASHRC
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_file_that_changes_while_it_is_shown_is_not_written(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    def answer(_question: str) -> bool:
        person.bashrc.write_bytes(b"new\n")
        return True

    monkeypatch.setattr(click, "confirm", answer)
    done = run(install_command)
    assert done.exit_code == 1
    assert done.stderr.startswith("warmside: ")
    assert person.bashrc.read_bytes() == b"new\n"


def test_what_stands_in_the_way_is_one_line(person: Person) -> None:
    run(install_command, "--yes")
    person.bashrc.write_bytes(person.bashrc.read_bytes().replace(b"# <<< warmside <<<\n", b""))
    for command in (install_command, uninstall_command):
        done = run(command, "--yes")
        assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
        assert f"warmside: {person.bashrc}: " in done.stderr
    person.bashrc.unlink()
    person.bashrc.mkdir()
    assert run(install_command, "--yes").exit_code == 1


def test_the_shells_are_those_that_are_used_here(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    person.bashrc.unlink()
    monkeypatch.setenv("SHELL", "/usr/bin/fish")
    run(install_command, "--yes")
    assert not person.bashrc.exists()
    assert (person.home / ".config/fish/conf.d/warmside.fish").exists()
    monkeypatch.setenv("SHELL", "/bin/tcsh")
    run(uninstall_command, "--yes")
    done = run(install_command, "--yes")
    assert (done.exit_code, done.output.count("\n")) == (1, 1)
    assert "--shell" in done.output


def test_an_alias_of_the_persons_is_said(person: Person) -> None:
    person.bashrc.write_text("alias claude=~/.claude/local/claude\n")
    assert "alias `claude`" in run(install_command, "--yes").stderr


def test_a_diff_does_nothing_to_the_terminal(person: Person) -> None:
    person.bashrc.write_bytes(b"\x1b]0;title\x07\n")
    assert "\x1b" not in run(install_command, "--yes").output


def test_nothing_is_lost_where_a_backup_cannot_be_made(person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    Path(os.environ["WARMSIDE_HOME"]).write_text("a file")
    done = run(install_command, "--yes")
    assert (done.exit_code, person.bashrc.read_bytes()) == (1, BASHRC)
    assert files.read(person.bashrc) == BASHRC
