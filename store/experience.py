"""What this machine's own requests say about caches: who kept entries without a promise, and how much later an answer
begins when its prompt is cold.

Both change slowly and are asked for with each board, so an answer is kept for a minute.
"""

from __future__ import annotations

import sqlite3
from statistics import median

from store.likely import LEAST_GAP, Gap, History, family, history

FRESH_SECONDS = 60.0
MOST_THREADS, MOST_GAPS = 60, 1_000
"""How far back: the newest main threads without a promised lifetime, and of those the newest pauses."""
LEAST_EACH = 5
"""Cold and warm requests of one size that a difference is taken from, each."""
COLD_SHARE, WARM_SHARE = 0.1, 0.9
"""Part of the prompt that a cold request reads at most, and a warm one at least."""
ALIKE = 2.0
"""Prompts up to this factor larger or smaller are of similar size."""


class Experience:
    """One reader's memory of both; `now` is wall clock. Not thread-safe: it goes with its reader's connection."""

    def __init__(self) -> None:
        self._history: tuple[float, History] | None = None
        self._first_bytes: dict[str, tuple[float, list[tuple[int, float, float]]]] = {}

    def history(self, connection: sqlite3.Connection, now: float) -> History:
        """Pauses before requests to providers without a promise."""
        if self._history is None or not 0.0 <= now - self._history[0] < FRESH_SECONDS:
            self._history = (now, history(gaps(connection)))
        return self._history[1]

    def cold_extra_seconds(self, connection: sqlite3.Connection, model: str, tokens: int, now: float) -> float | None:
        """How much later the answer to a cold prompt of this size begins than to a warm one: the difference of the
        medians, where there are enough of each."""
        kept = self._first_bytes.get(model)
        if kept is None or not 0.0 <= now - kept[0] < FRESH_SECONDS:
            kept = self._first_bytes[model] = (now, _first_bytes(connection, model))
        alike = [(share, wait) for prompt, share, wait in kept[1] if tokens <= prompt * ALIKE <= tokens * ALIKE**2]
        cold = [wait for share, wait in alike if share <= COLD_SHARE]
        warm = [wait for share, wait in alike if share >= WARM_SHARE]
        if len(cold) < LEAST_EACH or len(warm) < LEAST_EACH:
            return None
        return max(0.0, median(cold) - median(warm))


def gaps(connection: sqlite3.Connection) -> list[Gap]:
    """The newest pauses in main threads whose provider promises no lifetime."""
    rows = connection.execute(_GAPS, {"threads": MOST_THREADS, "least": LEAST_GAP, "most": MOST_GAPS})
    return [Gap(*row) for row in rows if family(row[0]) is not None]


_GAPS = """
WITH threads AS (SELECT DISTINCT session_id FROM (
    SELECT session_id FROM lineages WHERE ttl_class IS NULL AND agent_id = '' AND model NOT LIKE '%claude%'
    ORDER BY id DESC LIMIT :threads)),
asked AS (SELECT model, started_at, input + cache_read + cache_write_5m + cache_write_1h AS prompt, cache_read,
        lag(started_at) OVER thread AS at_before, lag(model) OVER thread AS model_before,
        lag(input + cache_read + cache_write_5m + cache_write_1h) OVER thread AS prompt_before
    FROM requests WHERE session_id IN threads AND agent_id = ''
    WINDOW thread AS (PARTITION BY session_id ORDER BY started_at))
SELECT model, started_at - at_before, prompt_before, prompt, cache_read FROM asked
WHERE model = model_before AND started_at - at_before >= :least ORDER BY started_at DESC LIMIT :most
"""


def _first_bytes(connection: sqlite3.Connection, model: str) -> list[tuple[int, float, float]]:
    """(tokens of the prompt, share of it that was read, seconds to the first byte) of the newest requests."""
    rows = connection.execute(_FIRST_BYTES, {"model": model, "threads": MOST_THREADS, "most": MOST_GAPS})
    return [(prompt, read / prompt, wait) for prompt, read, wait in rows]


_FIRST_BYTES = """
SELECT prompt, cache_read, first_byte_seconds FROM (
    SELECT started_at, input + cache_read + cache_write_5m + cache_write_1h AS prompt, cache_read, first_byte_seconds
    FROM requests WHERE first_byte_seconds IS NOT NULL AND lineage_id IN (
        SELECT id FROM lineages WHERE evidence = 'gateway' AND model = :model ORDER BY id DESC LIMIT :threads))
WHERE prompt > 0 ORDER BY started_at DESC LIMIT :most
"""
