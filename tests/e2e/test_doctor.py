"""`doctor` beside the real client: which running session has the plugin, and which needs a reload."""

from __future__ import annotations

import json

import pytest

from tests.e2e.client import Client
from tests.e2e.harness import Stage
from tests.e2e.home import WARMSIDE

pytestmark = pytest.mark.e2e


def doctor(stage: Stage) -> list[dict[str, str | None]]:
    path = f"{stage.claude.parent}:{WARMSIDE.parent}:/usr/bin:/bin"
    done = stage.command(str(WARMSIDE), "doctor", "--json", PATH=path)
    assert done.returncode in (0, 1), done.stderr
    found: list[dict[str, str | None]] = json.loads(done.stdout)
    return found


def of(client: Client, found: list[dict[str, str | None]]) -> dict[str, str | None]:
    """What is said of one client's session."""
    (one,) = [one for one in found if one["area"] == "sessions" and f"pid {client.pid})" in str(one["text"])]
    return one


def test_a_session_from_before_the_install_needs_a_reload_and_a_new_one_does_not(stage: Stage) -> None:
    old = stage.start_passive()
    old.ask("hello")
    assert "without the plugin" in str(of(old, doctor(stage))["text"])
    path = f"{stage.claude.parent}:{WARMSIDE.parent}:/usr/bin:/bin"
    assert stage.command(str(WARMSIDE), "install", "claude", "--yes", PATH=path).returncode == 0
    new = stage.start_passive()
    new.ask("hello")
    new.wait(lambda: "plugin active" in str(of(new, doctor(stage))["text"]), "the plugin of the new session")
    found = doctor(stage)
    said = of(old, found)
    assert (said["level"], said["mend"]) == ("note", "/reload-plugins in that session, or restart it")
    assert [one["level"] for one in found if one["area"] in ("plugin", "statusline")] == ["ok", "ok"]
    old.leave()
    new.leave()
    assert [one["text"] for one in doctor(stage) if one["area"] == "sessions"] == ["no open session"]
