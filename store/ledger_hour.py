"""What the one-hour lifetime would have cost in the pings' place: the one setting that can beat them.

Reckoned over the sessions that it could be set for and that had pings: their five-minute writes at the one-hour price,
without the pings, without the writes of those who came back within the hour, but with a write for those whom pings
kept for longer. Where anything is doubtful it counts against the setting.
"""

from __future__ import annotations

import sqlite3

HOUR = 3600.0


def less_usd(connection: sqlite3.Connection, since: float) -> float | None:
    """How much less it would have cost, in dollars; negative: more. None without such a session or a known price."""
    given = {"since": since, "hour": HOUR}
    (writes, unpriced), (pings,) = (connection.execute(sql, given).fetchone() for sql in (_WRITES, _PINGS))
    if pings is None or unpriced:
        return None
    spared, again = connection.execute(_RETURNS, given).fetchone()
    return float(pings + (spared or 0.0) - (again or 0.0) - (writes or 0.0))


# Claude Code with an API key: what sets the lifetime is a variable of the client's, and a plan has it anyway.
_SESSIONS = """
SELECT i.session_id FROM idle_periods i JOIN sessions s ON s.id = i.session_id
WHERE i.pinged = 1 AND i.ttl_class = '5m' AND (i.closed_at IS NULL OR i.closed_at >= :since)
  AND s.agent = 'claude' AND s.login = 'api_key'
"""
_PRICE = """
LEFT JOIN prices p ON p.model = {model}
 AND p.valid_from = (SELECT max(valid_from) FROM prices WHERE model = {model} AND valid_from <= {at})
 AND p.above_tokens = (SELECT max(above_tokens) FROM prices WHERE model = {model} AND valid_from = p.valid_from
     AND above_tokens <= {tokens})
"""
_WRITES = f"""
SELECT sum(r.cache_write_5m * (p.cache_write_1h - p.cache_write_5m)) / 1e6, coalesce(sum(p.model IS NULL), 0)
FROM requests r {
    _PRICE.format(
        model="r.model",
        at="r.started_at",
        tokens="r.input + r.cache_read + r.cache_write_5m + r.cache_write_1h",
    )
}
WHERE r.session_id IN ({_SESSIONS}) AND r.started_at >= :since AND r.cache_write_5m > 0
"""  # noqa: S608
_PINGS = f"""
SELECT sum(usd) FROM ping_money WHERE session_id IN ({_SESSIONS}) AND reserved_at >= :since
  AND idle_id IN (SELECT id FROM idle_periods WHERE ttl_class = '5m')
"""  # noqa: S608
# Spared: back within the hour to an entry that had gone cold. What the gateway found broken would have been written
# under any lifetime. Again: kept by pings for longer than an hour.
_RETURNS = f"""
SELECT
  sum(CASE WHEN i.lapsed = 1 AND i.closed_at - i.opened_at <= :hour AND NOT EXISTS (
        SELECT 1 FROM breaks b WHERE b.session_id = i.session_id AND abs(b.at - i.closed_at) <= 1.0
          AND b.cause <> 'expired')
      THEN (i.prefix_tokens - i.read_tokens) * (p.cache_write_1h - p.cache_read) ELSE 0 END) / 1e6,
  sum(CASE WHEN i.pinged = 1 AND i.lapsed = 0 AND i.closed_at - i.opened_at > :hour
      THEN min(i.read_tokens, i.prefix_tokens) * (p.cache_write_1h - p.cache_read) ELSE 0 END) / 1e6
FROM idle_periods i JOIN lineages l ON l.id = i.lineage_id
{_PRICE.format(model="l.model", at="i.opened_at", tokens="i.prefix_tokens")}
WHERE i.session_id IN ({_SESSIONS}) AND i.closed_at >= :since AND i.closed_by = 'request' AND i.ttl_class = '5m'
"""  # noqa: S608
