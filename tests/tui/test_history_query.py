"""What a person types: filters are found among the words, and a bad one is a line that spoils nothing."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.history import Overview
from store.search import EVERYTHING, Filters
from store.session_filter import SessionFilter
from tests.store.test_search_terms import QUERIES
from tests.tui.sample import NOW
from tui.history_query import Query, completed, read, with_filter

KNOWN = Overview(
    sessions=9, projects=("api", "api-docs", "web app", "etl", "infra", "rapid"), agents=("claude", "codex")
)


def query(text: str) -> Query:
    return read(text, KNOWN, NOW, UTC)


def day(month: int, number: int) -> float:
    return datetime(2026, month, number, tzinfo=UTC).timestamp()


@pytest.mark.parametrize(
    ("text", "filters"),
    [
        ("project:api", Filters(SessionFilter(project="api"))),
        ("PROJECT:API", Filters(SessionFilter(project="API"))),
        ('project:"web app"', Filters(SessionFilter(project="web app"))),
        ("project:/home/sam/src", Filters(SessionFilter(project="/home/sam/src"))),
        ("agent:codex project:etl", Filters(SessionFilter("etl", "codex"))),
        ("after:2026-11-20", Filters(since=day(11, 20))),
        ("since:7d", Filters(since=NOW - 7 * 86_400)),
        ("after:yesterday before:today", Filters(since=day(11, 23), until=day(11, 24))),
        ("before:2026-11-20", Filters(until=day(11, 20))),
        ("until:2026-11-20", Filters(until=day(11, 21))),
        ("failed:", Filters(failed=True)),
        ("failed: project:api", Filters(SessionFilter(project="api"), failed=True)),
    ],
)
def test_filters_are_read(text: str, filters: Filters) -> None:
    one = query(text)
    assert (one.filters, one.words, one.problem) == (filters, "", "")
    assert one.of_turns is filters.failed


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("lock", "lock"),
        ("lock project:api ingest", "lock ingest"),
        ('"project:api said so" lock', '"project:api said so" lock'),
        ('answer:"after:7d" x', 'answer:"after:7d" x'),
        ("files:project:x", "files:project:x"),
        ("failed:pytest", "failed:pytest"),
        ("x:failed:", "x:failed:"),
    ],
)
def test_everything_else_goes_to_the_search_as_it_is(text: str, words: str) -> None:
    one = query(text)
    assert one.words.split() == words.split()
    assert one.of_turns
    assert one.problem == ""


def test_a_word_before_a_filter_is_a_whole_word() -> None:
    (last,) = query("lock").terms
    (whole,) = query("lock project:api").terms
    assert last.pattern.search("locked")
    assert not whole.pattern.search("locked")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("project:", "project: api, api-docs, web app, etl …"),
        ("project:ap", "project: api, api-docs, web app, rapid"),
        ("project:zz", "project: none is called zz: api, api-docs, web app, etl …"),
        ("agent:co", "agent: codex"),
        ("after:2026-1", "after: try today, 7d or 2026-11-24"),
        ("before:", "before: try today, 7d or 2026-11-24"),
    ],
)
def test_a_filter_that_is_being_typed_is_a_hint_and_the_rest_is_asked(text: str, said: str) -> None:
    one = query(f"lock {text}")
    assert (one.problem, one.typing, one.askable) == (said, True, True)
    assert one.words.split() == ["lock"]
    assert one.filters == EVERYTHING


def test_a_filter_that_stays_wrong_is_a_complaint_and_nothing_is_asked() -> None:
    one = query("project:zz lock")
    assert one.problem.startswith("project: none is called zz")
    assert not one.askable
    assert not query("project:zz after:20").askable, "what is typed next does not mend it"


def test_a_store_without_a_session_knows_no_name() -> None:
    assert "nothing is stored yet" in read("project:x", Overview(), NOW, UTC).problem


def test_queries_that_mean_the_same_are_asked_once() -> None:
    assert query("project:a").asks_like(query("project:ap"))
    assert not query("lock").asks_like(query("lock "))


def test_the_filters_are_told_as_typed() -> None:
    assert query("after:7d lock failed:").told == (("after", "7d"), ("failed", ""))


@given(
    st.one_of(
        QUERIES, st.text(), st.lists(st.sampled_from(["project:", "after:", '"', "failed:", " ", "api"])).map("".join)
    )
)
def test_any_text_is_a_query_with_at_most_one_line_of_complaint(text: str) -> None:
    one = query(text)
    assert one.problem == "" or one.problem.isprintable()
    assert len(one.words) in (0, len(text))
    assert one.askable or one.problem


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("project:", "project:api"),
        ("lock project:AP", "lock project:APi"),
        ("project:api", None),
        ("project:api-", "project:api-docs"),
        ("project:api ", None),
        ("project:w", None),
        ('project:"w', 'project:"web app"'),
        ('project:"web app"', None),
        ("agent:co", "agent:codex"),
        ("agent:zz", None),
        ("files:project:a", None),
        ("after:", None),
        ("", None),
        ("pro", None),
    ],
)
def test_a_name_that_was_begun_is_written_out(text: str, whole: str | None) -> None:
    assert completed(text, KNOWN) == whole
    if whole is not None:
        assert query(whole).problem == ""


def test_a_name_that_no_field_could_hold_is_not_offered() -> None:
    for name in ("a\x1b[31mb", "a/b", 'a"b'):
        assert completed("project:a", Overview(projects=(name, "abc"))) == "project:abc"


@pytest.mark.parametrize(
    ("text", "only", "words", "told"),
    [
        ("failed:yes", True, "", ""),
        ("failed:TRUE lock", True, "lock", ""),
        ("failed:only", True, "", ""),
        ("failed:any", False, "", "any"),
        ("failed:no lock", False, "lock", "any"),
        ("failed:pytest", False, "failed:pytest", "pytest"),
        ('failed:"yes"', False, 'failed:"yes"', "yes"),
    ],
)
def test_failed_is_said_in_the_words_people_try(text: str, only: bool, words: str, told: str) -> None:
    one = query(text)
    assert (one.filters.failed, one.words.strip(), one.told) == (only, words, (("failed", told),))


def test_bare_words_could_be_a_phrase() -> None:
    texts = ("go test", " go  test agent:codex", "go", '"go test"', "go files:a.py", "")
    assert [query(text).phrase for text in texts] == ["go test", "go test", "", "", "", ""]


@pytest.mark.parametrize(
    ("text", "name", "after"),
    [
        ("", "project", "project:|"),
        ("lock ", "after", "lock after:|"),
        ("lock since:7d x", "after", "lock since:7d| x"),
        ("lock", "failed", "lock failed: |"),
        ("lock failed:yes x", "failed", "lock x|"),
        ("failed:", "failed", "|"),
    ],
)
def test_a_filter_is_put_where_its_value_can_be_typed(text: str, name: str, after: str) -> None:
    written, at = with_filter(text, name)
    assert f"{written[:at]}|{written[at:]}" == after
