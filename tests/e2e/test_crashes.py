"""`kill -9` of the worker: the agent goes on, the store opens, no budget is exceeded."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Callable

import pytest

from tests.e2e.contracts import Keeper
from tests.e2e.harness import Stage
from tests.e2e.home import TTL_SECONDS
from tests.e2e.waiting import PATIENCE, until, wait_past

pytestmark = pytest.mark.e2e


def test_a_killed_worker_is_replaced_and_the_client_recovers(stage: Stage) -> None:
    client = stage.start()
    session = client.session_id
    client.ask("first question")
    client.ask("second question")

    begun = stage.streams_begun()
    answered = client.say("slow: 6")
    client.wait(lambda: stage.streams_begun() > begun, "the beginning of an answer")
    before = kill_worker(stage)
    client.wait(lambda: answered() and client.about().get("status") == "idle", "the answer after all", 2 * PATIENCE)
    cut, whole = stage.log.requests(session)[-2:]
    assert (cut.cut, whole.cut) == (True, False)
    assert cut.prompt == whole.prompt, "the client asked again"
    assert "API Error" not in client.screen()
    after = stage.keeper()
    assert after is not None
    assert (after.pid, after.port, after.supervised) == (before.pid, before.port, True)

    kill_worker(stage)
    row = client.wait_row(lambda row: row.keepalive.why == "no_prefix", "the lost prefix on the row")
    assert (row.cache.state, row.keepalive.next_ping_at) == ("warm", None)
    client.ask("third question")
    *_, last = stage.log.requests(session)
    assert last.read == whole.prefix
    client.wait_row(lambda row: row.keepalive.next_ping_at is not None, "a planned ping")
    stage.wait_pings(session, 1, TTL_SECONDS)
    row = client.wait_row(lambda row: row.keepalive.idle_pings == 1, "the ping on the row")
    assert row.keepalive.pings == len(stage.log.pings())
    assert row.totals.requests >= len(stage.log.requests(session)) - 1, "all but the cut one are known"
    check_store(stage)


def test_a_ping_that_a_crash_cuts_off_counts_as_spent(stage: Stage) -> None:
    stage.write_config(pings=1)
    client = stage.start()
    client.ask("first question")
    client.ask("second question")
    row = client.wait_row(lambda row: row.keepalive.next_ping_at is not None, "a planned ping")
    assert row.keepalive.next_ping_at is not None
    wait_past(row.keepalive.next_ping_at.timestamp() - 1)
    os.kill(stage.provider_pid, signal.SIGSTOP)
    client.wait_row(lambda row: row.keepalive.in_flight, "a ping on its way")
    kill_worker(stage, lambda: os.kill(stage.provider_pid, signal.SIGCONT))

    row = client.wait_row(lambda row: row.keepalive.why == "no_prefix", "the lost prefix on the row")
    assert (row.keepalive.pings, row.keepalive.idle_pings, row.keepalive.next_ping_at) == (1, 1, None)
    assert (row.keepalive.usd or 0) > 0
    ledger = stage.ledger()
    assert (ledger.pings, ledger.hits) == (1, 0)
    client.ask("third question")
    check_store(stage)


def check_store(stage: Stage) -> None:
    """The file is sound."""
    connection = sqlite3.connect(stage.ours / "warmside.db")
    try:
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    finally:
        connection.close()


def kill_worker(stage: Stage, at_once: Callable[[], None] = lambda: None) -> Keeper:
    """Kill it, do what has to be done `at_once`, and wait for the next one; returns the keeper as it was before."""
    before = stage.keeper()
    assert before is not None
    os.kill(before.worker_pid, signal.SIGKILL)
    at_once()
    until(lambda: (now := stage.keeper()) and now.worker_pid != before.worker_pid, PATIENCE, "a new worker")
    return before
