"""One-hour writes in the pings' place: reckoned by hand, and never claimed where it is doubtful."""

from __future__ import annotations

import sqlite3

import pytest
from msgspec.structs import replace

from store import breaks, ledger_hour, requests
from store.break_models import NewBreak
from store.models import Evidence, Usage, WaitingFor
from tests.store import idle_sample
from tests.store.idle_sample import PREFIX, READ, MadePeriod, MadePing
from tests.store.made_up import NOW, OPUS

PING = MadePing("replay", True, 280.0)
LAPSED = MadePeriod("a", "5m", WaitingFor.YOU, NOW, "request", 900.0, 0.0, (PING,))
"""A ping, and back too late: the whole prefix was written again."""
WRITE_1H = 0.8
"""$ for the prefix; a 5m write is $0.50."""


def written(db: sqlite3.Connection, session: str = "a", tokens: int = PREFIX, model: str = OPUS) -> None:
    """A request that wrote so much for five minutes."""
    requests.record(
        db,
        message_id=f"{session}-{tokens}-{model}",
        session_id=session,
        agent_id="",
        lineage_id=None,
        evidence=Evidence.GATEWAY,
        model=model,
        started_at=NOW,
        usage=Usage(input=10, output=10, cache_write_5m=tokens),
    )


def fill(db: sqlite3.Connection, *periods: MadePeriod, login: str = "api_key") -> None:
    idle_sample.fill(db, list(periods))
    db.execute("UPDATE sessions SET login = ?", (login,))


def test_pings_are_spared_and_so_is_the_write_of_who_came_back_within_the_hour(db: sqlite3.Connection) -> None:
    fill(db, LAPSED)
    assert ledger_hour.less_usd(db, 0.0) == pytest.approx(READ + WRITE_1H - READ)


def test_writes_cost_more(db: sqlite3.Connection) -> None:
    fill(db, LAPSED)
    written(db)
    written(db, tokens=2 * PREFIX)
    assert ledger_hour.less_usd(db, 0.0) == pytest.approx(WRITE_1H - 3 * 0.3)


def test_who_came_back_after_the_hour_has_to_write_under_any_lifetime(db: sqlite3.Connection) -> None:
    fill(db, LAPSED._replace(gap=3_601.0))
    assert ledger_hour.less_usd(db, 0.0) == pytest.approx(READ)


def test_whom_pings_kept_for_longer_would_have_gone_cold(db: sqlite3.Connection) -> None:
    fill(db, LAPSED._replace(gap=3_601.0, read=1.0))
    assert ledger_hour.less_usd(db, 0.0) == pytest.approx(READ - (WRITE_1H - READ))


def test_a_broken_prefix_is_written_under_any_lifetime(db: sqlite3.Connection) -> None:
    fill(db, LAPSED)
    found = NewBreak(
        message_id="m",
        session_id="a",
        at=NOW + 900.0,
        cause="tool_added",
        expected_read=PREFIX,
        read=0,
        written=PREFIX,
        ttl_class="5m",
    )
    breaks.save(db, found)
    assert ledger_hour.less_usd(db, 0.0) == pytest.approx(READ)
    breaks.save(db, replace(found, cause="expired"))
    assert ledger_hour.less_usd(db, 0.0) == pytest.approx(WRITE_1H)


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE sessions SET login = 'subscription'",
        "UPDATE sessions SET login = NULL",
        "UPDATE sessions SET agent = 'other'",
        "UPDATE idle_periods SET ttl_class = '1h'",
        "UPDATE idle_periods SET pinged = 0",
    ],
)
def test_nothing_to_propose_where_the_setting_would_do_nothing(db: sqlite3.Connection, change: str) -> None:
    fill(db, LAPSED)
    db.execute(change)
    assert ledger_hour.less_usd(db, 0.0) is None


def test_without_a_price_nobody_can_tell(db: sqlite3.Connection) -> None:
    fill(db, LAPSED)
    written(db, model="unheard-of")
    assert ledger_hour.less_usd(db, 0.0) is None


def test_only_the_span_counts(db: sqlite3.Connection) -> None:
    fill(db, LAPSED, LAPSED._replace(opened=NOW + 86_400.0))
    assert ledger_hour.less_usd(db, 0.0) == pytest.approx(2 * WRITE_1H)
    assert ledger_hour.less_usd(db, NOW + 50_000.0) == pytest.approx(WRITE_1H)
    assert ledger_hour.less_usd(db, NOW + 200_000.0) is None
