"""Models' own prices as terms."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from keepalive.simulate.own_prices import from_store
from keepalive.simulate.terms import Terms, TermsOf
from store import prices
from store.rows import PriceRow
from tests.fresh_store import fresh_store


@pytest.fixture
def terms(tmp_path: Path) -> Iterator[TermsOf]:
    def row(model: str, since: float, above: int, cache_read: float) -> PriceRow:
        return PriceRow(
            model=model, valid_from=since, above_tokens=above, source="test", input=5.0, output=25.0,
            cache_read=cache_read, cache_write_5m=6.25, cache_write_1h=10.0,
        )  # fmt: skip

    with closing(fresh_store(tmp_path / "store.db")) as connection:
        made = [row("opus", 0, 0, 0.5), row("opus", 100, 0, 0.25), row("opus", 0, 200_000, 1.0)]
        prices.put(connection, [*made, row("free", 0, 0, 0.0), row("dear", 0, 0, 7.0)])
        yield from_store(connection)


def test_multipliers_are_of_the_input_price_on_the_day_and_for_the_size(terms: TermsOf) -> None:
    assert terms("opus", 50.0, 1_000, "5m") == Terms(0.1, 1.25, 5e-6)
    assert terms("opus", 50.0, 1_000, "1h") == Terms(0.1, 2.0, 5e-6)
    assert terms("opus", 150.0, 1_000, "5m") == Terms(0.05, 1.25, 5e-6)
    assert terms("opus", 50.0, 300_000, "5m") == Terms(0.2, 1.25, 5e-6)


def test_what_has_no_price_or_nothing_to_save_has_no_terms(terms: TermsOf) -> None:
    assert [terms(model, 50.0, 1_000, "5m") for model in ("unheard", "free", "dear")] == [None, None, None]
