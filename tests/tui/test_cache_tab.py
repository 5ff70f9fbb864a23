"""The Cache tab in lines: state and sources in words, events with place and money, never wider than the view."""

from __future__ import annotations

from datetime import UTC
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from store.cache_strip import CacheHistory, CacheMoment
from store.models import CacheEvent, CacheStateName, Evidence, SessionView
from tests.tui import cache_sample, sample
from tests.tui.cache_sample import BREAK, HISTORY
from tests.tui.sample import NOW
from tui.cache_tab import cache_tab
from tui.lines import text_of, width_of


def text(
    session: SessionView = sample.API, history: CacheHistory | None = HISTORY, width: int = 77, now: float = NOW
) -> list[str]:
    return [text_of(line).rstrip() for line in cache_tab(session, history, now, UTC, width)]


def with_cache(session: SessionView = sample.API, **changes: Any) -> SessionView:
    return replace(session, cache=replace(session.cache, **changes))


@pytest.mark.parametrize(
    ("session", "state"),
    [
        (sample.API, " state  warm  ━──────  0:48 left · to 14:32"),
        (sample.SEARCH, " state  likely warm, 90% · no promised lifetime"),
        (sample.DOCS, " state  cold since 14:13 · 18m ago"),
        (sample.BILLING, " state  changed: tools changed, 121k to rewrite"),
        (with_cache(state=CacheStateName.UNKNOWN, reason="no_request"), " state  unknown: no request seen yet"),
        (with_cache(expires_at=None), " state  warm, nobody knows for how long"),
    ],
)
def test_the_state_in_words(session: SessionView, state: str) -> None:
    assert text(session)[0] == state


def test_nothing_is_called_likely_that_is_over_or_has_no_chance() -> None:
    """Of a session that ended months ago nobody promised a lifetime either."""
    faint = with_cache(sample.SEARCH, probability=0.02)
    assert text(faint)[0].startswith(" state  cold · last used ")
    ended = replace(sample.SEARCH, ended_at=NOW - 150 * 86_400, last_activity_at=NOW - 150 * 86_400)
    assert text(ended)[0] == " state  cold · last used 27 Jun"
    assert "likely warm, 5%" in text(with_cache(sample.SEARCH, probability=0.05))[0]


def test_the_lifetime_goes_where_it_would_stand_alone() -> None:
    assert text(width=30)[1:3] == [" known  seen by the gateway", ""]


def test_a_narrow_state_has_no_bar() -> None:
    assert text(width=36)[:2] == [" state  warm 0:48 left · to 14:32", " known  seen by the gateway · 5m"]


def test_the_state_is_told_as_it_is_now() -> None:
    assert text(now=NOW + 60)[0].startswith(" state  cold since 14:32")


def test_who_says_something_else() -> None:
    said = text(with_cache(disagrees="client_expired"))
    assert said[2] == " but    the client says cold, the gateway warm: the gateway knows better"
    worse = text(with_cache(disagrees="transcript_expired", evidence=Evidence.CLIENT))
    assert worse[2] == " but    the transcript says cold, the client warm: the client knows better"
    assert not any(line.startswith(" but") for line in text())
    later = text(with_cache(disagrees="client_expired"), now=NOW + 60)
    assert not any(line.startswith(" but") for line in later), "by then it is cold for both"


def test_the_clients_own_word_for_its_last_miss() -> None:
    said = text(with_cache(last_miss_at=sample.at(13, 12), last_miss_cause="tools_changed,ttl_expired_5m"))
    assert said[2] == " client missed at 13:12, by its own word: the tools changed, the five-minute"
    assert said[3] == "        lifetime had passed"


def test_an_event_tells_time_turn_place_tokens_and_money() -> None:
    lines = text(width=100)
    (broke,) = [line for line in lines if "tool added" in line]
    assert " ".join(broke.split()) == "13:19 turn 11 ╳ tool added: mcp__a__b (tool 13) 121k again $0.76"
    order = [line.split()[0] for line in lines if " turn 1" in line]
    assert order == sorted(order, reverse=True)
    assert any("pings kept it warm" in line and line.endswith("338k read  saved $1.93") for line in lines)


def test_narrow_events_keep_the_money() -> None:
    lines = text(width=36)
    assert " ╳ 13:19 turn 11  121k again  $0.76" in lines
    assert "   tool added: mcp__a__b (tool 13)" in lines
    assert " ↻ 14:03 turn 13        saved $1.93" in lines


@pytest.mark.parametrize("width", [56, 77, 120])
def test_a_long_name_leaves_tokens_and_money_alone(width: int) -> None:
    moment = CacheMoment(at=NOW - 5, turn=3, broke=replace(BREAK, name="mcp__" + "word " * 30))
    lines = text(history=CacheHistory(moments=(moment,)), width=width)
    assert any("tool added:" in line and line.endswith("121k again  $0.76") for line in lines)


def test_a_plan_login_pays_no_money() -> None:
    assert not any("$" in line for line in text(sample.NOTES))
    assert any("121k again" in line for line in text(sample.NOTES))


def test_what_helps_is_said_once() -> None:
    again = [replace(cache_sample.MOMENTS[-1], at=NOW - n) for n in range(3)]
    lines = text(history=CacheHistory(moments=tuple(again)))
    assert sum("next time" in line for line in lines) == 1
    assert sum("tool added" in line for line in lines) == 3
    assert "next time" in lines[lines.index(next(line for line in lines if "tool added" in line)) + 1]


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"cause": "system_changed", "part": "system", "name": "2", "position": 2}, "system changed (system block 2)"),
        (
            {"cause": "effort_changed", "part": "settings", "name": "effort", "field": "high to low", "position": None},
            "effort changed: effort (high to low)",
        ),
        (
            {"cause": "message_edited", "part": "messages", "name": "user text", "position": 5, "field": "text"},
            "message edited: user text (message 5, text)",
        ),
        ({"cause": "unexplained", "part": "", "name": "", "position": None}, "not read, no cause seen"),
    ],
)
def test_the_place_of_a_break(changes: dict[str, Any], said: str) -> None:
    moment = CacheMoment(at=NOW - 5, broke=replace(BREAK, **changes))
    (line,) = [line for line in text(history=CacheHistory(moments=(moment,)), width=100) if " again" in line]
    assert f"╳ {said}  " in line


def test_names_from_requests_are_cleaned() -> None:
    moment = CacheMoment(at=NOW, broke=replace(BREAK, name="a\x1b[31m\x9bb\u202e", field="x\ny\x07"))
    joined = "".join(text(history=CacheHistory(moments=(moment,)), width=100))
    assert not any(ord(letter) < 32 or 127 <= ord(letter) < 160 or letter == "\u202e" for letter in joined)


def test_nothing_seen_and_nothing_read_yet() -> None:
    assert text(history=CacheHistory())[-1] == " No request seen yet."
    assert len(text(history=None)) == 2
    assert text(history=replace(HISTORY, moments=()))[-1] == " Nothing broke it."


SESSIONS = [
    *sample.BOARD_ENDED.sessions,
    *sample.BOARD_ENDED.ended_today,
    with_cache(disagrees="client_expired", last_miss_at=NOW - 90_000, last_miss_cause="messages_rewritten,new_code"),
]
WORDS = st.text("ab漢_ ", max_size=60)


@settings(max_examples=60, deadline=None)
@given(
    session=st.sampled_from(SESSIONS),
    width=st.integers(30, 120),
    count=st.integers(0, 62),
    name=WORDS,
    field=WORDS,
    event=st.sampled_from([None, *(moment.event for moment in cache_sample.MOMENTS)]),
    turn=st.none() | st.integers(1, 99_999),
    ago=st.floats(0, 10_000_000),
)
def test_no_line_is_wider_than_the_view(
    session: SessionView,
    width: int,
    count: int,
    name: str,
    field: str,
    event: CacheEvent | None,
    turn: int | None,
    ago: float,
) -> None:
    broke = replace(BREAK, name=name, field=field)
    moment = CacheMoment(at=NOW - ago, turn=turn, event=event, broke=broke)
    history = CacheHistory(strip=HISTORY.strip[:count], requests=count * 1_000, moments=(moment, *cache_sample.MOMENTS))
    lines = cache_tab(session, history, NOW, UTC, width)
    assert max(width_of(line) for line in lines) <= width
