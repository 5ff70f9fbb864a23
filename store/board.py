"""Reads for the list: every open session with its cache, keep-alive and totals, at one moment.

One read transaction, a handful of grouped queries, whatever the number of sessions; nothing here writes.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Sequence
from typing import NamedTuple

from msgspec.structs import asdict, replace

from store import (
    budgets,
    cache,
    client_report,
    fork_trial,
    idle_compaction,
    ledger,
    likely,
    plan_view,
    prices,
    sources,
    turns,
)
from store.budgets import BudgetOf
from store.client_version import resumes_miss
from store.database import snapshot
from store.experience import Experience
from store.models import (
    BoardView,
    CacheStateName,
    CacheView,
    Evidence,
    KeepaliveView,
    KeeperView,
    NextPing,
    SessionDetail,
    SessionView,
    Totals,
)
from store.row import fetch_all, row_of
from store.rows import LineageRow, SessionRow
from store.session_filter import EVERY_SESSION, SessionFilter
from store.sessions import NAMED, UnknownSession


def board(
    connection: sqlite3.Connection,
    *,
    now: float,
    keeper: KeeperView | None,
    budget_of: BudgetOf,
    costly_usd: float = cache.COSTLY_USD,
    experience: Experience | None = None,
) -> BoardView:
    """What the sidebar shows; `budget_of` decides what is in force for each session.

    From `costly_usd` on a cold resume is worth a warning; whoever reads again and again keeps its `experience`.
    """
    terms = _Terms(keeper is not None, budget_of, costly_usd, experience or Experience())
    with snapshot(connection):
        since = ledger.local_midnight(now)
        rows = fetch_all(
            SessionRow,
            connection.execute(
                "SELECT * FROM sessions WHERE ended_at IS NULL OR ended_at >= ? ORDER BY last_activity_at DESC",
                (since,),
            ),
        )
        views = _views(connection, rows, now, terms)
        past = connection.execute(_PAST).fetchone()[0]
        today, on_plan = ledger.today(connection, now)
    opened = tuple(view for view in views if view.ended_at is None)
    return BoardView(
        sessions=opened,
        ended_today=tuple(view for view in views if view.ended_at is not None),
        keeper=keeper,
        today=today,
        today_on_plan=on_plan,
        next_pings=_next_pings(opened),
        past_sessions=past,
    )


_PAST = f"SELECT count(*) FROM sessions WHERE ended_at IS NOT NULL AND {NAMED}"  # noqa: S608


def sessions(
    connection: sqlite3.Connection,
    *,
    now: float,
    keeper_on: bool,
    budget_of: BudgetOf,
    open_only: bool = False,
    chosen: SessionFilter = EVERY_SESSION,
    limit: int = 100,
    costly_usd: float = cache.COSTLY_USD,
) -> list[SessionView]:
    """Open and ended sessions, newest first."""
    condition, values = chosen.condition()
    where = " AND ".join([NAMED, *(["ended_at IS NULL"] if open_only else ()), *([condition] if condition else ())])
    with snapshot(connection):
        rows = fetch_all(
            SessionRow,
            connection.execute(
                f"SELECT * FROM sessions WHERE {where}"  # noqa: S608
                " ORDER BY coalesce(last_activity_at, opened_at) DESC LIMIT :limit",
                {**values, "limit": limit},
            ),
        )
        return _views(connection, rows, now, _Terms(keeper_on, budget_of, costly_usd, Experience()))


def detail(
    connection: sqlite3.Connection,
    session_id: str,
    *,
    now: float,
    keeper_on: bool,
    budget_of: BudgetOf,
    costly_usd: float = cache.COSTLY_USD,
) -> SessionDetail:
    """One session with its turns (`show ID`).

    Raises:
        UnknownSession: it is not there (any more).
    """
    with snapshot(connection):
        rows = fetch_all(SessionRow, connection.execute("SELECT * FROM sessions WHERE id = ?", (session_id,)))
        if not rows:
            raise UnknownSession(f"no session {session_id!r}")
        view = _views(connection, rows, now, _Terms(keeper_on, budget_of, costly_usd, Experience()))[0]
        return row_of(
            SessionDetail,
            {
                "first_at": view.opened_at,
                "last_at": view.last_activity_at,
                **asdict(view),
                **sources.told(connection, session_id),
                "turns": turns.read(connection, session_id),
            },
        )


class _Terms(NamedTuple):
    """What a reader brings along."""

    keeper_on: bool
    budget_of: BudgetOf
    costly_usd: float
    experience: Experience


def _views(connection: sqlite3.Connection, rows: Sequence[SessionRow], now: float, terms: _Terms) -> list[SessionView]:
    ids = (json.dumps([row.id for row in rows]),)  # one parameter: their number has no limit
    lineages = {lineage.session_id: lineage for lineage in fetch_all(LineageRow, connection.execute(_LINEAGES, ids))}
    totals = {row[0]: row[1:] for row in connection.execute(_TOTALS, ids)}
    pinged = {row[0]: row[1:] for row in connection.execute(_PINGS, ids)}
    broke = {row[0]: row[1:] for row in connection.execute(_BROKE, ids)}
    assumed = fork_trial.unproven(connection, lineages.values())
    set_by_people = budgets.among(connection, [row.id for row in rows])
    known = _known(connection, lineages, now, terms)
    reported = client_report.reports(connection, [row.id for row in rows])
    views = []
    for row in rows:
        lineage = lineages.get(row.id)
        price = (
            None if lineage is None else prices.at(connection, lineage.model, now, cache.resumed_tokens(lineage, row))
        )
        budget = terms.budget_of(budgets.standing_of(row, lineage, set_by_people))
        keepalive = plan_view.view(row, lineage, price, budget, pinged.get(row.id), now, terms.keeper_on)
        if lineage is not None:
            extra = terms.experience.cold_extra_seconds(connection, lineage.model, lineage.prefix_tokens, now)
            length = turns.requests_of_last(connection, row.id) if resumes_miss(row.client_version) else 1
            known = known._replace(extra_seconds=extra, broke=broke.get(row.id), turn_requests=length)
        cache_view = cache.view(lineage, price, now, row, known)
        cache_view = client_report.apply(cache_view, reported.get(row.id), now, price)
        if lineage is not None and lineage.id in assumed and cache_view.state is CacheStateName.WARM:
            cache_view = replace(cache_view, evidence=Evidence.ASSUMED)
        views.append(_session(row, cache_view, keepalive, _totals(totals.get(row.id))))
    return views


def _known(connection: sqlite3.Connection, lineages: dict[str, LineageRow], now: float, terms: _Terms) -> cache.Known:
    unpromised = any(one.ttl_class is None and likely.family(one.model) for one in lineages.values())
    return cache.Known(
        terms.experience.history(connection, now) if unpromised else likely.History(),
        idle_compaction.get(connection),
        terms.costly_usd,
    )


_LINEAGES = """
SELECT * FROM lineages WHERE id IN (SELECT max(id) FROM lineages WHERE agent_id = ''
    AND session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id)
"""
_BROKE = """
SELECT session_id, max(at), cause, min(written, max(0, expected_read - read)) FROM breaks WHERE agent_id = ''
    AND session_id IN (SELECT value FROM json_each(?)) GROUP BY session_id
"""
_TOTALS = """
SELECT r.session_id, count(*), sum(r.input), sum(r.output), sum(r.cache_read), sum(r.cache_write_5m),
       sum(r.cache_write_1h), sum(r.reasoning), CASE WHEN count(*) = count(m.usd) THEN sum(m.usd) END
FROM requests r JOIN request_money m ON m.id = r.id
WHERE r.session_id IN (SELECT value FROM json_each(?)) GROUP BY r.session_id
"""
_PINGS = """
SELECT m.session_id, count(*), CASE WHEN count(*) = count(m.usd) THEN sum(m.usd) END,
       sum(i.closed_by IN ('', 'timeout')
           AND i.id = (SELECT max(id) FROM idle_periods WHERE lineage_id = m.lineage_id)), sum(m.outcome = '')
FROM ping_money m LEFT JOIN idle_periods i ON i.id = m.idle_id
WHERE m.session_id IN (SELECT value FROM json_each(?)) GROUP BY m.session_id
"""


def _totals(row: Sequence[int | float | None] | None) -> Totals:
    if row is None:
        return Totals(usd=0.0)
    names = ("requests", "input", "output", "cache_read", "cache_write_5m", "cache_write_1h", "reasoning", "usd")
    return row_of(Totals, dict(zip(names, row, strict=True)))


def _session(row: SessionRow, cache_view: CacheView, keepalive: KeepaliveView, totals: Totals) -> SessionView:
    return SessionView(
        id=row.id,
        agent=row.agent,
        project=row.project,
        cwd=row.cwd,
        title=row.title,
        status=row.status,
        waiting_for=row.waiting_for,
        pid=row.pid,
        seen_by=row.seen_by,
        tmux_pane=row.tmux_pane,
        login=row.login,
        opened_at=row.opened_at,
        last_activity_at=row.last_activity_at,
        ended_at=row.ended_at,
        model=row.model,
        context_tokens=row.context_tokens,
        cache=cache_view,
        keepalive=keepalive,
        totals=totals,
    )


def _next_pings(sessions: Sequence[SessionView]) -> tuple[NextPing, ...]:
    planned = [
        NextPing(
            session_id=view.id,
            name=view.project or view.id,
            at=view.keepalive.next_ping_at,
            usd=view.keepalive.next_ping_usd,
            n=view.keepalive.idle_pings + 1,
            of=view.keepalive.idle_max_pings,
        )
        for view in sessions
        if view.keepalive.next_ping_at is not None and view.keepalive.why in plan_view.PLANNED
    ]
    return tuple(sorted(planned, key=lambda ping: ping.at))
