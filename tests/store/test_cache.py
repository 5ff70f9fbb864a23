"""The state of a cache is worked out from the lineage's row and the time alone."""

from __future__ import annotations

import pytest

from store import cache
from store.models import CacheStateName, CacheView, Evidence, TTLClass
from store.rows import LineageRow
from tests.store.made_up import NOW, OPUS, OPUS_PRICE, TTL


def lineage(
    *, replaced: str = "", touched: float | None = NOW, ttl: TTLClass | None = "5m", prefix: int = 100_000
) -> LineageRow:
    return LineageRow(
        id=1,
        session_id="s1",
        agent_id="",
        model=OPUS,
        ttl_class=ttl,
        ttl_seconds=TTL if ttl else None,
        evidence=Evidence.CLIENT,
        requests=2,
        prefix_tokens=prefix,
        first_request_at=NOW,
        last_request_at=NOW,
        last_touch_at=touched,
        replaced=replaced,
        broke_tokens=None,
        held=True,
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


def test_no_request_no_cache() -> None:
    assert cache.view(None, OPUS_PRICE, NOW) == CacheView(state=CacheStateName.UNKNOWN, reason="no_request")


@pytest.mark.parametrize(
    ("row", "now", "state", "reason"),
    [
        (lineage(), NOW, CacheStateName.WARM, ""),
        (lineage(), NOW + TTL - 0.001, CacheStateName.WARM, ""),
        (lineage(), NOW + TTL, CacheStateName.EXPIRED, "expired"),
        (lineage(ttl=None), NOW, CacheStateName.UNKNOWN, "no_ttl"),
        (lineage(touched=None), NOW, CacheStateName.UNKNOWN, "no_ttl"),
        (lineage(replaced="tools_changed"), NOW, CacheStateName.CHANGED, "tools_changed"),
        (lineage(replaced="cleared"), NOW + 2 * TTL, CacheStateName.CHANGED, "cleared"),
    ],
)
def test_states(row: LineageRow, now: float, state: CacheStateName, reason: str) -> None:
    view = cache.view(row, OPUS_PRICE, now)
    assert (view.state, view.reason) == (state, reason)


def test_what_a_view_says() -> None:
    assert cache.view(lineage(), OPUS_PRICE, NOW) == CacheView(
        state=CacheStateName.WARM,
        ttl="5m",
        ttl_seconds=TTL,
        expires_at=NOW + TTL,
        evidence=Evidence.CLIENT,
        reason="",
        cold_tokens=100_000,
        cold_usd=0.5,
    )


def test_a_cold_resume_is_priced_by_its_class() -> None:
    assert cache.view(lineage(ttl="1h"), OPUS_PRICE, NOW).cold_usd == pytest.approx(0.8)
    assert cache.view(lineage(), None, NOW).cold_usd is None
