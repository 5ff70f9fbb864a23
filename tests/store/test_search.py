"""The search finds what was asked, answered, changed and failed, newest first, whatever the query is."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store import search as module
from store import search_order
from store.database import connect
from store.search import Filters, Hit, search
from store.session_filter import SessionFilter
from tests.store.made_up import NOW, add_session, memory_store
from tests.store.test_search_terms import QUERIES
from tests.store.written_turns import add_turn

WORDS = ("mend", "pier", "stands", "crane", "pytest", "a")


def places(db: sqlite3.Connection, query: str, filters: Filters = module.EVERYTHING, limit: int = 50) -> list[str]:
    found = search(db, query, filters, limit=limit)
    assert found.complete
    return [f"{hit.session}/{hit.turn}" for hit in found.hits]


@pytest.fixture
def harbour(db: sqlite3.Connection) -> sqlite3.Connection:
    """Three turns in two projects."""
    add_session(db, "s1", cwd="/src/harbour")
    add_session(db, "s2", cwd="/src/crane", agent="codex")
    add_turn(db, 1, "s1", prompt="Mend the pier", answer="It stands.", files=[("src/pier.py", "M")], at=NOW)
    add_turn(db, 2, "s1", prompt="and the crane", failed=[("pytest -q", 1)], answer="Le café est fermé", at=NOW + 20)
    add_turn(db, 1, "s2", prompt="mend the crane", answer="修复登录错误 -> done in C++", at=NOW + 10)
    return db


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("the", ["s1/2", "s2/1", "s1/1"]),
        ("mend", ["s2/1", "s1/1"]),
        ("mend pier", ["s1/1"]),
        ("mend stands", ["s1/1"]),
        ("mend p", ["s1/1"]),
        ("pi", ["s1/1"]),
        ("p", ["s1/2", "s1/1"]),
        ("pi ", []),
        ('"the crane"', ["s1/2", "s2/1"]),
        ('"crane the"', []),
        ("files:pier.py", ["s1/1"]),
        ("files:mend", []),
        ("commands:pytest", ["s1/2"]),
        ("answer:stands", ["s1/1"]),
        ("prompt:crane prompt:and", ["s1/2"]),
        ("cafe ferme", ["s1/2"]),
        ("-q", ["s1/2"]),
        ("->", ["s2/1"]),
        ("c++", ["s2/1"]),
        ("登录", ["s2/1"]),
        ("mend 登录", ["s2/1"]),
        ("crane ->", ["s2/1"]),
        ("nowhere", []),
        ("", []),
        ('"', []),
    ],
)
def test_what_a_query_finds(harbour: sqlite3.Connection, query: str, found: list[str]) -> None:
    assert places(harbour, query) == found


def test_failures_are_found_with_words_and_without(harbour: sqlite3.Connection) -> None:
    failed = Filters(failed=True)
    assert places(harbour, "", failed) == ["s1/2"]
    assert places(harbour, "the", failed) == ["s1/2"]
    assert places(harbour, "pier", failed) == []
    (hit,) = search(harbour, "", failed).hits
    assert (hit.field, hit.snippet, hit.ranges, hit.failed) == ("commands", "pytest -q", (), True)
    assert [hit.failed for hit in search(harbour, "mend").hits] == [False, False]


def test_a_hit_says_where_and_when(harbour: sqlite3.Connection) -> None:
    (hit,) = search(harbour, "pytest").hits
    assert hit == Hit(
        session="s1",
        turn=2,
        at=NOW + 20,
        field="commands",
        snippet="pytest -q",
        ranges=((0, 6),),
        project="harbour",
        failed=True,
    )
    said = {"session", "turn", "at", "field", "snippet"}
    assert set(hit.__struct_fields__) - Hit.UNSAID == said, "the contract's keys"


@pytest.mark.parametrize(
    ("filters", "found"),
    [
        (Filters(SessionFilter(project="harbour")), ["s1/2", "s1/1"]),
        (Filters(SessionFilter(project="/src")), ["s1/2", "s2/1", "s1/1"]),
        (Filters(SessionFilter(agent="codex")), ["s2/1"]),
        (Filters(since=NOW + 10), ["s1/2", "s2/1"]),
        (Filters(until=NOW + 10), ["s1/1"]),
        (Filters(SessionFilter(project="harbour"), since=NOW + 1, until=NOW + 21), ["s1/2"]),
    ],
)
@pytest.mark.parametrize("few", [0, 1_000])
def test_filters(
    harbour: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, filters: Filters, found: list[str], few: int
) -> None:
    monkeypatch.setattr(module, "FEW", few)
    assert places(harbour, "the", filters) == found
    assert places(harbour, "登", filters) == [place for place in found if place == "s2/1"]


def test_the_limit_keeps_the_newest(harbour: sqlite3.Connection) -> None:
    assert places(harbour, "the", limit=2) == ["s1/2", "s2/1"]


def test_turns_without_a_time_come_last(db: sqlite3.Connection) -> None:
    add_session(db)
    add_turn(db, 1, prompt="pier", at=None)
    add_turn(db, 2, prompt="pier", at=NOW)
    assert [hit.at for hit in search(db, "pier").hits] == [NOW, None]


def test_a_turn_that_grew_or_went_is_found_as_it_is_now(harbour: sqlite3.Connection) -> None:
    add_turn(harbour, 1, "s2", prompt="mend the crane", answer="the boom is straight", at=NOW + 10)
    assert places(harbour, "boom") == ["s2/1"]
    assert places(harbour, "登录") == []
    harbour.execute("DELETE FROM turns WHERE session_id = 's2'")
    assert places(harbour, "crane") == ["s1/2"]


class TestCopies:
    """A forked session's file begins with its parent's turns."""

    @pytest.fixture
    def forked(self, db: sqlite3.Connection) -> sqlite3.Connection:
        # The fork is imported first: newer files are.
        add_session(db, "fork", cwd="/src/b", opened_at=NOW)
        add_session(db, "parent", cwd="/src/a", opened_at=NOW)
        add_turn(db, 1, "fork", prompt="mend the pier", answer="done", prompt_id="p1")
        add_turn(db, 2, "fork", prompt="now the pier's crane", prompt_id="p3", at=NOW + 9)
        add_turn(db, 1, "parent", prompt="mend the pier", answer="done", prompt_id="p1")
        db.execute(
            "INSERT INTO sources (path, agent, session_id, size, mtime_ns, offset, lines, malformed, forked_from)"
            " VALUES ('/f', 'claude', 'fork', 0, 0, 0, 0, 0, 'parent')"
        )
        return db

    def test_the_original_stands_for_its_copies(self, forked: sqlite3.Connection) -> None:
        assert places(forked, "pier") == ["fork/2", "parent/1"]
        forked.execute("UPDATE sources SET forked_from = NULL")
        forked.execute("UPDATE sessions SET opened_at = opened_at + 1 WHERE id = 'fork'")
        assert places(forked, "pier") == ["fork/2", "parent/1"], "without the client's word the older session"

    def test_the_turn_that_began_first_is_the_original(self, forked: sqlite3.Connection) -> None:
        forked.execute("UPDATE turns SET started_at = started_at - 1 WHERE session_id = 'fork' AND n = 1")
        assert places(forked, "pier") == ["fork/2", "fork/1"]

    def test_a_copy_shows_where_its_original_is_not_searched(self, forked: sqlite3.Connection) -> None:
        assert places(forked, "mend", Filters(SessionFilter(project="b"))) == ["fork/1"]

    def test_a_turn_that_went_on_differently_is_no_copy(self, forked: sqlite3.Connection) -> None:
        add_turn(forked, 1, "fork", prompt="mend the pier", answer="done in steel", prompt_id="p1")
        assert places(forked, "steel") == ["fork/1"]
        assert sorted(places(forked, "mend")) == ["fork/1", "parent/1"]


@given(QUERIES)
@settings(deadline=None)
def test_any_text_gives_a_list(query: str) -> None:
    with memory_store() as db:
        add_session(db)
        add_turn(db, prompt="mend the pier \x00 登录", answer="-> a AND b", files=[("a b.py", "A")])
        for hit in search(db, query).hits:
            assert (hit.session, hit.turn) == ("s1", 1)


@given(
    st.lists(st.tuples(st.lists(st.sampled_from(WORDS), max_size=6), st.integers(0, 30)), max_size=25),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
    st.none() | st.integers(1, 6),
    st.integers(1, 30),
    st.sampled_from(
        [
            {},  # sorted
            {"FEW": 0},  # asked for by ranges
            {"FEW": 0, "BLOCKS": (1, 2)},  # then by all matches
            {"FEW": 0, "BLOCKS": (3, 1, 30), "RUNS": 1, "GAP": 1},  # or there are too many ranges
        ]
    ),
)
@settings(deadline=None)
def test_the_newest_turns_with_every_word(
    written: list[tuple[list[str], int]], wanted: list[str], letters: int | None, limit: int, way: dict[str, object]
) -> None:
    """`letters`: so many of the last word are typed; None: it is whole."""
    with memory_store() as db, pytest.MonkeyPatch.context() as patch:
        for name, value in way.items():
            patch.setattr(search_order, name, value)
        add_session(db)
        for n, (words, at) in enumerate(written):
            add_turn(db, n, prompt=" ".join(words[::2]), answer=" ".join(words[1::2]), at=NOW + at)
        *whole, last = wanted
        last = last[:letters] if letters else f"{last} "
        hits = search(db, " ".join([*whole, last]), limit=limit).hits
        matching = [
            (NOW + at, n)
            for n, (words, at) in enumerate(written)
            if {*whole} <= {*words} and any(f"{word} ".startswith(last) for word in words)
        ]
        assert [hit.at for hit in hits] == sorted((at for at, _ in matching), reverse=True)[:limit]
        assert {(hit.at, hit.turn) for hit in hits} <= set(matching)
        assert len({hit.turn for hit in hits}) == len(hits)


def test_a_search_of_texts_has_an_end(db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "BATCH", 2)
    add_session(db)
    for n in range(10):
        add_turn(db, n, prompt="登录" if n == 8 else "", at=NOW + n)
    ticks = count()
    cut_short = search(db, "登录", limit=3, seconds=2, clock=lambda: next(ticks))
    assert ([hit.turn for hit in cut_short.hits], cut_short.complete) == ([8], False)
    whole = search(db, "登录", limit=3, seconds=20, clock=lambda: next(ticks))
    assert ([hit.turn for hit in whole.hits], whole.complete) == ([8], True)


def test_a_store_that_may_only_be_read(harbour: sqlite3.Connection, store_file: Path) -> None:
    reader = connect(store_file, read_only=True)
    try:
        assert places(reader, "mend ->") == ["s2/1"]
    finally:
        reader.close()
    assert harbour.execute("SELECT count(*) FROM turns").fetchone() == (3,)


def test_no_search_sorts_or_scans_the_texts_of_all_turns(db: sqlite3.Connection) -> None:
    def plan(sql: str, values: dict[str, str | float]) -> str:
        return "; ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {sql}", values))

    where, values = Filters(SessionFilter(project="x")).where("o", module.JOINED)
    copies = plan(module._ORIGINAL.format(where=where), {**values, "id": 1})
    assert "turns_prompt" in copies
    assert "SCAN sessions" not in copies, "once a hit"
    assert "COVERING INDEX turns_prompt" in plan(module._SHARED.replace("?", "'p'"), {})


def test_a_slow_query_is_asked_only_when_the_newest_turns_did_not_do(
    db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []

    def remember(
        connection: sqlite3.Connection, match: str, where: str, values: search_order.Values, *, quick: bool = True
    ) -> Iterator[int]:
        asked.append(match)
        return search_order.newest_first(connection, match, where, values, quick=quick)

    monkeypatch.setattr(module, "newest_first", remember)
    add_session(db)
    for n in range(40):
        add_turn(db, n, prompt="pierced" if n == 0 else "pieces", at=NOW + n)

    def numbers(query: str, limit: int) -> tuple[list[int], list[str]]:
        asked.clear()
        return [hit.turn for hit in search(db, query, limit=limit).hits], asked

    assert numbers("piec", 2) == ([39, 38], ['"pie" *'])
    assert numbers("pier", 2) == ([0], ['"pie" *', '"pier" *'])
    assert numbers("pier", 30) == ([0], ['"pie" *']), "all of them were read"
    assert numbers("p", 2) == ([39, 38], [""])


def test_the_turns_of_few_sessions_are_not_met_on_a_walk_through_all(db: sqlite3.Connection) -> None:
    for n in range(40):
        add_session(db, f"s{n}", cwd="/src/crane" if n == 7 else "/src/harbour")
        add_turn(db, 1, f"s{n}", prompt="mend", at=NOW + n)
        add_turn(db, 2, f"s{n}", prompt="mend", failed=[("make", 1)], at=NOW + n + 0.5)
    statements: list[str] = []
    db.set_trace_callback(statements.append)
    for project, few in (("crane", True), ("harbour", False)):
        for filters in (Filters(SessionFilter(project)), Filters(SessionFilter(project), NOW, NOW + 20, failed=True)):
            statements.clear()
            found = [hit.session for hit in search(db, "mend ", filters, limit=1).hits]
            assert found == ["s7" if few else "s19" if filters.failed else "s39"]
            walk = next(one for one in statements if "ORDER BY t.started_at" in one)
            plan = "; ".join(row[3] for row in db.execute(f"EXPLAIN QUERY PLAN {walk}"))
            assert ("+t.session_id" not in walk) == few, plan
