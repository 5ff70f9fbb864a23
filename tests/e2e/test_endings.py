"""Sessions that end in every way, beside one that stays: only that one is pinged."""

from __future__ import annotations

import os
import signal

import pytest

from tests.e2e.harness import Stage
from tests.e2e.home import TTL_SECONDS

pytestmark = pytest.mark.e2e


def test_nothing_is_sent_after_exit_clear_or_a_killed_client(stage: Stage) -> None:
    leaving, clearing, dying, staying = (stage.start() for _ in range(4))
    clients = (leaving, clearing, dying, staying)
    ended = [client.session_id for client in (leaving, clearing, dying)]
    for client in clients:
        client.ask("first question")
        client.ask("second question")
    for client in clients:
        client.wait_row(lambda row: row.keepalive.next_ping_at is not None, "a planned ping")
    keeper = stage.keeper()
    assert keeper is not None
    assert keeper.supervised
    assert keeper.sessions == 4

    leaving.leave()
    cleared_into = clearing.clear()
    os.kill(dying.pid, signal.SIGKILL)
    dying.wait(lambda: not dying.alive, "the client is dead")
    stage.note_gone(ended[2], "kill -9")
    for session, why in zip(ended, ("ended", "cleared", "dead"), strict=True):
        row = stage.wait_row(session, lambda row: row.ended_at is not None, f"the end of {session}")
        assert (row.status, row.keepalive.why, row.keepalive.next_ping_at) == ("ended", why, None)
    assert stage.wait_row(cleared_into, lambda row: row.status == "idle", "the session after /clear").ended_at is None

    last_end = stage.gone[-1].at
    stage.wait_pings(staying.session_id, 1, TTL_SECONDS)
    assert {ping.session_id for ping in stage.log.pings() if ping.at > last_end} == {staying.session_id}


def test_resume_in_time_reads_the_old_prefix_and_is_kept_again(stage: Stage) -> None:
    client = stage.start()
    session = client.session_id
    client.ask("first question")
    client.ask("second question")
    client.leave()
    stage.wait_row(session, lambda row: row.ended_at is not None, "the end on the row")
    *_, last = stage.log.requests(session)

    again = stage.start("--resume", session)
    assert again.session_id == session
    again.ask("third question, after the resume")
    *_, back = stage.log.requests(session)
    assert back.read >= 0.95 * last.prefix
    row = again.wait_row(lambda row: row.keepalive.next_ping_at is not None, "a planned ping")
    assert (row.ended_at, row.pid) == (None, again.pid)
    stage.wait_pings(session, 1, TTL_SECONDS)
