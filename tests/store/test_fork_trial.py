"""The trial of forks on 1h entries: only a real request after the original expiry that read nearly all ends it."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import fork_trial, lineages, pings
from store.models import TTLClass
from store.rows import LineageRow
from store.words import Warmer
from tests.store import idle_sample
from tests.store.idle_sample import MadePeriod, MadePing
from tests.store.made_up import NO_CAPS, NOW, add_lineage, add_session, memory_store, touch

FORK = MadePing("fork", True, 3_540.0)
PROOF = MadePeriod("a", "1h", None, NOW, "request", 3_601.0, 0.95, (FORK,))


@pytest.mark.parametrize(
    ("period", "proven"),
    [
        (PROOF, True),
        (PROOF._replace(pings=(FORK._replace(hit=False), FORK)), True),
        (PROOF._replace(read=0.94), False),
        (PROOF._replace(gap=3_600.0), False),
        (PROOF._replace(closed_by="replaced"), False),
        (PROOF._replace(closed_by="end"), False),
        (PROOF._replace(closed_by=""), False),
        (PROOF._replace(ttl="5m"), False),
        (PROOF._replace(pings=()), False),
        (PROOF._replace(pings=(FORK._replace(hit=False),)), False),
        (PROOF._replace(pings=(FORK._replace(warmer="replay"),)), False),
        # A replay's hit beside a fork's miss proves nothing of forks.
        (PROOF._replace(pings=(FORK._replace(warmer="replay"), FORK._replace(hit=False))), False),
    ],
)
def test_what_is_a_proof(db: sqlite3.Connection, period: MadePeriod, proven: bool) -> None:
    assert fork_trial.proven(db) is False
    idle_sample.fill(db, [period])
    assert fork_trial.proven(db) is proven


@settings(max_examples=150)
@given(st.lists(idle_sample.PERIODS, max_size=12))
def test_it_is_the_plain_reckoning(stored: list[MadePeriod]) -> None:
    with memory_store() as db:
        idle_sample.fill(db, stored)
        assert fork_trial.proven(db) is any(
            period.ttl == "1h"
            and period.closed_by == "request"
            and period.late
            and period.read >= 0.95
            and any(ping.warmer == "fork" and ping.hit for ping in period.pings)
            for period in stored
        )


class TestUnproven:
    """Lineages that live on a fork's word alone."""

    def kept(
        self, db: sqlite3.Connection, *, ttl: TTLClass = "1h", warmer: Warmer = "fork", outcome: str = "hit"
    ) -> LineageRow:
        """A lineage whose last touch is this ping."""
        add_session(db)
        lineage_id = add_lineage(db, ttl=ttl)
        sent = NOW + 3_540.0
        ping_id = pings.reserve(
            db,
            lineage_id=lineage_id,
            session_id="s1",
            warmer=warmer,
            model="m",
            ttl_class=ttl,
            prefix_tokens=9,
            manual=False,
            now=sent,
            expires_at=sent + 60,
            read_usd=0.0,
            write_usd=0.0,
            caps=NO_CAPS,
        )
        assert isinstance(ping_id, int)
        pings.settle(db, ping_id, outcome=outcome, now=sent + 1, sent_at=sent)
        lineages.touch_by_ping(db, lineage_id, sent)
        return self.row(db, lineage_id)

    def row(self, db: sqlite3.Connection, lineage_id: int) -> LineageRow:
        row = lineages.get(db, lineage_id)
        assert row is not None
        return row

    def test_an_hours_entry_that_a_fork_touched_last(self, db: sqlite3.Connection) -> None:
        row = self.kept(db)
        assert fork_trial.unproven(db, [row]) == {row.id}
        assert fork_trial.unproven(db, []) == frozenset()

    def test_one_proof_ends_it_for_all(self, db: sqlite3.Connection) -> None:
        row = self.kept(db)
        idle_sample.fill(db, [PROOF])
        assert fork_trial.unproven(db, [row]) == frozenset()

    def test_not_after_the_next_real_request(self, db: sqlite3.Connection) -> None:
        row = self.kept(db)
        touch(db, row.id, at=NOW + 3_600.0, ttl="1h")
        assert fork_trial.unproven(db, [self.row(db, row.id)]) == frozenset()

    def test_not_by_a_replay_nor_on_a_short_entry_nor_by_a_miss(self, db: sqlite3.Connection) -> None:
        assert fork_trial.unproven(db, [self.kept(db, warmer="replay")]) == frozenset()
        assert fork_trial.unproven(db, [self.kept(db, ttl="5m")]) == frozenset()
        assert fork_trial.unproven(db, [self.kept(db, outcome="miss")]) == frozenset()

    def test_not_without_a_lifetime_or_a_ping(self, db: sqlite3.Connection) -> None:
        add_session(db)
        assert fork_trial.unproven(db, [self.row(db, add_lineage(db, ttl="1h"))]) == frozenset()
        assert fork_trial.unproven(db, [self.row(db, add_lineage(db, ttl=None))]) == frozenset()
