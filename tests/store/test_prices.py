"""Dated prices with tiers; and the money views must say what a lookup and a multiplication say."""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store import idle, pings, prices
from store.models import TTLClass, Usage
from store.rows import PriceRow
from tests.store.made_up import (
    HAIKU,
    HAIKU_HIGH,
    HAIKU_LOW,
    NOW,
    OPUS,
    OPUS_PRICE,
    add_lineage,
    add_prices,
    add_request,
    add_session,
    memory_store,
    price,
)

CUT = 1_791_331_200.0
"""2026-10-07 00:00 UTC: Sonnet 5.5's reads became cheaper."""
SONNET = "claude-sonnet-5-5"
SONNET_OLD = price(SONNET, dollars=(2, 10, 0.2, 2.5, 4))
SONNET_NEW = price(SONNET, since=CUT, dollars=(2, 10, 0.1, 2.5, 4))


@pytest.mark.parametrize(
    ("model", "moment", "tokens", "row"),
    [
        (HAIKU, NOW, 0, HAIKU_LOW),
        (HAIKU, NOW, 100_000, HAIKU_LOW),
        (HAIKU, NOW, 100_001, HAIKU_HIGH),
        (HAIKU, NOW, 900_000, HAIKU_HIGH),
        (OPUS, 0.0, 1, OPUS_PRICE),
        (OPUS, -1.0, 1, None),
        (SONNET, CUT - 0.001, 1, SONNET_OLD),
        (SONNET, CUT, 1, SONNET_NEW),
        ("gpt-9", NOW, 1, None),
    ],
)
def test_the_row_of_the_day_and_the_size(
    db: sqlite3.Connection, model: str, moment: float, tokens: int, row: PriceRow | None
) -> None:
    add_prices(db)
    prices.put(db, [SONNET_NEW, SONNET_OLD])
    assert prices.at(db, model, moment, tokens) == row


def test_a_corrected_row_replaces_the_wrong_one(db: sqlite3.Connection) -> None:
    add_prices(db)
    corrected = replace(OPUS_PRICE, cache_read=0.4)
    prices.put(db, [corrected])
    assert prices.at(db, OPUS, NOW, 1) == corrected
    assert prices.known(db, OPUS)
    assert not prices.known(db, "gpt-9")


def test_a_write_costs_by_its_class() -> None:
    assert prices.write_price(OPUS_PRICE, "5m") == 5.0
    assert prices.write_price(OPUS_PRICE, "1h") == 8.0
    assert prices.write_price(OPUS_PRICE, None) == 5.0


def test_usage_costs_by_its_kinds() -> None:
    usage = Usage(input=1, output=10, cache_read=100, cache_write_5m=1_000, cache_write_1h=10_000)
    assert prices.usd(OPUS_PRICE, usage) == pytest.approx((4 + 200 + 20 + 5_000 + 80_000) / 1e6)


# --- the views -------------------------------------------------------------------------------------------------------

DOLLARS = st.floats(0.001, 100.0)
TOKENS = st.integers(0, 300_000)
TIMES = st.sampled_from([-5.0, 0.0, 99.9, 100.0, 150.0, 200.0, 1e9])
MODELS = st.sampled_from(["a", "b", "unknown"])
USAGES = st.builds(Usage, input=TOKENS, output=TOKENS, cache_read=TOKENS, cache_write_5m=TOKENS, cache_write_1h=TOKENS)


@dataclass(frozen=True)
class Made:
    """A token count on a model at a time: a request, a settled and an unsettled ping, an idle period."""

    model: str
    at: float
    usage: Usage
    prefix: int
    ttl: TTLClass


MADE = st.lists(
    st.builds(Made, model=MODELS, at=TIMES, usage=USAGES, prefix=TOKENS, ttl=st.sampled_from(["5m", "1h"])),
    min_size=1,
    max_size=4,
)


@st.composite
def tables(draw: st.DrawFn) -> list[PriceRow]:
    """Every model and date has a lowest tier, as the price sources have."""
    rows = []
    for model in ("a", "b"):
        for since in draw(st.sets(st.sampled_from([0.0, 100.0, 200.0]), min_size=1)):
            tiers = draw(st.sets(st.sampled_from([100_001, 200_001]), max_size=2))
            for above in sorted({0} | tiers):
                dollars = draw(st.tuples(DOLLARS, DOLLARS, DOLLARS, DOLLARS, DOLLARS))
                rows.append(price(model, since=since, above=above, dollars=dollars))
    return rows


def expected(db: sqlite3.Connection, made: Made, prompt: int) -> PriceRow | None:
    return prices.at(db, made.model, made.at, prompt)


def close(found: float | None, wanted: float | None) -> bool:
    return found is wanted if wanted is None else found == pytest.approx(wanted)


@given(rows=tables(), made=MADE)
def test_request_money_is_lookup_and_arithmetic(rows: list[PriceRow], made: list[Made]) -> None:
    with memory_store() as db:
        prices.put(db, rows)
        add_session(db)
        for place, each in enumerate(made):
            add_request(db, f"m{place}", model=each.model, at=each.at, usage=each.usage)
        found = [row[0] for row in db.execute("SELECT usd FROM request_money ORDER BY id")]
        assert len(found) == len(made)
        for usd, each in zip(found, made, strict=True):
            row = expected(db, each, each.usage.prefix)
            assert close(usd, None if row is None else prices.usd(row, each.usage))


def unsettled(db: sqlite3.Connection, lineage_id: int, made: Made) -> int:
    reserved = pings.reserve(
        db,
        lineage_id=lineage_id,
        session_id="s1",
        warmer="replay",
        model=made.model,
        ttl_class=made.ttl,
        prefix_tokens=made.prefix,
        manual=False,
        now=made.at,
        expires_at=made.at + 20,
        read_usd=0.0,
        write_usd=0.0,
        caps=pings.Caps(None, None, 1e12, -1e12),
    )
    assert isinstance(reserved, int)
    return reserved


@given(rows=tables(), made=MADE)
def test_ping_money_is_the_reservation_and_then_the_bill(rows: list[PriceRow], made: list[Made]) -> None:
    with memory_store() as db:
        prices.put(db, rows)
        add_session(db)
        for each in made:
            ping_id = unsettled(db, add_lineage(db, model=each.model), each)
            row = expected(db, each, each.prefix)
            usd, day = db.execute("SELECT usd, day_usd FROM ping_money WHERE id = ?", (ping_id,)).fetchone()
            assert close(usd, None if row is None else row.cache_read * each.prefix / 1e6)
            assert close(day, None if row is None else prices.write_price(row, each.ttl) * each.prefix / 1e6)

            pings.settle(db, ping_id, outcome="hit", now=each.at + 1, usage=each.usage)
            usd, day = db.execute("SELECT usd, day_usd FROM ping_money WHERE id = ?", (ping_id,)).fetchone()
            bill = None if row is None else prices.usd(row, each.usage)
            assert close(usd, bill)
            assert close(day, bill)


@given(rows=tables(), made=MADE)
def test_idle_money_saves_the_write_less_the_read(rows: list[PriceRow], made: list[Made]) -> None:
    with memory_store() as db:
        prices.put(db, rows)
        add_session(db)
        for each in made:
            lineage_id = add_lineage(db, model=each.model)
            idle.open_period(
                db, lineage_id, "s1", at=each.at, ttl_class=each.ttl, ttl_seconds=300.0, prefix_tokens=each.prefix
            )
            ping_id = unsettled(db, lineage_id, each)
            pings.settle(db, ping_id, outcome="hit", now=each.at + 1, usage=Usage(cache_read=each.prefix))
            idle.close_by_request(db, lineage_id, at=each.at + 301.0, read_tokens=each.prefix)
            row = expected(db, each, each.prefix)
            spent, saved, pinged, hits = db.execute(
                "SELECT spent_usd, saved_usd, pings, hits FROM idle_money WHERE lineage_id = ?", (lineage_id,)
            ).fetchone()
            assert (pinged, hits) == (1, 1)
            assert close(spent, 0.0 if row is None else row.cache_read * each.prefix / 1e6)
            rate = None if row is None else prices.write_price(row, each.ttl) - row.cache_read
            assert close(saved, None if rate is None else rate * each.prefix / 1e6)
