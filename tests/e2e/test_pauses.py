"""One person, one session: short and long pauses, with budget and without."""

from __future__ import annotations

import time

import pytest

from tests.e2e.harness import Stage
from tests.e2e.home import KEY, TTL_SECONDS
from tests.e2e.waiting import PATIENCE, until, wait_past

pytestmark = pytest.mark.e2e

TOOL_OUTPUT = "marker-that-only-a-command-prints"
TOOL_INPUT = "Written by the stand-in"
"""What the scripted agent lets the client write; no prompt and no answer says it."""


def test_a_short_pause_costs_nothing_and_a_long_one_stays_warm(stage: Stage) -> None:
    printed, written = stage.work / "printed.txt", stage.work / "written.txt"
    printed.write_text(TOOL_OUTPUT, encoding="utf-8")
    client = stage.start()
    session = client.session_id

    client.ask(f"run: cat {printed}")
    client.ask(f"write: {written}")
    wait_past(time.time() + TTL_SECONDS / 4)
    client.ask("third question, after a short pause")
    assert stage.log.pings() == []

    *_, last = stage.log.requests(session)
    stage.wait_pings(session, 2, 2 * TTL_SECONDS)
    row = client.wait_row(lambda row: row.keepalive.idle_pings == 2, "two pings on the row")
    assert (row.cache.state, row.cache.ttl, row.cache.evidence) == ("warm", "5m", "gateway")
    assert (row.keepalive.pings, row.keepalive.warmer, row.login) == (2, "replay", "api_key")
    wait_past(last.at + 1.2 * TTL_SECONDS)

    client.ask("fourth question, after a long pause")
    *_, back = stage.log.requests(session)
    assert back.at > last.at + TTL_SECONDS
    assert back.read == last.prefix
    client.wait_row(lambda row: row.keepalive.idle_pings == 0, "a new idle period")
    ledger = stage.ledger()
    assert (ledger.pings, ledger.hits, ledger.lost_usd) == (2, 2, 0.0)
    assert ledger.saved_usd > ledger.spent_usd > 0
    assert ledger.net_usd == pytest.approx(ledger.saved_usd - ledger.spent_usd)

    client.leave()
    stage.wait_row(session, lambda row: row.status == "ended", "the end on the row")
    detail = stage.show(session)
    assert [turn.prompt for turn in detail.turns][2:] == [
        "third question, after a short pause",
        "fourth question, after a long pause",
    ]
    assert detail.totals.requests == len(stage.log.requests(session))
    happened = [event for turn in detail.turns for event in turn.cache_events]
    assert [(event.kind, event.cause, event.tokens) for event in happened] == [("kept", "ping", last.prefix)]
    assert detail.turns[-1].cache_event == happened[0]
    assert happened[0].usd == pytest.approx(ledger.saved_usd)

    for secret in (TOOL_OUTPUT, TOOL_INPUT):
        assert secret in str(stage.log.pings()[-1].body), "it went through our hands"
    assert stage.files_with("fourth question, after a long pause"), "the search finds what is kept"
    for secret in (TOOL_OUTPUT, TOOL_INPUT, KEY):
        assert stage.files_with(secret) == []


def test_a_spent_budget_lets_the_entry_expire_and_says_so(stage: Stage) -> None:
    client = stage.start()
    session = client.session_id
    client.ask("first question")
    stage.warmside("budget", session, "--pings", "1")
    client.ask("second question")
    *_, last = stage.log.requests(session)

    (ping,) = stage.wait_pings(session, 1, TTL_SECONDS)
    row = client.wait_row(lambda row: row.keepalive.why == "pings_spent", "a spent budget on the row")
    assert row.cache.state == "warm"
    assert row.keepalive.next_ping_at is None
    row = client.wait_row(lambda row: row.cache.state == "expired", "an expired entry", 1.5 * TTL_SECONDS)
    assert row.cache.expires_at is not None
    assert row.cache.expires_at.timestamp() == pytest.approx(ping.at + TTL_SECONDS, abs=1.0)
    assert (row.keepalive.pings, row.keepalive.next_ping_at) == (1, None)

    client.ask("third question, too late")
    *_, back = stage.log.requests(session)
    assert back.read == 0
    assert back.written > last.prefix
    assert len(stage.log.pings()) == 1
    client.wait_row(lambda row: row.keepalive.idle_pings == 0, "a new idle period")
    ledger = stage.ledger()
    assert (ledger.pings, ledger.hits, ledger.saved_usd) == (1, 1, 0.0)
    assert ledger.lost_usd == ledger.spent_usd > 0
    happened = until(
        lambda: [event for turn in stage.show(session).turns for event in turn.cache_events], PATIENCE, "an event"
    )
    assert [(event.kind, event.tokens) for event in happened] == [("lapsed", last.prefix)]
