"""Each model's own prices, from the store's price table, as terms to score somebody's own history at."""

from __future__ import annotations

import sqlite3

from keepalive.simulate.terms import LEAST_READ, Terms, TermsOf
from store import prices
from store.words import TTLClass


def from_store(connection: sqlite3.Connection) -> TermsOf:
    """Terms in dollars; None for a model without a price, and where a cache read is all but free or saves nothing."""

    def terms(model: str, at: float, tokens: int, ttl: TTLClass) -> Terms | None:
        row = prices.at(connection, model, at, tokens)
        if row is None or row.input <= 0:
            return None
        read, write = row.cache_read / row.input, prices.write_price(row, ttl) / row.input
        return Terms(read, write, row.input / 1e6) if LEAST_READ <= read < write else None

    return terms
