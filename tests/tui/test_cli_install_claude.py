"""`install claude`: shows, asks, writes, and asks about subscription logins apart from that."""

from __future__ import annotations

import json
import os
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from keepalive import consent
from keepalive.install import surroundings
from keepalive.install.surroundings import Hook
from tests.tui.cli_home import Cli
from tui import cli_install_claude

OWN = '{\n  "statusLine": {"type": "command", "command": "date"}\n}\n'
PROGRAM = str(Path(sys.executable).with_name("warmside"))


@pytest.fixture(autouse=True)
def no_login(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A client of a known version, and nothing of the real environment."""
    for name in [name for name in os.environ if name.startswith(("ANTHROPIC_", "CLAUDE_CODE"))]:
        monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    client = tmp_path / "bin" / "claude"
    client.parent.mkdir()
    client.write_text("#!/bin/sh\necho '2.1.331 (Claude Code)'\n", encoding="utf-8")
    client.chmod(0o755)
    monkeypatch.setenv("PATH", f"{client.parent}:/usr/bin:/bin")


class Person:
    """Answers on a terminal."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked: list[str] = []
        self.answers: Iterator[bool | Callable[[], bool]] = iter(())
        monkeypatch.setattr(cli_install_claude, "_terminal", lambda: True)
        monkeypatch.setattr(click, "confirm", self._confirm)

    def says(self, *answers: bool | Callable[[], bool]) -> None:
        self.asked, self.answers = [], iter(answers)

    def _confirm(self, question: str) -> bool:
        self.asked.append(question)
        answer = next(self.answers)
        return answer if isinstance(answer, bool) else answer()


@pytest.fixture
def person(monkeypatch: pytest.MonkeyPatch) -> Person:
    return Person(monkeypatch)


def settings(cli: Cli) -> Path:
    cli.paths.claude_dir.mkdir(exist_ok=True)
    return cli.paths.claude_dir / "settings.json"


def allowed(cli: Cli) -> bool | None:
    if not cli.paths.store_file.exists():
        return None
    with closing(sqlite3.connect(cli.paths.store_file)) as connection:
        return consent.answered(connection)


def tree(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"/" for path in folder.rglob("*")}


def test_without_a_terminal_and_without_yes_it_is_one_line(cli: Cli, tmp_path: Path) -> None:
    settings(cli).write_text(OWN, encoding="utf-8")
    before = tree(tmp_path)
    message = cli("install", "claude").refused()
    assert message == "nothing was written: there is no terminal to ask on, and no --yes"
    assert tree(tmp_path) == before


def test_yes_writes_the_files_and_answers_nothing_else(cli: Cli) -> None:
    settings(cli).write_text(OWN, encoding="utf-8")
    done = cli("install", "claude", "--yes")
    assert (done.code, done.err) == (0, "")
    line = json.loads(settings(cli).read_text(encoding="utf-8"))["statusLine"]
    assert line == {"type": "command", "command": f"{PROGRAM} statusline --wrap date", "refreshInterval": 5}
    assert (cli.paths.claude_dir / "skills/warmside/.claude-plugin/plugin.json").exists()
    assert f"+++ {settings(cli)}" in done.out
    assert "skills/warmside/hooks/register.ts: " in done.out
    assert "(--dry-run shows every line of them.)" in done.out
    assert len(done.out.splitlines()) < 50, "the question has to stand beside what it asks"
    assert "\x1b" not in done.out
    assert "Claude Code 2.1.331" in done.out
    assert "/reload-plugins or a restart" in done.out
    assert "They stay off until `warmside install claude --subscription yes`." in done.out
    assert allowed(cli) is None
    again = cli("install", "claude", "--yes")
    assert "installed already: nothing to write" in again.out
    assert "+++" not in again.out


def test_uninstall_takes_back_everything(cli: Cli, tmp_path: Path) -> None:
    settings(cli).write_text(OWN, encoding="utf-8")
    before = tree(tmp_path)
    assert "nothing to take back" in cli("uninstall", "claude").out
    cli("install", "claude", "--yes")
    assert cli("uninstall", "claude").refused().startswith("nothing was removed")
    assert "remove " in cli("uninstall", "claude", "--dry-run").out
    done = cli("uninstall", "claude", "--yes")
    assert (done.code, done.err) == (0, "")
    assert tree(tmp_path) == before


def test_a_dry_run_writes_nothing_not_even_an_answer(cli: Cli, tmp_path: Path) -> None:
    settings(cli).write_text(OWN, encoding="utf-8")
    before = tree(tmp_path)
    for answer in ([], ["--subscription", "yes"], ["--subscription", "no"]):
        shown = cli("install", "claude", "--dry-run", "--yes", *answer)
        assert (shown.code, f"+++ {settings(cli)}" in shown.out) == (0, True)
        assert "skills/warmside/hooks/register.ts\n@@ -0,0 +1," in shown.out, "and every line of the plugin"
    assert tree(tmp_path) == before


def test_a_person_is_asked_twice(cli: Cli, person: Person) -> None:
    person.says(False)
    refused = cli("install", "claude")
    assert (refused.code, refused.out.splitlines()[-1]) == (1, "Nothing was written.")
    assert not settings(cli).exists()
    person.says(True, False)
    cli("install", "claude")
    assert person.asked == ["Write these?", "Send fork pings under a subscription login?"]
    assert settings(cli).exists()
    assert allowed(cli) is None, "no store is made to say no"
    person.says(True)
    cli("install", "claude")
    assert person.asked == ["Send fork pings under a subscription login?"]
    assert allowed(cli) is True
    person.says()
    assert "Fork pings under a subscription login are on" in cli("install", "claude", "--yes").out
    person.says(True)
    cli("uninstall", "claude")
    assert allowed(cli) is None, "an uninstall takes the answer back"


def test_an_api_key_is_not_asked_about_subscriptions(cli: Cli, person: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTHROPIC_API_KEY", "made-up")
    person.says(True)
    assert "This login is an API key." in cli("install", "claude").out
    assert person.asked == ["Write these?"]


def test_the_answer_is_given_and_taken_back_by_an_option(cli: Cli) -> None:
    assert "code.claude.com" in cli("install", "claude", "--yes", "--subscription", "yes").out
    assert allowed(cli) is True
    taken = cli("install", "claude", "--subscription", "no")
    assert (taken.code, allowed(cli)) == (0, False)
    cli("install", "claude", "--yes", "--subscription", "yes")
    cli("uninstall", "claude", "--yes")
    cli("install", "claude", "--yes", "--subscription", "yes")
    (cli.paths.claude_dir / "skills/warmside/README.md").unlink()
    refused = cli("install", "claude", "--subscription", "no")
    assert (refused.code, allowed(cli)) == (1, False), "a no counts whatever becomes of the files"


def test_what_is_refused_allows_nothing(cli: Cli) -> None:
    settings(cli).write_text("{,}", encoding="utf-8")
    message = cli("install", "claude", "--yes", "--subscription", "yes").refused()
    assert message.startswith(f"{settings(cli)}: it is no valid JSON")
    assert allowed(cli) is None
    assert not (cli.paths.claude_dir / "skills").exists()


def test_a_file_that_changes_while_it_is_shown_is_shown_again(cli: Cli, person: Person) -> None:
    settings(cli).write_text(OWN, encoding="utf-8")

    def edit() -> bool:
        settings(cli).write_text(OWN.replace("date", "uptime"), encoding="utf-8")
        return True

    person.says(edit, True, False)
    shown = cli("install", "claude").out
    assert person.asked[:2] == ["Write these?", "Write these?"]
    assert "has changed since this was shown" in shown
    assert "--wrap uptime" in settings(cli).read_text(encoding="utf-8")

    cli("uninstall", "claude", "--yes")
    changes = iter(range(100))

    def always() -> bool:
        settings(cli).write_text(OWN.replace("date", f"date {next(changes)}"), encoding="utf-8")
        return True

    person.says(*[always] * 10)
    assert "change all the time" in cli("install", "claude").err


def test_with_yes_what_has_changed_is_worked_out_anew(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    settings(cli).write_text(OWN, encoding="utf-8")

    def hooks(*given: object) -> list[Hook]:
        """Comes between the look and the writing."""
        settings(cli).write_text(OWN.replace("date", "uptime"), encoding="utf-8")
        return []

    monkeypatch.setattr(surroundings, "subagent_hooks", hooks)
    done = cli("install", "claude", "--yes")
    assert (done.code, "has changed since this was shown" in done.out) == (0, True)
    assert "--wrap uptime" in settings(cli).read_text(encoding="utf-8")


def test_a_plugin_that_lost_its_record_can_be_taken_over(cli: Cli, tmp_path: Path) -> None:
    before = tree(tmp_path)
    cli("install", "claude", "--yes")
    settings(cli).unlink()
    cli.paths.installed_file.unlink()
    assert "takes it over" in cli("uninstall", "claude", "--yes").out
    cli("install", "claude", "--yes")
    cli("uninstall", "claude", "--yes")
    left = tree(tmp_path).keys() - before.keys()
    assert left <= {str(cli.paths.claude_dir), str(cli.paths.claude_dir / "skills")}, "whose they were nobody knows"


def test_hooks_obstacles_and_other_status_lines_are_said(cli: Cli, tmp_path: Path) -> None:
    hook = {"SubagentStop": [{"hooks": [{"type": "command", "command": "notify me"}]}]}
    settings(cli).write_text(json.dumps({"hooks": hook, "disableAllHooks": True}), encoding="utf-8")
    project = tmp_path / ".claude" / "settings.json"
    project.parent.mkdir()
    project.write_text(json.dumps({"statusLine": {}}), encoding="utf-8")
    (tmp_path / "bin" / "claude").write_text("#!/bin/sh\necho 2.1.200\n", encoding="utf-8")
    shown = cli("install", "claude", "--dry-run").out
    assert f"  {settings(cli)}: notify me" in shown
    assert "! Claude Code 2.1.200 ignores the plugin" in shown
    assert "disableAllHooks is set: plugin and status line stay inactive" in shown
    assert f"! {project} has a statusLine of its own" in shown
    (tmp_path / "bin" / "claude").unlink()
    assert "was not found on PATH" in cli("install", "claude", "--dry-run").out


def test_colours_are_for_terminals(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.delenv("NO_COLOR", raising=False)
    assert "\x1b[32m+" in cli("install", "claude", "--dry-run").out
    monkeypatch.setenv("NO_COLOR", "1")
    assert "\x1b" not in cli("install", "claude", "--dry-run").out
