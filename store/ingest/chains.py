"""The cache clock of a session as its transcript tells it, where the gateway sees nothing.

Requests of the main thread share a growing prefix until the model changes or the conversation becomes its summary;
the last chain's last request is what a cache entry's life counts from.
"""

from __future__ import annotations

import math
import sqlite3
from collections.abc import Callable, Iterable, Sequence

from store import idle, lineages
from store.ingest.reading import RequestRow
from store.models import Evidence, TTLClass
from store.rows import LineageRow

Lifetime = Callable[[TTLClass | None], float | None]
"""Seconds that an entry of a class lives; None for an unknown class."""

LIFETIMES: dict[TTLClass | None, float] = {"5m": 300.0, "1h": 3600.0}
"""As the provider documents them; the configuration may scale them."""


def write(
    connection: sqlite3.Connection,
    session_id: str,
    requests: Iterable[RequestRow],
    compacted_at: Sequence[float | None],
    lifetime: Lifetime,
    *,
    attached: bool,
    seen_since: float = math.inf,
) -> None:
    """Bring the session's main lineage up to date; within the caller's transaction.

    `attached`: the gateway sees this session's requests itself and knows better; of those since `seen_since` for
    certain, though the client may write its line before the answer is over and the gateway has learned of it.
    """
    row = lineages.current(connection, session_id)
    compactions = [at for at in compacted_at if at is not None]
    if not attached or row is None or row.evidence is not Evidence.GATEWAY:
        mine = (one for one in requests if not one.agent_id and one.model and one.started_at < seen_since)
        main = sorted(mine, key=lambda one: one.started_at)
        for chain in _chains(main, row, compactions):
            row = _extend(connection, session_id, row, chain, compactions, lifetime)
    if row is not None and _between(compactions, row.last_request_at, math.inf):
        lineages.replace(connection, row.id, "compacted")


def _chains(
    main: Sequence[RequestRow], row: LineageRow | None, compactions: Sequence[float]
) -> Iterable[list[RequestRow]]:
    """The requests after those that are known, cut where one cannot have read the prefix of the one before."""
    known = -math.inf if row is None or row.last_request_at is None else row.last_request_at
    chain: list[RequestRow] = []
    for request in main:
        if request.started_at <= known:  # (of several of one moment the first counts, however they come)
            continue
        known = request.started_at
        if chain and (
            chain[-1].model != request.model or _between(compactions, chain[-1].started_at, request.started_at)
        ):
            yield chain
            chain = []
        chain.append(request)
    if chain:
        yield chain


def _extend(
    connection: sqlite3.Connection,
    session_id: str,
    row: LineageRow | None,
    chain: Sequence[RequestRow],
    compactions: Sequence[float],
    lifetime: Lifetime,
) -> LineageRow | None:
    first, last = chain[0], chain[-1]
    broken = ""
    if row is not None:
        compacted = "compacted" if _between(compactions, row.last_request_at, first.started_at) else ""
        broken = row.replaced or compacted or ("model_changed" if row.model != first.model else "")
        if broken:  # (a lineage that was replaced before keeps its reason)
            written = first.cache_write_5m + first.cache_write_1h
            lineages.replace(connection, row.id, broken, written)
            lineages.note_break(connection, row.id, written)
            idle.close_unreturned(connection, row.id, at=first.started_at, by="replaced")
        else:
            idle.close_by_request(connection, row.id, at=first.started_at, read_tokens=first.cache_read)
    if row is None or broken:
        lineage_id = lineages.start(
            connection, session_id, "", model=first.model, evidence=Evidence.TRANSCRIPT, at=first.started_at
        )
    else:
        lineage_id = row.id
    ttl_class = next((one.ttl_class for one in reversed(chain) if one.ttl_class), None)
    lineages.touch_by_request(
        connection,
        lineage_id,
        at=last.started_at,
        prefix_tokens=last.cache_read + last.cache_write_5m + last.cache_write_1h,
        ttl_class=ttl_class,
        ttl_seconds=lifetime(ttl_class),
        model=last.model,
        evidence=Evidence.TRANSCRIPT,
        held=False,
        thinking=False,
        replayable="",
        requests=len(chain),
    )
    return lineages.get(connection, lineage_id)


def _between(times: Sequence[float], after: float | None, until: float) -> bool:
    return any((after or 0.0) < at <= until for at in times)
