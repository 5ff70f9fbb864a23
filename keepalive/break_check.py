"""Holds what a request read against what the one before it had left, and stores a break where it read clearly less.

Runs in the store's thread. A difference that cost nothing is no break, whatever changed; what was paid is always named,
if only as `unexplained`.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from keepalive.breaks import blame, expected_read
from keepalive.shape import Shape
from keepalive.vault import Trace
from store import breaks
from store.break_models import BreakCause, NewBreak
from store.models import TTLClass, Usage
from store.rows import LineageRow

READ_SHARE = 0.95
"""A read of at least this share of what was expected is a hit."""
READ_SHARE_CUT = 0.5
"""The same where the conversation was cut back: what is expected is then an estimate by bytes."""
_BY_COMPACTION = frozenset({"messages_shrunk", "message_edited", "message_dropped", "message_inserted"})


@dataclass(frozen=True, slots=True)
class Paid:
    """One answered request."""

    message_id: str
    shape: Shape
    at: float
    started_monotonic: float
    usage: Usage
    ttl_class: TTLClass | None


def check(connection: sqlite3.Connection, paid: Paid, row: LineageRow | None, last: Trace | None) -> None:
    """Store a break if there was one. `row` is the thread's lineage as it was before this request."""
    if row is None or not paid.usage.cache_write:
        return
    if last is not None and paid.started_monotonic < last.answered_monotonic:
        return  # sent side by side: an entry can be read only once its answer has begun
    before = last.shape if last is not None and last.at == row.last_request_at else None
    expected = expected_read(before, paid.shape, row.prefix_tokens)
    read = paid.usage.cache_read
    if read >= expected * (READ_SHARE if expected == row.prefix_tokens else READ_SHARE_CUT):
        return
    lapsed = row.expires_at is not None and paid.at >= row.expires_at
    found = blame(before, paid.shape, lapsed=lapsed, read=read)
    cause: BreakCause = found.cause
    if row.replaced == "compacted" and cause in (*_BY_COMPACTION, "prefix_changed", "image_removed"):
        cause = "compacted"
    elif before is None and row.model != paid.shape.model:
        cause = "model_changed"
    breaks.save(
        connection,
        NewBreak(
            message_id=paid.message_id,
            session_id=row.session_id,
            agent_id=row.agent_id,
            at=paid.at,
            cause=cause,
            part=found.part,
            position=found.position,
            name=found.name,
            field=found.field,
            size_before=found.size_before,
            size_after=found.size_after,
            hash_before=found.hash_before,
            hash_after=found.hash_after,
            expected_read=expected,
            read=read,
            written=paid.usage.cache_write,
            ttl_class=paid.ttl_class,
        ),
    )
