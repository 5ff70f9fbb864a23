"""Views as JSON: times readable, nothing that a terminal obeys, and nothing lost."""

from __future__ import annotations

import json
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.models import CacheView, KeepaliveView, SessionDetail, SessionView, TurnView
from tui.json_out import dumps, iso


def test_a_time_is_utc_with_milliseconds() -> None:
    assert iso(1_790_000_000.5) == "2026-09-21T14:13:20.500Z"


@given(st.integers(min_value=0, max_value=4_000_000_000_000))
def test_a_time_can_be_read_back(milliseconds: int) -> None:
    assert datetime.fromisoformat(iso(milliseconds / 1000)).timestamp() * 1000 == pytest.approx(milliseconds, abs=1.01)


def test_times_at_any_depth_are_text_and_durations_and_counts_are_not() -> None:
    view = SessionView(
        id="x",
        agent="claude",
        project="",
        cwd="",
        opened_at=0.0,
        context_tokens=5,
        cache=CacheView(expires_at=10.0, ttl_seconds=300.0, cold_usd=0.5),
        keepalive=KeepaliveView(until=20.0, why_args={"since": 30.0, "usd": 1.0, "n": 2}),
    )
    loaded = json.loads(dumps(view))
    assert loaded["opened_at"] == "1970-01-01T00:00:00.000Z"
    assert loaded["ended_at"] is None
    assert loaded["cache"]["expires_at"] == "1970-01-01T00:00:10.000Z"
    assert (loaded["cache"]["ttl_seconds"], loaded["cache"]["cold_usd"]) == (300.0, 0.5)
    assert loaded["keepalive"]["until"] == "1970-01-01T00:00:20.000Z"
    assert loaded["keepalive"]["why_args"] == {"since": "1970-01-01T00:00:30.000Z", "usd": 1.0, "n": 2}


def test_what_is_told_in_a_row_of_views_is_told_alike() -> None:
    loaded = json.loads(
        dumps(SessionDetail(id="x", agent="", project="", cwd="", turns=(TurnView(n=1, ended_at=10.0),)))
    )
    assert loaded["turns"][0]["ended_at"] == "1970-01-01T00:00:10.000Z"


def test_a_whole_amount_is_still_an_amount() -> None:
    assert '"usd": 3.0,' in dumps(TurnView(n=1, usd=3))


def test_a_list_of_views_is_a_list() -> None:
    assert json.loads(dumps([TurnView(n=1), TurnView(n=2)]))[1]["n"] == 2
    assert json.loads(dumps([])) == []


@given(st.text())
def test_any_text_survives_and_no_control_is_written(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        return
    written = dumps(TurnView(n=1, prompt=text))
    assert json.loads(written)["prompt"] == text
    assert not any((ch < " " and ch != "\n") or "\x7f" <= ch <= "\x9f" for ch in written)
    assert not set(written) & set("\u061c\u200e\u200f\u202a\u202e\u2066\u2069"), "no direction marks either"


def test_direction_marks_are_escaped() -> None:
    assert '"prompt": "a\\u202eb\\u2066"' in dumps(TurnView(n=1, prompt="a\u202eb\u2066"))
