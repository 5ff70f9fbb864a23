"""The state of a cache is worked out from the lineage's row and the time alone."""

from __future__ import annotations

import pytest
from msgspec.structs import replace

from store import cache, likely
from store.idle_compaction import Rule
from store.models import CacheStateName, CacheView, Evidence, Status, TTLClass
from store.rows import LineageRow, SessionRow
from tests.store.made_up import NOW, OPUS, OPUS_PRICE, TTL, price, session_row


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


def session(**known: object) -> SessionRow:
    return replace(session_row(), **known)


def test_no_request_no_cache() -> None:
    assert cache.view(None, OPUS_PRICE, NOW) == CacheView(state=CacheStateName.UNKNOWN, reason="no_request")


@pytest.mark.parametrize(
    ("row", "now", "state", "reason"),
    [
        (lineage(), NOW, CacheStateName.WARM, ""),
        (lineage(), NOW + TTL - 0.001, CacheStateName.WARM, ""),
        (lineage(), NOW + TTL, CacheStateName.EXPIRED, "expired"),
        (lineage(ttl=None), NOW, CacheStateName.UNKNOWN, "unseen_ttl"),
        (lineage(touched=None), NOW, CacheStateName.UNKNOWN, "unseen_ttl"),
        (lineage(ttl=None, prefix=0), NOW, CacheStateName.UNKNOWN, "nothing_cached"),
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
        warm_usd=0.02,
    )


def test_a_cold_resume_is_priced_by_its_class() -> None:
    assert cache.view(lineage(ttl="1h"), OPUS_PRICE, NOW).cold_usd == pytest.approx(0.8)
    assert cache.view(lineage(), None, NOW).cold_usd is None


def test_warm_and_cold_are_priced_with_the_models_own_multipliers() -> None:
    view = cache.view(lineage(), price(dollars=(10.0, 50.0, 0.25, 12.5, 20.0)), NOW)
    assert (view.warm_usd, view.cold_usd) == pytest.approx((0.025, 1.25))
    assert cache.view(lineage(), None, NOW).warm_usd is None


@pytest.mark.parametrize(
    ("threshold", "login", "costly"), [(0.49, "api_key", True), (0.5, None, False), (0, "subscription", False)]
)
def test_what_costs_more_than_the_threshold_is_marked(threshold: float, login: str | None, costly: bool) -> None:
    known = cache.Known(costly_usd=threshold)
    assert cache.view(lineage(), OPUS_PRICE, NOW, session(login=login), known).costly is costly
    assert not cache.view(lineage(), None, NOW, session(), known).costly


def test_seconds_are_passed_on() -> None:
    assert cache.view(lineage(), OPUS_PRICE, NOW, session(), cache.Known(extra_seconds=6.0)).cold_extra_seconds == 6.0


class TestUnpromised:
    def test_a_probability_and_never_an_expiry(self) -> None:
        row = replace(lineage(ttl=None), model="gpt-5.5")
        for idle, chance in [(0.0, 0.90), (400.0, 0.72), (700.0, 0.40), (90_000.0, 0.02)]:
            view = cache.view(row, None, NOW + idle, session())
            assert (view.state, view.expires_at, view.ttl_seconds) == (CacheStateName.LIKELY, None, None)
            assert view.probability == pytest.approx(chance)
            assert view.evidence is Evidence.ASSUMED

    def test_own_history_is_evidence(self) -> None:
        row = replace(lineage(ttl=None), model="gpt-5.5")
        own = likely.history([likely.Gap("gpt-5.5", 400.0, 50_000, 50_000, 49_000)] * 40)
        view = cache.view(row, None, NOW + 400, session(), cache.Known(history=own))
        assert view.probability == pytest.approx((18 + 20 * 0.72 + 40) / 80)
        assert view.evidence is Evidence.CLIENT

    def test_a_promised_minimum_is_warm_and_then_likely(self) -> None:
        row = replace(lineage(ttl=None), model="gpt-6.1-sol")
        view = cache.view(row, None, NOW + 1_799, session())
        assert (view.state, view.expires_at, view.ttl, view.ttl_seconds) == (
            CacheStateName.WARM,
            NOW + 1_800,
            None,
            1_800.0,
        )
        assert view.evidence is Evidence.ASSUMED
        view = cache.view(row, None, NOW + 1_800, session())
        assert (view.state, view.expires_at) == (CacheStateName.LIKELY, None)

    def test_the_whole_prompt_is_what_gets_cold(self) -> None:
        row = replace(lineage(ttl=None, prefix=70_000), model="gpt-5.5")
        view = cache.view(
            row, price("gpt-5.5", dollars=(2.0, 10.0, 0.2, 2.0, 2.0)), NOW, session(context_tokens=80_000)
        )
        assert (view.cold_tokens, view.cold_usd, view.warm_usd) == pytest.approx((80_000, 0.16, 0.016))
        assert cache.view(lineage(), OPUS_PRICE, NOW, session(context_tokens=101_000)).cold_tokens == 100_000

    def test_a_changed_model_is_no_likely_one(self) -> None:
        row = replace(lineage(ttl=None, replaced="model_changed"), model="gpt-5.5")
        assert cache.view(row, None, NOW, session()).state is CacheStateName.CHANGED


@pytest.mark.parametrize(
    ("version", "state"),
    [("2.1.219", CacheStateName.CHANGED), ("2.1.220", CacheStateName.UNKNOWN), ("", CacheStateName.UNKNOWN)],
)
def test_a_resumed_session_is_not_warm_until_its_next_request(version: str, state: CacheStateName) -> None:
    row = replace(lineage(), stop=cache.RESUMED)
    view = cache.view(row, OPUS_PRICE, NOW, session(client_version=version))
    assert (view.state, view.reason, view.expires_at) == (state, "resumed", None)
    assert cache.view(row, OPUS_PRICE, NOW + TTL, session()).state is CacheStateName.EXPIRED


def test_when_the_client_compacts_by_itself() -> None:
    row = replace(lineage(ttl="1h", prefix=300_000), ttl_seconds=3_600.0)
    client = session(client_version="2.1.331", status=Status.IDLE)
    assert cache.view(row, OPUS_PRICE, NOW, client).compacts_at == NOW + 3_240
    known = cache.Known(compaction=Rule(on=False))
    assert cache.view(row, OPUS_PRICE, NOW, client, known).compacts_at is None


@pytest.mark.parametrize(
    ("version", "requests", "waiting", "chance"),
    [
        ("2.1.331", 60, "you", 0.95),
        ("", 60, "you", 0.95),
        ("2.1.200", 5, "you", 0.95),
        ("2.1.200", 60, "you", 0.35),
        ("2.1.200", 60, "tool", 0.99),
    ],
)
def test_a_warm_entry_says_how_likely_the_next_prompt_reads_it(
    version: str, requests: int, waiting: str, chance: float
) -> None:
    of = session(client_version=version, waiting_for=waiting)
    seen = cache.view(lineage(), None, NOW + 1, of, cache.Known(turn_requests=requests))
    assert seen.state is CacheStateName.WARM
    assert seen.probability == pytest.approx(chance)
    gone = cache.view(lineage(), None, NOW + 10 * TTL, of, cache.Known(turn_requests=requests))
    assert (gone.state, gone.probability) == (CacheStateName.EXPIRED, None)
