"""Sessions that know nothing of us: followed while they run, remembered when their transcripts are gone."""

from __future__ import annotations

import json
import os
import signal
import time
from pathlib import Path

import psutil
import pytest

from tests.e2e.contracts import Detail
from tests.e2e.harness import Stage
from tests.e2e.waiting import PATIENCE, until

pytestmark = pytest.mark.e2e

VISIBLE_WITHIN = 3.0
"""Seconds from a line in a transcript to `show`: one for the keeper's look, the rest for a busy machine."""


def test_a_session_is_followed_and_remembered(stage: Stage) -> None:
    stage.warmside("keeper", "start")
    client = stage.start_passive()
    session = client.session_id
    written = stage.work / "harbour.txt"
    client.ask(f"write: {written}")
    client.ask("run: exit 3")
    finished = time.monotonic()

    def told() -> Detail | None:
        detail = stage.show(session)
        whole = detail.totals.requests == len(stage.log.requests(session, agent_id=""))
        return detail if whole and len(detail.turns) == 2 and detail.turns[1].failed_commands else None

    detail = until(told, PATIENCE, "two turns and what they left")
    assert time.monotonic() - finished < VISIBLE_WITHIN
    assert (detail.seen_by, detail.pid, detail.ended_at) == ("session_file", client.pid, None)
    first, second = detail.turns
    assert [(file.kind, Path(file.path).name) for file in first.files_changed] == [("A", "harbour.txt")]
    assert [(failed.command, failed.exit_code) for failed in second.failed_commands] == [("exit 3", 3)]
    assert second.memory == "Tool memory:\n- Failed bash: exit 3 (exit 3)"

    client.leave()
    ended = stage.wait_row(session, lambda row: row.ended_at is not None, "the end of the session")
    assert ended.status == "ended"
    before = stage.show(session)
    (transcript,) = before.transcripts
    Path(transcript).unlink()
    assert json.loads(stage.warmside("import", "--json"))["files"] == 0
    assert stage.show(session) == before, "the store keeps what the client deletes"
    (found,) = json.loads(stage.warmside("search", "harbour.txt", "--json"))[:1]
    assert (found["session"], found["turn"]) == (session, 1)
    assert "exit 3" in stage.warmside("export", session)


def test_a_fork_repeats_its_parents_requests_and_counts_its_own(stage: Stage) -> None:
    client = stage.start_passive()
    parent = client.session_id
    client.ask("first question")
    client.ask("second question")
    client.leave()
    forked = stage.start_passive("--resume", parent, "--fork-session")
    forked.ask("third question")
    fork = forked.session_id
    assert fork != parent
    forked.leave()

    totals = json.loads(stage.warmside("import", "--json"))
    main = [*stage.log.requests(parent, agent_id=""), *stage.log.requests(fork, agent_id="")]
    assert totals["requests"] == len(main) == 3
    details = {session: stage.show(session) for session in (parent, fork)}
    assert sum(detail.totals.requests for detail in details.values()) == 3
    assert sum(detail.copied_requests for detail in details.values()) == 2
    assert json.loads(stage.warmside("import", "--json"))["files"] == 0


def test_a_killed_client_is_dead_and_what_it_wrote_is_there(stage: Stage) -> None:
    stage.warmside("keeper", "start")
    client = stage.start_passive()
    session = client.session_id
    client.ask("first question")
    until(lambda: stage.show(session).turns, PATIENCE, "its turn")  # (the client writes with a delay of its own)
    os.kill(client.pid, signal.SIGKILL)
    until(lambda: not psutil.pid_exists(client.pid) or not client.alive, PATIENCE, "its end")
    row = stage.wait_row(session, lambda row: row.ended_at is not None, "the end of the session")
    assert (row.status, row.keepalive.why) == ("ended", "dead")
    assert [turn.prompt for turn in stage.show(session).turns] == ["first question"]
