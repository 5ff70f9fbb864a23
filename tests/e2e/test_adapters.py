"""`warmside run` starts each real client so that its requests pass our gateway, byte for byte, to where they belong,
and its session is seen under its own name. Nothing of the person's is written.

Each client is skipped with a reason where it is not installed (aider: at $WARMSIDE_AIDER).
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest

from keepalive.install_shell import SHELLS
from store.rows import LaunchRow
from tests.e2e.home import KEY, WARMSIDE
from tests.e2e.installed import installed
from tests.e2e.rig import Rig
from tests.e2e.three_providers import ANSWER, Body, Provider
from tests.e2e.waiting import PATIENCE, until

pytestmark = pytest.mark.e2e


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    with ExitStack() as stack:
        provider = Provider(b"")
        stack.enter_context(provider.serving())
        yield stack.enter_context(Rig(tmp_path, provider).running())


def below(pid: int | None, launch: LaunchRow) -> bool:
    """Whether a process is a launch's own or one that it started."""
    assert pid is not None
    return pid == launch.pid or launch.pid in [parent.pid for parent in psutil.Process(pid).parents()]


def test_opencode(rig: Rig) -> None:
    options = {"baseURL": "http://127.0.0.1:9/v1", "apiKey": KEY}
    own: Body = {"$schema": "https://opencode.ai/config.json", "autoupdate": False, "share": "disabled"}
    own |= {"provider": {"anthropic": {"options": options}}}
    (rig.work / "opencode.json").write_text(json.dumps(own), encoding="utf-8")
    before = rig.snapshot()
    quiet = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    command = (str(installed("opencode")), "run", "-m", "anthropic/claude-sonnet-4-5", "hello")
    with rig.client(*command, upstream=rig.provider.url, **quiet) as process:
        session = rig.seen("opencode", lambda row: row.id.startswith("ses_"))
        assert below(session.pid, rig.launch())
        rig.finish(process)
    assert rig.judge_bytes() == []
    named = {message.header(b"x-session-id") for message in rig.provider.received}
    keys = {message.header(b"x-api-key") for message in rig.provider.received}
    assert keys == {KEY.encode()}, "the rest of its own configuration is in force"
    assert named == {session.id.encode()}
    session = rig.wait_row(session.id, lambda row: row.ended_at is not None, "its end")
    assert (session.agent, session.cwd) == ("opencode", str(rig.work))
    # (One that the client\'s end cuts off has no usage.)
    assert session.totals.cache_write_5m in [2000 * n for n in range(1, session.totals.requests + 1)]
    assert rig.lineages() == 1, "what it asks for a title is none"
    assert [row.id for row in rig.sessions()] == [session.id], "nothing is left of what stood for it"
    assert rig.snapshot() == before
    assert rig.keeper_errors() == ""


def test_codex_without_a_terminal(rig: Rig) -> None:
    codex_home(rig)
    before = rig.snapshot()
    command = (str(installed("codex")), "exec", "--skip-git-repo-check", "hello")
    with rig.client(*command, upstream=f"{rig.provider.url}/v1") as process:
        session = rig.seen("codex", lambda row: row.seen_by == "lock")
        assert below(session.pid, rig.launch())
        rig.finish(process)
    declined = rig.judge_bytes()
    assert [message.start for message in declined] == [b"GET /responses HTTP/1.1"]
    assert {message.start for message in rig.provider.received} == {b"POST /v1/responses HTTP/1.1"}
    assert {message.header(b"authorization") for message in rig.provider.received} == {b"Bearer made-up"}
    assert session.id.encode() in {message.header(b"session-id") for message in rig.provider.received}
    session = rig.wait_row(session.id, lambda row: row.ended_at is not None and row.totals.requests > 0, "its end")
    assert (session.totals.requests, session.totals.cache_read) == (1, 600), "from its own rollout"
    assert (session.keepalive.pings, rig.lineages()) == (0, 0)
    assert rig.snapshot() == before
    assert rig.keeper_errors() == ""


def test_codex_in_a_terminal_starts_no_daemon(rig: Rig) -> None:
    codex = str(installed("codex", terminal=True))
    codex_home(rig)
    rig.provider.may_answer.set()
    through = [str(WARMSIDE), "run", "--upstream", f"{rig.provider.url}/v1", "--", codex, "hello"]
    tmux = ["tmux", "-S", str(rig.root / "tmux"), "-f", "/dev/null"]
    try:
        done = rig.command(*tmux, "new-session", "-d", "-x", "100", "-y", "30", "-c", str(rig.work), *through)
        assert done.returncode == 0, done.stderr
        until(lambda: ANSWER in rig.command(*tmux, "capture-pane", "-p").stdout, PATIENCE, "an answer")
        session = rig.seen("codex", lambda row: row.seen_by == "lock")
        assert session.cwd == str(rig.work)
        assert below(session.pid, rig.launch())
        ours = [process for process in psutil.process_iter(["cmdline", "environ"]) if _at_home(process, rig.home)]
        assert not [process for process in ours if "app-server" in process.info["cmdline"]]
        assert {message.start for message in rig.provider.received} == {b"POST /v1/responses HTTP/1.1"}
    finally:
        rig.command(*tmux, "kill-server")
    rig.wait_row(session.id, lambda row: row.ended_at is not None, "its end")
    assert rig.lineages() == 0


def _at_home(process: psutil.Process, home: Path) -> bool:
    return (process.info["environ"] or {}).get("HOME") == str(home)


def codex_home(rig: Rig) -> None:
    folder = rig.home / ".codex"
    folder.mkdir()
    (folder / "auth.json").write_text('{"auth_mode": "apikey", "OPENAI_API_KEY": "made-up"}', encoding="utf-8")
    (folder / "config.toml").write_text(
        'model = "gpt-5.5"\napproval_policy = "never"\ncheck_for_update_on_startup = false\n'
        "[tui]\nscreen_reader_detection_done = true\n"
        '[tui.model_availability_nux]\n"gpt-6.1-sol" = 4\n'
        '[notice.model_migrations]\n"gpt-5.5" = "gpt-6-sol"\n'
        f'[projects."{rig.work}"]\ntrust_level = "trusted"\n',
        encoding="utf-8",
    )


def test_gemini(rig: Rig) -> None:
    chosen = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    (rig.home / ".gemini").mkdir()
    (rig.home / ".gemini" / "settings.json").write_text(json.dumps(chosen), encoding="utf-8")
    before = rig.snapshot()
    command = (str(installed("gemini")), "-p", "hello")
    with rig.client(*command, upstream=rig.provider.url, GEMINI_API_KEY=KEY) as process:
        session = rig.seen("gemini")
        assert below(session.pid, rig.launch())
        rig.finish(process)
    assert rig.judge_bytes() == []
    assert {message.header(b"x-goog-api-key") for message in rig.provider.received} == {KEY.encode()}
    until(lambda: all(row.ended_at for row in rig.sessions()), PATIENCE, "its end")
    assert rig.lineages() == 0
    assert rig.snapshot() == before
    assert rig.keeper_errors() == ""


def test_aider(rig: Rig) -> None:
    model = "anthropic/claude-sonnet-4-5"
    quiet = ("--yes-always", "--no-check-update", "--no-show-release-notes", "--analytics-disable", "--no-git")
    command = (str(installed("aider")), "--model", model, *quiet, "--message", "hello")
    with rig.client(*command, upstream=rig.provider.url, ANTHROPIC_API_KEY=KEY) as process:
        session = rig.seen("aider")
        assert below(session.pid, rig.launch())
        rig.finish(process)
    assert rig.judge_bytes() == []
    assert {message.header(b"x-api-key") for message in rig.provider.received} == {KEY.encode()}
    session = rig.wait_row(rig.launch().id, lambda row: row.ended_at is not None, "its end")
    assert (session.agent, session.totals.requests) == ("aider", 1)
    assert rig.keeper_errors() == ""


@pytest.mark.parametrize("shell", SHELLS)
def test_the_shells_function(rig: Rig, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not installed")
    path = f"{installed('claude').parent}:{WARMSIDE.parent}:{os.environ['PATH']}"
    done = rig.command(str(WARMSIDE), "install", "shell", "--yes", "--shell", shell, PATH=path)
    assert done.returncode == 0, done.stdout + done.stderr
    given = {"PATH": path, "ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": rig.provider.url}
    script = "claude -p 'two  words *'"
    with rig.client(shell, "-i", "-c", script, upstream=None, **given) as process:
        session = rig.seen("claude", lambda row: row.seen_by == "session_file")
        launch = rig.launch()
        assert session.pid == launch.pid
        assert launch.upstream == rig.provider.url, "where the shell said before"
        assert psutil.Process(launch.pid).ppid() == process.pid, "nothing of ours is between them"
        rig.finish(process)
    assert rig.judge_bytes() == []
    assert {message.header(b"x-claude-code-session-id") for message in rig.provider.received} == {session.id.encode()}
    assert any(b"two  words *" in message.body for message in rig.provider.received)
    rig.wait_row(session.id, lambda row: row.ended_at is not None and row.totals.requests > 0, "its end")
    assert rig.keeper_errors() == ""


def test_a_client_that_is_not_known_gets_the_variable_and_a_word(rig: Rig) -> None:
    script = 'test "$ANTHROPIC_BASE_URL" && echo "A made-up answer."'
    with rig.client("sh", "-c", script, upstream=rig.provider.url) as process:
        said = rig.finish(process)
    assert "sh is not known; it gets ANTHROPIC_BASE_URL" in said
    assert rig.launch().agent == "sh"
