"""Tombstones: sessions by id, files by a hash of their path, and only under the rule that kept them out."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

from store import tombstones
from tests.store.ingest.made_up_reads import found
from tests.store.made_up import NOW


def test_a_session_is_held_until_it_is_lifted(db: sqlite3.Connection) -> None:
    tombstones.put(db, ["abc", "abd"], NOW)
    tombstones.put(db, ["abc"], NOW + 1)
    assert [tombstones.holds(db, one) for one in ("abc", "abd", "ab")] == [True, True, False]
    assert (tombstones.starting_with(db, "ab"), tombstones.starting_with(db, "abd")) == (["abc", "abd"], ["abd"])
    tombstones.lift(db, "abc")
    assert (tombstones.holds(db, "abc"), tombstones.holds(db, "abd")) == (False, True)


def test_files_are_kept_out_by_session_or_while_they_are_unchanged(db: sqlite3.Connection) -> None:
    tombstones.put(db, ["gone"], NOW)
    of_session, unnamed, other = found("/t/g.jsonl", "gone"), found("/t/u.jsonl", ""), found("/t/o.jsonl", "o")
    tombstones.note_unkept(db, [(unnamed.path, unnamed.size, unnamed.mtime_ns)], tombstones.FORGOTTEN)
    files = [of_session, unnamed, other]
    assert tombstones.unkept(db, files, "") == [of_session, unnamed]
    assert tombstones.unkept(db, [replace(unnamed, size=7)], "") == [], "it has changed: it has to be read again"
    tombstones.note_unkept(db, [(other.path, other.size, other.mtime_ns)], "rule 1")
    assert tombstones.unkept(db, files, "rule 1") == files
    assert tombstones.unkept(db, files, "rule 2") == [of_session, unnamed], "the person has changed the rules"
    tombstones.lift(db, "gone")
    assert tombstones.unkept(db, files, "rule 1") == [other]


def test_no_path_is_stored(db: sqlite3.Connection) -> None:
    tombstones.note_unkept(db, [("/home/x/secret/\udcff.jsonl", 1, 2)], "")
    (row,) = db.execute("SELECT * FROM unkept_files").fetchall()
    assert len(row[0]) == 64
    assert row[1:] == (1, 2, "")
