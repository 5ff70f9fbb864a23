"""Side questions and another plugin's forks in the real client, through the real gateway: paid for, and nothing more.

Whoever judges by the provider's log has to know them: they have the shape of a main request, and what is pinged is the
request before them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from store.database import connect
from tests.e2e.client import Client
from tests.e2e.harness import Stage, new_stage
from tests.e2e.home import KEY, MAX_PINGS, TTL_SECONDS
from tests.e2e.provider_log import Record, violations
from tests.e2e.waiting import PATIENCE, until, wait_past

pytestmark = pytest.mark.e2e

FORKER = """
export function register(on: any) {
  let turns = 0
  on('turn.complete', async ($: any, e: any, next: any) => {
    const said = await next(e)
    turns += 1
    if (turns === 2) void $.clock.after(200, async () => {
      await $.model.fork({ prompt: 'What is still open?' })
      await $.model.fork({ prompt: 'run: true' })
    })
    return said
  })
}
"""
"""After the second turn it asks twice; the second time the model tries a tool, and the client reports its denial."""


def is_aside(record: Record) -> bool:
    return any(name.lower() == "anthropic-beta" and "fallback-credit-" in value for name, value in record.headers)


def as_read(records: list[Record]) -> list[Record]:
    """What a bystander sees of the cache: an aside that read its predecessor's whole prefix leaves it as if that had
    been sent again; any other one leaves nothing that a ping may count on."""
    seen: list[Record] = []
    for record in records:
        if not is_aside(record):
            seen.append(record)
            continue
        last = next(r for r in reversed(seen) if r.session_id == record.session_id and not r.is_ping)
        if record.status == 200 and record.read >= last.prefix:
            seen.append(replace(last, n=record.n, at=record.at, ended_at=record.ended_at))
    return seen


@pytest.fixture
def stage(claude: Path) -> Iterator[Stage]:
    """A stage whose verdict knows of asides."""
    with new_stage(claude) as running:
        yield running
        lifetimes = {"5m": TTL_SECONDS, "1h": TTL_SECONDS}
        records = as_read(running.log.records())
        broken = violations(records, ttl_seconds=lifetimes, max_idle_pings=MAX_PINGS, gone=running.gone)
        assert not broken, "\n".join(broken)
        assert running.files_with(KEY) == []
        assert running.keeper_errors() == ""


def rows(stage: Stage, query: str, *values: object) -> list[tuple[object, ...]]:
    with closing(connect(stage.ours / "warmside.db", read_only=True)) as store:
        return [tuple(row) for row in store.execute(query, values)]


def asides(stage: Stage) -> list[Record]:
    return [record for record in stage.log.requests() if is_aside(record)]


def settled(stage: Stage, *arguments: str) -> Client:
    client = stage.start(*arguments)
    client.ask("first question")
    client.ask("second question")
    client.wait_row(lambda row: row.keepalive.next_ping_at is not None, "a planned ping")
    return client


def ask_beside(stage: Stage, client: Client, question: str) -> Record:
    """`/btw`: its answer is seen, closed, and in the store; returns the request that it sent."""
    before = len(asides(stage))
    client.type(f"/btw {question}")
    sent = client.wait(lambda: len(found := asides(stage)) > before and found[-1], "the side question")
    client.wait(lambda: "Esc to close" in client.screen(), "an answer beside the conversation")
    client.press("Escape")
    client.wait(lambda: "Esc to close" not in client.screen(), "the conversation again")
    all_counted(stage, client.session_id)
    return sent


def all_counted(stage: Stage, session: str) -> list[tuple[object, ...]]:
    """(tokens read, whether a lineage has it) of each request, once all that the provider saw are in the store."""
    query = "SELECT cache_read, lineage_id IS NOT NULL FROM requests WHERE session_id = ? ORDER BY started_at"
    count = len(stage.log.requests(session))
    return until(lambda: len(found := rows(stage, query, session)) == count and found, PATIENCE, f"{count} requests")


def last_main(stage: Stage) -> Record:
    return [record for record in stage.log.requests() if not is_aside(record)][-1]


LINEAGES = "SELECT id, replaced, requests, prefix_tokens, replayable FROM lineages ORDER BY id"
PERIODS = "SELECT closed_by, read_tokens, prefix_tokens FROM idle_periods ORDER BY id"
BREAKS = "SELECT cause, expected_read, read FROM breaks"


def test_side_questions_in_a_pause_leave_it_to_the_prompt(stage: Stage) -> None:
    client = settled(stage)
    session, last = client.session_id, last_main(stage)
    before = client.row()
    wait_past(last.at + TTL_SECONDS / 4)
    first = ask_beside(stage, client, "what is the colour of the sea")
    second = ask_beside(stage, client, "and of the sky")
    assert len(json.dumps(second.body)) > len(json.dumps(first.body)), "it brings the first one along"
    assert first.read == last.prefix
    row = client.wait_row(
        lambda row: row.cache.expires_at is not None and row.cache.expires_at.timestamp() > second.at + TTL_SECONDS - 1,
        "a clock that runs from the last read",
    )
    assert (row.status, row.waiting_for, row.context_tokens) == ("idle", "you", before.context_tokens)
    assert row.totals.requests == before.totals.requests + 2
    assert rows(stage, LINEAGES) == [(1, "", 2, last.prefix, "")]
    assert rows(stage, PERIODS)[1:] == [("", 0, last.prefix)]

    (ping,) = stage.wait_pings(session, 1, 2 * TTL_SECONDS)
    assert ping.at > last.at + TTL_SECONDS, "it was not due before: the side questions had kept the entry"
    client.wait_row(lambda row: row.keepalive.idle_pings == 1, "a ping on the row")
    wait_past(second.at + 1.1 * TTL_SECONDS)
    assert stage.ledger().saved_usd == 0.0
    client.ask("third question, after a long pause")
    back = last_main(stage)
    assert back.read >= last.prefix
    assert all_counted(stage, session)[1:] == [
        (last.read, 1),
        (first.read, 0),
        (second.read, 0),
        (back.read, 1),
    ]
    assert rows(stage, LINEAGES) == [(1, "", 3, back.prefix, "")]
    assert rows(stage, PERIODS)[1:] == [("request", back.read, last.prefix), ("", 0, back.prefix)]
    assert rows(stage, BREAKS) == []
    ledger = stage.ledger()
    assert ledger.hits == ledger.pings >= 1
    assert ledger.saved_usd > ledger.spent_usd > 0
    assert ledger.lost_usd == 0.0


def test_side_questions_alone_earn_no_saving(stage: Stage) -> None:
    client = settled(stage)
    session, last = client.session_id, last_main(stage)
    wait_past(last.at + TTL_SECONDS / 2)
    aside = ask_beside(stage, client, "what is the colour of the sea")
    stage.wait_pings(session, 1, 2 * TTL_SECONDS)
    client.wait_row(lambda row: row.keepalive.idle_pings == 1, "a ping on the row")
    client.ask("third question, while what the side question read still lives")
    back = last_main(stage)
    assert last.at + TTL_SECONDS < back.at < aside.at + TTL_SECONDS
    all_counted(stage, session)
    ledger = stage.ledger()
    assert (ledger.hits, ledger.saved_usd) == (1, 0.0)
    assert ledger.lost_usd == ledger.spent_usd > 0


def test_side_questions_while_a_tool_runs(stage: Stage) -> None:
    client = settled(stage)
    session = client.session_id
    client.say("run: sleep 8")
    client.wait_row(lambda row: row.waiting_for == "tool", "a running tool")
    before = len(stage.log.requests(session))
    for question in ("what is the colour of the sea", "and of the sky"):
        ask_beside(stage, client, question)
        row = client.row()
        assert (row.status, row.waiting_for) == ("busy", "tool")
    assert len(asides(stage)) == len(stage.log.requests(session)) - before == 2, "both came while it ran"
    client.wait(lambda: last_main(stage).stop_reason == "end_turn", "the end of the turn")
    client.ask("fourth question")
    all_counted(stage, session)
    assert rows(stage, LINEAGES) == [(1, "", 5, last_main(stage).prefix, "")]
    assert rows(stage, BREAKS) == []


def test_another_plugins_forks(stage: Stage) -> None:
    folder = stage.root / "forker"
    (folder / ".claude-plugin").mkdir(parents=True)
    (folder / "hooks").mkdir()
    about = {"name": "forker", "version": "0.0.1", "description": "Asks beside.", "author": {"name": "Somebody"}}
    (folder / ".claude-plugin" / "plugin.json").write_text(json.dumps(about), encoding="utf-8")
    (folder / "hooks" / "hooks.json").write_text('{"modules": ["./register.ts"]}', encoding="utf-8")
    (folder / "hooks" / "register.ts").write_text(FORKER, encoding="utf-8")
    client = settled(stage, "--plugin-dir", str(folder))
    last = last_main(stage)
    client.wait(lambda: len(asides(stage)) == 3, "two forks, and what goes on from the second")
    assert [own for _, own in all_counted(stage, client.session_id)] == [1, 1, 0, 0, 0]
    assert rows(stage, LINEAGES) == [(1, "", 2, last.prefix, "")]
    assert rows(stage, PERIODS)[1:] == [("", 0, last.prefix)]
    client.ask("third question")
    all_counted(stage, client.session_id)
    assert rows(stage, LINEAGES) == [(1, "", 3, last_main(stage).prefix, "")]
    assert rows(stage, BREAKS) == []


def test_the_summary_of_a_compaction_is_one_and_the_compaction_is_noticed(stage: Stage) -> None:
    client = settled(stage)
    session, last = client.session_id, last_main(stage)
    client.ask("/compact")
    stage.note_gone(session, "/compact")
    (summary,) = asides(stage)
    row = client.wait_row(lambda row: row.cache.reason == "compacted", "the compaction on the row")
    assert (row.keepalive.why, row.keepalive.next_ping_at) == ("compacted", None)
    client.wait_row(lambda row: row.status == "idle", "a session at rest")
    client.ask("third question")
    back = last_main(stage)
    assert all_counted(stage, session)[2:] == [(summary.read, 0), (back.read, 1)]
    assert [lineage[:3] for lineage in rows(stage, LINEAGES)] == [(1, "compacted", 2), (2, "", 1)]
    assert rows(stage, BREAKS) == [("compacted", last.prefix, back.read)]
