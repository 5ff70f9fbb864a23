"""A snippet is one short printable line of the field that matches best, and its ranges are the words in it."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.search_terms import Field, parse
from store.snippets import BEFORE, LENGTH, Snippet, cut
from tui.format import clean


def snippet(query: str, *, prompt: str = "", commands: str = "", files: str = "", answer: str = "") -> Snippet:
    return cut({"prompt": prompt, "commands": commands, "files": files, "answer": answer}, parse(query))


def marked(found: Snippet) -> list[str]:
    return [found.text[start:end] for start, end in found.ranges]


LONG = " ".join(f"word{n}" for n in range(200))


@pytest.mark.parametrize(
    ("query", "field", "words"),
    [
        ("pier ", "prompt", ["pier"]),
        ("stands ", "answer", ["stands"]),
        ("pier stands ", "answer", ["pier", "stands"]),
        ("test_pier ", "files", ["test_pier"]),
        ("pytest", "commands", ["pytest"]),
        ("answer:pier ", "answer", ["pier"]),
        ("nowhere ", "prompt", []),
    ],
)
def test_the_field_in_which_most_words_are_found(query: str, field: Field, words: list[str]) -> None:
    found = snippet(
        query,
        prompt="mend the pier",
        commands="pytest -q",
        files="src/pier.py\x1etests/test_pier.py",
        answer="the pier stands",
    )
    assert (found.field, marked(found)) == (field, words)


def test_a_list_is_shown_by_its_best_entry() -> None:
    assert snippet("test_pier", files="src/pier.py\x1etests/test_pier.py").text == "tests/test_pier.py"
    assert snippet("登", files="登.py\x1eb.py").text == "登.py"


def test_entries_of_a_list_that_is_shown_whole_stand_apart() -> None:
    """Where nothing is looked for but that something failed."""
    assert snippet("", commands="go run ./cmd --help\x1ego test ./...").text == "go run ./cmd --help · go test ./..."


def test_a_few_words_around_the_match() -> None:
    found = snippet("word100 ", answer=LONG)
    assert found.text.startswith("… word9")
    assert found.text.endswith(" …")
    assert marked(found) == ["word100"]
    assert all(word in LONG.split() for word in found.text.strip("… ").split()), "no word is cut"
    assert snippet("word0 ", answer=LONG).text.startswith("word0 word1")
    assert snippet("word199 ", answer=LONG).text.endswith("word199")


def test_the_place_where_most_words_stand_together() -> None:
    assert marked(snippet("alpha beta", prompt=f"alpha {LONG} alpha beta")) == ["alpha", "beta"]
    assert marked(snippet("alpha beta", prompt=f"alpha {LONG} beta")) == ["alpha"], "else the first"
    assert marked(snippet("beta alpha", prompt=f"{LONG} alpha beta {LONG}")) == ["alpha", "beta"]


def test_accents_and_lines_do_not_hide_a_match() -> None:
    assert marked(snippet("cafe au", prompt="un\n\n\tcafe\u0301   au lait")) == ["café", "au"]


@given(st.text(), st.text(st.characters(), max_size=600), st.text(max_size=300))
@settings(deadline=None)
def test_any_text_gives_a_short_printable_line(query: str, prompt: str, answer: str) -> None:
    found = snippet(query, prompt=prompt, answer=answer)
    assert found.text == clean(found.text), "the screen shows it as it is, so the ranges hold there too"
    assert len(found.text) <= BEFORE + 2 * LENGTH + len("…  …")
    ends = [0, *(place for pair in found.ranges for place in pair), len(found.text)]
    assert ends == sorted(ends)
    assert all(start < end for start, end in found.ranges)


@given(st.text(st.sampled_from("ab \x1b[31m\x9b\x07"), max_size=400))
@settings(deadline=None)
def test_no_control_passes(prompt: str) -> None:
    assert snippet("a", prompt=prompt).text.isprintable()
