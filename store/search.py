"""The search over everything that was asked, answered, changed and failed. Reads only; any connection will do.

Newest turns first: in one's own history the last time is what one looks for, and to rank every match of a common word
would take longer than to show the newest.
"""

from __future__ import annotations

import json
import sqlite3
import time
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from sys import intern
from typing import NamedTuple

from msgspec import Struct

from store.row import Row
from store.search_order import Values, newest_first
from store.search_terms import COLUMNS, Field, Term, expression, fold, parse, quick_expression
from store.session_filter import EVERY_SESSION, SessionFilter
from store.snippets import Range, cut

SECONDS = 0.25
"""How long a search may read the texts of turns for what FTS5 cannot answer; then it shows what it has."""
FEW = 30
"""One in so many sessions: their turns are sorted sooner than they are met on a walk through time."""
BATCH = 1_000
"""Turns whose texts are read at once, when the first ones were not enough."""


class Hit(Row, frozen=True, kw_only=True):
    """One turn that was found."""

    UNSAID = frozenset({"ranges", "project", "title", "failed"})

    session: str
    turn: int
    at: float | None
    field: Field
    """Where the best match is."""
    snippet: str
    ranges: tuple[Range, ...] = ()
    """Where in the snippet the query's words are."""
    project: str = ""
    title: str = ""
    """Of the session."""
    failed: bool = False
    """A command of the turn failed."""


class Found(Struct, frozen=True):
    """What a search found."""

    hits: tuple[Hit, ...] = ()
    complete: bool = True
    """False when time ran out: only the newest turns were looked at."""


BY_SESSION = "{turn}.session_id IN (SELECT id FROM sessions WHERE {condition})"
WALKING = f"+{BY_SESSION}"
"""The plus keeps SQLite on its walk through time: by an index of sessions it would sort every match."""
JOINED = "{condition}"
"""Where `sessions` is in the query already."""


class Filters(Struct, frozen=True):
    """Which turns count."""

    sessions: SessionFilter = EVERY_SESSION
    since: float | None = None
    until: float | None = None
    """The turns that began before this."""
    failed: bool = False
    """Only turns in which a command failed; these are found without any word, too."""

    def where(self, turn: str, sessions: str = WALKING) -> tuple[str, Values]:
        """The condition for the table alias `turn`, and its parameters; `sessions` is the form of theirs."""
        conditions, values = ["1"], Values()
        condition, names = self.sessions.condition()
        if condition:
            conditions.append(sessions.format(turn=turn, condition=condition))
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
    where, values = filters.where("t", BY_SESSION if _few(connection, filters.sessions) else WALKING)
    match, quick = expression(terms), quick_expression(terms)
    looking = _Looking(connection, terms, filters, limit, clock, clock() + seconds)
    if quick != match:
        wider = newest_first(connection, quick, where, values)
        guesses = islice(wider, limit * max(term.guesses for term in terms))
        found = looking.among(guesses, [term for term in terms if term.guesses or not term.exact])
        if len(found.hits) == limit or next(wider, None) is None:
            return found
    ids = newest_first(connection, match, where, values, quick=quick == match)
    return looking.among(ids, [term for term in terms if not term.exact])


def _few(connection: sqlite3.Connection, sessions: SessionFilter) -> bool:
    condition, values = sessions.condition()
    if not condition:
        return False
    few = f"SELECT {FEW} * count(*) FILTER (WHERE {condition}) <= count(*) FROM sessions"  # noqa: S608
    return bool(connection.execute(few, values).fetchone()[0])


class _Looking(Struct, frozen=True):
    """One search, whatever it looks at."""

    connection: sqlite3.Connection
    terms: Sequence[Term]
    filters: Filters
    limit: int
    clock: Callable[[], float]
    give_up_at: float

    def among(self, ids: Iterator[int], unsure: Sequence[Term]) -> Found:
        """The first of these turns that are no copies and whose texts hold the `unsure` terms."""
        hits: list[Hit] = []
        size = min(self.limit, BATCH)
        while batch := list(islice(ids, size)):
            size = BATCH
            for turn in _turns(self.connection, batch, [term.literal for term in unsure if term.literal]):
                if not all(_holds(turn, term) for term in unsure) or _is_copy(self.connection, turn, self.filters):
                    continue
                hits.append(_hit(turn, self.terms))
                if len(hits) == self.limit:
                    return Found(tuple(hits))
            if self.clock() >= self.give_up_at:
                return Found(tuple(hits), complete=next(ids, None) is None)
        return Found(tuple(hits))


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
    return any(term.looks_at(name) and term.pattern.search(_folded(text)) for name, text in turn.fields.items())


def _folded(text: str) -> str:
    return fold(text if text.isascii() else unicodedata.normalize("NFC", text))


_SHARED = "SELECT 1 FROM turns WHERE prompt_id = ? LIMIT 1 OFFSET 1"
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
    if turn.prompt_id is None or connection.execute(_SHARED, (turn.prompt_id,)).fetchone() is None:
        return False
    where, values = filters.where("o", JOINED)
    row = connection.execute(_ORIGINAL.format(where=where), {**values, "id": turn.id}).fetchone()
    return row is not None and row[0] != turn.id


def _hit(turn: _Turn, terms: Sequence[Term]) -> Hit:
    # Without a word to show the failures are what was looked for.
    fields = turn.fields if terms else {**dict.fromkeys(COLUMNS, ""), "commands": turn.fields["commands"]}
    found = cut(fields, terms)
    return Hit(
        session=intern(turn.session),  # of a thousand turns that are kept many are of one session
        turn=turn.n,
        at=turn.at,
        field=found.field,
        snippet=found.text,
        ranges=found.ranges,
        project=intern(turn.project),
        title=intern(turn.title),
        failed=bool(turn.fields["commands"]),
    )
