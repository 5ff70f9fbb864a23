"""Fills the store's price table from genai-prices and our dated corrections; the only importer of genai-prices.

Keeper and import call `ensure` when a model turns up that has no rows yet; readers join the table and stay light. A
model that neither source knows gets no row: then tokens are shown without money, and nothing is pinged by itself.
Corrections are the provider's published prices where the library lags (source: its pricing page, November 2026).
"""

from __future__ import annotations

import re
import sqlite3
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from store import prices
from store.rows import PriceRow

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

SOURCE = "genai-prices"
_OURS = "provider's price page, 2026-11"

_WINDOW = re.compile(r"\[\w+\]$")
"""Claude Code appends the context window to a model's name (`[1m]`); it does not change the price."""


def _row(model: str, since: str, dollars: tuple[float, float, float, float, float]) -> PriceRow:
    start = datetime.fromisoformat(since).replace(tzinfo=UTC).timestamp()
    keys = ("input", "output", "cache_read", "cache_write_5m", "cache_write_1h")
    return PriceRow(
        model=model, valid_from=start, above_tokens=0, source=_OURS, **dict(zip(keys, dollars, strict=True))
    )


_CORRECTIONS: dict[str, tuple[PriceRow, ...]] = {
    "claude-mythos-5": (_row("", "1970-01-01", (10, 50, 1.0, 12.5, 20)),),
    "claude-mythos-5-1": (_row("", "1970-01-01", (10, 50, 0.25, 12.5, 20)),),
    "claude-mythos-5-2": (_row("", "1970-01-01", (8, 40, 0.2, 10, 16)),),
    "claude-sonnet-5-5": (
        _row("", "1970-01-01", (2, 10, 0.2, 2.5, 4)),
        _row("", "2026-10-07", (2, 10, 0.1, 2.5, 4)),
    ),
}


def ensure(connection: sqlite3.Connection, model: str) -> bool:
    """Give `model` its price rows unless it has them; returns whether its price is known."""
    if prices.known(connection, model):
        return True
    rows = lookup(model)
    prices.put(connection, rows)
    return bool(rows)


def lookup(model: str) -> list[PriceRow]:
    """Every dated price and tier of a model, under exactly this name; empty when nobody knows it."""
    name = _WINDOW.sub("", model)
    corrected = _CORRECTIONS.get(name)
    if corrected is not None:
        return [replace(row, model=model) for row in corrected]
    return [replace(row, model=model) for row in _from_library(name)]


@lru_cache(maxsize=256)
def _from_library(name: str) -> tuple[PriceRow, ...]:
    """Searching costs milliseconds, and an unknown model is asked for with each of its requests."""
    from genai_prices.data_snapshot import get_snapshot
    from genai_prices.types import StartDateConstraint

    try:
        _, found = get_snapshot().find_provider_model(name, None, None, None)
    except LookupError:
        return ()
    if not isinstance(found.prices, list):
        return tuple(_tiers(name, 0.0, found.prices))
    rows: list[PriceRow] = []
    for priced in found.prices:
        if priced.constraint is None:
            rows += _tiers(name, 0.0, priced.prices)
        elif isinstance(priced.constraint, StartDateConstraint):
            rows += _tiers(name, _midnight(priced.constraint.start_date), priced.prices)
    return tuple(rows)  # prices by hour of the day are left out: no provider whose cache we keep has them


def _midnight(day: date) -> float:
    return datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()


def _tiers(model: str, valid_from: float, price: ModelPrice) -> list[PriceRow]:
    starts = {0}
    for value in vars(price).values():
        starts |= {tier.start for tier in getattr(value, "tiers", ())}
    rows = []
    for start in sorted(starts):
        plain = _at(price, "input_mtok", start)
        if plain is None:
            return []
        write = _at(price, "cache_write_mtok", start)
        rows.append(
            PriceRow(
                model=model,
                valid_from=valid_from,
                above_tokens=start + 1 if start else 0,
                input=plain,
                output=_at(price, "output_mtok", start) or 0.0,
                # A provider without a cache price charges the plain one.
                cache_read=_first(_at(price, "cache_read_mtok", start), plain),
                cache_write_5m=_first(write, plain),
                cache_write_1h=_first(_at(price, "cache_write_1h_mtok", start), write, plain),
                source=SOURCE,
            )
        )
    return rows


def _at(price: ModelPrice, unit: str, tokens: int) -> float | None:
    value = getattr(price, unit, None)
    if value is None or isinstance(value, Decimal | int | float):
        return None if value is None else float(value)
    chosen = value.base
    for tier in value.tiers:
        if tokens >= tier.start:
            chosen = tier.price
    return float(chosen)


def _first(*values: float | None) -> float:
    return next(value for value in values if value is not None)
