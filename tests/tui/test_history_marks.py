"""Hits in a line, in a window of one, in wrapped text: nothing is lost, nothing is too wide."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from store.plain_text import one_line
from store.search_terms import parse
from tui.history_marks import clipped, found_in, marked, windowed, wrapped
from tui.lines import Line, Piece, text_of, width_of

TEXTS = st.text(alphabet=st.sampled_from("ab  cdé日本漢 lock ‍🙂-/"), max_size=200).map(one_line)
RANGES = st.lists(st.tuples(st.integers(0, 60), st.integers(1, 9)), max_size=5)


def apart(pairs: list[tuple[int, int]], text: str) -> tuple[tuple[int, int], ...]:
    """Ranges within the text, in order and apart, made of steps."""
    ranges, at = [], 0
    for gap, length in pairs:
        start, at = at + gap, at + gap + length
        if at <= len(text):
            ranges.append((start, at))
    return tuple(ranges)


def hits(line: Line) -> list[str]:
    return [piece.text for piece in line if piece.role == "hit"]


def test_hits_stand_out_where_the_words_are() -> None:
    text = "why does ingest hold the lock"
    line = marked(text, found_in(text, parse("lock ingest"), "prompt"), "dim")
    assert line == (
        Piece("why does ", "dim"),
        Piece("ingest", "hit"),
        Piece(" hold the ", "dim"),
        Piece("lock", "hit"),
    )


def test_a_word_of_another_field_is_not_set_off() -> None:
    assert found_in("the lock", parse("files:lock"), "answer") == ()
    assert found_in("a/lock", parse("files:lock"), "files") == ((2, 6),)


def test_a_line_is_cut_with_an_ellipsis_in_the_role_of_its_end() -> None:
    line = (Piece("abc", "strong"), Piece("defgh", "dim"))
    assert clipped(line, 8) == line
    assert clipped(line, 5) == (Piece("abc", "strong"), Piece("d", "dim"), Piece("…", "dim"))
    assert clipped(line, 0) == ()


def test_a_hit_far_to_the_right_is_brought_into_view() -> None:
    text = "a very long beginning that says nothing of note, then the lock and more"
    at = text.index("lock")
    line = windowed(text, ((at, at + 4),), 24, "dim")
    assert hits(line) == ["lock"]
    assert text_of(line) == "…then the lock and more"
    assert windowed(text, (), 10, "dim") == (Piece("a very lo", "dim"), Piece("…", "dim"))


@given(TEXTS, RANGES, st.integers(8, 60))
def test_a_window_fits_and_shows_the_first_hit(text: str, pairs: list[tuple[int, int]], width: int) -> None:
    ranges = apart(pairs, text)
    line = windowed(text, ranges, width, "dim")
    assert width_of(line) <= width
    if ranges and width_of((Piece(text[slice(*ranges[0])]),)) <= width - 3:
        assert hits(line)[0] == text[slice(*ranges[0])]


@given(TEXTS, RANGES, st.integers(2, 60))
def test_wrapping_loses_nothing_but_spaces(text: str, pairs: list[tuple[int, int]], width: int) -> None:
    ranges = apart(pairs, text)
    lines = wrapped(text, ranges, width, "fg")
    assert all(width_of(line) <= width for line in lines)
    assert "".join(map(text_of, lines)).replace(" ", "") == text.replace(" ", "")
    marked_text = "".join("".join(hits(line)) for line in lines).replace(" ", "")
    assert marked_text == "".join(text[slice(*one)] for one in ranges).replace(" ", "")


def test_words_stay_whole_where_they_fit() -> None:
    assert [text_of(line) for line in wrapped("one two three", (), 7, "fg")] == ["one two", "three"]
    assert [text_of(line) for line in wrapped("    indented", (), 8, "fg")] == ["    inde", "nted"]
