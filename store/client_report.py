"""The client's own report as evidence: better than its transcript, worse than what passed the gateway.

The client's clock runs from its answers and cannot see a gateway's pings, so it never overrules the gateway, and
that it calls an entry cold which pings have kept is no disagreement.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable

from msgspec import Struct
from msgspec.structs import replace

from store.models import CacheStateName, CacheView, Evidence, TTLClass
from store.prices import write_price
from store.reported import Report
from store.rows import PriceRow

_LIFETIMES: dict[TTLClass, float] = {"5m": 300.0, "1h": 3600.0}
"""As the client counts them, whatever the configuration says."""
_SAME = 60.0
"""Seconds. The client counts from an answer's end, we from its request's start: a difference of that kind is none."""
_OPENED_AGAIN = "resumed"


class ClientReport(Struct, frozen=True):
    """What a client reported last, and when it began to say so."""

    reported_at: float
    report: Report


def reports(connection: sqlite3.Connection, ids: Iterable[str]) -> dict[str, ClientReport]:
    """The reports of these sessions, by session."""
    rows = connection.execute(_REPORTS, (json.dumps(list(ids)),))
    return {row[0]: ClientReport(row[1], Report(None if row[2] is None else bool(row[2]), *row[3:])) for row in rows}


def apply(view: CacheView, said: ClientReport | None, now: float, price: PriceRow | None = None) -> CacheView:
    """The view with the client's report taken into account; `price` is its model's, for another TTL class.

    A `changed` prefix stays changed: the client's clock does not ask which prefix an entry belongs to. So does a
    session that was opened again, until its next request.
    """
    if said is None:
        return view
    report = said.report
    view = replace(view, last_miss_cause=report.last_miss_cause, last_miss_at=report.last_miss_at)
    warm = report.is_warm(now)
    if warm is None or view.state is CacheStateName.CHANGED or view.reason == _OPENED_AGAIN:
        return view
    state = CacheStateName.WARM if warm else CacheStateName.EXPIRED
    if view.evidence is Evidence.GATEWAY:
        kept = _later(view.expires_at, report.expires_at)
        return view if kept else replace(view, disagrees=_other(view, state, report, Evidence.CLIENT))
    started = _last_request(view)
    if started is not None and said.reported_at <= started:
        return view  # it is older than what the transcript knows
    ttl: TTLClass | None = "1h" if report.ttl_class == "1h" else "5m" if report.ttl_class == "5m" else view.ttl
    tokens = view.cold_tokens or report.cold_tokens
    return replace(
        view,
        state=state,
        ttl=ttl,
        ttl_seconds=_LIFETIMES[ttl] if ttl else view.ttl_seconds,
        expires_at=report.expires_at,
        evidence=Evidence.CLIENT,
        reason="" if warm else "expired",
        probability=None,
        cold_tokens=tokens,
        cold_usd=view.cold_usd if price is None or not tokens else tokens * write_price(price, ttl) / 1e6,
        disagrees=_other(view, state, report, view.evidence),
    )


def _last_request(view: CacheView) -> float | None:
    """Start of the request that the view's clock runs from."""
    return None if view.expires_at is None or view.ttl_seconds is None else view.expires_at - view.ttl_seconds


def _other(view: CacheView, reported: CacheStateName, report: Report, source: Evidence | None) -> str:
    """The other source and what it says, `transcript_expired`; nothing where both mean the same."""
    told = (CacheStateName.WARM, CacheStateName.EXPIRED)
    if source is None or view.state not in told or view.state is reported:
        return ""
    if view.expires_at is None or report.expires_at is None or abs(view.expires_at - report.expires_at) <= _SAME:
        return ""
    return f"{source}_{reported if source is Evidence.CLIENT else view.state}"


def _later(kept: float | None, reported: float | None) -> bool:
    """Whether the gateway knows of a touch that the client does not."""
    return kept is not None and reported is not None and kept > reported


_REPORTS = """
SELECT session_id, reported_at, warm, ttl_class, expires_at, misses, last_miss_at, last_miss_cause, cold_tokens
FROM client_reports WHERE session_id IN (SELECT value FROM json_each(?))
"""
