"""Sessions in which something goes on: a subagent, a compaction, a question to the person."""

from __future__ import annotations

import os

import pytest

from tests.e2e.harness import Stage
from tests.e2e.home import TTL_SECONDS
from tests.e2e.waiting import PATIENCE

pytestmark = pytest.mark.e2e


def test_the_main_thread_is_kept_while_a_subagent_runs(stage: Stage) -> None:
    client = stage.start()
    session = client.session_id
    client.ask("first question")
    client.ask("agent: run: true")
    # The end of a subagent starts a turn by itself: the order, its answer, the notice.
    client.wait(lambda: len(stage.log.requests(session, agent_id="")) == 4, "the turn after the first subagent")
    assert len(_subagents(stage, session)) == 1
    gate = stage.work / "gate"
    os.mkfifo(gate)
    answered = client.say(f"agent: run: cat {gate}")
    client.wait(lambda: answered() and len(_subagents(stage, session)) == 2, "the second subagent")
    before = stage.log.requests(session, agent_id="")

    stage.wait_pings(session, 1, TTL_SECONDS)
    assert stage.log.requests(session, agent_id="") == before, "the subagent still runs"
    client.wait_row(lambda row: (row.status, row.waiting_for) == ("busy", "background"), "nobody to wait for")
    gate.write_text("go on", encoding="utf-8")
    client.wait(lambda: len(stage.log.requests(session, agent_id="")) > len(before), "the subagent's end", PATIENCE)
    assert stage.log.requests(session, agent_id="")[len(before)].read == before[-1].prefix
    assert {ping.agent_id for ping in stage.log.pings()} == {""}


def _subagents(stage: Stage, session: str) -> set[str]:
    return {record.agent_id for record in stage.log.requests(session) if record.agent_id}


def test_a_compacted_prefix_is_given_up_and_the_new_one_kept(stage: Stage) -> None:
    client, beside = stage.start(), stage.start()
    session = client.session_id
    client.ask("first question")
    client.ask("second question")
    client.ask("/compact")
    stage.note_gone(session, "/compact")
    row = client.wait_row(lambda row: row.cache.reason == "compacted", "the compaction on the row")
    assert (row.cache.state, row.keepalive.why, row.keepalive.next_ping_at) == ("changed", "compacted", None)
    beside.ask("first question")
    beside.ask("second question")
    stage.wait_pings(beside.session_id, 1, TTL_SECONDS)
    assert stage.log.pings(session) == []

    client.ask("third question")
    client.ask("fourth question")
    row = client.wait_row(lambda row: row.cache.state == "warm", "a warm new prefix")
    assert stage.show(session).compactions == 1
    stage.wait_pings(session, 1, TTL_SECONDS)


def test_an_open_permission_prompt_is_kept_and_a_session_without_budget_is_not(stage: Stage) -> None:
    stage.write_settings({"permissions": {"defaultMode": "acceptEdits", "ask": ["Bash"]}})
    asking, waiting, off = (stage.start() for _ in range(3))
    for client in (asking, waiting, off):
        client.ask("first question")
        client.ask("second question")
    stage.warmside("budget", off.session_id, "--mode", "off")
    asking.type(f"run: touch {stage.work / 'touched'}")
    asking.wait(lambda: asking.about().get("status") == "waiting", "a permission prompt")
    row = asking.wait_row(lambda row: row.waiting_for == "permission", "the permission on the row")
    assert row.status == "busy"
    assert waiting.row().waiting_for == "you"

    for client in (asking, waiting):
        stage.wait_pings(client.session_id, 1, TTL_SECONDS)
    assert asking.row().waiting_for == "permission"
    row = off.row()
    assert (row.keepalive.mode, row.keepalive.why, row.keepalive.pings) == ("off", "off", 0)
    ledger = stage.ledger()
    assert {line.key: line.pings for line in ledger.by_session} == {asking.session_id: 1, waiting.session_id: 1}

    asking.press("Enter")
    asking.wait(lambda: (stage.work / "touched").exists(), "the command that was allowed")
