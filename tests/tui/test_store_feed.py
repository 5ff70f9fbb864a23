"""The sidebar's feed and commands over a real store."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from keepalive import keeper
from keepalive.allowance import budget_of
from keepalive.clock import ManualClock
from keepalive.config import Config, section
from store import budgets, database, intents, settings
from store.cache_strip import CacheHistory
from store.ledger_models import SessionLedger
from store.migrations import open_store
from store.models import BudgetMode, CacheStateName, KeeperView, LedgerLine
from tests.tui.cli_home import FIRST, SECOND, Cli, Json
from tui.board_order import SETTING, Order
from tui.store_feed import FADE_SECONDS, LOOK_SECONDS, NoStart, ReadOnly, Replaced, StoreFeed

BUDGET_OF = budget_of(Config())
FOUND = KeeperView(
    pid=1, port=1, url="http://127.0.0.1:1", upstream="http://127.0.0.1:9", sessions=0, since=0.0, supervised=True
)


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def feed(cli: Cli, db: sqlite3.Connection, clock: ManualClock) -> Iterator[StoreFeed]:
    made = StoreFeed(cli.paths.store_file, clock, BUDGET_OF, answer_within=0.2)
    yield made
    made.close()


def test_a_board_and_its_turns(feed: StoreFeed) -> None:
    board = feed.board()
    assert [view.id for view in board.sessions] == [FIRST]
    assert board.keeper is None
    assert board.past_sessions == 1
    latest = feed.latest_turn(FIRST)
    assert latest is not None
    assert (latest.n, feed.last_turns(FIRST, 5)) == (1, (latest,))
    assert feed.latest_turn(SECOND) is None
    assert feed.cache_history(SECOND) == CacheHistory()
    assert feed.session_ledger(SECOND) == SessionLedger(total=LedgerLine(key=SECOND))


def test_the_version_moves_with_every_commit_of_others_and_its_own_orders(
    feed: StoreFeed, db: sqlite3.Connection
) -> None:
    first = feed.version()
    assert feed.version() == first
    budgets.put(db, FIRST, mode=BudgetMode.OFF, pings=None, usd=None, until=None, now=1.0)
    second = feed.version()
    assert second != first
    feed.set_mode(FIRST, BudgetMode.AUTO)
    assert feed.version() != second


def test_the_version_tells_when_the_keeper_comes_and_goes(
    feed: StoreFeed, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[KeeperView] = []
    monkeypatch.setattr(keeper, "status", lambda connection: running[0] if running else None)
    without = feed.version()
    running.append(FOUND)
    assert feed.version() == without, "not looked for again at once"
    clock.advance(LOOK_SECONDS)
    assert feed.version() != without
    running.clear()
    clock.advance(LOOK_SECONDS)
    assert feed.version() == without


def test_orders_become_budget_rows_and_intents(feed: StoreFeed, db: sqlite3.Connection, clock: ManualClock) -> None:
    feed.set_budget(FIRST, mode=BudgetMode.AUTO, pings=3, usd=1.5, until=None)
    feed.set_mode(FIRST, BudgetMode.HOLD, until=clock.wall() + 60)
    row = budgets.get(db, FIRST)
    assert row is not None
    assert (row.mode, row.pings, row.usd, row.until) == (BudgetMode.HOLD, 3, 1.5, clock.wall() + 60)
    assert row.updated_at == clock.wall()
    assert feed.ping_now(FIRST) == "", "nobody answers"
    (intent,) = intents.take(db, clock.wall())
    assert (intent.session_id, intent.created_at) == (FIRST, clock.wall())


def test_a_mode_keeps_the_caps_of_the_default(feed: StoreFeed, db: sqlite3.Connection) -> None:
    budgets.put(db, budgets.DEFAULT, mode=BudgetMode.OFF, pings=2, usd=0.5, until=None, now=1.0)
    feed.set_mode(FIRST, BudgetMode.AUTO)
    row = budgets.get(db, FIRST)
    assert row is not None
    assert (row.mode, row.pings, row.usd) == (BudgetMode.AUTO, 2, 0.5)


def test_orders_leave_the_sessions_cap_a_ping(feed: StoreFeed, db: sqlite3.Connection) -> None:
    """No field of the sidebar says it, so none may change it."""
    budgets.put(db, FIRST, mode=BudgetMode.OFF, pings=2, usd=0.5, usd_per_ping=0.02, until=None, now=1.0)
    feed.set_mode(FIRST, BudgetMode.AUTO)
    feed.set_budget(FIRST, mode=BudgetMode.AUTO, pings=None, usd=None, until=None)
    row = budgets.get(db, FIRST)
    assert row is not None
    assert (row.mode, row.pings, row.usd, row.usd_per_ping) == (BudgetMode.AUTO, None, None, 0.02)


def test_the_board_shows_the_configs_budget_of_a_project(cli: Cli, db: sqlite3.Connection, clock: ManualClock) -> None:
    tables = {"budget": {"project": {"docs": {"pings": 1}}, "ttl": {"1h": {"mode": "hold", "pings": 7}}}}
    feed = StoreFeed(cli.paths.store_file, clock, budget_of(section(Config, tables)))
    try:
        (view,) = feed.board().sessions
        assert (view.keepalive.mode, view.keepalive.max_pings) == (BudgetMode.HOLD, 7)
        feed.set_mode(SECOND, BudgetMode.AUTO)
        row = budgets.get(db, SECOND)
        assert row is not None
        assert row.pings == 1
    finally:
        feed.close()


def test_a_store_that_may_only_be_read_is_shown_and_takes_no_orders(
    cli: Cli, db: sqlite3.Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise database.StoreError("not for writing")

    monkeypatch.setattr("tui.store_feed.open_store", refused)
    feed = StoreFeed(cli.paths.store_file, clock, BUDGET_OF)
    try:
        assert not feed.writable
        assert len(feed.board().sessions) == 1
        with pytest.raises(ReadOnly, match="only be read"):
            feed.set_mode(FIRST, BudgetMode.OFF)
        with pytest.raises(ReadOnly, match="only be read"):
            feed.set_budget(FIRST, mode=BudgetMode.OFF, pings=None, usd=None, until=None)
        with pytest.raises(ReadOnly, match="only be read"):
            feed.ping_now(FIRST)
        assert budgets.every(db) == {}
        assert intents.take(db, clock.wall()) == []
    finally:
        feed.close()


def test_a_ping_that_nobody_takes_is_said_to_have_no_keeper(
    feed: StoreFeed, db: sqlite3.Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tui.store_feed.time.sleep", lambda seconds: clock.advance(intents.VOID_AFTER))
    assert feed.ping_now(FIRST) == "no_keeper"


def test_a_ping_returns_what_the_keeper_answered(
    feed: StoreFeed, db: sqlite3.Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def keeper_works(seconds: float) -> None:
        for intent in intents.take(db, clock.wall()):
            intents.answer(db, intent.id, "day_cap")

    monkeypatch.setattr("tui.store_feed.time.sleep", keeper_works)
    assert feed.ping_now(FIRST) == "day_cap"


def test_a_probability_is_read_again_each_minute(feed: StoreFeed, db: sqlite3.Connection, clock: ManualClock) -> None:
    db.execute("UPDATE lineages SET model = 'gpt-5.5', ttl_class = NULL, ttl_seconds = NULL")
    first = feed.version()
    clock.advance(FADE_SECONDS)
    assert feed.version() == first, "nobody knows of it yet"
    assert any(view.cache.state is CacheStateName.LIKELY for view in feed.board().sessions)
    second = feed.version()
    clock.advance(FADE_SECONDS)
    assert feed.version() != second


def test_the_threshold_of_a_warning_is_the_persons(cli: Cli, db: sqlite3.Connection, clock: ManualClock) -> None:
    for usd, costly in [(0.0, True), (1e9, False)]:
        feed = StoreFeed(cli.paths.store_file, clock, BUDGET_OF, costly_usd=usd)
        try:
            assert [view.cache.costly for view in feed.board().sessions] == [costly]
        finally:
            feed.close()


def test_a_brief_is_the_sessions_whole_memory(feed: StoreFeed) -> None:
    text = feed.brief(FIRST)
    assert text.startswith("# ")
    assert "\x1b" not in text
    assert feed.brief(SECOND), "also of one that has ended"


def test_a_brief_of_no_session_is_an_error_in_words(feed: StoreFeed) -> None:
    with pytest.raises(LookupError, match="gone"):
        feed.brief("gone")


def test_the_order_of_the_list_is_remembered(cli: Cli, db: sqlite3.Connection, clock: ManualClock) -> None:
    for kept, wanted in ((Order.NEED, Order.COST), (Order.COST, Order.AGE)):
        feed = StoreFeed(cli.paths.store_file, clock, BUDGET_OF)
        try:
            assert feed.order() is kept
            feed.keep_order(wanted)
            assert feed.order() is wanted
        finally:
            feed.close()


@pytest.mark.parametrize("value", ["by colour", 3, None, ["age"], {"order": "age"}])
def test_an_order_that_is_none_is_the_usual_one(feed: StoreFeed, db: sqlite3.Connection, value: Json) -> None:
    settings.put(db, SETTING, value)
    assert feed.order() is Order.NEED
    feed.keep_order(Order.PROJECT)
    assert feed.order() is Order.PROJECT


def test_a_store_that_may_only_be_read_keeps_no_order_and_starts_no_keeper(
    cli: Cli, db: sqlite3.Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise database.StoreError("not for writing")

    settings.put(db, SETTING, Order.COST.value)
    monkeypatch.setattr("tui.store_feed.open_store", refused)
    starts: list[KeeperView] = []
    feed = StoreFeed(cli.paths.store_file, clock, BUDGET_OF, starter=lambda: starts[0])
    try:
        feed.keep_order(Order.AGE)
        assert feed.order() is Order.COST
        assert feed.no_start == "no keeper: the store is read-only"
        with pytest.raises(NoStart, match="the store is read-only"):
            feed.start_keeper()
        assert feed.brief(FIRST).startswith("# ")
    finally:
        feed.close()


def test_a_keeper_is_started_and_seen_at_once(
    cli: Cli, db: sqlite3.Connection, clock: ManualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    running: list[KeeperView] = []
    monkeypatch.setattr(keeper, "status", lambda connection: running[0] if running else None)

    def start() -> KeeperView:
        running.append(FOUND)
        return FOUND

    feed = StoreFeed(cli.paths.store_file, clock, BUDGET_OF, starter=start)
    try:
        without = feed.version()
        assert feed.no_start == ""
        assert feed.start_keeper() == FOUND
        assert feed.version() != without, "and not only when it is next looked for"
    finally:
        feed.close()


def test_where_there_is_none_to_start_it_is_said_why(cli: Cli, db: sqlite3.Connection, clock: ManualClock) -> None:
    feed = StoreFeed(cli.paths.store_file, clock, BUDGET_OF, no_starter="opened with --no-keeper")
    try:
        assert feed.no_start == "opened with --no-keeper"
        with pytest.raises(NoStart, match="opened with --no-keeper"):
            feed.start_keeper()
    finally:
        feed.close()


def test_what_is_in_force_and_an_end_that_is_the_next_prompt(feed: StoreFeed, db: sqlite3.Connection) -> None:
    feed.set_budget(FIRST, mode=BudgetMode.HOLD, pings=2, usd=None, until=9e9, until_back=True)
    row = budgets.get(db, FIRST)
    assert row is not None
    assert (row.mode, row.until, row.until_back) == (BudgetMode.HOLD, 9e9, True)
    assert feed.session_budget(FIRST).allowed.pings == 2
    feed.set_budget(FIRST, mode=BudgetMode.HOLD, pings=3, usd=None, until=9e9)
    assert feed.session_budget(FIRST).allowed.pings == 3
    again = budgets.get(db, FIRST)
    assert again is not None
    assert not again.until_back


def test_a_store_that_another_one_replaces_is_read_anew_and_said_once(
    cli: Cli, feed: StoreFeed, tmp_path: Path
) -> None:
    before, other = feed.version(), tmp_path / "other.db"
    open_store(other).close()
    for end in ("-wal", "-shm"):
        cli.paths.store_file.with_name(cli.paths.store_file.name + end).unlink()
    other.replace(cli.paths.store_file)
    changed = feed.version()
    assert changed != before
    with pytest.raises(Replaced, match="the store was replaced: read anew"):
        feed.board()
    assert feed.board().sessions == ()
    assert feed.version() == feed.version() != before
    assert feed.board().sessions == ()


def test_a_store_that_is_gone_is_said_as_long_as_it_is(cli: Cli, feed: StoreFeed, tmp_path: Path) -> None:
    kept = tmp_path / "kept.db"
    cli.paths.store_file.rename(kept)
    for _ in range(2):
        with pytest.raises(database.StoreError, match="store is gone, old state shown: "):
            feed.version()
    kept.rename(cli.paths.store_file)
    feed.version()
    assert len(feed.board().sessions) == 1, "the same file is back"


def test_a_store_that_cannot_be_made_says_why(tmp_path: Path, clock: ManualClock) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(database.StoreError, match=f"^cannot create {tmp_path}/file: File exists$"):
        StoreFeed(tmp_path / "file" / "warmside.db", clock, BUDGET_OF)


def test_a_budget_is_forgotten(feed: StoreFeed, db: sqlite3.Connection) -> None:
    feed.set_mode(FIRST, BudgetMode.OFF)
    feed.forget_budget(FIRST)
    assert budgets.get(db, FIRST) is None
