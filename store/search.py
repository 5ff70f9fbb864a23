"""The search over everything that was asked, answered, changed and failed. Reads only; any connection will do.

Newest turns first: in one's own history the last time is what one looks for, and to rank every match of a common word
would take longer than to show the newest. The match comes from FTS5; the order from an index over time, which is
walked from its end until enough turns are found. (Rowids are no order: they follow the import, newest files first.)
"""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from pydantic import Field as field_of

from store.models import Row
from store.search_terms import COLUMNS, Field, Term, expression, fold, parse
from store.session_filter import EVERY_SESSION, SessionFilter
from store.snippets import Range, cut

SECONDS = 0.25
"""How long a search may read the texts of turns for what FTS5 cannot answer; then it shows what it has."""
FEW = 1_000
"""Up to so many matches are sorted; more of them are met by walking through time."""
BLOCKS = (250, 500, 1_000, 2_000, 4_000)
"""So many of the newest turns at a time are asked for by their ids, before every match is listed."""
GAP = 100
RUNS = 100
"""More ranges of ids than this are no quicker than every match."""
BATCH = 1_000
"""Turns whose texts are read at once, when the first ones were not enough."""


class Hit(Row):
    """One turn that was found."""

    session: str
    turn: int
    at: float | None
    field: Field
    """Where the best match is."""
    snippet: str
    ranges: tuple[Range, ...] = field_of(default=(), exclude=True)
    """Where in the snippet the query's words are."""
    project: str = field_of(default="", exclude=True)
    title: str = field_of(default="", exclude=True)
    """Of the session."""
    failed: bool = field_of(default=False, exclude=True)
    """A command of the turn failed."""


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found."""

    hits: tuple[Hit, ...] = ()
    complete: bool = True
    """False when time ran out: only the newest turns were looked at."""


@dataclass(frozen=True, slots=True)
class Filters:
    """Which turns count."""

    sessions: SessionFilter = EVERY_SESSION
    since: float | None = None
    until: float | None = None
    """The turns that began before this."""
    failed: bool = False
    """Only turns in which a command failed; these are found without any word, too."""

    def where(self, turn: str) -> tuple[str, dict[str, str | float]]:
        """The condition for the table alias `turn`, and its parameters."""
        conditions, values = ["1"], dict[str, str | float]()
        sessions, names = self.sessions.condition()
        if sessions:
            # The plus keeps SQLite on its walk through time: by an index of sessions it would sort every match.
            conditions.append(f"+{turn}.session_id IN (SELECT id FROM sessions WHERE {sessions})")  # noqa: S608
            values.update(names)
        for name, sign, at in (("since", ">=", self.since), ("until", "<", self.until)):
            if at is not None:
                conditions.append(f"{turn}.started_at {sign} :{name}")
                values[name] = at
        if self.failed:
            conditions.append(f"{turn}.failed <> ''")
        return " AND ".join(conditions), values


EVERYTHING = Filters()


class _Turn(NamedTuple):
    id: int
    session: str
    project: str
    title: str
    n: int
    at: float | None
    prompt_id: str | None
    fields: dict[Field, str]


def search(
    connection: sqlite3.Connection,
    query: str,
    filters: Filters = EVERYTHING,
    *,
    limit: int = 50,
    seconds: float = SECONDS,
    clock: Callable[[], float] = time.monotonic,
) -> Found:
    """The newest turns that hold every word of the query. Any text is a query; one without words finds nothing, unless
    the filters say what is looked for."""
    terms = parse(query)
    if not terms and not filters.failed:
        return Found()
    unsure = [term for term in terms if not term.exact]
    give_up_at = clock() + seconds
    hits: list[Hit] = []
    ids = _newest_first(connection, expression(terms), filters)
    size = min(limit, BATCH)
    while batch := list(islice(ids, size)):
        size = BATCH
        for turn in _turns(connection, batch, [term.literal for term in unsure if term.literal]):
            if not all(_holds(turn, term) for term in unsure) or _is_copy(connection, turn, filters):
                continue
            hits.append(_hit(turn, terms))
            if len(hits) == limit:
                return Found(tuple(hits))
        if clock() >= give_up_at:
            return Found(tuple(hits), complete=next(ids, None) is None)
    return Found(tuple(hits))


_MATCHING = "SELECT rowid FROM turns_fts WHERE turns_fts MATCH :match"


def _newest_first(connection: sqlite3.Connection, match: str, filters: Filters) -> Iterator[int]:
    where, values = filters.where("t")
    if not match:
        return _walk(connection, where, values)
    values["match"] = match
    ids = [row[0] for row in connection.execute(f"{_MATCHING} LIMIT {FEW + 1}", values)]
    if len(ids) > FEW:
        return _common(connection, where, values)
    where += " AND t.id IN (SELECT value FROM json_each(:ids))"
    return _walk(connection, where, {**values, "ids": json.dumps(ids)})


def _walk(connection: sqlite3.Connection, where: str, values: dict[str, str | float]) -> Iterator[int]:
    """Turns from the newest on."""
    rows = connection.execute(f"SELECT t.id FROM turns t WHERE {where} ORDER BY t.started_at DESC", values)  # noqa: S608
    return (row[0] for row in rows)


def _common(connection: sqlite3.Connection, where: str, values: dict[str, str | float]) -> Iterator[int]:
    """Matches of common words: the newest turns usually hold enough of them, and asking for those alone takes a
    tenth of the time that it takes to list every match."""
    newest = _walk(connection, where, values)
    told = set[int]()
    for size in BLOCKS:
        block = list(islice(newest, size))
        if not block:
            return
        runs = _runs(sorted(block))
        if len(runs) > RUNS:
            break
        in_run = f"{_MATCHING} AND rowid BETWEEN :first AND :last"
        matching = {
            row[0]
            for first, last in runs
            for row in connection.execute(in_run, {**values, "first": first, "last": last})
        }
        for turn_id in block:
            if turn_id in matching:
                told.add(turn_id)
                yield turn_id
    for turn_id in _walk(connection, f"{where} AND +t.id IN ({_MATCHING})", values):
        if turn_id not in told:
            yield turn_id


def _runs(ids: Sequence[int]) -> list[tuple[int, int]]:
    """Ascending ids as ranges without large gaps: the turns of one session lie together, as they were imported."""
    runs: list[tuple[int, int]] = []
    for turn_id in ids:
        if runs and turn_id - runs[-1][1] <= GAP:
            runs[-1] = (runs[-1][0], turn_id)
        else:
            runs.append((turn_id, turn_id))
    return runs


def _turns(connection: sqlite3.Connection, ids: Sequence[int], literals: Sequence[str]) -> Iterator[_Turn]:
    columns = COLUMNS.values()
    anywhere = "(" + " OR ".join(f"instr(t.{column}, ?)" for column in columns) + ")"
    where = " AND ".join(["1", *[anywhere] * len(literals)])
    rows = connection.execute(
        f"SELECT t.id, t.session_id, s.project, s.title, t.n, t.started_at, t.prompt_id, {', '.join(columns)}"  # noqa: S608
        " FROM json_each(?) i CROSS JOIN turns t ON t.id = i.value JOIN sessions s ON s.id = t.session_id"
        f" WHERE {where} ORDER BY i.key",
        (json.dumps(ids), *(literal for literal in literals for _ in columns)),
    )
    for turn_id, session, project, title, n, at, prompt_id, *texts in rows:
        yield _Turn(turn_id, session, project, title, n, at, prompt_id, dict(zip(COLUMNS, texts, strict=True)))


def _holds(turn: _Turn, term: Term) -> bool:
    return any(term.looks_at(name) and term.pattern.search(fold(text)) for name, text in turn.fields.items())


_ORIGINAL = """
SELECT o.id FROM turns t JOIN turns o ON o.prompt_id = t.prompt_id JOIN sessions s ON s.id = o.session_id
WHERE t.id = :id AND o.prompt = t.prompt AND o.answer = t.answer AND o.paths = t.paths AND o.failed = t.failed
  AND {where}
ORDER BY coalesce(o.started_at, 9e99),
         EXISTS (SELECT 1 FROM sources f WHERE f.session_id = o.session_id AND f.forked_from IS NOT NULL),
         coalesce(s.opened_at, 9e99), o.session_id, o.n
LIMIT 1
"""


def _is_copy(connection: sqlite3.Connection, turn: _Turn, filters: Filters) -> bool:
    """Whether it came from another session that is searched too: a fork's file begins with its parent's turns.

    Copies have the same prompt record and the same texts; the one that began first stays, of equals the one whose
    session is no fork, then the one of the older session.
    """
    if turn.prompt_id is None:
        return False
    where, values = filters.where("o")
    row = connection.execute(_ORIGINAL.format(where=where), {**values, "id": turn.id}).fetchone()
    return row is not None and row[0] != turn.id


def _hit(turn: _Turn, terms: Sequence[Term]) -> Hit:
    # Without a word to show the failures are what was looked for.
    fields = turn.fields if terms else {**dict.fromkeys(COLUMNS, ""), "commands": turn.fields["commands"]}
    found = cut(fields, terms)
    return Hit(
        session=turn.session,
        turn=turn.n,
        at=turn.at,
        field=found.field,
        snippet=found.text,
        ranges=found.ranges,
        project=turn.project,
        title=turn.title,
        failed=bool(turn.fields["commands"]),
    )
