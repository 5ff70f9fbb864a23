"""The tripwire: which classes lost money over their last pinged idle periods, against a plain reckoning."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import tripwire
from store.models import WaitingFor
from store.tripwire import PERIODS, IdleClass
from tests.store import idle_sample
from tests.store.idle_sample import READ, SESSIONS, WRITE, MadePeriod, MadePing
from tests.store.made_up import NOW, memory_store

YOURS = IdleClass("claude", "5m", WaitingFor.YOU)
HIT, MISS = MadePing("replay", True, 280.0), MadePing("replay", False, 280.0)
KEPT = MadePeriod("a", "5m", WaitingFor.YOU, NOW, "request", 500.0, 1.0, (HIT,))
GONE = KEPT._replace(closed_by="end")
LATER = NOW + 1e8
SAVED = WRITE["5m"] - READ - READ
"""Net of a kept period with one ping."""


def in_order(*periods: MadePeriod) -> list[MadePeriod]:
    """One an hour."""
    return [period._replace(opened=NOW + 3_600.0 * n) for n, period in enumerate(periods)]


@pytest.mark.parametrize(
    ("periods", "net"),
    [
        ([GONE] * 49, None),
        ([GONE] * 50, -50 * READ),
        ([GONE] * 49 + [KEPT], SAVED - 49 * READ),
        # The 51st from the end is forgotten.
        ([KEPT] + [GONE] * 50, -50 * READ),
        ([GONE._replace(pings=(MISS,))] + [KEPT] * 50, 50 * SAVED),
        # An open one is not judged yet, one without a ping had nothing to win.
        ([GONE] * 49 + [GONE._replace(closed_by="")], None),
        ([GONE] * 49 + [GONE._replace(pings=())] * 9, None),
        ([GONE] * 50 + [KEPT._replace(pings=())] * 50, -50 * READ),
        # Other classes stay out of it.
        ([GONE] * 49 + [GONE._replace(ttl="1h"), GONE._replace(waiting=None), GONE._replace(session="c")], None),
        # Two sessions of one agent are one class.
        ([GONE] * 25 + [GONE._replace(session="b")] * 25, -50 * READ),
    ],
)
def test_the_net_of_the_last_fifty(db: sqlite3.Connection, periods: list[MadePeriod], net: float | None) -> None:
    idle_sample.fill(db, in_order(*periods))
    assert tripwire.net_usd(db, YOURS, LATER) == (None if net is None else pytest.approx(net))
    trips = net is not None and net < 0
    assert tripwire.trips(db, YOURS, LATER) is trips


def test_nothing_won_and_nothing_lost_does_not_trip(db: sqlite3.Connection) -> None:
    idle_sample.fill(db, in_order(*[GONE] * PERIODS))
    db.execute("DELETE FROM prices")
    assert tripwire.net_usd(db, YOURS, LATER) == 0.0
    assert not tripwire.trips(db, YOURS, LATER)


def test_a_rare_agent_is_judged_by_its_own_periods(db: sqlite3.Connection) -> None:
    others = [KEPT._replace(session="c")] * 60
    idle_sample.fill(db, in_order(*[GONE] * 3, *others))
    assert tripwire.net_usd(db, YOURS, LATER, periods=3) == pytest.approx(-3 * READ)


def test_what_closed_by_a_clock_that_ran_ahead_is_no_news(db: sqlite3.Connection) -> None:
    ahead = [GONE._replace(opened=LATER + 3_600.0 * n) for n in range(3)]
    idle_sample.fill(db, [*in_order(*[KEPT] * 3), *ahead])
    assert tripwire.net_usd(db, YOURS, LATER, periods=3) == pytest.approx(3 * SAVED)


CLASSES = [
    IdleClass(agent, "5m" if ttl == "5m" else "1h", waiting)
    for agent in ("claude", "other")
    for ttl in ("5m", "1h")
    for waiting in (None, WaitingFor.YOU, WaitingFor.TOOL)
]


def naive(stored: list[MadePeriod], kind: IdleClass, periods: int) -> float | None:
    alike = [
        (period.closed_at, n, period)
        for n, period in enumerate(stored)
        if period.pings and period.closed_at is not None and (period.ttl, period.waiting) == kind[1:]
    ]
    newest = [period for *_, period in sorted(alike, reverse=True)]
    own = [period for period in newest if SESSIONS[period.session][0] == kind.agent][:periods]
    return sum(period.saved - period.spent for period in own) if len(own) == periods else None


@settings(max_examples=150)
@given(st.lists(idle_sample.PERIODS, max_size=40), st.integers(1, 4))
def test_it_is_the_plain_reckoning(stored: list[MadePeriod], periods: int) -> None:
    with memory_store() as db:
        idle_sample.fill(db, stored)
        nets = {kind: naive(stored, kind, periods) for kind in CLASSES}
        for kind, net in nets.items():
            found = tripwire.net_usd(db, kind, LATER, periods)
            assert found == (None if net is None else pytest.approx(net))
