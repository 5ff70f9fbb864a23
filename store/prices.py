"""The dated price table as its readers see it: plain rows, joined in SQL or looked up here.

Only keepalive/pricing.py fills it. A request is priced with the row of its own day and prompt size; a model without
a row has no known price, and then nothing is guessed.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

from msgspec.structs import asdict

from store.models import TTLClass, Usage
from store.row import fetch_one
from store.rows import PriceRow


def at(connection: sqlite3.Connection, model: str, moment: float, prompt_tokens: int) -> PriceRow | None:
    """The prices in force for a prompt of this size at this time, or None."""
    return fetch_one(
        PriceRow,
        connection.execute(
            "SELECT * FROM prices WHERE model = ? AND valid_from <= ? AND above_tokens <= ?"
            " ORDER BY valid_from DESC, above_tokens DESC LIMIT 1",
            (model, moment, prompt_tokens),
        ),
    )


def known(connection: sqlite3.Connection, model: str) -> bool:
    """Whether the table has any row for this model name."""
    return connection.execute("SELECT 1 FROM prices WHERE model = ? LIMIT 1", (model,)).fetchone() is not None


def put(connection: sqlite3.Connection, rows: Iterable[PriceRow]) -> None:
    """Add or correct price rows."""
    connection.executemany(
        "INSERT OR REPLACE INTO prices (model, valid_from, above_tokens, input, output, cache_read, cache_write_5m,"
        " cache_write_1h, source) VALUES (:model, :valid_from, :above_tokens, :input, :output, :cache_read,"
        " :cache_write_5m, :cache_write_1h, :source)",
        [asdict(row) for row in rows],
    )


def write_price(row: PriceRow, ttl_class: TTLClass | None) -> float:
    """$ per million tokens to write a prefix of this TTL class."""
    return row.cache_write_1h if ttl_class == "1h" else row.cache_write_5m


def usd(row: PriceRow, usage: Usage) -> float:
    """What this usage costs, $."""
    return (
        usage.input * row.input
        + usage.output * row.output
        + usage.cache_read * row.cache_read
        + usage.cache_write_5m * row.cache_write_5m
        + usage.cache_write_1h * row.cache_write_1h
    ) / 1e6
