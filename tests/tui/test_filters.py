"""What a person types for a filter, read back; every refusal carries an example."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.session_filter import SessionFilter
from tui import filters

EAST = timezone(timedelta(hours=2))
NOW = 1_790_000_000.0
DAY = 1_795_471_200.0
"""2026-11-24 00:00 two hours east of Greenwich."""


@pytest.mark.parametrize(
    ("text", "since", "until"),
    [
        ("2026-11-24", DAY, DAY + 86_400),
        (" 2026-11-24 ", DAY, DAY + 86_400),
        ("2026-11-24T18:00", DAY + 18 * 3600, DAY + 18 * 3600),
        ("2026-11-24 18:00:30", DAY + 18 * 3600 + 30, DAY + 18 * 3600 + 30),
        ("2026-11-23T22:00:00.000Z", DAY, DAY),
        ("7d", NOW - 7 * 86_400, NOW - 7 * 86_400),
        ("2W", NOW - 14 * 86_400, NOW - 14 * 86_400),
        ("12 h", NOW - 12 * 3600, NOW - 12 * 3600),
    ],
)
def test_moments(text: str, since: float, until: float) -> None:
    assert (filters.since(text, NOW, EAST), filters.until(text, NOW, EAST)) == (since, until)


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "2026-11-31", "9999-12-31", "7", "d", "1 month"])
def test_what_is_no_moment_gets_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="try 2026-11-24"):
        filters.until(text, NOW, EAST)


@given(st.text())
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    with suppress(ValueError):
        assert isinstance(filters.since(text, NOW, None), float)


def test_a_project_is_a_name_or_a_folder_seen_from_here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = tmp_path / "harbour" / "pier"
    here.mkdir(parents=True)
    monkeypatch.chdir(here)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert filters.sessions(None, None) == SessionFilter()
    assert filters.sessions("harbour", "codex") == SessionFilter("harbour", "codex")
    for typed, folder in (
        (".", here),
        ("..", here.parent),
        ("../pier/", here),
        ("~", tmp_path),
        ("/src", Path("/src")),
    ):
        assert filters.sessions(typed, None).project == str(folder)
