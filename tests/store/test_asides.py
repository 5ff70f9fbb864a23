"""An aside moves the moment past which a saving counts, unless it was the pings that kept the entry for it."""

from __future__ import annotations

import sqlite3

import pytest

from store import asides, idle, ledger
from tests.store import idle_sample
from tests.store.idle_sample import MadePeriod, MadePing
from tests.store.made_up import NOW

OPEN = MadePeriod("a", "5m", None, NOW, "", 0.0, 0.0, ())
HIT = MadePing("replay", True, 285.0)
TTL = 300.0


def expiry(db: sqlite3.Connection) -> float:
    """Seconds after the period's start."""
    return float(db.execute("SELECT original_expires_at - opened_at FROM idle_periods").fetchone()[0])


@pytest.mark.parametrize(
    ("after", "read", "pings", "expires"),
    [
        (100.0, True, (), 400.0),
        (100.0, False, (), 400.0),
        (300.0, True, (HIT,), 600.0),
        # without the pings it would have paid the write
        (301.0, True, (HIT,), 300.0),
        # it has paid it, whatever the pings did
        (900.0, False, (HIT,), 1_200.0),
        # the provider keeps an entry longer now and then; nothing of ours did
        (301.0, True, (), 601.0),
        (301.0, True, (HIT._replace(hit=False),), 601.0),
        # sent before the request that opened the period, and answered after it
        (0.0, True, (), 300.0),
        (-5.0, True, (), 300.0),
    ],
)
def test_the_original_expiry(
    db: sqlite3.Connection, after: float, read: bool, pings: tuple[MadePing, ...], expires: float
) -> None:
    idle_sample.fill(db, [OPEN._replace(pings=pings)])
    opened, lineage = db.execute("SELECT opened_at, lineage_id FROM idle_periods").fetchone()
    asides.postpone_expiry(db, lineage, at=opened + after, ttl_seconds=TTL, read=read)
    assert expiry(db) == pytest.approx(expires)


def test_it_never_moves_back(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [OPEN])
    opened, lineage = db.execute("SELECT opened_at, lineage_id FROM idle_periods").fetchone()
    for after in (200.0, 100.0):
        asides.postpone_expiry(db, lineage, at=opened + after, ttl_seconds=TTL, read=True)
    assert expiry(db) == pytest.approx(500.0)


def test_a_closed_period_and_another_lineages_are_left_alone(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [OPEN])
    opened, lineage = db.execute("SELECT opened_at, lineage_id FROM idle_periods").fetchone()
    asides.postpone_expiry(db, lineage + 1, at=opened + 100.0, ttl_seconds=TTL, read=True)
    idle.close_by_request(db, lineage, at=opened + 50.0, read_tokens=1)
    asides.postpone_expiry(db, lineage, at=opened + 100.0, ttl_seconds=TTL, read=True)
    assert expiry(db) == 300.0


@pytest.mark.parametrize(("back", "saved"), [(390.0, False), (410.0, True)])
def test_a_saving_counts_past_the_later_expiry(db: sqlite3.Connection, back: float, saved: bool) -> None:
    idle_sample.fill(db, [OPEN._replace(pings=(HIT,))])
    opened, lineage, prefix = db.execute("SELECT opened_at, lineage_id, prefix_tokens FROM idle_periods").fetchone()
    asides.postpone_expiry(db, lineage, at=opened + 100.0, ttl_seconds=TTL, read=True)
    idle.close_by_request(db, lineage, at=opened + back, read_tokens=prefix)
    assert (ledger.read(db).saved_usd > 0) is saved
