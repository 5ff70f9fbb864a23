"""The ledger: spending on the day of the ping, savings and losses on the day of the return, in local days."""

from __future__ import annotations

import sqlite3
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from store import idle, ledger
from store.ledger_models import LedgerView
from store.models import LedgerLine
from tests.store.made_up import (
    NOW,
    TTL,
    add_lineage,
    add_ping,
    add_prices,
    add_session,
    memory_store,
    open_period,
    time_zone,
)

READ, WRITE, SAVED = 0.02, 0.5, 0.48
"""$ for 100,000 tokens of the made-up Opus, and what a kept prefix saves."""


def at(text: str) -> float:
    """Seconds since the epoch of a time in ISO form."""
    return datetime.fromisoformat(text).timestamp()


def line(
    key: str = "",
    *,
    label: str = "",
    pings: int,
    hits: int,
    spent: float,
    saved: float = 0.0,
    lost: float = 0.0,
    closed: int = 0,
) -> LedgerLine:
    return LedgerLine(
        key=key,
        label=label,
        pings=pings,
        hits=hits,
        spent_usd=round(spent, 9),
        saved_usd=round(saved, 9),
        lost_usd=round(lost, 9),
        net_usd=round(saved - spent, 9),
        closed=closed,
    )


def rounded(found: LedgerLine) -> LedgerLine:
    """The line without what floating point adds."""
    money = {name: round(getattr(found, name), 9) for name in ("spent_usd", "saved_usd", "lost_usd", "net_usd")}
    return replace(found, **money)


@pytest.mark.parametrize(
    ("zone", "now", "midnight", "day"),
    [
        ("UTC", "2026-09-21T14:13:20Z", "2026-09-21T00:00Z", "2026-09-21"),
        ("UTC", "2026-09-21T00:00Z", "2026-09-21T00:00Z", "2026-09-21"),
        ("Asia/Tokyo", "2026-09-21T14:59:59Z", "2026-09-20T15:00Z", "2026-09-21"),
        ("Asia/Tokyo", "2026-09-21T15:00Z", "2026-09-21T15:00Z", "2026-09-22"),
        # The clocks change between midnight and now: midnight has its own offset.
        ("Europe/Berlin", "2026-03-29T12:00+02:00", "2026-03-29T00:00+01:00", "2026-03-29"),
        ("Europe/Berlin", "2026-10-25T12:00+01:00", "2026-10-25T00:00+02:00", "2026-10-25"),
        # There is no midnight on this day: it begins at one o'clock.
        ("America/Santiago", "2026-09-06T12:00-03:00", "2026-09-06T01:00-03:00", "2026-09-06"),
    ],
)
def test_local_days(monkeypatch: pytest.MonkeyPatch, zone: str, now: str, midnight: str, day: str) -> None:
    with time_zone(monkeypatch, zone):
        assert ledger.local_midnight(at(now)) == at(midnight)
        assert ledger.local_date(at(now)) == day
        assert ledger.local_date(at(midnight)) == day


def test_an_empty_ledger(db: sqlite3.Connection) -> None:
    assert ledger.read(db) == LedgerView()
    assert ledger.today(db, NOW)[0].pings == 0


@pytest.mark.usefixtures("utc")
def test_saved_lost_and_spent_by_session(db: sqlite3.Connection) -> None:
    add_prices(db)
    for session_id in ("kept", "gone", "early", "open", "unpinged"):
        add_session(db, session_id, cwd=f"/home/x/{session_id}-project")
        lineage_id = add_lineage(db, session_id)
        open_period(db, lineage_id, session_id)
        if session_id != "unpinged":
            add_ping(db, lineage_id, session_id, at=NOW + 280)
        if session_id == "kept":
            add_ping(db, lineage_id, session_id, at=NOW + 560)
            idle.close_by_request(db, lineage_id, at=NOW + 700, read_tokens=100_000)
        elif session_id == "gone":
            add_ping(db, lineage_id, session_id, at=NOW + 560, hit=False)
            idle.close_unreturned(db, lineage_id, at=NOW + 3_600, by="end")
        elif session_id == "early":
            idle.close_by_request(db, lineage_id, at=NOW + TTL - 1, read_tokens=100_000)
        elif session_id == "unpinged":
            idle.close_by_request(db, lineage_id, at=NOW + 700, read_tokens=100_000)
    view = ledger.read(db)
    assert {each.key: rounded(each) for each in view.by_session} == {
        "kept": line("kept", label="kept-project", pings=2, hits=2, spent=2 * READ, saved=SAVED, closed=1),
        "gone": line("gone", label="gone-project", pings=2, hits=1, spent=READ + WRITE, lost=READ + WRITE, closed=1),
        "early": line("early", label="early-project", pings=1, hits=1, spent=READ, lost=READ, closed=1),
        "open": line("open", label="open-project", pings=1, hits=1, spent=READ),
    }
    total = line(pings=6, hits=5, spent=5 * READ + WRITE, saved=SAVED, lost=2 * READ + WRITE, closed=3)
    grouped = {"by_session", "by_day", "by_project", "by_agent", "by_login", "by_result"}
    found = LedgerLine(key="", **{name: of for name, of in asdict(view).items() if name not in grouped})
    assert rounded(found) == total


def held_overnight(db: sqlite3.Connection) -> None:
    """Pinged before and after midnight (UTC), read again in the morning."""
    add_prices(db)
    evening = at("2026-09-21T23:50Z")
    add_session(db)
    lineage_id = add_lineage(db, at=evening)
    open_period(db, lineage_id, at=evening)
    add_ping(db, lineage_id, at=at("2026-09-21T23:54:45Z"))
    add_ping(db, lineage_id, at=at("2026-09-21T23:59:59Z"))
    add_ping(db, lineage_id, at=at("2026-09-22T00:00Z"))
    idle.close_by_request(db, lineage_id, at=at("2026-09-22T00:07Z"), read_tokens=100_000)


@pytest.mark.parametrize(
    ("zone", "days"),
    [
        (
            "UTC",
            [
                line("2026-09-21", pings=2, hits=2, spent=2 * READ),
                line("2026-09-22", pings=1, hits=1, spent=READ, saved=SAVED, closed=1),
            ],
        ),
        ("America/New_York", [line("2026-09-21", pings=3, hits=3, spent=3 * READ, saved=SAVED, closed=1)]),
        ("Asia/Tokyo", [line("2026-09-22", pings=3, hits=3, spent=3 * READ, saved=SAVED, closed=1)]),
    ],
)
def test_pings_count_on_the_day_they_were_sent(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, zone: str, days: list[LedgerLine]
) -> None:
    with time_zone(monkeypatch, zone):
        held_overnight(db)
        assert [rounded(each) for each in ledger.read(db).by_day] == days


@pytest.mark.usefixtures("utc")
def test_today_is_this_days_line(db: sqlite3.Connection) -> None:
    held_overnight(db)
    by_day = {each.key: each for each in ledger.read(db).by_day}
    assert ledger.today(db, at("2026-09-22T09:00Z"))[0] == by_day["2026-09-22"]
    assert ledger.today(db, at("2026-09-23T09:00Z"))[0] == LedgerLine(key="2026-09-23")


@pytest.mark.usefixtures("utc")
def test_what_a_plan_pays_for_stands_by_itself(db: sqlite3.Connection) -> None:
    held_overnight(db)
    add_session(db, "s2", login="subscription")
    lineage_id = add_lineage(db, "s2", at=at("2026-09-22T01:00Z"))
    open_period(db, lineage_id, "s2", at=at("2026-09-22T01:00Z"))
    add_ping(db, lineage_id, "s2", at=at("2026-09-22T01:04Z"))
    billed, plan = ledger.today(db, at("2026-09-22T09:00Z"))
    assert rounded(billed) == line("2026-09-22", pings=1, hits=1, spent=READ, saved=SAVED, closed=1)
    assert rounded(plan) == line("2026-09-22", pings=1, hits=1, spent=READ)
    assert [(each.key, each.pings) for each in ledger.read(db).by_login] == [("", 3), ("subscription", 1)]


@pytest.mark.usefixtures("utc")
def test_today_shows_what_an_unfinished_night_has_cost(db: sqlite3.Connection) -> None:
    """The period was opened yesterday and is open still: its pings of today belong to today all the same."""
    add_prices(db)
    add_session(db)
    lineage_id = add_lineage(db, at=at("2026-09-21T23:58Z"))
    open_period(db, lineage_id, at=at("2026-09-21T23:58Z"))
    add_ping(db, lineage_id, at=at("2026-09-22T00:02Z"))
    assert rounded(ledger.today(db, at("2026-09-22T00:03Z"))[0]) == line("2026-09-22", pings=1, hits=1, spent=READ)


@pytest.mark.usefixtures("utc")
def test_since_leaves_out_what_was_before(db: sqlite3.Connection) -> None:
    held_overnight(db)
    view = ledger.read(db, at("2026-09-22T00:00Z"))
    assert [each.key for each in view.by_day] == ["2026-09-22"]
    assert view.pings == 1
    assert view.spent_usd == pytest.approx(READ)


def test_a_model_without_a_price_is_counted_without_money(db: sqlite3.Connection) -> None:
    add_session(db)
    lineage_id = add_lineage(db)
    open_period(db, lineage_id)
    add_ping(db, lineage_id)
    idle.close_by_request(db, lineage_id, at=NOW + 700, read_tokens=100_000)
    view = ledger.with_periods(db, limit=1)
    assert view.by_session == (line("s1", label="harbour", pings=1, hits=1, spent=0.0, closed=1),)

    assert [(one.result, one.saved_usd, one.lost_usd) for one in view.periods] == [("kept", None, 0.0)]


@given(
    periods=st.lists(
        st.tuples(st.sampled_from("ab"), st.floats(0, 5 * 86_400), st.lists(st.booleans(), max_size=3), st.booleans()),
        max_size=6,
    )
)
def test_days_and_sessions_add_up_to_the_total(periods: list[tuple[str, float, list[bool], bool]]) -> None:
    with memory_store() as db:
        add_prices(db)
        for session_id, start, hits, back in periods:
            add_session(db, session_id)
            lineage_id = add_lineage(db, session_id, at=NOW + start)
            open_period(db, lineage_id, session_id, at=NOW + start)
            for place, hit in enumerate(hits):
                add_ping(db, lineage_id, session_id, at=NOW + start + 280 * (place + 1), hit=hit)
            if back:
                idle.close_by_request(db, lineage_id, at=NOW + start + 1_000, read_tokens=100_000)
            else:
                idle.close_unreturned(db, lineage_id, at=NOW + start + 90_000, by="timeout")
        view = ledger.read(db)
        for lines in (view.by_session, view.by_day, view.by_project, view.by_agent, view.by_result):
            for name in ("pings", "hits", "spent_usd", "saved_usd", "lost_usd", "net_usd", "closed"):
                assert sum(getattr(each, name) for each in lines) == pytest.approx(getattr(view, name))
        saved = sum(back and any(hits) for _, _, hits, back in periods)
        lost = sum(READ if hit else WRITE for _, _, hits, back in periods if not (back and any(hits)) for hit in hits)
        assert (view.saved_usd, view.lost_usd) == pytest.approx((saved * SAVED, lost))
        assert view.net_usd == pytest.approx(view.saved_usd - view.spent_usd)


def test_utc_is_what_the_store_keeps() -> None:
    assert at("2026-09-21T14:13:20Z") == NOW == datetime(2026, 9, 21, 14, 13, 20, tzinfo=UTC).timestamp()
