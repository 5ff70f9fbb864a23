"""What a row says of its keep-alive: the keeper's word, unless something that it cannot know is in the way."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from msgspec.structs import replace

from store import lineages, plan_view, sessions
from store.models import BudgetMode, KeepaliveView, ReasonArgs
from store.rows import LineageRow, SessionRow
from tests.store.made_up import NOW, OPUS_PRICE, TTL, InForce, add_lineage, add_session, session_row

AUTO = InForce(BudgetMode.AUTO, None, None, None)
FORK: ReasonArgs = {"n": 2, "warmer": "fork"}
REPLAY: ReasonArgs = {"n": 2, "warmer": "replay"}


def lineage(db: sqlite3.Connection, why: str, args: ReasonArgs, *, at: float | None = NOW + 285) -> LineageRow:
    """A lineage of NOW with this plan."""
    add_session(db)
    lineage_id = add_lineage(db)
    lineages.plan(db, lineage_id, why=why, args=args, next_ping_at=at, max_idle_pings=3)
    row = lineages.get(db, lineage_id)
    assert row is not None
    return row


def beside(**known: object) -> SessionRow:
    """A session that no gateway sees."""
    return replace(session_row(), **known)


def through(**known: object) -> SessionRow:
    """One that was started through it, with an API key."""
    return beside(**{"launch_id": "launch-00000001", "login": "api_key", **known})


def show(
    row: SessionRow,
    of: LineageRow | None,
    *,
    budget: InForce = AUTO,
    pinged: tuple[float | None, ...] | None = None,
    now: float = NOW + 10,
    keeper_on: bool = True,
) -> KeepaliveView:
    return plan_view.view(row, of, OPUS_PRICE, budget, pinged, now, keeper_on)


class TestTheWay:
    @pytest.mark.parametrize(
        ("row", "args", "keeper_on", "warmer"),
        [
            (through(), REPLAY, True, "replay"),
            (through(), FORK, True, "fork"),  # nothing held after a restart: the client is asked
            (beside(), FORK, True, "fork"),
            (beside(), {"n": 1}, True, None),
            (through(), {"n": 1}, True, "replay"),
            (through(login="subscription"), {"n": 1}, True, None),
            (through(), FORK, False, "replay"),  # nobody is there to ask a plugin
            (beside(), FORK, False, None),
            (beside(), {"warmer": "something newer"}, True, None),
        ],
    )
    def test_it_is_the_keepers_word(
        self, db: sqlite3.Connection, row: SessionRow, args: ReasonArgs, keeper_on: bool, warmer: str | None
    ) -> None:
        assert show(row, lineage(db, "kept", args), keeper_on=keeper_on).warmer == warmer

    def test_without_a_lineage_it_is_what_its_start_promises(self) -> None:
        assert show(through(), None).warmer == "replay"
        assert show(beside(), None).warmer is None


class TestFigures:
    def test_everything_of_a_plan(self, db: sqlite3.Connection) -> None:
        budget = InForce(BudgetMode.HOLD, 5, 1.5, NOW + 900)
        found = show(beside(), lineage(db, "kept", FORK), budget=budget, pinged=(7, 0.25, 1, 1))
        assert found == KeepaliveView(
            mode=BudgetMode.HOLD,
            warmer="fork",
            pings=7,
            usd=0.25,
            idle_pings=1,
            idle_max_pings=3,
            max_pings=5,
            max_usd=1.5,
            until=NOW + 900,
            next_ping_at=NOW + 285,
            next_ping_usd=OPUS_PRICE.cache_read * 100_000 / 1e6,
            why="kept",
            why_args=FORK,
            in_flight=True,
        )

    def test_nothing_is_planned_for_who_is_gone_or_without_a_keeper(self, db: sqlite3.Connection) -> None:
        row = lineage(db, "kept", FORK)
        for found in (show(beside(ended_at=NOW + 5), row), show(beside(), row, keeper_on=False)):
            assert (found.next_ping_at, found.next_ping_usd) == (None, None)

    def test_no_ping_and_no_price_are_nothing(self, db: sqlite3.Connection) -> None:
        found = plan_view.view(beside(), lineage(db, "kept", FORK), None, AUTO, (None, None, None, None), NOW, True)
        assert (found.pings, found.usd, found.idle_pings, found.in_flight) == (0, None, 0, False)
        assert found.next_ping_usd is None
        assert show(beside(), None).usd == 0.0


class TestWhy:
    def why(self, row: SessionRow, of: LineageRow | None, **more: Any) -> str:
        return show(row, of, **more).why

    @pytest.mark.parametrize("why", ["no_consent", "fork_waits", "plan_login", "plugin_silent", "working"])
    def test_beside_the_gateway_a_plugins_reason_is_told(self, db: sqlite3.Connection, why: str) -> None:
        assert self.why(beside(), lineage(db, why, {}, at=None)) == why

    @pytest.mark.parametrize("why", ["", "watch_only", "no_prefix", "kept", "missed", "off"])
    def test_without_a_plugin_it_is_only_watched(self, db: sqlite3.Connection, why: str) -> None:
        """Also where a plan of its time behind the gateway still stands there."""
        assert self.why(beside(), lineage(db, why, REPLAY if why == "kept" else {})) == "watch_only"

    @pytest.mark.parametrize("why", ["kept", "held", "missed", "fork_trial", "nothing_to_fork", "day_cap"])
    def test_whoever_would_be_asked_has_the_keepers_reason(self, db: sqlite3.Connection, why: str) -> None:
        found = show(beside(), lineage(db, why, FORK))
        assert (found.why, found.why_args) == (why, FORK)

    def test_off_and_no_keeper_come_before_the_plan(self, db: sqlite3.Connection) -> None:
        row, off = lineage(db, "kept", FORK), InForce(BudgetMode.OFF, None, None, None)
        assert self.why(beside(), row, budget=off) == "off"
        assert self.why(beside(), row, budget=off, keeper_on=False) == "off"
        assert self.why(beside(), row, keeper_on=False) == "no_keeper"
        assert self.why(through(), row, keeper_on=False) == "no_keeper"

    @pytest.mark.parametrize(
        ("row", "why", "args", "shown"),
        [
            (beside(), "kept", FORK, "expired"),
            (beside(), "fork_trial", FORK, "fork_trial"),
            (beside(), "no_consent", {}, "no_consent"),
            (beside(), "working", {}, "expired"),
            (beside(), "missed", {}, "expired"),
            (through(), "missed", {}, "missed"),
            (through(), "held", REPLAY, "expired"),
        ],
    )
    def test_what_let_it_go_cold_says_more_than_that_it_is(
        self, db: sqlite3.Connection, row: SessionRow, why: str, args: ReasonArgs, shown: str
    ) -> None:
        assert self.why(row, lineage(db, why, args), now=NOW + TTL) == shown
        assert self.why(row, lineages.current(db, "s1"), now=NOW + TTL - 1) != "expired"

    def test_a_prefix_that_was_replaced_and_one_that_was_never_there(self, db: sqlite3.Connection) -> None:
        row = lineage(db, "kept", FORK)
        lineages.replace(db, row.id, "cleared", 700)
        gone = lineages.get(db, row.id)
        found = show(beside(), gone)
        assert (found.why, found.why_args) == ("cleared", {"tokens": 700})
        assert self.why(beside(), None) == "no_request"

    def test_an_end_comes_first(self, db: sqlite3.Connection) -> None:
        row = lineage(db, "kept", FORK)
        sessions.end(db, "s1", "cleared", NOW + 5)
        ended = sessions.get(db, "s1")
        assert ended is not None
        assert self.why(ended, row) == "cleared"
        assert self.why(beside(ended_at=NOW), row) == "ended"


def test_what_is_planned_is_what_promises_a_ping() -> None:
    assert {"kept", "held", "tool_guard"} == plan_view.PLANNED
