"""Which turns a search looks at, newest first: rowids from FTS5, their order from an index over time.

That index is walked from its end until whoever asks has enough. (Rowids are no order: they follow the import, newest
files first.)
"""

from __future__ import annotations

import json
import sqlite3
from array import array
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import islice

Values = dict[str, str | float]
"""Parameters of a condition."""
FEW = 1_000
"""Up to so many matches are sorted; more of them are met by walking through time."""
BLOCKS = (250, 500, 1_000, 2_000, 4_000)
"""So many of the newest turns at a time are asked for by their ids, before every match is listed."""
GAP = 100
RUNS = 100
"""More ranges of ids than this are no quicker than every match."""
_MATCHING = "SELECT rowid FROM turns_fts WHERE turns_fts MATCH :match"


def newest_first(
    connection: sqlite3.Connection, match: str, where: str, values: Values, *, quick: bool = True
) -> Iterator[int]:
    """Ids of the turns `t` for which the condition `where` holds and the FTS5 expression `match`, if there is one.

    An expression that is not `quick` costs as much for a range of ids as for all of them, so it is asked once.
    """
    if not match:
        return walk(connection, where, values)
    values = {**values, "match": match}
    told = f"{_MATCHING} LIMIT {FEW + 1}" if quick else f"{_MATCHING} ORDER BY rowid"
    # Eight bytes each: a hundred thousand in a set would stay with the process as 10 MB.
    ids = array("q", (row[0] for row in connection.execute(told, values)))
    if len(ids) <= FEW:
        where += " AND t.id IN (SELECT value FROM json_each(:ids))"
        return walk(connection, where, {**values, "ids": json.dumps(ids.tolist())})
    if quick:
        return _common(connection, where, values)
    return (turn_id for turn_id in walk(connection, where, values) if _among(ids, turn_id))


def _among(ascending: Sequence[int], turn_id: int) -> bool:
    place = bisect_left(ascending, turn_id)
    return place < len(ascending) and ascending[place] == turn_id


def walk(connection: sqlite3.Connection, where: str, values: Values) -> Iterator[int]:
    """Turns from the newest on."""
    rows = connection.execute(f"SELECT t.id FROM turns t WHERE {where} ORDER BY t.started_at DESC", values)  # noqa: S608
    return (row[0] for row in rows)


def _common(connection: sqlite3.Connection, where: str, values: Values) -> Iterator[int]:
    """Matches of common words: the newest turns usually hold enough of them, and asking for those alone takes a
    tenth of the time that it takes to list every match."""
    newest = walk(connection, where, values)
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
    for turn_id in walk(connection, f"{where} AND +t.id IN ({_MATCHING})", values):
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
