"""Header, status and what an empty list says."""

from __future__ import annotations

from datetime import UTC

import pytest

from store.history import Overview
from tests.tui import history_sample
from tests.tui.history_sample import HOSTILE
from tests.tui.sample import NOW
from tui import history_chrome, history_query
from tui.history_query import Query
from tui.history_state import Results
from tui.lines import Line, text_of, width_of

KNOWN = Overview(sessions=1_204, turns=98_311, projects=("api",), agents=("claude",))


def query(text: str) -> Query:
    return history_query.read(text, KNOWN, NOW, UTC)


def shown(lines: tuple[Line, ...]) -> str:
    return " ".join(text_of(line).strip() for line in lines)


def status(results: Results, asked: Query, width: int = 60, *, searching: bool = False) -> str:
    return shown(history_chrome.status(results, asked, width, searching=searching))


def test_the_header_counts_as_much_as_fits() -> None:
    assert text_of(history_chrome.header(KNOWN, 60, loaded=True)).endswith("1,204 sessions · 98,311 turns")
    assert text_of(history_chrome.header(KNOWN, 36, loaded=True)).endswith("  1,204 sessions")
    assert text_of(history_chrome.header(KNOWN, 36, loaded=False)) == " ━╸ history"
    assert text_of(history_chrome.opened_header("api", "3 of 17", 30)) == " ━╸ api               3 of 17"


def test_what_was_found_is_counted() -> None:
    hits, lock = history_sample.HITS, query("lock")
    assert status(Results(Query(), history_sample.PLACES), Query()).startswith("4 sessions")
    assert status(Results(lock, hits=hits, limit=30), lock).startswith("4 turns in 3 sessions")
    assert status(Results(lock, hits=hits, limit=4), lock).startswith("4+ turns in 3 sessions")
    assert status(Results(lock), lock).startswith("no turn found")
    assert status(Results(lock, hits=hits, complete=False), lock).endswith("only the newest were searched")
    assert status(Results(lock), lock, searching=True) == "searching …"


def test_signs_alone_are_told_to_have_no_index() -> None:
    signs, one = query("-> =>"), query("-> lock")
    assert status(Results(signs, complete=False), signs, 70).endswith("signs have no index, add a word")
    assert status(Results(signs, complete=False), signs, 50).endswith("  no index of signs: add a word")
    assert status(Results(signs, complete=False), signs, 46).endswith("only the newest were searched")
    assert status(Results(one, complete=False), one, 66).endswith("only the newest were searched")
    assert status(Results(signs), signs, 66).endswith("newest first")
    for asked, complete, said in ((signs, False, "Signs have no index"), (signs, True, "Every"), (one, False, "Every")):
        lines = history_chrome.empty(KNOWN, asked, 36, complete=complete)
        assert all(width_of(line) <= 36 for line in lines)
        assert said in " ".join(map(text_of, lines))


@pytest.mark.parametrize(
    ("width", "said"),
    [
        (60, '4 turns in 3 sessions         "go test" finds the phrase'),
        (44, '4 turns         "go test" finds the phrase'),
        (36, '4 turns           "…" finds a phrase'),
        (24, "4 turns in 3 sessions"),
    ],
)
def test_bare_words_are_told_how_to_be_a_phrase_where_there_is_room(width: int, said: str) -> None:
    asked = query("go test")
    found = status(Results(asked, hits=history_sample.HITS, limit=30), asked, width)
    assert found.split() == said.split()


def test_a_word_after_failed_that_finds_nothing_is_told_what_finds_all() -> None:
    asked = query("failed:sometimes")
    assert status(Results(asked), asked).endswith("failed: alone lists all that failed")
    assert status(Results(query("failed:")), query("failed:")).endswith("newest first")


def test_a_filters_label_is_found_by_its_cell() -> None:
    line = history_chrome.filters(query("project:api"), 90)
    text = text_of(line)
    for name in history_chrome.FILTERS:
        assert history_chrome.filter_at(line, text.index(name)) == name
    assert history_chrome.filter_at(line, text.index("api")) == "project"
    assert history_chrome.filter_at(line, len(text) + 1) is None
    assert history_chrome.filter_at((), 0) is None


@pytest.mark.parametrize(("text", "role"), [("project:zz lock", "bad"), ("lock project:zz", "dim")])
def test_a_bad_filter_is_a_complaint_and_one_being_typed_a_hint(text: str, role: str) -> None:
    (line,) = history_chrome.status(Results(), query(text), 60, searching=False)
    assert text_of(line) == " project: none is called zz: api"
    assert line[0].role == role


def test_filters_in_use_stand_out() -> None:
    line = history_chrome.filters(query("project:api since:7d failed: x"), 90)
    assert " ".join(text_of(line).split()) == "project: api agent: any after: 7d before: any failed: only"
    assert [piece.text for piece in line if piece.role == "strong"] == ["api", "7d", "only"]
    assert history_chrome.filters(query(""), 20) == ()
    begun = " ".join(text_of(history_chrome.filters(query("after: project:"), 90)).split())
    assert begun == "project: … agent: any after: … before: any failed: any", "they wait for a value"


def test_an_empty_store_says_how_to_fill_it() -> None:
    said = shown(history_chrome.empty(Overview(), Query(), 36))
    assert said.startswith("No session is stored yet.")
    assert "$ warmside import" in said


def test_nothing_found_says_what_was_asked() -> None:
    said = shown(history_chrome.empty(KNOWN, query(f"zzz after:7d {HOSTILE}"), 200))
    assert "Nothing matches zzz after:7d" in said
    assert "Every word must be in the same turn" in said
    assert "Only where after:7d holds." in said
    assert said.endswith("esc shows all sessions")
    assert said.isprintable()


@pytest.mark.parametrize("width", [26, 30, 60])
def test_every_line_fits(width: int) -> None:
    for lines in (
        history_chrome.empty(Overview(), Query(), width),
        history_chrome.empty(KNOWN, query("project:api " + "long " * 30), width),
        history_chrome.status(Results(), query("project:" + "x" * 90), width, searching=False),
        (history_chrome.typing_keys(width, "↵", "↑ ↓"), history_chrome.header(KNOWN, width, loaded=True)),
        (history_chrome.opened_header("n" * 90, "12 of 40", width),),
    ):
        assert all(width_of(line) <= width for line in lines)
