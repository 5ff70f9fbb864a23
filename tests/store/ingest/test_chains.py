"""The cache's clock from a transcript: where chains are cut, and that it does not matter how the requests come."""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import idle, lineages
from store.database import immediate
from store.ingest import chains
from store.ingest.chains import LIFETIMES
from store.ingest.reading import RequestRow
from store.models import Evidence, TTLClass
from store.row import fetch_all
from store.rows import LineageRow
from tests.store.ingest.made_up_reads import request
from tests.store.made_up import HAIKU, NOW, OPUS, TTL, add_lineage, add_session, memory_store, open_period


def write(
    db: sqlite3.Connection,
    requests: Sequence[RequestRow],
    compacted_at: Sequence[float | None] = (),
    *,
    attached: bool = False,
) -> list[LineageRow]:
    """Write, and give all lineages of the main thread."""
    with immediate(db):
        chains.write(db, "s1", requests, compacted_at, LIFETIMES.get, attached=attached)
    return rows(db)


def rows(db: sqlite3.Connection) -> list[LineageRow]:
    return fetch_all(LineageRow, db.execute("SELECT * FROM lineages WHERE agent_id = '' ORDER BY id"))


@pytest.fixture(autouse=True)
def _session(db: sqlite3.Connection) -> None:
    add_session(db)


def test_requests_of_one_prefix_are_one_chain(db: sqlite3.Connection) -> None:
    (row,) = write(db, [request("m2", NOW + 60, read=5_000, write=300), request("m1", NOW)])
    assert (row.evidence, row.model, row.requests, row.prefix_tokens) == (Evidence.TRANSCRIPT, OPUS, 2, 5_300)
    assert (row.first_request_at, row.last_request_at, row.expires_at) == (NOW, NOW + 60, NOW + 60 + TTL)
    assert (row.ttl_class, row.held, row.replaced) == ("5m", False, "")


def test_another_model_is_another_chain(db: sqlite3.Connection) -> None:
    old, new = write(db, [request("m1"), request("m2", NOW + 9, model=HAIKU, write=800)])
    assert (old.model, old.replaced, old.broke_tokens) == (OPUS, "model_changed", 800)
    assert (new.model, new.replaced, new.requests) == (HAIKU, "", 1)


def test_a_summary_begins_another_chain(db: sqlite3.Connection) -> None:
    old, new = write(db, [request("m1"), request("m2", NOW + 9, write=700)], [NOW + 5, None])
    assert (old.replaced, old.broke_tokens, old.requests) == ("compacted", 700, 1)
    assert (new.replaced, new.first_request_at) == ("", NOW + 9)


def test_a_summary_replaces_the_chain_before_anything_follows(db: sqlite3.Connection) -> None:
    (row,) = write(db, [request("m1")], [NOW + 5])
    assert row.replaced == "compacted"
    (row, new) = write(db, [request("m2", NOW + 9, write=700)], [NOW + 5])
    assert (row.replaced, row.broke_tokens, new.replaced) == ("compacted", 700, "")


def test_the_class_is_the_last_that_was_named(db: sqlite3.Connection) -> None:
    (row,) = write(db, [request("m1", ttl="1h"), request("m2", NOW + 9, ttl=None)])
    assert (row.ttl_class, row.expires_at) == ("1h", NOW + 9 + 3600)
    (row,) = write(db, [request("m3", NOW + 20, ttl=None)])
    assert (row.ttl_class, row.expires_at) == ("1h", NOW + 20 + 3600)


def test_without_a_class_there_is_no_expiry(db: sqlite3.Connection) -> None:
    (row,) = write(db, [request("m1", ttl=None)])
    assert (row.ttl_class, row.ttl_seconds, row.expires_at) == (None, None, None)


def test_only_the_main_threads_real_requests_count(db: sqlite3.Connection) -> None:
    assert write(db, [request("m1", agent_id="7"), request("m2", agent_id="sidechain"), request("m3", model="")]) == []


def test_what_is_known_is_not_counted_again(db: sqlite3.Connection) -> None:
    both = [request("m1"), request("m2", NOW + 9)]
    once = write(db, both)
    assert write(db, both) == once


def test_a_stop_is_void_after_the_next_request(db: sqlite3.Connection) -> None:
    (row,) = write(db, [request("m1")])
    lineages.stop(db, row.id, "missed", {})
    (row,) = write(db, [request("m2", NOW + 9)])
    assert (row.stop, row.requests) == ("", 2)


def test_the_gateways_clock_stays_while_it_sees_the_requests(db: sqlite3.Connection) -> None:
    lineage_id = add_lineage(db)
    before = rows(db)
    assert write(db, [request("m1", NOW + 60)], attached=True) == before
    (row,) = write(db, [request("m1", NOW + 60)], [NOW + 30], attached=True)
    assert (row.id, row.replaced) == (lineage_id, "compacted")


def test_a_transcript_goes_on_where_the_gateway_left(db: sqlite3.Connection) -> None:
    lineage_id = add_lineage(db)
    (row,) = write(db, [request("m1", NOW - 5), request("m2", NOW + 60)])
    assert (row.id, row.evidence, row.requests, row.last_request_at) == (lineage_id, "transcript", 2, NOW + 60)


def test_an_attached_session_without_a_request_through_the_gateway_goes_by_its_transcript(
    db: sqlite3.Connection,
) -> None:
    (row,) = write(db, [request("m1")], attached=True)
    assert row.evidence is Evidence.TRANSCRIPT


CLASSES: list[TTLClass | None] = ["5m", "1h", None]
STEPS = st.lists(
    st.one_of(
        st.just("compaction"),
        st.builds(
            lambda model, read, write, ttl, agent: request(
                "", model=model, read=read, write=write, ttl=ttl, agent_id=agent
            ),
            st.sampled_from([OPUS, HAIKU, ""]),
            st.integers(0, 9),
            st.integers(0, 9),
            st.sampled_from(CLASSES),
            st.sampled_from(["", "", "", "7"]),
        ),
    ),
    max_size=12,
)


@given(steps=STEPS, waits=st.lists(st.integers(0, 1), min_size=12, max_size=12), cuts=st.sets(st.integers(0, 12)))
def test_chains_are_the_same_however_the_requests_come(
    steps: list[str | RequestRow], waits: list[int], cuts: set[int]
) -> None:
    """All at once, or in pieces while the file grows; requests of one moment included."""
    at, requests, compactions, seen = NOW, list[RequestRow](), list[float | None](), list[tuple[int, int]]()
    for n, (step, wait) in enumerate(zip(steps, waits, strict=False)):
        if isinstance(step, str):
            compactions.append(at + 0.5)
            at += 1
        else:
            at += wait
            requests.append(step._replace(message_id=f"m{n}", started_at=at))
        if n in cuts:
            seen.append((len(requests), len(compactions)))
    seen.append((len(requests), len(compactions)))
    with memory_store() as at_once, memory_store() as in_pieces:
        for db in (at_once, in_pieces):
            add_session(db)
        write(at_once, requests, compactions)
        done = 0
        for upto, compacted in seen:
            write(in_pieces, requests[done:upto], compactions[:compacted])
            done = upto
        assert rows(in_pieces) == rows(at_once)
        write(in_pieces, requests, compactions)
        assert rows(in_pieces) == rows(at_once)


class TestIdlePeriods:
    """Of a session beside the gateway, a period closes with the next request in its transcript."""

    def closed(self, db: sqlite3.Connection) -> list[tuple[object, ...]]:
        return db.execute("SELECT closed_by, closed_at, read_tokens, lapsed FROM idle_periods ORDER BY id").fetchall()

    def opened(self, db: sqlite3.Connection) -> None:
        write(db, [request("m1", read=40_000, write=10_000)])
        assert idle.open_passive(db, "s1", NOW + 1)

    def test_a_return_that_reads_is_kept(self, db: sqlite3.Connection) -> None:
        self.opened(db)
        write(db, [request("m1", read=40_000, write=10_000), request("m2", NOW + 400, read=50_000, write=70)])
        assert self.closed(db) == [("request", NOW + 400, 50_000, 0)]

    def test_a_return_that_writes_again_has_lapsed(self, db: sqlite3.Connection) -> None:
        self.opened(db)
        write(db, [request("m2", NOW + 400, read=20_000, write=30_000)])
        assert self.closed(db) == [("request", NOW + 400, 20_000, 1)]

    def test_of_several_new_requests_the_first_came_back(self, db: sqlite3.Connection) -> None:
        self.opened(db)
        write(db, [request("m2", NOW + 100, read=50_000), request("m3", NOW + 900, read=1)])
        assert self.closed(db) == [("request", NOW + 100, 50_000, 0)]
        assert not idle.open_passive(db, "s1", NOW + 900 + TTL)
        assert idle.open_passive(db, "s1", NOW + 901)

    def test_another_model_is_no_return(self, db: sqlite3.Connection) -> None:
        self.opened(db)
        write(db, [request("m2", NOW + 100, model=HAIKU, read=50_000)])
        assert self.closed(db) == [("replaced", NOW + 100, 0, 0)]

    def test_nor_is_what_follows_a_summary(self, db: sqlite3.Connection) -> None:
        self.opened(db)
        write(db, [request("m2", NOW + 100)], [NOW + 50])
        assert self.closed(db) == [("replaced", NOW + 100, 0, 0)]

    def test_reading_it_all_again_closes_nothing(self, db: sqlite3.Connection) -> None:
        self.opened(db)
        write(db, [request("m1", read=40_000, write=10_000)])
        assert [row[0] for row in self.closed(db)] == [""]

    def test_where_the_gateway_sees_the_requests_they_close_it(self, db: sqlite3.Connection) -> None:
        open_period(db, add_lineage(db))
        write(db, [request("m2", NOW + 100)], attached=True)
        assert [row[0] for row in self.closed(db)] == [""]
