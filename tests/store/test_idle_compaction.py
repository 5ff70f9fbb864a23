"""The client's own rule for idle conversations."""

from __future__ import annotations

import sqlite3
from typing import Any

import pytest
from msgspec.structs import replace

from store import idle_compaction, settings
from store.idle_compaction import KEY, Rule, compacts_at, given_up_at
from store.models import Evidence, Status, WaitingFor
from store.rows import LineageRow
from tests.store.made_up import NOW, session_row

SESSION = replace(session_row(), client_version="2.1.286", context_tokens=200_000)
LINEAGE = LineageRow(
    id=1,
    session_id="s1",
    agent_id="",
    model="claude-opus-5-5",
    ttl_class="1h",
    ttl_seconds=3_600.0,
    evidence=Evidence.TRANSCRIPT,
    requests=2,
    prefix_tokens=199_000,
    first_request_at=NOW,
    last_request_at=NOW,
    last_touch_at=NOW,
    replaced="",
    broke_tokens=None,
    held=False,
    thinking=False,
    replayable="",
    stop="",
    stop_args={},
    stop_until=None,
    why="",
    why_args={},
    next_ping_at=None,
    max_idle_pings=None,
)


def due(
    rule: Rule = Rule(),  # noqa: B008 (frozen)
    now: float = NOW,
    session: dict[str, Any] | None = None,
    lineage: dict[str, Any] | None = None,
) -> float | None:
    return compacts_at(rule, replace(SESSION, **(session or {})), replace(LINEAGE, **(lineage or {})), now)


def test_minute_54_after_the_last_activity_whatever_was_pinged() -> None:
    assert due() == NOW + 54 * 60
    assert due(lineage={"last_touch_at": NOW + 3_000}) == NOW + 54 * 60
    assert due(session={"last_activity_at": NOW + 60}) == NOW + 55 * 60
    assert due(session={"last_activity_at": None}) == NOW + 54 * 60


def test_what_did_not_come_is_not_expected_any_more() -> None:
    end = given_up_at(NOW + 3_240, 3_600.0)
    assert NOW + 3_240 < end < NOW + 3_540, "in time for a ping"
    assert due(now=end - 1) == NOW + 3_240
    assert due(now=end) is None


@pytest.mark.parametrize(
    "session",
    [
        {"agent": "codex"},
        {"client_version": "2.1.285"},
        {"client_version": ""},
        {"ended_at": NOW},
        {"status": Status.BUSY},
        {"waiting_for": WaitingFor.TOOL},
        {"context_tokens": 199_999},
    ],
)
def test_sessions_that_it_does_not_apply_to(session: dict[str, Any]) -> None:
    assert due(session=session) is None


@pytest.mark.parametrize(
    "lineage",
    [{"ttl_class": "5m", "ttl_seconds": 300.0}, {"ttl_class": None}, {"replaced": "compacted"}, {"ttl_seconds": None}],
)
def test_caches_that_it_does_not_apply_to(lineage: dict[str, Any]) -> None:
    assert due(lineage=lineage) is None


def test_the_users_own_settings() -> None:
    assert due(Rule(on=False)) is None
    assert due(Rule(min_tokens=300_000)) is None
    small = {"context_tokens": 120_000}
    assert due(Rule(min_tokens=100_000), session=small, lineage={"prefix_tokens": 1}) == NOW + 3_240


@pytest.mark.parametrize(
    ("switch", "tokens", "rule"),
    [
        (None, None, Rule()),
        (False, None, Rule(on=False)),
        (0, None, Rule()),
        ("no", "150000", Rule(min_tokens=150_000)),
        (True, 5, Rule(min_tokens=100_000)),
        (None, "-9", Rule(min_tokens=100_000)),
        (None, "many", Rule()),
        ([], {}, Rule()),
        (None, 1.5, Rule()),
    ],
)
def test_settings_hold_anything(switch: object, tokens: object, rule: Rule) -> None:
    assert Rule.of(switch, tokens) == rule


def test_the_rule_is_kept_for_every_reader(db: sqlite3.Connection) -> None:
    assert idle_compaction.get(db) == Rule()
    assert idle_compaction.put(db, Rule())
    assert not idle_compaction.put(db, Rule())
    assert idle_compaction.put(db, Rule(on=False, min_tokens=150_000))
    assert idle_compaction.get(db) == Rule(on=False, min_tokens=150_000)
    settings.put(db, KEY, {"on": "?", "min_tokens": "?"})
    assert idle_compaction.get(db) == Rule()
    settings.put(db, KEY, [])
    assert idle_compaction.get(db) == Rule()
