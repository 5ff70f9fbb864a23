"""What full histories weigh against turn memories.

Counted: the provider's own figures of the last requests, and the prices of the day. Estimated: the tokens of stored
texts, from their bytes (as `brief.estimated_tokens` does).

What it cannot say: how often a file would have to be read again because its content is no part of a turn memory.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from msgspec.structs import asdict

from store import prices
from store.database import snapshot
from store.impact_models import BriefImpact, Impacts, SessionImpact
from store.session_filter import EVERY_SESSION, SessionFilter
from store.sessions import UnknownSession
from store.words import TTLClass


def over(connection: sqlite3.Connection, now: float, chosen: SessionFilter = EVERY_SESSION) -> Impacts:
    """Every session, and their sum."""
    condition, values = chosen.condition()
    condition = condition or "1"
    with snapshot(connection):
        found = [impact for impact, _ in _read(connection, condition, values, now)]
        known = connection.execute(f"SELECT count(*) FROM sessions WHERE {condition}", values).fetchone()[0]  # noqa: S608
    found.sort(key=lambda one: ((one.fresh_usd or 0.0) - (one.full_usd or 0.0), one.fresh_tokens - one.full_tokens))
    priced = [one for one in found if one.full_usd is not None]
    return Impacts(
        full_tokens=sum(one.full_tokens for one in found),
        start_tokens=sum(one.start_tokens for one in found),
        memory_tokens=sum(one.memory_tokens for one in found),
        fresh_tokens=sum(one.fresh_tokens for one in found),
        full_usd=_sum(one.full_usd for one in priced),
        fresh_usd=_sum(one.fresh_usd for one in priced),
        full_read_usd=_sum(one.full_read_usd for one in priced),
        fresh_read_usd=_sum(one.fresh_read_usd for one in priced),
        sessions=tuple(found),
        unpriced=len(found) - len(priced),
        without_text=sum(not one.text_stored for one in found),
        without_requests=known - len(found),
    )


def of_session(connection: sqlite3.Connection, session_id: str, now: float, *, brief_tokens: int) -> BriefImpact:
    """One session; `brief_tokens` is the size of its resume brief.

    Raises:
        UnknownSession: nothing is known of its requests.
    """
    with snapshot(connection):
        found = next(_read(connection, "id = :session", {"session": session_id}, now), None)
        if found is None:
            raise UnknownSession(f"session {session_id} has no request to compare with")
        impact, ttl = found
        money = _Money.of(connection, impact.model, impact.start_tokens + brief_tokens, ttl, now)
    return BriefImpact(**asdict(impact), brief_tokens=brief_tokens, brief_usd=money.write, brief_read_usd=money.read)


class _Money(NamedTuple):
    write: float | None
    read: float | None

    @classmethod
    def of(cls, connection: sqlite3.Connection, model: str, tokens: int, ttl: TTLClass | None, now: float) -> _Money:
        """What so many tokens cost to write and to read, at the prices of a prompt of that size."""
        row = prices.at(connection, model, now, tokens)
        if row is None:
            return cls(None, None)
        return cls(tokens * prices.write_price(row, ttl) / 1e6, tokens * row.cache_read / 1e6)


def _read(
    connection: sqlite3.Connection, condition: str, values: dict[str, str], now: float
) -> Iterator[tuple[SessionImpact, TTLClass | None]]:
    for session, agent, project, last_at, turns, text, memory, model, ttl, full, least in connection.execute(
        _SESSIONS.format(condition), values
    ):
        start = min(least, full)
        fresh = start + memory
        of_full, of_fresh = (_Money.of(connection, model, tokens, ttl, now) for tokens in (full, fresh))
        yield (
            SessionImpact(
                session=session,
                agent=agent,
                project=project,
                model=model,
                turns=turns,
                text_stored=bool(text) or not turns,
                last_activity_at=last_at,
                full_tokens=full,
                start_tokens=start,
                memory_tokens=memory,
                fresh_tokens=fresh,
                full_usd=of_full.write,
                fresh_usd=of_fresh.write,
                full_read_usd=of_full.read,
                fresh_read_usd=of_fresh.read,
            ),
            ttl,
        )


def _sum(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) if known else None


# A record names each kind of entry on a line of its own: the words around the entries are counted, too. Providers
# without a class of lifetime report no writes: there the whole prompt is what comes again.
_SESSIONS = """
SELECT id, agent, project, last_activity_at, turns, text, (bytes + 2) / 3 AS memory, model, ttl, full, least FROM (
    SELECT s.id, s.agent, s.project, s.last_activity_at, l.model, l.ttl_class AS ttl,
        CASE WHEN l.ttl_class IS NULL THEN max(l.prefix_tokens, coalesce(s.context_tokens, 0))
            ELSE l.prefix_tokens END AS full,
        (SELECT count(*) FROM turns t WHERE t.session_id = s.id) AS turns,
        EXISTS (SELECT 1 FROM turns t WHERE t.session_id = s.id AND prompt || answer != '') AS text,
        (SELECT coalesce(sum(length(CAST(prompt AS BLOB)) + length(CAST(answer AS BLOB))
                + length(CAST(paths AS BLOB)) + length(CAST(failed AS BLOB))
                + CASE WHEN path_kinds || exit_codes = '' THEN 0 ELSE 15 END
                + CASE path_kinds WHEN '' THEN 0 ELSE 18 + length(path_kinds) END
                + CASE exit_codes WHEN '' THEN 0
                    ELSE 16 + 10 * (1 + length(exit_codes) - length(replace(exit_codes, ' ', ''))) END), 0)
            FROM turns t WHERE t.session_id = s.id) AS bytes,
        (SELECT min(r.input + r.cache_read + r.cache_write_5m + r.cache_write_1h) FROM requests r
            WHERE r.session_id = s.id AND r.agent_id = '' AND (r.turn IS NOT NULL OR r.lineage_id IS NOT NULL)
                AND r.input + r.cache_read + r.cache_write_5m + r.cache_write_1h > 0) AS least
    FROM sessions s JOIN lineages l ON l.id =
        (SELECT max(id) FROM lineages WHERE session_id = s.id AND agent_id = '')
    WHERE s.id IN (SELECT id FROM sessions WHERE {0}))
WHERE full > 0 AND least IS NOT NULL
"""
