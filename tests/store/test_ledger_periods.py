"""The ledger's idle periods: what came of each, and every total against a plain reckoning."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import asdict

from store import ledger
from store.ledger_models import RESULTS, IdlePeriod, LedgerPeriods
from store.models import LedgerLine, WaitingFor
from store.session_filter import SessionFilter
from tests.store import idle_sample
from tests.store.idle_sample import READ, SESSIONS, MadePeriod
from tests.store.made_up import NOW, TTL, memory_store

KEPT = MadePeriod("a", "5m", WaitingFor.YOU, NOW, "request", 500.0, 1.0, (idle_sample.MadePing("replay", True, 280.0),))


@pytest.mark.parametrize(
    ("changes", "result"),
    [
        ({}, "kept"),
        ({"read": 0.95}, "kept"),
        ({"read": 0.94}, "unread"),
        ({"read": 0.49}, "too_late"),
        ({"gap": TTL}, "early"),
        ({"pings": (idle_sample.MadePing("replay", False, 280.0),)}, "unread"),
        ({"closed_by": "end"}, "never_back"),
        ({"closed_by": "timeout"}, "never_back"),
        ({"closed_by": "replaced"}, "replaced"),
        ({"closed_by": ""}, "open"),
    ],
)
def test_what_came_of_a_period(db: sqlite3.Connection, changes: dict[str, Any], result: str) -> None:
    idle_sample.fill(db, [KEPT._replace(**changes)])
    view = ledger.with_periods(db, limit=1)
    assert [one.result for one in view.periods] == [result]
    assert [one.key for one in view.by_result] == [result]
    closed = 0 if result == "open" else 1
    assert (view.closed, view.by_result[0].closed) == (closed, closed)
    lost = view.spent_usd if result not in ("kept", "open") else 0.0
    assert [view.lost_usd, view.periods[0].lost_usd] == pytest.approx([lost, lost])


def test_every_line_of_a_period(db: sqlite3.Connection) -> None:
    fork = idle_sample.MadePing("fork", False, 290.0)
    idle_sample.fill(db, [KEPT._replace(ttl="1h", gap=4_000.0, pings=(*KEPT.pings, fork)), KEPT._replace(pings=())])
    (found,) = ledger.with_periods(db, limit=9).periods
    assert (found.spent_usd, found.saved_usd) == pytest.approx((0.82, 0.78))
    assert found == IdlePeriod(
        session="a",
        project="harbour",
        agent="claude",
        opened_at=NOW,
        original_expires_at=NOW + 3_600,
        closed_at=NOW + 4_000,
        closed_by="request",
        waiting_for=WaitingFor.YOU,
        ttl="1h",
        prefix_tokens=100_000,
        warmer="fork",
        pings=2,
        hits=1,
        spent_usd=found.spent_usd,
        saved_usd=found.saved_usd,
        lost_usd=0.0,
        result="kept",
    )


def test_sessions_newest_first_and_projects_dearest_first(db: sqlite3.Connection) -> None:
    cheap, dear = KEPT, KEPT._replace(pings=KEPT.pings * 3)
    idle_sample.fill(db, [cheap._replace(opened=NOW + 9_000), dear._replace(session="b"), dear._replace(session="c")])
    view = ledger.read(db)
    assert [(one.key, one.label) for one in view.by_session] == [("a", "harbour"), ("c", "pier"), ("b", "pier")]
    assert [(one.key, one.pings) for one in view.by_project] == [("pier", 6), ("harbour", 1)]
    assert [(one.key, one.pings) for one in view.by_agent] == [("claude", 4), ("other", 3)]


def test_a_hold_that_pings_on_after_a_day_of_silence(db: sqlite3.Connection) -> None:
    """Its period counts as left already: what is spent on it later is still no open bet."""
    late = idle_sample.MadePing("replay", True, 90_000.0)
    idle_sample.fill(db, [KEPT._replace(closed_by="timeout", gap=86_400.0, pings=(*KEPT.pings, late))])
    assert [(one.key, one.pings, one.closed) for one in ledger.read(db).by_result] == [("never_back", 2, 1)]
    after = ledger.read(db, NOW + 88_000)
    assert [(one.key, one.pings, one.closed) for one in after.by_result] == [("never_back", 1, 0)]


def test_a_loss_is_all_that_was_spent_whenever_that_was(db: sqlite3.Connection) -> None:
    """The ping lies before the span, the end of its session within it."""
    idle_sample.fill(db, [KEPT._replace(closed_by="end", gap=5_000.0)])
    view = ledger.read(db, NOW + 1_000)
    assert (view.pings, view.spent_usd, view.closed) == (0, 0.0, 1)
    assert view.lost_usd == pytest.approx(READ)


CHOSEN = st.sampled_from(
    [
        (SessionFilter(), "abc"),
        (SessionFilter(project="Pier"), "bc"),
        (SessionFilter(project="/home/x/harbour"), "a"),
        (SessionFilter(agent="claude"), "ab"),
        (SessionFilter("pier", "other"), "c"),
    ]
)


def of_some(line: LedgerLine) -> tuple[float, ...]:
    return (line.pings, line.hits, line.closed, line.spent_usd, line.saved_usd, line.lost_usd)


@settings(max_examples=150)
@given(st.lists(idle_sample.PERIODS, max_size=10), CHOSEN, st.floats(0, 6 * 86_400) | st.none(), st.integers(1, 5))
def test_it_is_the_plain_reckoning(
    stored: list[MadePeriod], choice: tuple[SessionFilter, str], after: float | None, limit: int
) -> None:
    chosen, sessions = choice
    since = 0.0 if after is None else NOW + after
    with memory_store() as db:
        ids = idle_sample.fill(db, stored)
        view = ledger.with_periods(db, since, chosen, limit=limit)
        assert LedgerPeriods(**asdict(ledger.read(db, since, chosen)), periods=view.periods) == view
        for session_id in "abc":
            own = ledger.of_session(db, session_id, limit)
            assert own.total.pings == sum(len(one.pings) for one in stored if one.session == session_id)
            assert len(own.periods) == min(limit, sum(bool(one.pings) for one in stored if one.session == session_id))
    counted = [one for one in stored if one.session in sessions and one.pings]
    for key, line in {one.key: one for one in view.by_result}.items():
        assert key in RESULTS
        assert of_some(line) == near([one for one in counted if one.result == key], since)
    sums = {name: of for name, of in asdict(view).items() if hasattr(LedgerLine, name)}
    assert of_some(LedgerLine(key="", **sums)) == near(counted, since)
    for line in view.by_project:
        assert of_some(line) == near([one for one in counted if SESSIONS[one.session][1] == line.key], since)
    listed = [one for one in zip(ids, stored, strict=True) if one[1] in counted]
    listed = [one for one in listed if one[1].closed_at is None or one[1].closed_at >= since]
    newest = sorted(listed, key=lambda one: (-one[1].opened, -one[0]))[:limit]
    assert [(one.opened_at, one.result) for one in view.periods] == [(one.opened, one.result) for _, one in newest]


def near(periods: list[MadePeriod], since: float) -> Any:
    return pytest.approx(sums(periods, since), abs=1e-9)


def sums(periods: list[MadePeriod], since: float) -> tuple[float, ...]:
    """Pings, hits and spent by the time of the ping; closed, saved and lost by that of the close."""
    pings = [(one, ping) for one in periods for ping in one.pings if one.opened + ping.after >= since]
    closed = [one for one in periods if one.closed_at is not None and one.closed_at >= since]
    return (
        len(pings),
        sum(ping.hit for _, ping in pings),
        len(closed),
        sum(one._replace(pings=(ping,)).spent for one, ping in pings),
        sum(one.saved for one in closed),
        sum(one.lost for one in closed),
    )
