"""Prices of models: what the library knows, where it lags, and what nobody knows."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec.structs import replace

from keepalive import pricing
from store import prices
from store.models import Usage
from store.rows import PriceRow
from tests.fresh_store import fresh_store


@pytest.fixture
def db(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = fresh_store(tmp_path / "warmside.db")
    yield connection
    connection.close()


def on(day: str) -> float:
    return datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp()


def price(db: sqlite3.Connection, model: str, day: str = "2026-11-24", prompt: int = 50_000) -> PriceRow:
    found = prices.at(db, model, on(day), prompt)
    assert found is not None
    return found


def test_a_known_model_is_filled_in_once(db: sqlite3.Connection) -> None:
    assert not prices.known(db, "claude-haiku-4-5")
    assert pricing.ensure(db, "claude-haiku-4-5")
    row = price(db, "claude-haiku-4-5")
    assert (row.input, row.output, row.cache_read, row.cache_write_5m) == (1.0, 5.0, 0.1, 1.25)
    assert row.source == pricing.SOURCE
    db.execute("UPDATE prices SET input = 7")
    assert pricing.ensure(db, "claude-haiku-4-5")
    assert price(db, "claude-haiku-4-5").input == 7.0, "what is there stays"


def test_every_price_of_a_written_prefix_is_at_least_that_of_reading_it(db: sqlite3.Connection) -> None:
    for model in ("claude-opus-4-5", "claude-sonnet-4-5", "claude-haiku-4-5", "claude-opus-5-5", "claude-mythos-5-2"):
        for row in pricing.lookup(model):
            assert 0 < row.cache_read < row.input <= row.cache_write_5m <= row.cache_write_1h < row.output, row


def test_an_unknown_model_has_no_price_and_is_no_error(db: sqlite3.Connection) -> None:
    assert not pricing.ensure(db, "made-up-model-9")
    assert pricing.lookup("made-up-model-9") == []
    assert prices.at(db, "made-up-model-9", on("2026-11-24"), 0) is None


def test_a_correction_has_its_day(db: sqlite3.Connection) -> None:
    assert pricing.ensure(db, "claude-sonnet-5-5")
    assert price(db, "claude-sonnet-5-5", "2026-10-06").cache_read == 0.2
    assert price(db, "claude-sonnet-5-5", "2026-10-07").cache_read == 0.1
    for day in ("2026-10-06", "2026-10-07"):
        row = price(db, "claude-sonnet-5-5", day)
        assert (row.input, row.output, row.cache_write_5m, row.cache_write_1h) == (2, 10, 2.5, 4)


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("claude-mythos-5", (10, 50, 1.0, 12.5, 20)),
        ("claude-mythos-5-1", (10, 50, 0.25, 12.5, 20)),
        ("claude-mythos-5-2", (8, 40, 0.2, 10, 16)),
    ],
)
def test_corrections_of_the_largest_models(
    db: sqlite3.Connection, model: str, expected: tuple[float, float, float, float, float]
) -> None:
    assert pricing.ensure(db, model)
    row = price(db, model)
    assert (row.input, row.output, row.cache_read, row.cache_write_5m, row.cache_write_1h) == expected


@pytest.mark.parametrize("model", ["claude-sonnet-5-5", "claude-haiku-4-5"])
def test_the_context_window_in_a_name_changes_no_price(db: sqlite3.Connection, model: str) -> None:
    long = f"{model}[1m]"
    assert pricing.ensure(db, long)
    assert {row.model for row in pricing.lookup(long)} == {long}, "joined by the name that requests carry"
    assert [replace(row, model=model) for row in pricing.lookup(long)] == pricing.lookup(model)


def test_tiers_follow_the_size_of_the_prompt(db: sqlite3.Connection) -> None:
    rows = pricing.lookup("claude-haiku-5-5")
    assert [row.above_tokens for row in rows] == sorted({row.above_tokens for row in rows})
    tiered = [row for row in rows if row.above_tokens]
    assert tiered, "this model has a tier by prompt size"
    assert pricing.ensure(db, "claude-haiku-5-5")
    limit = tiered[0].above_tokens - 1
    small = price(db, "claude-haiku-5-5", prompt=limit)
    large = price(db, "claude-haiku-5-5", prompt=limit + 1)
    assert small.input < large.input
    usage = Usage(input=limit + 1)
    assert prices.usd(large, usage) == pytest.approx((limit + 1) * large.input / 1e6)


def test_a_model_is_searched_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    pricing.lookup("made-up-model-10")
    before = pricing._from_library.cache_info()
    pricing.lookup("made-up-model-10[1m]")
    after = pricing._from_library.cache_info()
    assert (after.hits, after.misses) == (before.hits + 1, before.misses)
