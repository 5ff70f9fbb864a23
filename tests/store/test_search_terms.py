"""Every text is a query: words, phrases and fields are understood, and FTS5 never finds an operator in it."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from store.search_terms import MAX_QUERY, MAX_TERMS, expression, fold, parse, quick_expression

QUERIES = st.one_of(
    st.text(),
    st.text(st.sampled_from("ab \"'*^():{}[]+-.,_\\\x00\ud800é登😀\u0301\ue000")),
    st.lists(
        st.sampled_from(
            ["AND", "OR", "NOT", "NEAR(a b, 2)", "-a", '"', '"a b"', "files:", "prompt:x", "a*", "{a b}:", "->"]
        )
    ).map(" ".join),
)


@pytest.fixture(scope="module")
def words() -> Iterator[sqlite3.Connection]:
    """A search table of the same fields."""
    connection = sqlite3.connect(":memory:")
    connection.execute("CREATE VIRTUAL TABLE w USING fts5(prompt, failed, paths, answer, prefix = '2 3')")
    connection.execute("INSERT INTO w VALUES ('mend the pier', 'pytest -q', 'src/pier.py', 'and it stands')")
    yield connection
    connection.close()


@given(QUERIES)
@example("one\x00two three")
@example("one\ud800two three")
@example('say"it three')
@settings(deadline=None)
def test_no_text_is_a_syntax_error(words: sqlite3.Connection, query: str) -> None:
    match = expression(parse(query))
    if match:
        words.execute("SELECT rowid FROM w WHERE w MATCH ?", (match,)).fetchall()


@pytest.mark.parametrize(
    ("query", "match"),
    [
        ("", ""),
        ("  ", ""),
        ('""', ""),
        ("pier", '"pier" *'),
        ("pier ", '"pier"'),
        ("mend pier", '"mend" AND "pier" *'),
        ("mend OR pier ", '"mend" AND "OR" AND "pier"'),
        ('"the pier"', '"the pier"'),
        ('"the pi', '"the pi" *'),
        ("files:pier.py ", 'paths : "pier.py"'),
        ('Command:"pytest -q"', 'failed : "pytest -q"'),
        ("http://x.org ", '"http://x.org"'),
        ("--json", '"--json" *'),
        ('say"it ', '"say""it"'),
        ("p ", '"p"'),
        # FTS5 cannot say these: what it can say narrows, the rest is checked in the text.
        ("c++", '"c"'),
        ("->", ""),
        ("登录", ""),
    ],
)
def test_what_fts5_is_asked(query: str, match: str) -> None:
    assert expression(parse(query)) == match


@pytest.mark.parametrize(
    ("query", "match", "quick"),
    [
        ("p", '"p" *', ""),
        ("mend p", '"mend" AND "p" *', '"mend"'),
        ("pier.p", '"pier.p" *', '"pier"'),
        ("files:p", 'paths : "p" *', ""),
        ("pi", '"pi" *', '"pi" *'),
        ("pie", '"pie" *', '"pie" *'),
        ("mend pier", '"mend" AND "pier" *', '"mend" AND "pie" *'),
        ("files:src/pier", 'paths : "src/pier" *', 'paths : "src pie" *'),
        ("étés", '"étés" *', '"étés" *'),
        ("pier ", '"pier"', '"pier"'),
        ("c++", '"c"', '"c"'),
        ("->", "", ""),
    ],
)
def test_what_is_asked_first_is_quick_and_wider(query: str, match: str, quick: str) -> None:
    terms = parse(query)
    assert (expression(terms), quick_expression(terms)) == (match, quick)
    assert any(term.guesses for term in terms) == (match != quick)


@pytest.mark.parametrize(
    ("query", "text", "found"),
    [
        ("pier ", "The Pier.", True),
        ("pier ", "piers", False),
        ("pier", "piers", True),
        ("ier", "pier", False),
        ("snake ", "a_snake_case", True),
        ("cafe", "un Café", True),
        ("CAFÉ", "cafe", True),
        ("p", "the pier", True),
        ("i", "the pier", False),
        ("pier.p", "src/pier.py", True),
        ("c++", "in C++ only", True),
        ("c++", "in C only", False),
        ("->", "a -> b", True),
        ("登录", "修复登录错误", True),
        ('"a  b"', "a b", True),
        ("é", "été", True),
    ],
)
def test_what_a_term_finds_in_a_text(query: str, text: str, found: bool) -> None:
    (term,) = parse(query)
    assert (term.pattern.search(fold(text)) is not None) is found


@given(st.text())
@settings(deadline=None)
def test_folding_keeps_every_place(text: str) -> None:
    assert len(fold(text)) == len(text)


def test_a_query_has_an_end() -> None:
    assert len(parse("ab " * 10_000)) == MAX_TERMS
    assert len(expression(parse("a" * 10_000))) <= MAX_QUERY + len('"" *')
