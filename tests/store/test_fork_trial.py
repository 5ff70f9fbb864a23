"""The trial of forks on 1h entries: only a real request after the original expiry that read nearly all ends it."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import fork_trial
from tests.store import idle_sample
from tests.store.idle_sample import MadePeriod, MadePing
from tests.store.made_up import NOW, memory_store

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
