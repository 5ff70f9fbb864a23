"""Breaks: what the gateway found out about prefixes that were not read, kept so that a turn can still tell why.

Tokens are stored; the money is worked out with the prices of the request's day.
"""

from __future__ import annotations

import math
import sqlite3

from msgspec.structs import asdict, replace

from store import prices, turn_cache
from store.break_models import REMEDIES, BreakView, ClientMiss, NewBreak, WhyView
from store.row import row_of
from store.rows import PriceRow
from store.sessions import UnknownSession


class UnknownTurn(UnknownSession):
    """The session has no turn of this number; the message is one line for a person."""


def save(connection: sqlite3.Connection, found: NewBreak) -> None:
    """Store a break; what is known of a request is learned once, so a second one of its id is the same."""
    row = asdict(found)
    names = ", ".join(row)
    connection.execute(
        f"INSERT OR REPLACE INTO breaks ({names}) VALUES ({', '.join(f':{name}' for name in row)})",  # noqa: S608
        row,
    )


def of_session(connection: sqlite3.Connection, session_id: str) -> tuple[BreakView, ...]:
    """A session's breaks in order of time, each with its turn and its money."""
    cursor = connection.execute(_BREAKS, (session_id,))
    names = [column[0] for column in cursor.description]
    found = [_view(connection, dict(zip(names, row, strict=True))) for row in cursor.fetchall()]
    compacted = {n for (n,) in connection.execute(_COMPACTED, (session_id,))}
    return tuple(_told_since(one, compacted) for one in found)


_BREAKS = """
SELECT b.*, r.model AS model, r.input + r.cache_read + r.cache_write_5m + r.cache_write_1h AS prompt,
       coalesce(r.turn, (SELECT max(n) FROM turns t WHERE t.session_id = b.session_id AND t.started_at <= b.at))
           AS turn
FROM breaks b LEFT JOIN requests r ON r.message_id = b.message_id WHERE b.session_id = ? ORDER BY b.at, b.message_id
"""
"""The turn as `turns` counts a request: named by the transcript, else the one that ran at its time."""


_COMPACTED = "SELECT n FROM turns WHERE session_id = ? AND compactions > 0"


def _told_since(found: BreakView, compacted: set[int]) -> BreakView:
    """A client writes down its compaction with a delay: the gateway may have seen only what came of it."""
    if found.cause != "messages_shrunk" or found.turn is None or not compacted & {found.turn - 1, found.turn}:
        return found
    return replace(found, cause="compacted")


def why(connection: sqlite3.Connection, session_id: str, turn: int) -> WhyView:
    """What broke in one turn: what the gateway found out, what the usage tells, and the client's own word where its
    newest miss lies within the turn.

    Raises:
        UnknownTurn: the session has no such turn.
    """
    started = dict(connection.execute("SELECT n, started_at FROM turns WHERE session_id = ?", (session_id,)).fetchall())
    found = tuple(one for one in of_session(connection, session_id) if one.turn == turn)
    if turn not in started and not found:
        raise UnknownTurn(f"no turn {turn} in session {session_id!r}")
    later = [at for n, at in started.items() if n > turn and at is not None]
    _, events = turn_cache.read(connection, session_id).get(turn, (None, ()))
    return WhyView(
        session=session_id,
        turn=turn,
        breaks=found,
        events=events,
        client_miss=_client_miss(connection, session_id, started.get(turn), min(later, default=math.inf)),
    )


def _client_miss(
    connection: sqlite3.Connection, session_id: str, since: float | None, until: float
) -> ClientMiss | None:
    row = connection.execute(
        "SELECT last_miss_at, last_miss_cause, misses FROM client_reports WHERE session_id = ?", (session_id,)
    ).fetchone()
    if row is None or row[0] is None or since is None:
        return None
    at, cause, misses = row
    # The client may count in whole seconds.
    return ClientMiss(at=at, cause=cause, misses=misses) if math.floor(since) <= at < until else None


def _view(connection: sqlite3.Connection, row: dict[str, object]) -> BreakView:
    model, prompt = row.pop("model"), row.pop("prompt")
    view = row_of(BreakView, row)
    rewritten = max(0, min(view.written, view.expected_read - view.read))
    price: PriceRow | None = None
    if isinstance(model, str) and isinstance(prompt, int):
        price = prices.at(connection, model, view.at, prompt)
    return replace(
        view,
        rewritten=rewritten,
        usd=None if price is None else rewritten * prices.write_price(price, view.ttl_class) / 1e6,
        read_usd=None if price is None else rewritten * price.cache_read / 1e6,
        remedy=REMEDIES.get(view.cause, ""),
    )
