"""A turn's lines; its texts are data."""

from __future__ import annotations

from datetime import UTC

from hypothesis import given
from hypothesis import strategies as st

from store.models import CacheEvent, FailedCommand, FileChange, TurnView
from tests.tui import sample
from tests.tui.sample import NOW
from tui import turn
from tui.lines import text_of, width_of


def test_files_in_one_line_count_what_does_not_fit() -> None:
    assert text_of(turn.files_inline(sample.TURN, 60)) == "M store/ingest.py  M tui/app.py  +1"
    assert text_of(turn.files_inline(sample.TURN, 75)).endswith("A tests/store/test_ingest.py")


def test_listed_files_never_lose_one_silently() -> None:
    lines = [text_of(line) for line in turn.files_listed(sample.TURNS[1], 30, 3)]
    assert lines == ["M store/database.py", "M store/writer.py", "  +3 more files"]
    assert len(turn.files_listed(sample.TURNS[1], 30, 6)) == 5


def test_a_failed_command_keeps_its_exit_code() -> None:
    line = turn.failed(FailedCommand(command="pytest -q tests/store/and/more", exit_code=1), 24)
    assert text_of(line) == "pytest -q tests…  exit 1"
    assert line[-1].role == "bad"


def test_cache_events_in_words() -> None:
    said = [turn.event(one.cache_event, 60) for one in sample.TURNS if one.cache_event]
    assert [(glyph.text, text_of(line).split("  ")[0], line[-1].text) for glyph, line in said] == [
        ("↻", "pings kept 338k warm", "saved $1.93"),
        ("▼", "went cold, 331k written again", "$2.07"),
        ("╳", "tools changed, 121k written again", "$0.76"),
    ]
    compacted = turn.event(CacheEvent(kind="compacted", tokens=17_000), 60)
    assert text_of(compacted[1]) == "compacted, starts again at 17k"
    lucky = turn.event(CacheEvent(kind="kept", tokens=17_000, usd=1.0), 60)
    assert text_of(lucky[1]).rstrip() == "still warm past its time, 17k read", "no saving of ours"
    shrank = turn.event(CacheEvent(kind="changed", cause="shrank", tokens=9_000, shrunk_percent=38.2), 80)
    assert text_of(shrank[1]).rstrip() == "older content dropped (prompt 38 % shorter), 9.0k written again"


def test_a_card_has_number_time_and_money_in_columns() -> None:
    lines = [text_of(line) for line in turn.card(sample.TURN, 77, NOW, UTC, newest=True)]
    assert lines[0].startswith("  14 14:12   split the store")
    assert lines[0].endswith("$0.84")
    assert lines[1] == "     2m10    38 requests · 386k context · 9.1k out"
    assert lines[3].startswith("           ✗ pytest -q tests/store")


@given(st.text(), st.integers(56, 120))
def test_hostile_text_stays_one_printable_line(text: str, width: int) -> None:
    one = TurnView(
        n=1,
        prompt=text,
        answer=text,
        files_changed=(FileChange(path=text, kind="M"),) * 3,
        failed_commands=(FailedCommand(command=text, exit_code=1),),
        requests=1,
    )
    for line in turn.card(one, width, NOW, UTC, newest=False):
        assert text_of(line).isprintable()
        assert width_of(line) <= width


def test_paths_are_told_from_the_sessions_folder() -> None:
    files = tuple(FileChange(path=path, kind="M") for path in ("/src/api/tui/app.py", "/src/apian/x.py", "/etc/hosts"))
    below = turn.below(TurnView(n=1, files_changed=files), "/src/api/")
    assert [one.path for one in below.files_changed] == ["tui/app.py", "/src/apian/x.py", "/etc/hosts"]
    assert turn.below(TurnView(n=1, files_changed=files), "").files_changed == files
