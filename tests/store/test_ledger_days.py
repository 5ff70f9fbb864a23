"""The ledger by day: spans of local days, losses where they were spent, tokens under a plan's login."""

from __future__ import annotations

import sqlite3
from datetime import datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import ledger, ledger_days
from store.ledger_models import DayLedger, SpanLedger, SpanLine
from store.models import WaitingFor
from tests.store import idle_sample
from tests.store.idle_sample import PREFIX, READ, MadePeriod, MadePing
from tests.store.made_up import NOW, memory_store, time_zone

DAY = 86_400.0
PING = MadePing("replay", True, 280.0)
KEPT = MadePeriod("a", "5m", WaitingFor.YOU, NOW, "request", 500.0, 1.0, (PING,))
SAVED = 0.48


@pytest.mark.parametrize(
    ("zone", "now", "days", "start"),
    [
        ("UTC", "2026-09-21T14:13Z", 1, "2026-09-21T00:00Z"),
        ("UTC", "2026-09-21T14:13Z", 7, "2026-09-15T00:00Z"),
        # An hour was left out within the week, or told twice: it still begins at midnight.
        ("Europe/Berlin", "2026-03-31T12:00+02:00", 7, "2026-03-25T00:00+01:00"),
        ("Europe/Berlin", "2026-10-27T12:00+01:00", 7, "2026-10-21T00:00+02:00"),
        ("Asia/Tokyo", "2026-09-21T15:00Z", 2, "2026-09-20T15:00Z"),
    ],
)
def test_a_span_begins_at_midnight(monkeypatch: pytest.MonkeyPatch, zone: str, now: str, days: int, start: str) -> None:
    with time_zone(monkeypatch, zone):
        at = datetime.fromisoformat(now).timestamp()
        assert ledger_days.start(at, days) == datetime.fromisoformat(start).timestamp()
        assert ledger_days.start(at, None) == 0.0


def test_nothing_was_ever_sent(db: sqlite3.Connection) -> None:
    found = ledger_days.read(db, NOW, 7)
    assert (found.billed, found.plan, found.ever, found.hour_less_usd) == (SpanLedger(), SpanLedger(), False, None)


@pytest.mark.usefixtures("utc")
def test_a_loss_stands_where_it_was_spent(db: sqlite3.Connection) -> None:
    given_up = KEPT._replace(session="b", closed_by="timeout", gap=DAY, pings=(PING, PING))
    idle_sample.fill(db, [KEPT, given_up])
    found = ledger_days.read(db, NOW + DAY + 1, 7)
    assert (found.today, found.slot, found.ever) == ("2026-09-22", "day", True)
    sent, noticed = found.billed.by_slot
    assert (sent.key, sent.pings, sent.closed) == ("2026-09-21", 3, 1)
    assert [sent.spent, sent.lost, sent.saved] == pytest.approx([3 * READ, 2 * READ, SAVED])
    assert (sent.kept_pings, sent.lost_pings) == (1, 2)
    assert (noticed.key, noticed.pings, noticed.lost, noticed.closed) == ("2026-09-22", 0, 0.0, 1)
    assert sent.net == pytest.approx(SAVED - 3 * READ)


@pytest.mark.usefixtures("utc")
def test_one_day_goes_by_hours(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [KEPT, KEPT._replace(session="b", opened=NOW - 3_600 * 3)])
    found = ledger_days.read(db, NOW + 3_600, 1)
    assert found.slot == "hour"
    assert [line.key for line in found.billed.by_slot] == ["11", "14"]


def test_a_plan_is_told_in_tokens_and_is_no_part_of_the_money(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [KEPT, KEPT._replace(session="b"), KEPT._replace(session="c", closed_by="end")])
    db.execute("UPDATE sessions SET login = 'subscription' WHERE id IN ('b', 'c')")
    found = ledger_days.read(db, NOW + 600, None)
    assert (found.billed.total.pings, found.plan.total.pings) == (1, 2)
    assert found.billed.total.spent == pytest.approx(READ)
    plan = found.plan.total
    assert (plan.spent, plan.saved, plan.lost) == (2 * PREFIX, PREFIX, PREFIX)
    assert [line.key for line in found.plan.by_result] == ["kept", "never_back"]


def test_projects_come_dearest_first(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [KEPT, KEPT._replace(session="b", pings=(PING, PING))])
    found = ledger_days.read(db, NOW + 600, None).billed.by_project
    assert [(line.key, line.pings) for line in found] == [("pier", 2), ("harbour", 1)]


def added(lines: tuple[SpanLine, ...]) -> list[float]:
    names = ("pings", "hits", "kept_pings", "lost_pings", "spent", "lost", "saved", "closed")
    return [sum(getattr(line, name) for line in lines) for name in names]


@settings(max_examples=40, deadline=None)
@given(st.lists(idle_sample.PERIODS, max_size=8), st.sampled_from([None, 1, 7]), st.integers(0, 6))
def test_every_grouping_adds_up(periods: list[MadePeriod], days: int | None, later: int) -> None:
    now = NOW + later * DAY
    with memory_store() as db:
        idle_sample.fill(db, periods)
        db.execute("UPDATE sessions SET login = 'subscription' WHERE id = 'b'")
        found = ledger_days.read(db, now, days)
        plain = ledger.read(db, found.since)
    for span in (found.billed, found.plan):
        whole = added((span.total,))
        for lines in (span.by_slot, span.by_project, span.by_result):
            assert added(lines) == pytest.approx(whole)
        for line in (*span.by_slot, *span.by_project, *span.by_result):
            assert line.lost <= line.spent + 1e-9
            assert line.kept_pings + line.lost_pings <= line.pings
    assert found.billed.total.pings + found.plan.total.pings == plain.pings
    assert found.billed.total.closed + found.plan.total.closed == plain.closed
    api = [line for line in plain.by_login if line.key != "subscription"]
    assert found.billed.total.spent == pytest.approx(sum(line.spent_usd for line in api))
    assert found.billed.total.saved == pytest.approx(sum(line.saved_usd for line in api))


def test_it_is_a_plain_object_that_can_be_kept() -> None:
    one = DayLedger(since=0.0, today="2026-09-21", slot="day")
    assert one == msgspec.json.decode(msgspec.json.encode(one), type=DayLedger)
