"""A turn told whole, with its hits, and nothing in it that acts."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from store.models import CacheEvent, FailedCommand, FileChange
from store.search_terms import parse
from tests.tui import history_sample
from tests.tui.history_sample import DAY, HOSTILE
from tests.tui.sample import NOW
from tui.history_turn import FILES, TEXT_CHARACTERS, first_hit, told, when
from tui.lines import Line, text_of, width_of


def texts(lines: list[Line]) -> list[str]:
    return [text_of(line).rstrip() for line in lines]


def test_everything_it_left_is_told_in_order() -> None:
    lines = told(history_sample.turn(3, NOW), parse("lock ingest"), 60)
    assert texts(lines) == [
        " › why does ingest hold the lock in turn 3?",
        "",
        " M /home/sam/src/x/store/ingest.py",
        " ✗ pytest -q tests/ingest                            exit 1",
        "",
        "   It parses inside the transaction.",
        "",
        "   The lock is held for 40 ms.",
        "",
        " took   1m00 · 4 requests · $0.38",
        " cache  read 0 · wrote 0",
    ]
    assert [[piece.text for piece in line if piece.role == "hit"] for line in lines[:8]] == [
        ["ingest", "lock"],
        [],
        ["ingest"],
        ["ingest"],
        [],
        [],
        [],
        ["lock"],
    ]
    assert [first_hit(lines, start) for start in (0, 1, 4, 8)] == [0, 2, 7, None]


def test_only_the_first_line_of_a_prompt_is_a_heading() -> None:
    lines = told(history_sample.turn(3, NOW, prompt="Do this:\n    code()"), (), 60)
    assert [(text_of(line), line[-1].role) for line in lines[:2]] == [
        (" › Do this:", "strong"),
        ("       code()", "fg"),
    ]


def test_what_is_too_long_says_so() -> None:
    turn = history_sample.turn(
        3,
        NOW,
        answer="x " * TEXT_CHARACTERS,
        files_changed=tuple(FileChange(path=f"f{n}", kind="A") for n in range(FILES + 2)),
    )
    lines = texts(told(turn, (), 80))
    assert "   +2 more files" in lines
    assert "   … the export has the rest" in lines


def test_what_happened_to_the_cache_is_its_last_line() -> None:
    turn = history_sample.turn(3, NOW, cache_event=CacheEvent(kind="lapsed", tokens=331_000, usd=2.07))
    assert texts(told(turn, (), 60))[-1].endswith("  $2.07")
    assert texts(told(turn, (), 60))[-1].startswith("      ▼ went cold, 331k written again  ")


def test_a_number_is_whole_or_not_there() -> None:
    turn = history_sample.turn(3, NOW)
    for width in range(16, 60):
        for line in texts(told(turn, (), width))[-2:]:
            assert "…" not in line
            assert not line.startswith(" took") or line.endswith("$0.38")
    assert " took   1m00 · $0.38" in texts(told(turn, (), 32))


def test_a_moment_has_its_day_unless_it_is_today() -> None:
    assert [when(at, NOW, UTC) for at in (NOW, NOW - DAY, None)] == ["14:31", "yesterday 14:31", ""]


@given(st.text(max_size=300), st.integers(24, 130))
def test_any_text_fits_and_acts_on_nothing(text: str, width: int) -> None:
    turn = history_sample.turn(
        1,
        NOW,
        prompt=HOSTILE + text,
        answer=text + HOSTILE,
        files_changed=(FileChange(path=text + HOSTILE, kind="M"),),
        failed_commands=(FailedCommand(command=HOSTILE + text, exit_code=2),),
    )
    for line in told(turn, parse(text), width):
        assert text_of(line) == "" or text_of(line).isprintable()
        assert width_of(line) < width
