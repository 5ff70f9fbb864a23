"""The board, the list and the detail of a made-up store: every field of the contract, and every reason in the way."""

from __future__ import annotations

import sqlite3

import pytest
from msgspec.structs import asdict

from store import board, budgets, idle, launches, ledger, lineages, pings, sessions, turns
from store.database import data_version, immediate
from store.ingest.writing import write
from store.models import (
    BoardView,
    BudgetMode,
    CacheStateName,
    CacheView,
    Evidence,
    KeepaliveView,
    KeeperView,
    NextPing,
    ReasonArgs,
    SessionDetail,
    SessionView,
    Status,
    Totals,
    Usage,
    WaitingFor,
)
from tests.store.conftest import Connect
from tests.store.ingest.made_up_reads import file_read, request, turn
from tests.store.made_up import (
    HAIKU,
    NOW,
    OPUS,
    TTL,
    add_lineage,
    add_ping,
    add_prices,
    add_request,
    add_session,
    budget_of,
    launch,
    open_period,
    reserve,
    touch,
)
from tests.store.written_turns import add_turn

KEEPER = KeeperView(
    pid=1,
    port=4,
    url="http://127.0.0.1:4",
    upstream="https://api.anthropic.com",
    sessions=1,
    since=NOW,
    supervised=True,
)
LATER = NOW + 290
"""A moment at which an entry of NOW is still warm."""


@pytest.fixture
def attached(db: sqlite3.Connection) -> int:
    """An open, attached session with two requests, a ping that hit and a plan for the next; returns its lineage."""
    add_prices(db)
    launches.record(db, launch())
    add_session(
        db,
        "s1",
        launch_id="launch-00000001",
        title="mend the pier",
        pid=4711,
        tmux_pane="%3",
        login="api_key",
        model=OPUS,
        context_tokens=101_000,
        last_activity_at=NOW,
    )
    sessions.set_state(db, "s1", Status.IDLE, WaitingFor.YOU, NOW)
    lineage_id = add_lineage(db, at=NOW - 60)
    touch(db, lineage_id, at=NOW)
    open_period(db, lineage_id)
    usage = Usage(input=10, output=200, cache_read=90_000, cache_write_5m=1_000, cache_write_1h=5)
    add_request(db, "m1", at=NOW - 60, usage=usage, lineage_id=lineage_id)
    add_request(db, "m2", at=NOW, usage=usage, lineage_id=lineage_id)
    add_ping(db, lineage_id, at=NOW + 280)
    lineages.touch_by_ping(db, lineage_id, NOW + 280)
    lineages.plan(db, lineage_id, why="kept", args={"n": 1}, next_ping_at=NOW + 560, max_idle_pings=2)
    return lineage_id


def look(db: sqlite3.Connection, now: float = LATER, *, keeper: KeeperView | None = KEEPER) -> BoardView:
    return board.board(db, now=now, keeper=keeper, budget_of=budget_of)


def listed(
    db: sqlite3.Connection, now: float = LATER, *, keeper_on: bool = True, open_only: bool = False, limit: int = 100
) -> list[SessionView]:
    return board.sessions(db, now=now, keeper_on=keeper_on, budget_of=budget_of, open_only=open_only, limit=limit)


def the_only(db: sqlite3.Connection, now: float = LATER, *, keeper_on: bool = True) -> SessionView:
    (view,) = listed(db, now, keeper_on=keeper_on)
    return view


@pytest.mark.usefixtures("attached")
def test_every_field_of_a_session(db: sqlite3.Connection) -> None:
    view = the_only(db)
    assert view == SessionView(
        id="s1",
        agent="claude",
        project="harbour",
        cwd="/home/x/harbour",
        title="mend the pier",
        status=Status.IDLE,
        waiting_for=WaitingFor.YOU,
        pid=4711,
        tmux_pane="%3",
        login="api_key",
        opened_at=NOW,
        last_activity_at=NOW,
        ended_at=None,
        model=OPUS,
        context_tokens=101_000,
        cache=CacheView(
            state=CacheStateName.WARM,
            ttl="5m",
            ttl_seconds=TTL,
            expires_at=NOW + 280 + TTL,
            evidence=Evidence.GATEWAY,
            reason="",
            probability=0.95,
            cold_tokens=100_000,
            cold_usd=0.5,
            warm_usd=0.02,
        ),
        keepalive=KeepaliveView(
            mode=BudgetMode.AUTO,
            warmer="replay",
            pings=1,
            usd=0.02,
            idle_pings=1,
            idle_max_pings=2,
            max_usd=None,
            until=None,
            next_ping_at=NOW + 560,
            next_ping_usd=0.02,
            why="kept",
            why_args={"n": 1},
            in_flight=False,
        ),
        totals=Totals(
            requests=2,
            input=20,
            output=400,
            cache_read=180_000,
            cache_write_5m=2_000,
            cache_write_1h=10,
            usd=view.totals.usd,
        ),
    )
    assert view.totals.usd == pytest.approx((20 * 4 + 400 * 20 + 180_000 * 0.2 + 2_000 * 5 + 10 * 8) / 1e6)


@pytest.mark.usefixtures("attached", "utc")
def test_the_board_is_the_open_and_the_ended_of_today(db: sqlite3.Connection) -> None:
    midnight = ledger.local_midnight(LATER)
    for session_id, ended in (("today", midnight), ("yesterday", midnight - 0.001)):
        add_session(db, session_id, last_activity_at=ended)
        sessions.end(db, session_id, "dead", ended)
    add_session(db, "newer", last_activity_at=NOW + 100)
    view = look(db)
    assert [each.id for each in view.sessions] == ["newer", "s1"]
    assert [each.id for each in view.ended_today] == ["today"]
    assert view.past_sessions == 2
    assert view.keeper == KEEPER
    assert (view.today, view.today_on_plan) == ledger.today(db, LATER)
    assert view.today.pings == 1
    assert view.sessions[1] == next(each for each in listed(db) if each.id == "s1")


@pytest.mark.usefixtures("attached")
def test_planned_pings_soonest_first(db: sqlite3.Connection) -> None:
    for session_id, why, at in (("s2", "held", NOW + 500), ("s3", "tool_guard", NOW + 700), ("s4", "in_flight", NOW)):
        add_session(db, session_id, launch_id="launch-00000001", cwd="")
        lineage_id = add_lineage(db, session_id, model=HAIKU, prefix=200_000)
        lineages.plan(db, lineage_id, why=why, args={}, next_ping_at=at, max_idle_pings=None)
    assert look(db).next_pings == (
        NextPing(session_id="s2", name="s2", at=NOW + 500, usd=0.01, n=1, of=None),
        NextPing(session_id="s1", name="harbour", at=NOW + 560, usd=0.02, n=2, of=2),
        NextPing(session_id="s3", name="s3", at=NOW + 700, usd=0.01, n=1, of=None),
    )
    assert look(db, keeper=None).next_pings == ()


def test_an_empty_store_is_an_empty_board(db: sqlite3.Connection) -> None:
    view = look(db, keeper=None)
    assert (view.sessions, view.ended_today, view.keeper, view.next_pings, view.past_sessions) == ((), (), None, (), 0)


@pytest.mark.usefixtures("attached")
def test_looking_writes_nothing(db: sqlite3.Connection, another: Connect) -> None:
    reader = another()
    before = data_version(reader)
    look(db)
    listed(db)
    assert data_version(reader) == before
    assert not db.in_transaction


# --- the list --------------------------------------------------------------------------------------------------------


def test_the_list_is_newest_first(db: sqlite3.Connection) -> None:
    for session_id, opened, active in (("a", NOW, NOW + 5), ("b", NOW + 9, None), ("c", NOW - 9, NOW + 7)):
        add_session(db, session_id, opened_at=opened, last_activity_at=active)
    sessions.end(db, "c", "ended", NOW + 8)
    assert [view.id for view in listed(db)] == ["b", "c", "a"]
    assert [view.id for view in listed(db, limit=2)] == ["b", "c"]
    assert [view.id for view in listed(db, open_only=True)] == ["b", "a"]
    assert [view.id for view in listed(db, open_only=True, limit=1)] == ["b"]


def test_a_list_of_any_length(db: sqlite3.Connection) -> None:
    """More sessions than SQLite takes parameters."""
    count = db.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER)
    db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 30)
    for number in range(40):
        add_session(db, f"s{number}")
    assert len(listed(db)) == 40
    db.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, count)


# --- one session's parts ---------------------------------------------------------------------------------------------


def test_a_session_without_requests(db: sqlite3.Connection) -> None:
    add_session(db)
    view = the_only(db)
    assert view.cache == CacheView(state=CacheStateName.UNKNOWN, reason="no_request")
    assert view.totals == Totals(usd=0.0)
    assert view.keepalive == KeepaliveView(why="no_request")


def test_one_unknown_price_makes_the_sum_unknown(db: sqlite3.Connection, attached: int) -> None:
    add_request(db, "m3", at=NOW + 1, usage=Usage(input=1), model="gpt-9")
    other = add_lineage(db, agent_id="helper", model="gpt-9")
    pings.settle(db, int(reserve(db, other)), outcome="hit", now=LATER)
    db.execute("UPDATE pings SET model = 'gpt-9' WHERE lineage_id = ?", (other,))
    view = the_only(db)
    assert (view.totals.usd, view.totals.requests) == (None, 3)
    assert (view.keepalive.usd, view.keepalive.pings) == (None, 2)
    assert view.cache.cold_usd == 0.5
    assert attached


def test_the_main_thread_speaks_for_the_session(db: sqlite3.Connection, attached: int) -> None:
    add_lineage(db, agent_id="helper", at=NOW + 200, prefix=5)
    assert the_only(db).cache.cold_tokens == 100_000
    lineages.replace(db, attached, "compacted", 20_000)
    idle.close_unreturned(db, attached, at=NOW + 285, by="replaced")
    add_lineage(db, at=NOW + 285, prefix=20_000)
    view = the_only(db)
    assert (view.cache.state, view.cache.cold_tokens) == (CacheStateName.WARM, 20_000)
    assert (view.keepalive.pings, view.keepalive.idle_pings, view.keepalive.why) == (1, 0, "")


def test_pings_of_this_idle_period_are_counted_apart(db: sqlite3.Connection, attached: int) -> None:
    idle.close_by_request(db, attached, at=NOW + 300, read_tokens=100_000)
    touch(db, attached, at=NOW + 300)
    open_period(db, attached, at=NOW + 300)
    assert (the_only(db).keepalive.pings, the_only(db).keepalive.idle_pings) == (1, 0)
    add_ping(db, attached, at=NOW + 580)
    assert (the_only(db).keepalive.pings, the_only(db).keepalive.idle_pings) == (2, 1)
    idle.close_ended(db, NOW + 300 + idle.GIVE_UP_AFTER)
    assert the_only(db).keepalive.idle_pings == 1  # given up, not returned: the cap still counts it
    sessions.end(db, "s1", "ended", LATER)
    assert the_only(db).keepalive.pings == 2


def test_a_ping_on_its_way_shows_and_counts_as_its_read(db: sqlite3.Connection, attached: int) -> None:
    ping_id = reserve(db, attached, at=LATER)
    assert isinstance(ping_id, int)
    found = the_only(db).keepalive
    assert (found.in_flight, found.pings) == (True, 2)
    assert found.usd == pytest.approx(0.04)
    pings.settle(db, ping_id, outcome="timeout", now=LATER, cost_known=False)
    assert not the_only(db).keepalive.in_flight


@pytest.mark.usefixtures("attached")
def test_the_sessions_budget_and_the_default(db: sqlite3.Connection) -> None:
    assert the_only(db).keepalive.mode is BudgetMode.AUTO
    budgets.put(db, budgets.DEFAULT, mode=BudgetMode.HOLD, pings=None, usd=None, until=NOW + 7_200, now=NOW)
    assert (the_only(db).keepalive.mode, the_only(db).keepalive.until) == (BudgetMode.HOLD, NOW + 7_200)
    budgets.put(db, "s1", mode=BudgetMode.AUTO, pings=2, usd=0.25, until=None, now=NOW)
    found = the_only(db).keepalive
    assert (found.mode, found.until, found.max_usd) == (BudgetMode.AUTO, None, 0.25)


def test_a_budget_is_decided_by_where_the_session_stands(db: sqlite3.Connection, attached: int) -> None:
    seen: list[budgets.Standing] = []

    def decide(standing: budgets.Standing) -> budgets.Allowed:
        seen.append(standing)
        return budget_of(standing)

    budgets.put(db, "s2", mode=BudgetMode.OFF, pings=None, usd=None, until=None, now=NOW)
    budgets.put(db, "s1", mode=BudgetMode.AUTO, pings=2, usd=0.25, until=None, now=NOW)
    board.board(db, now=NOW, keeper=None, budget_of=decide)
    assert seen == [budgets.standing(db, "s1")]
    assert (seen[0].project, seen[0].agent, seen[0].ttl_class) == ("harbour", "claude", "5m")
    assert seen[0].own == budgets.get(db, "s1")


@pytest.mark.parametrize(
    ("login", "launched", "warmer"),
    [("api_key", True, "replay"), ("subscription", True, None), ("api_key", False, None), (None, True, None)],
)
def test_who_could_ping(
    db: sqlite3.Connection, attached: int, login: str | None, launched: bool, warmer: str | None
) -> None:
    sessions.save(db, "s1", login=login, launch_id="launch-00000001" if launched else None)
    assert the_only(db).keepalive.warmer == warmer
    assert attached


# --- reasons ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("reason", "shown"), [("dead", "dead"), ("cleared", "cleared"), ("", "ended")])
@pytest.mark.usefixtures("attached")
def test_an_ended_session_says_how(db: sqlite3.Connection, reason: str, shown: str) -> None:
    sessions.end(db, "s1", reason, LATER)
    view = the_only(db)
    assert (view.status, view.ended_at, view.waiting_for) == (Status.ENDED, LATER, None)
    assert (view.keepalive.why, view.keepalive.why_args) == (shown, {})
    assert view.keepalive.next_ping_at is None
    assert view.keepalive.next_ping_usd is None
    assert view.cache.state is CacheStateName.WARM  # whoever resumes in time pays a read


@pytest.mark.usefixtures("attached")
def test_without_a_keeper_nothing_is_planned(db: sqlite3.Connection) -> None:
    found = the_only(db, keeper_on=False).keepalive
    assert (found.why, found.next_ping_at, found.next_ping_usd) == ("no_keeper", None, None)
    assert the_only(db, keeper_on=False).cache == the_only(db).cache


@pytest.mark.usefixtures("attached")
def test_off_is_off_with_or_without_a_keeper(db: sqlite3.Connection) -> None:
    """What the keeper decided before it heard of it is out of date."""
    budgets.put(db, "s1", mode=BudgetMode.OFF, pings=None, usd=None, until=None, now=NOW)
    assert [the_only(db, keeper_on=on).keepalive.why for on in (True, False)] == ["off", "off"]


@pytest.mark.usefixtures("attached")
def test_a_session_beside_the_gateway_is_only_watched(db: sqlite3.Connection) -> None:
    sessions.save(db, "s1", launch_id=None)
    assert [the_only(db, keeper_on=on).keepalive.why for on in (True, False)] == ["watch_only", "watch_only"]


@pytest.mark.usefixtures("attached")
def test_an_expired_entry_says_since_when(db: sqlite3.Connection) -> None:
    expiry = NOW + 280 + TTL
    assert the_only(db, expiry - 0.001).keepalive.why == "kept"
    view = the_only(db, expiry)
    assert view.cache.state is CacheStateName.EXPIRED
    assert (view.keepalive.why, view.keepalive.why_args) == ("expired", {"since": expiry})


def test_an_expired_entry_keeps_the_reason_that_let_it_go_cold(db: sqlite3.Connection, attached: int) -> None:
    spent: ReasonArgs = {"sent": 3, "allowed": 3}
    lineages.plan(db, attached, why="pings_spent", args=spent, next_ping_at=None, max_idle_pings=3)
    view = the_only(db, NOW + 280 + TTL)
    assert (view.cache.state, view.keepalive.why, view.keepalive.why_args) == ("expired", "pings_spent", spent)


@pytest.mark.parametrize(("broke", "tokens"), [(40_000, 40_000), (None, 100_000)])
def test_a_replaced_prefix_says_by_what(db: sqlite3.Connection, attached: int, broke: int | None, tokens: int) -> None:
    lineages.replace(db, attached, "tools_changed", broke)
    for now in (LATER, LATER + 10 * TTL):
        view = the_only(db, now)
        assert (view.cache.state, view.cache.reason) == (CacheStateName.CHANGED, "tools_changed")
        assert (view.keepalive.why, view.keepalive.why_args) == ("tools_changed", {"tokens": tokens})


# --- the detail ------------------------------------------------------------------------------------------------------


def test_the_detail_is_the_session_and_its_turns(db: sqlite3.Connection, attached: int) -> None:
    add_turn(db, prompt="mend the pier")
    add_request(db, "m3", at=NOW + 1, model=HAIKU)
    add_request(db, "m4", at=NOW + 1, model="")
    lineages.replace(db, attached, "compacted")
    add_lineage(db, at=NOW + 2)
    helper = add_lineage(db, agent_id="helper")
    lineages.replace(db, helper, "compacted")
    detail = board.detail(db, "s1", now=LATER, keeper_on=True, budget_of=budget_of)
    own = set(SessionDetail.__struct_fields__) - set(SessionView.__struct_fields__)
    assert {name: of for name, of in asdict(detail).items() if name not in own} == asdict(the_only(db))
    assert own > {"compactions", "models", "first_at", "last_at", "malformed_lines", "turns"}
    assert (detail.compactions, detail.models, detail.transcripts) == (1, (HAIKU, OPUS), ())
    assert (detail.first_at, detail.last_at) == (NOW, NOW)  # without a transcript, the session's own
    assert detail.turns == turns.read(db, "s1")
    assert len(detail.turns) == 1


def test_what_its_transcripts_say_is_in_the_detail(db: sqlite3.Connection) -> None:
    with immediate(db):
        write(db, file_read(turns=[turn()], requests=[request("m1")], malformed=3, first_at=NOW - 9))
    detail = board.detail(db, "s1", now=LATER, keeper_on=True, budget_of=budget_of)
    assert (detail.malformed_lines, detail.prompts, detail.last_write) == (3, 1, "5m")
    assert (detail.first_at, detail.last_at, detail.transcripts) == (NOW - 9, NOW + 60, ("/t/s1.jsonl",))
    assert (detail.seen_by, detail.totals.requests, len(detail.turns)) == ("transcript", 1, 1)


def test_reasoning_is_in_the_totals(db: sqlite3.Connection) -> None:
    with immediate(db):
        write(db, file_read(requests=[request("m1", reasoning=3), request("m2", NOW + 1, reasoning=4)]))
    detail = board.detail(db, "s1", now=LATER, keeper_on=True, budget_of=budget_of)
    assert (detail.totals.output, detail.totals.reasoning) == (20, 7)


def test_the_detail_of_a_session_without_anything(db: sqlite3.Connection) -> None:
    add_session(db)
    detail = board.detail(db, "s1", now=LATER, keeper_on=False, budget_of=budget_of)
    assert (detail.compactions, detail.models, detail.malformed_lines, detail.turns) == (0, (), 0, ())


def test_the_detail_of_an_unknown_session(db: sqlite3.Connection) -> None:
    with pytest.raises(sessions.UnknownSession, match="no session 'nobody'"):
        board.detail(db, "nobody", now=LATER, keeper_on=True, budget_of=budget_of)
    assert not db.in_transaction


def test_a_session_without_a_promised_lifetime_is_likely(db: sqlite3.Connection) -> None:
    add_session(db, "x1", agent="codex")
    add_lineage(db, "x1", ttl=None, model="gpt-5.5")
    asked = Usage(input=1_000, cache_read=49_000)
    for index in range(40):
        add_request(db, f"m{index}", "x1", at=NOW - 400.0 * index, usage=asked, model="gpt-5.5")
    view = the_only(db, NOW + 400)
    assert view.cache.state is CacheStateName.LIKELY
    assert view.cache.expires_at is None
    assert view.cache.probability == pytest.approx((18 + 20 * 0.72 + 39) / 79)


@pytest.mark.usefixtures("attached")
def test_the_threshold_of_a_warning_is_the_readers(db: sqlite3.Connection) -> None:
    def costly(usd: float) -> bool:
        (view,) = board.sessions(db, now=LATER, keeper_on=True, budget_of=budget_of, costly_usd=usd)
        return view.cache.costly

    assert costly(0.49)
    assert not costly(0.51)
    seen = board.board(db, now=LATER, keeper=None, budget_of=budget_of, costly_usd=0.49).sessions[0]
    shown = board.detail(db, "s1", now=LATER, keeper_on=True, budget_of=budget_of, costly_usd=0.49)
    assert seen.cache.costly
    assert shown.cache.costly


@pytest.mark.usefixtures("attached")
def test_the_last_break_of_the_main_thread_is_told(db: sqlite3.Connection) -> None:
    assert the_only(db).cache.broke_at is None
    for name, agent, at, cause in [("b1", "", 2.0, "tool_added"), ("b2", "", 1.0, "expired"), ("b3", "x", 3.0, "")]:
        db.execute(
            "INSERT INTO breaks (message_id, session_id, agent_id, at, cause, expected_read, read, written)"
            " VALUES (?, 's1', ?, ?, ?, 90000, 8000, 83000)",
            (name, agent, NOW + at, cause),
        )
    view = the_only(db).cache
    assert (view.broke_at, view.broke_by, view.broke_tokens) == (NOW + 2.0, "tool_added", 82_000)


class TestForks:
    """Sessions whose client is asked."""

    @pytest.fixture
    def asked(self, db: sqlite3.Connection) -> int:
        """A session beside the gateway with an hour's entry that a fork has touched last; returns its lineage."""
        add_prices(db)
        add_session(db, "s1", model=OPUS, last_activity_at=NOW)
        sessions.set_state(db, "s1", Status.IDLE, WaitingFor.YOU, NOW)
        lineage_id = add_lineage(db, ttl="1h")
        open_period(db, lineage_id)
        add_ping(db, lineage_id)
        db.execute("UPDATE pings SET warmer = 'fork', ttl_class = '1h', sent_at = reserved_at")
        db.execute("UPDATE idle_periods SET ttl_class = '1h'")
        lineages.touch_by_ping(db, lineage_id, NOW + 280)
        lineages.plan(
            db, lineage_id, why="kept", args={"n": 1, "warmer": "fork"}, next_ping_at=NOW + 560, max_idle_pings=2
        )
        return lineage_id

    def seen(self, db: sqlite3.Connection, now: float = LATER) -> SessionView:
        (found,) = board.board(db, now=now, keeper=KEEPER, budget_of=budget_of).sessions
        return found

    def test_the_way_and_its_plan_are_shown(self, db: sqlite3.Connection, asked: int) -> None:
        view = self.seen(db).keepalive
        assert (view.warmer, view.why, view.next_ping_at, view.pings) == ("fork", "kept", NOW + 560, 1)
        assert board.board(db, now=LATER, keeper=KEEPER, budget_of=budget_of).next_pings[0].at == NOW + 560

    def test_an_hours_entry_that_lives_on_a_forks_word_is_assumed(self, db: sqlite3.Connection, asked: int) -> None:
        found = self.seen(db).cache
        assert (found.state, found.evidence) == (CacheStateName.WARM, Evidence.ASSUMED)

    def test_a_real_request_that_read_late_proves_it_for_all(self, db: sqlite3.Connection, asked: int) -> None:
        db.execute("UPDATE idle_periods SET original_expires_at = ?", (NOW + 285,))
        idle.close_by_request(db, asked, at=NOW + 286, read_tokens=100_000)
        assert self.seen(db).cache.evidence is Evidence.GATEWAY

    def test_a_cold_one_is_cold_by_the_clock(self, db: sqlite3.Connection, asked: int) -> None:
        found = self.seen(db, NOW + 280 + TTL).cache
        assert (found.state, found.evidence) == (CacheStateName.EXPIRED, Evidence.GATEWAY)
