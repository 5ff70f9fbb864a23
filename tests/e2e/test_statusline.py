"""The status line in the real client: it shows our line under the person's own, and the client's report is kept."""

from __future__ import annotations

import re
import sqlite3
import time
from contextlib import closing

import pytest

from store.client_report import ClientReport, reports
from tests.e2e.harness import Stage
from tests.e2e.home import TTL_SECONDS, WARMSIDE

pytestmark = pytest.mark.e2e

OWN = "own line"
SETTINGS = {
    "permissions": {"defaultMode": "acceptEdits", "allow": ["Bash"]},
    "statusLine": {"type": "command", "command": f"{WARMSIDE} statusline --wrap 'echo {OWN}'", "refreshInterval": 1},
}


def kept(stage: Stage, session_id: str) -> ClientReport | None:
    """What the store holds of the client's own report."""
    with closing(sqlite3.connect(stage.ours / "warmside.db")) as connection:
        return reports(connection, [session_id]).get(session_id)


def seconds_shown(screen: str) -> float | None:
    """The countdown of our line, in seconds."""
    found = re.search(r"◆ warm (\d+):(\d\d)", screen)
    return None if found is None else 60.0 * int(found[1]) + int(found[2])


def test_a_client_through_the_gateway_shows_the_gateways_clock(stage: Stage) -> None:
    stage.write_settings(SETTINGS)
    client = stage.start()
    client.wait(lambda: OWN in client.screen(), "the own line is there before anything was asked")
    client.ask("hello")
    shown = client.wait(lambda: seconds_shown(client.screen()), "a countdown in the status line")
    assert shown <= TTL_SECONDS, "the gateway's evidence, not the client's five minutes"
    assert OWN in client.screen()
    client.wait(lambda: (row := kept(stage, client.session_id)) and row.report.expires_at, "the client's report")
    report = kept(stage, client.session_id)
    assert report is not None
    assert report.report.ttl_class == "5m"
    assert report.report.expires_at is not None
    assert 200 < report.report.expires_at - time.time() <= 301
    client.wait(lambda: "of 2 pings" in client.screen() or "◇ cold" in client.screen(), "pings, or an end")
    client.leave()


def test_a_client_that_knows_nothing_of_us_shows_its_own_clock(stage: Stage) -> None:
    stage.write_settings(SETTINGS)
    stage.sessions()  # makes the store
    client = stage.start_passive()
    client.ask("hello")
    shown = client.wait(lambda: seconds_shown(client.screen()), "a countdown in the status line")
    assert TTL_SECONDS < shown <= 301, "the client rounds up to a whole second"
    session_id = client.session_id
    client.wait(lambda: (row := kept(stage, session_id)) and row.report.cold_tokens, "the client's report")
    # What it reported goes with the conversation: a new one has nothing to report yet.
    client.type("/clear")
    client.wait(lambda: client.session_id != session_id, "another session")
    client.wait(lambda: "◆" not in client.screen() and OWN in client.screen(), "no state of the new conversation")
    assert kept(stage, client.session_id) is None
