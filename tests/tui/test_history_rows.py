"""A row's columns at every width, and texts that are only data."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.history import SessionLine
from tests.tui import history_sample
from tests.tui.history_sample import HOSTILE
from tests.tui.sample import NOW
from tui.history_rows import hit_row, label, session_row, with_edge
from tui.lines import Piece, text_of, width_of

LINE = SessionLine(
    id="0b1c2d3e-0000",
    agent="claude",
    project="api-refactor",
    title="split the store",
    first_prompt="please split the store",
    model="claude-opus-5-5-20260901",
    turns=14,
    usd=4.12,
)


def session(width: int, **changed: object) -> list[str]:
    line = replace(LINE, **changed)
    return [text_of(one) for one in session_row(line, NOW, width, UTC, chosen=False)]


def test_a_session_narrow_and_wide() -> None:
    assert session(36) == [
        " 14:31 api-refactor       14  $4.12",
        "       split the store",
    ]
    assert session(60) == [
        "  14:31  api-refactor  claude · opus 5.5          14  $4.12",
        "         split the store",
    ]


def test_agent_and_model_stand_whole_or_not_at_all() -> None:
    for width in range(30, 80):
        told = session(width, project="api")[0].split("api", 1)[1].split("  ")
        words = [word.strip() for word in told if word.strip()]
        assert words[:-2] in ([], ["claude"], ["claude · opus 5.5"]), width


def test_the_heads_stand_over_their_columns() -> None:
    head = text_of(label("today", 36, heads=True, roomy=True))
    row = session(36)[0]
    assert head.startswith(" today ")
    assert head.index("turns") + 5 == row.index("14  $") + 2
    assert head.rstrip().endswith("cost")
    assert len(head) == len(row) == 35
    assert text_of(label("today", 20, heads=False, roomy=False)) == " today ────────────"


def test_what_it_was_about_is_the_title_else_the_first_prompt() -> None:
    assert session(60, title="")[1].strip() == "please split the store"
    assert session(60, title="", first_prompt="")[1].strip() == "(no prompt)"
    assert session(36, project="")[0].startswith(" 14:31 0b1c2d3e")


def test_a_row_that_was_not_read_yet_has_its_time() -> None:
    first, second = session_row(None, NOW, 36, UTC, chosen=True)
    assert (text_of(first).rstrip(), second) == (" 14:31", ())
    assert text_of(session_row(LINE, None, 36, UTC, chosen=False)[0]).startswith("       api-refactor")


def test_a_hit_has_its_turn_its_failure_and_its_words_set_off() -> None:
    first, second = hit_row(history_sample.HITS[0], 60, UTC, chosen=True)
    assert text_of(first).split() == ["14:19", "api-refactor", "title", "of", "s0", "✗", "#5"]
    assert width_of(first) == 59
    assert Piece("lock", "hit") in second
    assert Piece("api-refactor", "strong") in first
    plain = replace(history_sample.HITS[0], failed=False)
    assert "✗" not in text_of(hit_row(plain, 60, UTC, chosen=False)[0])


def test_the_edge_takes_the_first_cell() -> None:
    first, _ = session_row(LINE, NOW, 36, UTC, chosen=True)
    edged = with_edge(first, Piece("▌", "warm"))
    assert text_of(edged) == "▌" + text_of(first)[1:]
    assert with_edge((), Piece("▌")) == (Piece("▌"),)


@given(st.text(max_size=80), st.integers(20, 130), st.booleans())
def test_any_text_fits_and_acts_on_nothing(text: str, width: int, chosen: bool) -> None:
    line = replace(LINE, project=text, title=text + HOSTILE, agent=text, model=text)
    hit = replace(history_sample.HITS[0], project=text, title=HOSTILE + text)
    for one in (*session_row(line, NOW, width, UTC, chosen=chosen), *hit_row(hit, width, UTC, chosen=chosen)):
        assert width_of(one) < width
        assert text_of(one).isprintable()


@pytest.mark.parametrize("width", [30, 36, 44, 45, 60, 120])
def test_numbers_end_in_the_same_column(width: int) -> None:
    ends = {len(session(width, turns=turns, usd=usd)[0]) for turns, usd in ((1, None), (9999, 1234.5), (14, 0.001))}
    assert ends == {width - 1}
