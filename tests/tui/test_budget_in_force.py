"""What is in force, read from a store: the same as the command says."""

from __future__ import annotations

import sqlite3
import time

import pytest

from keepalive.config import BudgetConfig, section
from store import budgets, idle, lineages, pings
from store.ledger import local_midnight
from store.models import BudgetMode, Usage
from tests.tui.cli_home import FIRST, Cli
from tui.budget_in_force import InForce, read


def spend(db: sqlite3.Connection, now: float) -> None:
    """One ping of the idle period that the session is in: 30k read."""
    lineage = lineages.current(db, FIRST)
    assert lineage is not None
    idle.open_period(db, lineage.id, FIRST, at=now - 60, ttl_class="1h", ttl_seconds=3600.0, prefix_tokens=30_000)
    sent = pings.reserve(
        db,
        lineage_id=lineage.id,
        session_id=FIRST,
        warmer="replay",
        model="claude-opus-5-5",
        ttl_class="1h",
        prefix_tokens=30_000,
        manual=False,
        now=now,
        expires_at=now + 60,
        read_usd=0.006,
        write_usd=0.24,
        caps=pings.Caps(None, None, 3.0, now - 3600),
    )
    assert isinstance(sent, int)
    pings.settle(db, sent, outcome="hit", now=now, usage=Usage(cache_read=30_000))


def test_limits_origins_and_what_is_spent(cli: Cli, db: sqlite3.Connection) -> None:
    now = time.time()
    budgets.put(db, FIRST, mode=BudgetMode.HOLD, pings=4, usd=0.5, until=now + 60, until_back=True, now=now)
    spend(db, now)
    found = read(db, FIRST, BudgetConfig(usd_per_day=2.0), now)
    assert (found.allowed.mode, found.allowed.pings, found.allowed.until_back) == (BudgetMode.HOLD, 4, True)
    assert found.allowed.origins["pings"] == "session"
    assert found.allowed.origins["usd_per_ping"] == "built_in"
    assert found.idle_pings == 1
    assert found.session_usd == pytest.approx(0.006)
    assert (found.day.cap, found.day.in_config, found.day.paused_until) == (2.0, True, None)
    assert found.day_left.usd == pytest.approx(2.0 - found.day.spent)
    assert (found.day_left.cap, found.day_left.ends_at) == (2.0, local_midnight(local_midnight(now) + 1.5 * 86_400))


def test_it_is_what_the_command_says(cli: Cli, db: sqlite3.Connection) -> None:
    cli.config('[budget]\nusd_per_session = 1.5\n[budget.ttl."1h"]\npings = 2\n')
    said = cli("budget", FIRST, "--json").object()
    config = section(BudgetConfig, {"usd_per_session": 1.5, "ttl": {"1h": {"pings": 2}}})
    found = read(db, FIRST, config, time.time())
    assert found.allowed.origins == said["origins"]
    assert (found.allowed.pings, found.allowed.usd, found.day.cap) == (said["pings"], said["usd"], said["usd_per_day"])
    assert found.allowed.origins["pings"] == "budget.ttl.1h"


def test_a_pause_counts_while_it_lasts(db: sqlite3.Connection) -> None:
    budgets.pause(db, 2_000.0)
    assert read(db, FIRST, BudgetConfig(), 1_000.0).day.paused_until == 2_000.0
    assert read(db, FIRST, BudgetConfig(), 3_000.0).day.paused_until is None


def test_of_a_session_that_nobody_knows_the_default_holds(db: sqlite3.Connection) -> None:
    budgets.put(db, budgets.DEFAULT, mode=None, pings=7, usd=None, until=None, now=1.0)
    found = read(db, "nobody", BudgetConfig(), 2.0)
    assert isinstance(found, InForce)
    assert (found.allowed.pings, found.allowed.origins["pings"]) == (7, "stored")
    assert (found.idle_pings, found.session_usd) == (0, 0.0)


def test_a_day_that_is_overspent_leaves_nothing(db: sqlite3.Connection) -> None:
    now = time.time()
    spend(db, now)
    assert read(db, FIRST, BudgetConfig(usd_per_day=0.001), now).day_left.usd == 0.0
