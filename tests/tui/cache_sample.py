"""A made-up history of a cache: 62 requests with a break, a lapse, a ping's hit and a compaction."""

from __future__ import annotations

from store.break_models import BreakView
from store.cache_strip import CacheHistory, CacheMoment, StripCell
from store.models import CacheEvent
from tests.tui.sample import at

BROKE, LAPSED, KEPT, COMPACTED = 8, 20, 41, 50
"""Which request it was."""


def _cell(n: int) -> StripCell:
    size = 30_000 + 9_000 * n if n < COMPACTED else 40_000 + 9_000 * (n - COMPACTED)
    whole = n in (BROKE, LAPSED, COMPACTED)
    written = size if whole else 4_000
    return StripCell(at=at(13, 9) + 80 * n, read=0 if whole else size - written, written=written, input=4)


STRIP = tuple(_cell(n) for n in range(62))
BREAK = BreakView(
    message_id="m8",
    session_id="api-refactor",
    at=STRIP[BROKE].at,
    cause="tool_added",
    part="tools",
    position=13,
    name="mcp__a__b",
    expected_read=121_000,
    read=0,
    written=138_000,
    rewritten=121_000,
    usd=0.80,
    read_usd=0.04,
    turn=11,
)
MOMENTS = (
    CacheMoment(
        at=STRIP[COMPACTED].at, turn=14, event=CacheEvent(kind="compacted", tokens=40_000, usd=0.25, at=STRIP[50].at)
    ),
    CacheMoment(at=STRIP[KEPT].at, turn=13, event=CacheEvent(kind="kept", cause="ping", tokens=338_000, usd=1.93)),
    CacheMoment(at=STRIP[LAPSED].at, turn=12, event=CacheEvent(kind="lapsed", tokens=331_000, usd=2.07)),
    CacheMoment(
        at=STRIP[BROKE].at,
        turn=11,
        event=CacheEvent(kind="changed", cause="tool_added", tokens=121_000, usd=0.76),
        broke=BREAK,
    ),
)
HISTORY = CacheHistory(strip=STRIP, requests=62, moments=MOMENTS)
