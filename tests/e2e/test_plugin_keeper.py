"""The installed plugin starts the keeper: for a session with a person, once, without a trace, and without a wait."""

from __future__ import annotations

import json
import time
from pathlib import Path

import psutil
import pytest

from keepalive.clock import SystemClock
from keepalive.plugin_files import START_FILE
from keepalive.plugin_folder import PluginFolder
from tests.e2e.client import Client
from tests.e2e.harness import Stage
from tests.e2e.home import KEY, WARMSIDE
from tests.e2e.waiting import until, wait_past

pytestmark = pytest.mark.e2e

WITHIN = 15.0
"""Seconds in which a keeper is there, with other tests beside this one."""
LONG_ENOUGH = 8.0
"""Seconds after which one would be there that is not to come."""


def keeper(stage: Stage) -> dict[str, object] | None:
    """What `keeper status --json` says."""
    done = stage.command(str(WARMSIDE), "keeper", "status", "--json")
    assert done.stderr == ""
    found: dict[str, object] | None = json.loads(done.stdout)
    assert (done.returncode == 0) == (found is not None)
    return found


def stop(stage: Stage) -> None:
    done = stage.command(str(WARMSIDE), "keeper", "stop")
    assert (done.returncode, done.stdout) == (0, "stopped\n"), done.stderr


def transcript_left(stage: Stage, client: Client) -> list[dict[str, object]]:
    """`/exit`, and what the client's record of the session says then: it may come late to the disk before."""
    session_id = client.leave()
    (file,) = (stage.home / ".claude" / "projects").glob(f"*/{session_id}.jsonl")
    return [json.loads(line) for line in file.read_text(encoding="utf-8").splitlines()]


def kinds(lines: list[dict[str, object]]) -> set[tuple[object, object]]:
    """What kinds of lines there are; a hook of settings would add attachments of its own."""
    attached = [line.get("attachment") for line in lines]
    return {
        (line["type"], one.get("type") if isinstance(one, dict) else None)
        for line, one in zip(lines, attached, strict=True)
    }


def answered(client: Client) -> list[str]:
    """The screen's lines from the answered prompt on, but for the verb that the client draws by lot."""
    lines = client.wait(
        lambda: "· done" in (shown := client.screen().partition("❯ hello")[2]) and shown.splitlines(), "a turn's end"
    )
    return [line for line in lines if "· done" not in line]


@pytest.fixture
def plugin(stage: Stage) -> Path:
    """`warmside install claude`, and no keeper yet; returns the plugin's folder."""
    path = f"{stage.claude.parent}:{WARMSIDE.parent}:/usr/bin:/bin"
    done = stage.command(str(WARMSIDE), "install", "claude", "--yes", PATH=path)
    assert done.returncode == 0, done.stderr
    # Without our status line, which would show on the screen and has nothing to do with this.
    stage.write_settings({"permissions": {"defaultMode": "acceptEdits", "allow": ["Bash"]}})
    assert keeper(stage) is None
    return stage.home / ".claude" / "skills" / "warmside"


def test_a_session_starts_the_keeper_and_shows_nothing_of_it(stage: Stage, plugin: Path) -> None:
    put_aside = plugin.rename(stage.root / "aside")
    without = stage.start_passive()
    without.ask("hello")
    shown = answered(without)
    said = kinds(transcript_left(stage, without))
    put_aside.rename(plugin)
    assert keeper(stage) is None

    client = stage.start_passive()
    found = client.wait(lambda: keeper(stage), "a keeper", WITHIN)
    assert found["supervised"] is True
    client.ask("hello")
    assert answered(client) == shown
    second = stage.start_passive()
    meeting = PluginFolder(stage.ours / "plugin", SystemClock())
    second.wait(lambda: meeting.active(second.session_id), "the second session is announced")
    second.ask("hello")
    wait_past(time.time() + LONG_ENOUGH / 2)
    assert {**(keeper(stage) or {}), "sessions": 0} == {**found, "sessions": 0}, "it is the same one"
    assert len(parents(stage)) == 1

    for one in (client, second):
        lines = transcript_left(stage, one)
        assert kinds(lines) == said
        assert "warmside" not in json.dumps(lines)
    assert keeper(stage) is not None, "it is nobody's child"
    stop(stage)
    assert keeper(stage) is None


def parents(stage: Stage) -> list[int]:
    """Keepers of this stage, by what runs."""
    found = []
    for pid in stage.leftovers():
        try:
            found += [pid] if "keepalive.keeper_main" in psutil.Process(pid).cmdline() else []
        except psutil.NoSuchProcess:
            continue
    return found


def test_the_keeper_is_the_one_of_the_home_that_this_was_installed_for(stage: Stage, plugin: Path) -> None:
    other = stage.root / "other"
    own = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": stage.provider_url, "NO_PROXY": "127.0.0.1"}
    client = stage._window((), (), {**own, "WARMSIDE_HOME": str(other)})
    found = client.wait(lambda: keeper(stage), "a keeper", WITHIN)
    assert psutil.Process(int(str(found["pid"]))).environ()["WARMSIDE_HOME"] == str(stage.ours)
    client.leave()
    assert not other.exists()


def test_nobody_in_front_no_keeper(stage: Stage, plugin: Path) -> None:
    own = {"ANTHROPIC_API_KEY": KEY, "ANTHROPIC_BASE_URL": stage.provider_url, "NO_PROXY": "127.0.0.1"}
    done = stage.command(str(stage.claude), "-p", "hello", **own)
    assert "Hello from the stand-in." in done.stdout, done.stderr
    assert done.stderr == ""
    wait_past(time.time() + LONG_ENOUGH)
    assert keeper(stage) is None


def test_a_warmside_that_is_gone_or_cannot_start_is_passed_over_in_silence(stage: Stage, plugin: Path) -> None:
    program = stage.root / "gone"
    text = (plugin / START_FILE).read_text(encoding="utf-8")
    assert str(WARMSIDE) in text
    (plugin / START_FILE).write_text(text.replace(str(WARMSIDE), str(program)), encoding="utf-8")
    shown = []
    for script in (None, "#!/bin/sh\necho out; echo err >&2; exit 1\n", "no program\n", "#!/bin/sh\nexec sleep 90\n"):
        if script is not None:
            program.write_text(script, encoding="utf-8")
            program.chmod(0o755)
        client = stage.start_passive()
        client.ask("hello")
        shown.append(answered(client))
        assert "gone" not in json.dumps(transcript_left(stage, client))
    assert all(one == shown[0] for one in shown)
    assert not any(word in " ".join(shown[0]) for word in ("out", "err", "warmside"))
    assert keeper(stage) is None


def test_the_start_of_a_session_waits_for_nothing(stage: Stage, plugin: Path) -> None:
    """Nor does its end: with a program that takes long, both are over while it still runs."""
    program, began, ended = stage.root / "slow", stage.root / "began", stage.root / "ended"
    program.write_text(f"#!/bin/sh\n: >{began}\nsleep 20\n: >{ended}\n", encoding="utf-8")
    program.chmod(0o755)
    text = (plugin / START_FILE).read_text(encoding="utf-8")
    (plugin / START_FILE).write_text(text.replace(str(WARMSIDE), str(program)), encoding="utf-8")
    client = stage.start_passive()
    until(began.exists, WITHIN, "the program runs")
    client.ask("hello")
    client.leave()
    assert not ended.exists()
