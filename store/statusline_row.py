"""Everything that one status line needs, by one query on one quick connection; and the client's report, noted.

Without pydantic and without the store's own connection factory, whose patience (seconds) is not a status line's: here
nothing is created, nothing is migrated, and a store that does not answer at once is a store that says nothing.
"""

from __future__ import annotations

import json
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from store.reported import Report, Told

BUSY_TIMEOUT_SECONDS = 0.05
_RESUMED = "resumed"
"""Stop of a lineage whose session another process has opened again (store/cache.py)."""


class StatusRow(NamedTuple):
    """What the store knows of a session: its cache's clock, keep-alive, prices. None where nothing is known."""

    login: str | None = None
    attached: int = 0
    """Started through the gateway, or with a plugin that the keeper would ask."""
    evidence: str | None = None
    """Of the main lineage: gateway, client, transcript, assumed; None without a lineage."""
    ttl_class: str | None = None
    expires_at: float | None = None
    replaced: str = ""
    stop: str = ""
    prefix_tokens: int | None = None
    why: str = ""
    """The keeper's last decision, a reason code."""
    idle_pings: int = 0
    """Sent in this idle period, of at most `max_idle_pings`."""
    max_idle_pings: int | None = None
    mode: str | None = None
    """Mode of the session's budget row, else of the default's; None: the configuration decides."""
    write_5m: float | None = None
    """$ per million tokens that a cold resume pays."""
    write_1h: float | None = None
    keeper_on: bool = False
    stored: Report | None = None
    """The client's last report, as it was noted."""


class Shown(NamedTuple):
    """The state of the cache by the best evidence at hand."""

    state: str = "unknown"
    """warm, expired, changed, unknown"""
    reason: str = ""
    evidence: str = ""
    expires_at: float | None = None
    cold_tokens: int | None = None
    cold_usd: float | None = None


def open_quickly(path: Path) -> sqlite3.Connection:
    """The store as it is, for a moment.

    Raises:
        sqlite3.Error: there is none, or it cannot be opened.
    """
    uri = f"{path.absolute().as_uri()}?mode=rw"
    connection = sqlite3.connect(uri, uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None)
    with suppress(sqlite3.Error):  # (it matters for the note alone)
        connection.execute("PRAGMA synchronous = NORMAL")
    return connection


def read(connection: sqlite3.Connection, told: Told, now: float) -> StatusRow:
    """One query for everything.

    Raises:
        sqlite3.Error: the store does not answer, or has another schema.
    """
    cursor = connection.execute(_QUERY, {"id": told.session_id, "model": told.model, "now": now})
    names = [column[0] for column in cursor.description]
    row = dict(zip(names, cursor.fetchone(), strict=True))
    keeper = row.pop("keeper")
    noted = [row.pop(f"noted_{name}") for name in ("id", *Report._fields)]
    stored = None if noted[0] is None else Report(None if noted[1] is None else bool(noted[1]), *noted[2:])
    known = {name: value for name, value in row.items() if value is not None}
    return StatusRow(**known, keeper_on=_runs(keeper), stored=stored)


def note(connection: sqlite3.Connection, told: Told, stored: Report | None, now: float) -> bool:
    """Keep the client's report in place of its last one; `stored` is what the store holds. An unchanged report is not
    written: each commit wakes every reader. Returns whether something was written.

    Raises:
        sqlite3.Error: somebody else is writing, or nobody may.
    """
    if told.report == stored:
        return False
    if told.report is None:
        connection.execute("DELETE FROM client_reports WHERE session_id = ?", (told.session_id,))
    else:
        connection.execute(_NOTE, (told.session_id, now, *told.report))
    return True


def cache(row: StatusRow, report: Report | None, now: float) -> Shown:
    """The state by the best evidence: what passed the gateway, what the client says, what its transcript said.

    A prefix that was replaced stays `changed` until a request of the new one is known, whatever the client's clock
    says: that clock does not ask which prefix the entry belongs to.
    """
    if row.replaced:
        return _priced(row, Shown("changed", row.replaced, row.evidence or ""), row.ttl_class, None)
    said = None if report is None or row.evidence == "gateway" else report.is_warm(now)
    if report is not None and said is not None:
        shown = Shown("warm" if said else "expired", "", "client", report.expires_at)
        return _priced(row, shown, report.ttl_class or row.ttl_class, report.cold_tokens)
    if row.expires_at is None:
        return Shown()
    if now >= row.expires_at:
        return _priced(row, Shown("expired", "", row.evidence or "", row.expires_at), row.ttl_class, None)
    if row.stop == _RESUMED:
        return Shown()  # whether the new process sends the same prefix is not known before its first request
    return _priced(row, Shown("warm", "", row.evidence or "", row.expires_at), row.ttl_class, None)


def _priced(row: StatusRow, shown: Shown, ttl_class: str | None, reported: int | None) -> Shown:
    """What was measured of the prefix goes before what the client expects."""
    tokens = row.prefix_tokens or reported
    price = row.write_1h if ttl_class == "1h" else row.write_5m
    usd = None if tokens is None or price is None else tokens * price / 1e6
    return Shown(shown.state, shown.reason, shown.evidence, shown.expires_at, tokens, usd)


def _runs(status: str | None) -> bool:
    """Whether one of the processes that the keeper named is alive."""
    try:
        said = json.loads(status or "null")
    except ValueError:
        return False
    pids = (said.get("pid"), said.get("worker_pid")) if isinstance(said, dict) else ()
    return any(_alive(pid) for pid in pids)


def _alive(pid: object) -> bool:
    if not isinstance(pid, int) or pid <= 1:
        return False
    try:
        os.kill(pid, 0)
    except PermissionError:
        return True
    except (OSError, OverflowError):
        return False
    return True


_QUERY = """
SELECT s.login, s.launch_id IS NOT NULL OR l.why_args LIKE '%"warmer": "fork"%' AS attached, l.evidence, l.ttl_class,
       l.last_touch_at + l.ttl_seconds AS expires_at, l.replaced, l.stop, l.prefix_tokens, l.why, l.max_idle_pings,
       (SELECT count(*) FROM pings g JOIN idle_periods i ON i.id = g.idle_id
        WHERE i.id = (SELECT max(id) FROM idle_periods WHERE lineage_id = l.id)
        AND i.closed_by IN ('', 'timeout')) AS idle_pings,
       coalesce(nullif(b.mode, ''), nullif(d.mode, '')) AS mode,
       p.cache_write_5m AS write_5m, p.cache_write_1h AS write_1h,
       k.value AS keeper,
       r.session_id AS noted_id, r.warm AS noted_warm, r.ttl_class AS noted_ttl_class,
       r.expires_at AS noted_expires_at, r.misses AS noted_misses, r.last_miss_at AS noted_last_miss_at,
       r.last_miss_cause AS noted_last_miss_cause, r.cold_tokens AS noted_cold_tokens
FROM (SELECT 1)
LEFT JOIN sessions s ON s.id = :id
LEFT JOIN lineages l ON l.id = (SELECT max(id) FROM lineages WHERE session_id = :id AND agent_id = '')
LEFT JOIN budgets b ON b.session_id = :id
LEFT JOIN budgets d ON d.session_id = ''
LEFT JOIN prices p ON p.model = coalesce(l.model, :model)
 AND p.valid_from = (SELECT max(valid_from) FROM prices WHERE model = p.model AND valid_from <= :now)
 AND p.above_tokens = (SELECT max(above_tokens) FROM prices WHERE model = p.model AND valid_from = p.valid_from
     AND above_tokens <= coalesce(l.prefix_tokens, 0))
LEFT JOIN settings k ON k.key = 'keeper.status'
LEFT JOIN client_reports r ON r.session_id = :id
"""
_NOTE = """
INSERT INTO client_reports (session_id, reported_at, warm, ttl_class, expires_at, misses, last_miss_at,
                            last_miss_cause, cold_tokens)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
ON CONFLICT (session_id) DO UPDATE SET reported_at = excluded.reported_at, warm = excluded.warm,
    ttl_class = excluded.ttl_class, expires_at = excluded.expires_at, misses = excluded.misses,
    last_miss_at = excluded.last_miss_at, last_miss_cause = excluded.last_miss_cause,
    cold_tokens = excluded.cold_tokens
WHERE excluded.reported_at >= client_reports.reported_at
"""
