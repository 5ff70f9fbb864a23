"""Keep-alive inside the client: no proxy, the client's own login, and nothing in the conversation.

Lifetimes are real seconds here, so what can be seen in one pause is seen in one test.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator

import pytest

from tests.e2e.beside import LOGINS, TOKEN, Beside
from tests.e2e.client import Client
from tests.e2e.contracts import Ledger, Session
from tests.e2e.harness import Stage
from tests.e2e.home import TTL_SECONDS
from tests.e2e.provider_log import FORK_EXTRA, Record
from tests.e2e.test_crashes import kill_worker
from tests.e2e.waiting import PATIENCE, until, wait_past

pytestmark = pytest.mark.e2e

DUE = TTL_SECONDS - 5.0
"""Seconds behind the last request at which a fork is due."""


@pytest.fixture
def beside(stage: Stage) -> Iterator[Beside]:
    yield Beside(stage)
    assert stage.files_with(TOKEN) == []


def planned(client: Client) -> Session:
    """The row once a fork is planned."""
    row = client.wait_row(lambda row: row.keepalive.next_ping_at is not None, "a planned fork")
    assert row.keepalive.warmer == "fork"
    return row


def answered(pings: int) -> Callable[[Session], bool]:
    """Whether so many were sent in this idle period and none is on its way."""
    return lambda row: row.keepalive.idle_pings == pings and not row.keepalive.in_flight


def wait_why(client: Client, why: str) -> Session:
    """The row once it gives this reason, and plans nothing."""
    row = client.wait_row(lambda row: row.keepalive.why == why, f"{why} on the row")
    assert row.keepalive.next_ping_at is None
    return row


def wait_ledger(stage: Stage, condition: Callable[[Ledger], bool]) -> Ledger:
    """The ledger once it satisfies the condition."""

    def matching() -> Ledger | None:
        told = stage.ledger()
        return told if condition(told) else None

    return until(matching, PATIENCE, f"what was saved, or lost; last: {stage.ledger()}")


def forks(stage: Stage, *clients: Client) -> list[list[Record]]:
    """The pings of each, which have to be forks."""
    found = [stage.log.pings(client.session_id) for client in clients]
    assert all(ping.is_fork for pings in found for ping in pings)
    return found


def test_sessions_of_both_logins_are_kept_warm_by_their_own_clients(beside: Beside) -> None:
    stage = beside.stage
    beside.install("yes")
    clients = key, plan, leaving = beside.start("api_key", "subscription", "subscription")
    beside.ask(clients, "first question")
    for client in (plan, leaving):
        # Left to itself a fork of an hour's entry is on trial: one an idle period.
        client.wait_row(lambda row: row.totals.requests == 1, "the session on the board")
        stage.warmside("budget", client.session_id, "--mode", "hold")
    beside.ask(clients, "second question")
    lasts = of_key, of_plan, _ = [beside.last(client) for client in clients]
    for client in clients:
        planned(client)
    wait_past(min(last.at for last in lasts) + DUE - 2.0)
    before = [(beside.transcript(client), beside.conversation(client)) for client in clients]

    for client in clients:
        stage.wait_pings(client.session_id, 1, TTL_SECONDS)
    rows = [client.wait_row(answered(1), "a fork on the row") for client in clients]
    assert [(row.cache.state, row.cache.ttl) for row in rows] == [("warm", "5m"), ("warm", "1h"), ("warm", "1h")]
    assert rows[0].cache.evidence in ("client", "transcript")
    assert [row.cache.evidence for row in rows[1:]] == ["assumed", "assumed"], "nobody has seen it keep an hour's entry"
    for client in clients:
        stage.wait_pings(client.session_id, 2, TTL_SECONDS)
    for client, last, (first, second) in zip(clients, lasts, forks(stage, *clients), strict=True):
        assert first.read == last.prefix
        assert 0 < first.written <= last.output + FORK_EXTRA, "the last reply, which no request had sent before"
        assert (second.read, second.written) == (first.prefix, 0)
        assert client.wait_row(answered(2), "two forks on the row").status == "idle"
        wait_why(client, "pings_spent")
    assert [(beside.transcript(client), beside.conversation(client)) for client in clients] == before

    wait_past(of_plan.at + 1.2 * TTL_SECONDS)
    plan.ask("third question, after a long pause")
    assert beside.last(plan).read >= of_plan.prefix
    row = leaving.wait_row(lambda row: row.cache.evidence != "assumed", "forks are proven on an hour's entry")
    assert row.cache.state == "warm"
    key.ask("third question, after a long pause")
    assert beside.last(key).read >= of_key.prefix
    lost = leaving.leave()

    ledger = wait_ledger(stage, lambda told: told.saved_usd > 0 < told.lost_usd)
    sent = stage.log.pings()
    assert (ledger.pings, ledger.hits, len(sent)) == (6, 6, 6)
    assert all(fork.output > 0 for fork in sent)
    beside.check_cost(ledger.spent_usd, sent)
    beside.check_cost(ledger.lost_usd, stage.log.pings(lost))
    assert ledger.saved_usd > ledger.spent_usd > 0


def test_nothing_is_sent_for_a_session_that_is_over_or_too_late(beside: Beside) -> None:
    stage = beside.stage
    beside.install()
    beside.without_status_line()
    clients = exiting, clearing, dying, off, spending, sleeping = beside.start(*["api_key"] * 6)
    early = clients[:-1]
    beside.ask(clients, "first question")
    beside.ask(early, "second question")
    for client in early:
        planned(client)
    stage.warmside("budget", spending.session_id, "--pings", "1")
    stage.warmside("budget", off.session_id, "--mode", "off")
    stage.note_gone(off.session_id, "--mode off")
    sessions = [client.session_id for client in (exiting, clearing, dying)]
    exiting.leave()
    clearing.clear()
    os.kill(dying.pid, signal.SIGKILL)
    dying.wait(lambda: not dying.alive, "the client is dead")
    stage.note_gone(sessions[2], "kill -9")
    for session, why in zip(sessions, ("ended", "cleared", "dead"), strict=True):
        row = stage.wait_row(session, lambda row: row.ended_at is not None, f"the end of {session}")
        assert (row.status, row.keepalive.why, row.keepalive.next_ping_at) == ("ended", why, None)
    wait_why(off, "off")
    wait_past(beside.last(spending).at + 8.0)
    sleeping.ask("second question in its turn")
    last = beside.last(sleeping)
    planned(sleeping)
    stage.wait_pings(spending.session_id, 1, TTL_SECONDS)
    wait_why(spending, "pings_spent")

    wait_past(last.at + DUE - 3.0)
    with beside.worker_frozen():  # as when the machine sleeps
        wait_past(last.at + TTL_SECONDS + 0.5)
    row = sleeping.wait_row(lambda row: row.cache.state == "expired", "an expired entry")
    row = wait_why(sleeping, "expired")
    assert row.keepalive.pings == 0
    sleeping.ask("third question, too late")
    assert beside.last(sleeping).read < last.prefix
    planned(sleeping)
    last_end = stage.gone[-1].at
    assert {ping.session_id for ping in stage.log.pings() if ping.at > last_end} == {spending.session_id}
    assert [len(found) for found in forks(stage, spending, sleeping)] == [1, 0]


def test_nothing_is_sent_while_a_client_works_asks_or_stands_still(beside: Beside) -> None:
    stage = beside.stage
    rules = {"defaultMode": "acceptEdits", "allow": ["Bash(cat:*)"], "ask": ["Bash(touch:*)"]}
    stage.write_settings({"permissions": rules})
    beside.install()
    clients = running, asking, delegating, answering, still = beside.start(*["api_key"] * 5)
    beside.ask(clients, "first question")
    gate = stage.work / "gate"
    os.mkfifo(gate)
    running.say(f"run: cat {gate}")
    asking.type("run: touch made")
    delegated = delegating.say(f"agent: run: cat {gate}")
    running.wait(lambda: beside.last(running).stop_reason == "tool_use", "a running tool")
    asking.wait_row(lambda row: row.waiting_for == "permission", "a permission prompt")
    delegating.wait(delegated, "a subagent on its way")
    for client in (running, asking):
        wait_why(client, "working")
    assert wait_why(delegating, "fork_waits").waiting_for == "background"

    answering.ask("second question in its turn")
    still.ask("second question in its turn")
    for client in (answering, still):
        planned(client)
    before, since = beside.last(answering), beside.last(still).at
    wait_past(before.at + 4.0)
    begun = stage.streams_begun()
    done = answering.say(f"slow: {DUE - 3:.0f}")
    answering.wait(lambda: stage.streams_begun() > begun, "the beginning of an answer")
    wait_why(answering, "working")
    wait_past(since + DUE - 3.0)
    with beside.frozen(still):
        wait_past(since + TTL_SECONDS + 0.5)
    answering.wait(done, "the slow answer")
    slow = beside.last(answering)
    (fork,) = stage.wait_pings(answering.session_id, 1, TTL_SECONDS)
    assert slow.at < before.at + DUE < slow.ended_at, "one was due while the answer came"
    assert slow.ended_at < fork.at < slow.at + TTL_SECONDS, "a lifetime runs from the request, not from the answer"
    wait_past(max(beside.last(client).at for client in (running, asking, delegating)) + TTL_SECONDS)
    assert forks(stage, running, asking, delegating, still) == [[], [], [], []]
    kept = still.wait_row(lambda row: row.keepalive.next_ping_at is None, "nothing planned").keepalive
    assert kept.why in ("expired", "plugin_silent"), "it was asked, and woke up to an ask that was too late, or gone"
    assert not (stage.work / "made").exists()


def test_a_plans_login_needs_consent_and_an_uninstall_ends_everything(beside: Beside) -> None:
    stage = beside.stage
    beside.install()
    plan, later, key = beside.start("subscription", "subscription", "api_key")
    beside.ask((plan, later, key), "first question")
    beside.ask((plan, later), "second question")
    for client in (plan, later):
        assert planned(client).login is None, "no file of the client tells"
    for client in (plan, later):
        row = client.wait_row(
            lambda row: row.login is not None, "the login, which the client itself knows", TTL_SECONDS
        )
        row = wait_why(client, "no_consent")
        assert (row.login, row.keepalive.pings, row.keepalive.warmer) == ("subscription", 0, None)
    wait_past(beside.last(later).at + TTL_SECONDS)
    assert stage.log.pings() == []

    plan.ask("third question")
    wait_why(plan, "no_consent")
    beside.install("yes")
    due = planned(plan).keepalive.next_ping_at
    stage.warmside("keeper", "stop")
    stage.warmside("keeper", "start")
    row = planned(plan)
    assert (row.keepalive.next_ping_at, row.login) == (due, "subscription")
    wait_past(beside.last(plan).at + 10.0)
    later.ask("third question")
    planned(later)

    (fork,) = stage.wait_pings(plan.session_id, 1, TTL_SECONDS)
    assert fork.read == beside.last(plan).prefix
    plan.wait_row(answered(1), "the fork on the row")
    beside.install("no")
    for client in (plan, later):
        wait_why(client, "no_consent")
    key.ask("second question in its turn")
    planned(key)
    wait_past(beside.last(later).at + DUE + 2.0)
    assert stage.log.pings() == [fork]

    beside.uninstall()
    assert time.time() < beside.last(key).at + DUE, "in time to forbid something"
    stage.note_gone(key.session_id, "the uninstall")
    wait_why(key, "watch_only")
    wait_past(beside.last(key).at + TTL_SECONDS - 2.0)
    assert stage.log.pings() == [fork]


def test_through_the_gateway_forks_stand_in_for_replays(beside: Beside) -> None:
    stage = beside.stage
    beside.install("yes")
    plan, key = clients = stage.start(login=LOGINS["subscription"]), stage.start()
    beside.ask(clients, "first question")
    stage.warmside("budget", plan.session_id, "--mode", "hold")
    beside.ask(clients, "second question")
    lasts = [beside.last(client) for client in clients]
    row = planned(plan)
    assert (row.login, row.cache.evidence) == ("subscription", "gateway")
    row = key.wait_row(lambda row: row.keepalive.next_ping_at is not None, "a planned replay")
    assert (row.login, row.keepalive.warmer) == ("api_key", "replay")
    for client in clients:
        stage.wait_pings(client.session_id, 1, TTL_SECONDS)
    rows = [client.wait_row(answered(1), "a ping on the row") for client in clients]
    assert [row.totals.requests for row in rows] == [2, 2], "a fork that passes is no request"

    kill_worker(stage)
    row = key.wait_row(lambda row: row.keepalive.warmer == "fork", "the client takes over from the lost prefix")
    assert (row.keepalive.idle_pings, row.keepalive.next_ping_at is None) == (1, False)
    for client in clients:
        stage.wait_pings(client.session_id, 2, TTL_SECONDS)
        client.wait_row(answered(2), "the second ping on the row")
    kinds = [[ping.is_fork for ping in stage.log.pings(client.session_id)] for client in clients]
    assert kinds == [[True, True], [False, True]]
    wait_past(max(last.at for last in lasts) + TTL_SECONDS)
    ledger = stage.ledger()
    assert (ledger.pings, ledger.hits, ledger.saved_usd) == (4, 4, 0.0), "none of them is somebody's return"
    assert [client.row().totals.requests for client in clients] == [2, 2]
    for client, last in zip(clients, lasts, strict=True):
        client.ask("third question, after a long pause")
        assert beside.last(client).read >= last.prefix
    ledger = wait_ledger(stage, lambda told: told.saved_usd > 0)
    assert ledger.saved_usd > ledger.spent_usd
    beside.check_cost(ledger.spent_usd, stage.log.pings())
