"""A request counts once per message id, whoever saw it, in whatever order and however often it is told."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store import requests
from store.models import Evidence, Usage
from tests.store.made_up import NOW, add_lineage, add_request, add_session, memory_store

FINAL = Usage(input=7, output=900, cache_read=40_000, cache_write_5m=1_200)


@dataclass(frozen=True)
class Told:
    """One way in which a request reaches the store."""

    evidence: Evidence
    message_id: str
    session_id: str
    usage: Usage

    def store(self, db: sqlite3.Connection) -> bool:
        return add_request(db, self.message_id, self.session_id, usage=self.usage, evidence=self.evidence)


def told_about(number: int, usage: Usage) -> list[Told]:
    """A transcript's streaming placeholder and final record, a copy of it in a fork, and what the gateway saw."""
    message_id = f"msg-{number}"
    placeholder = replace(usage, output=min(usage.output, 1))
    return [
        Told(Evidence.TRANSCRIPT, message_id, "s1", placeholder),
        Told(Evidence.TRANSCRIPT, message_id, "s1", usage),
        Told(Evidence.TRANSCRIPT, message_id, "fork", usage),
        Told(Evidence.GATEWAY, message_id, "s1", usage),
    ]


def sums(db: sqlite3.Connection) -> tuple[int, ...]:
    row: tuple[int, ...] = db.execute(
        "SELECT count(*), sum(input), sum(output), sum(cache_read), sum(cache_write_5m), sum(cache_write_1h)"
        " FROM requests"
    ).fetchone()
    return row


TOKENS = st.integers(0, 1_000_000)
USAGES = st.builds(Usage, input=TOKENS, output=TOKENS, cache_read=TOKENS, cache_write_5m=TOKENS, cache_write_1h=TOKENS)


@given(data=st.data(), usages=st.lists(USAGES, min_size=1, max_size=4))
def test_any_order_and_any_repetition_give_the_same_sums(data: st.DataObject, usages: list[Usage]) -> None:
    told = [each for number, usage in enumerate(usages) for each in told_about(number, usage)]
    again = data.draw(st.lists(st.sampled_from(told), max_size=6))
    order = data.draw(st.permutations(told + again))
    with memory_store() as db:
        add_session(db, "s1")
        add_session(db, "fork")
        new = [each.store(db) for each in order]
        assert sums(db) == (
            len(usages),
            sum(usage.input for usage in usages),
            sum(usage.output for usage in usages),
            sum(usage.cache_read for usage in usages),
            sum(usage.cache_write_5m for usage in usages),
            sum(usage.cache_write_1h for usage in usages),
        )
        assert sum(new) == len(usages)
        # Who saw it leave knows whose it was.
        assert db.execute("SELECT DISTINCT session_id, evidence FROM requests").fetchall() == [("s1", "gateway")]


@given(data=st.data(), usage=USAGES)
def test_transcripts_alone_agree_too(data: st.DataObject, usage: Usage) -> None:
    told = [each for each in told_about(1, usage) if each.evidence is Evidence.TRANSCRIPT]
    order = data.draw(st.permutations(told + data.draw(st.lists(st.sampled_from(told), max_size=3))))
    with memory_store() as db:
        add_session(db, "s1")
        add_session(db, "fork")
        for each in order:
            each.store(db)
        tokens = (usage.input, usage.output, usage.cache_read, usage.cache_write_5m, usage.cache_write_1h)
        assert sums(db) == (1, *tokens)


@given(order=st.permutations(["gateway", "transcript", "transcript", "gateway"]))
def test_the_gateway_wins_where_they_differ(order: list[str]) -> None:
    """A stream that the client left has fewer tokens than some transcripts claim; the order must not decide."""
    claims = {
        "gateway": (Evidence.GATEWAY, Usage(input=5, output=10, cache_read=100)),
        "transcript": (Evidence.TRANSCRIPT, Usage(input=6, output=11, cache_read=101)),
    }
    with memory_store() as db:
        add_session(db)
        for name in order:
            evidence, usage = claims[name]
            add_request(db, "msg", usage=usage, evidence=evidence)
        assert sums(db) == (1, 5, 10, 100, 0, 0)


def test_only_the_first_telling_is_new(db: sqlite3.Connection) -> None:
    add_session(db)
    assert add_request(db, "msg-1", usage=FINAL)
    assert not add_request(db, "msg-1", usage=FINAL)
    assert add_request(db, "msg-2", usage=FINAL)


def test_the_gateways_times_and_lineage_survive_the_transcript(db: sqlite3.Connection) -> None:
    add_session(db)
    lineage_id = add_lineage(db)
    add_request(db, "m", at=NOW + 2, evidence=Evidence.TRANSCRIPT, usage=FINAL)
    add_request(db, "m", at=NOW, usage=FINAL, lineage_id=lineage_id, first_byte_seconds=0.75)
    add_request(db, "m", at=NOW + 2, evidence=Evidence.TRANSCRIPT, usage=FINAL)
    found = db.execute("SELECT started_at, first_byte_seconds, lineage_id, evidence FROM requests").fetchall()
    assert found == [(NOW, 0.75, lineage_id, "gateway")]


def test_a_fork_does_not_take_its_parents_requests(db: sqlite3.Connection) -> None:
    add_session(db, "s1")
    add_session(db, "fork")
    add_request(db, "m", "s1", evidence=Evidence.TRANSCRIPT, usage=FINAL)
    add_request(db, "m", "fork", evidence=Evidence.TRANSCRIPT, usage=FINAL)
    assert db.execute("SELECT session_id FROM requests").fetchall() == [("s1",)]


class TestTheLastAnswer:
    """`last_output`: what a fork would send as prompt for the first time."""

    def add(
        self, db: sqlite3.Connection, name: str, at: float, output: int, evidence: Evidence, lineage: int | None = None
    ) -> None:
        add_request(db, name, at=at, usage=Usage(output=output), evidence=evidence, lineage_id=lineage)

    def test_the_newest_counts_however_it_came(self, db: sqlite3.Connection) -> None:
        add_session(db)
        assert requests.last_output(db, "s1") is None
        self.add(db, "m2", NOW + 9, 300, Evidence.TRANSCRIPT)
        self.add(db, "m1", NOW, 20, Evidence.TRANSCRIPT)
        assert requests.last_output(db, "s1") == 300
        assert requests.last_output(db, "another") is None

    def test_what_the_gateway_saw_beside_the_conversation_is_none_of_it(self, db: sqlite3.Connection) -> None:
        add_session(db)
        self.add(db, "m1", NOW, 20, Evidence.GATEWAY, add_lineage(db))
        self.add(db, "title", NOW + 9, 7, Evidence.GATEWAY)
        assert requests.last_output(db, "s1") == 20

    def test_nor_is_a_subagents(self, db: sqlite3.Connection) -> None:
        add_session(db)
        self.add(db, "m1", NOW, 20, Evidence.TRANSCRIPT)
        self.add(db, "m2", NOW + 9, 900, Evidence.TRANSCRIPT)
        db.execute("UPDATE requests SET agent_id = 'a1' WHERE message_id = 'm2'")
        assert requests.last_output(db, "s1") == 20
