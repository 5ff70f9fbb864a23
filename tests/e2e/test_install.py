"""`install claude` in the real client: the own status line is still drawn, the plugin is loaded, and nothing stays."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keepalive.clock import SystemClock
from keepalive.plugin_folder import PluginFolder
from tests.e2e.client import Client
from tests.e2e.harness import Stage
from tests.e2e.home import KEY, WARMSIDE

pytestmark = pytest.mark.e2e

OWN = "own line"
KEEPERS = {"config-checked.json", "keeper.lock", "keeper.log", "warmside.db", "warmside.db-shm", "warmside.db-wal"}
"""What a keeper has at home; the plugin starts one, and what is known outlives an uninstall."""
SETTINGS = {
    "permissions": {"defaultMode": "acceptEdits", "allow": ["Bash"]},
    "statusLine": {"type": "command", "command": f"cat >/dev/null; printf '{OWN}\\n' | tr a-z A-Z", "padding": 0},
    "hooks": {"SubagentStop": [{"hooks": [{"type": "command", "command": "cat >>$HOME/fired"}]}]},
}


def tree(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Every file, link and folder below: mode and content."""
    return {
        path.relative_to(folder).as_posix(): (path.lstat().st_mode, path.read_bytes() if path.is_file() else b"")
        for path in folder.rglob("*")
    }


def clients_own(stage: Stage) -> set[str]:
    """What the client writes by itself, as it shows in a session without us: names in its home and its folder."""
    before = {*tree(stage.home)}
    use(stage, stage.start_passive())
    new = {*tree(stage.home)} - before
    return {"/".join(name.split("/")[: 2 if name.startswith(".claude/") else 1]) for name in new} | {".claude.json"}


def use(stage: Stage, client: Client) -> None:
    client.ask("hello")
    client.leave()


def warmside(stage: Stage, *arguments: str) -> str:
    path = f"{stage.claude.parent}:{WARMSIDE.parent}:/usr/bin:/bin"
    done = stage.command(str(WARMSIDE), *arguments, PATH=path)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_client_with_us_installed_and_without_a_trace_afterwards(stage: Stage) -> None:
    (stage.home / "dotfiles").mkdir()
    settings = stage.home / ".claude" / "settings.json"
    settings.unlink()
    settings.symlink_to("../dotfiles/claude.json")
    settings.write_text(json.dumps(SETTINGS, indent=4, ensure_ascii=False) + "\n", encoding="utf-8")
    theirs = clients_own(stage)
    before = tree(stage.home)

    said = warmside(stage, "install", "claude", "--yes")
    assert "cat >>$HOME/fired" in said
    assert "Claude Code 2.1.331" in said
    assert "installed already" in warmside(stage, "install", "claude", "--yes")
    assert settings.is_symlink()
    plugin = stage.home / ".claude" / "skills" / "warmside"
    checked = stage.command(str(stage.claude), "plugin", "validate", str(plugin))
    assert checked.returncode == 0, checked.stdout + checked.stderr
    installed = tree(plugin)

    client = stage.start_passive()
    session_id = client.session_id
    meeting = PluginFolder(stage.ours / "plugin", SystemClock())
    client.wait(lambda: meeting.active(session_id), "the plugin announces its session")
    client.wait(lambda: OWN.upper() in client.screen(), "the own line")
    client.ask("hello")
    client.wait(lambda: "◆ warm" in client.screen(), "our line")
    lines = client.screen().splitlines()
    (own,) = [n for n, line in enumerate(lines) if OWN.upper() in line]
    (ours,) = [n for n, line in enumerate(lines) if "◆ warm" in line]
    assert ours == own + 1, "ours is below theirs"
    client.leave()
    assert tree(plugin) == installed, "the client writes nothing there"

    warmside(stage, "uninstall", "claude", "--yes")
    after = tree(stage.home)
    changed = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert {name for name in changed if not any(name == own or name.startswith(f"{own}/") for own in theirs)} == set()
    assert not (stage.ours / "plugin").exists()
    assert not (stage.ours / "installed.json").exists()


def test_an_uninstall_under_a_running_session_leaves_nothing_either(stage: Stage) -> None:
    stage.write_settings(SETTINGS)
    settings = stage.home / ".claude" / "settings.json"
    before, names = settings.read_bytes(), {*tree(stage.ours)}
    warmside(stage, "install", "claude", "--yes")
    client = stage.start_passive()
    meeting = PluginFolder(stage.ours / "plugin", SystemClock())
    client.wait(lambda: meeting.active(client.session_id), "the plugin announces its session")
    client.ask("hello")
    warmside(stage, "uninstall", "claude", "--yes")
    client.ask("another turn, which the plugin would report")
    client.wait(lambda: "◆ warm" not in client.screen() and OWN.upper() in client.screen(), "their line alone")
    client.leave()
    assert settings.read_bytes() == before
    assert {*tree(stage.ours)} - KEEPERS == names
    assert not (stage.home / ".claude" / "skills").exists()


def test_it_asks_on_a_terminal_and_a_fork_is_not_allowed_by_that(stage: Stage) -> None:
    settings = stage.home / ".claude" / "settings.json"
    before = settings.read_bytes()
    environment = stage.environment(PATH=f"{stage.claude.parent}:/usr/bin:/bin", CLAUDE_CODE_OAUTH_TOKEN=KEY)
    command = ["env", "-i", *(f"{name}={value}" for name, value in environment.items())]
    window = "install"

    def run(*arguments: str) -> Client:
        stage.tmux("new-session", "-d", "-s", window, "-x", "120", "-y", "50", *command, str(WARMSIDE), *arguments)
        pid = int(stage.tmux("list-panes", "-t", window, "-F", "#{pane_pid}"))
        return Client(stage, window, pid)

    asked = run("install", "claude")
    asked.wait(lambda: "Write these? [y/N]" in asked.screen(), "a question")
    asked.press("Enter")
    asked.wait(lambda: "Nothing was written." in asked.screen(), "no is the default")
    assert settings.read_bytes() == before
    stage.tmux("kill-session", "-t", window)

    asked = run("install", "claude")
    asked.wait(lambda: "Write these? [y/N]" in asked.screen(), "a question")
    stage.tmux("send-keys", "-t", window, "y", "Enter")
    asked.wait(lambda: "Send fork pings under a subscription login? [y/N]" in asked.screen(), "the other question")
    assert "code.claude.com" in asked.screen()
    asked.press("Enter")
    asked.wait(lambda: "Fork pings under a subscription login are off." in asked.screen(), "no is the default")
    assert settings.read_bytes() != before
    warmside(stage, "uninstall", "claude", "--yes")
    assert settings.read_bytes() == before
