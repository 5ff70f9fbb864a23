"""Breaks in words: every code has some, places and sizes are told, and no name reaches the terminal as a control."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from store.break_models import REMEDIES, BreakCause, BreakView, ClientMiss, WhyView
from store.models import CacheEvent
from tests.tui.cli_home import EVIL
from tui import causes

FOUND: dict[str, Any] = {
    "message_id": "msg_1",
    "session_id": "s1",
    "at": 1_790_000_000.0,
    "turn": 7,
    "cause": "tool_added",
    "part": "tools",
    "position": 3,
    "name": "mcp__a__b",
    "field": "2 tools",
    "size_after": 1_900,
    "hash_after": "abcdef012345" + "6" * 20,
    "expected_read": 40_000,
    "read": 1_000,
    "written": 60_000,
    "rewritten": 39_000,
    "usd": 0.39,
    "read_usd": 0.0195,
    "remedy": "tools_early",
}


def why(*found: dict[str, Any], miss: ClientMiss | None = None) -> str:
    return causes.why_text(
        WhyView(session="s1", turn=7, breaks=tuple(BreakView(**{**FOUND, **one}) for one in found), client_miss=miss)
    )


def test_every_code_has_words() -> None:
    for cause in get_args(BreakCause):
        assert causes.cause_words(cause) != cause.replace("_", " "), cause
    for remedy in REMEDIES.values():
        assert causes.remedy_words(remedy) != remedy.replace("_", " "), remedy
    assert causes.cause_words("new_cause\x1b[0m") == "new cause"
    assert causes.remedy_words("") == ""


def test_a_break_is_a_block_with_everything_that_is_known() -> None:
    assert why({}).splitlines() == [
        "turn 7, 2026-09-21T14:13:20.000Z: a tool was added",
        "  where    tool 3, mcp__a__b",
        "  what     2 tools",
        "  before   not there",
        "  after    1,900 bytes, abcdef012345",
        "  tokens   read 1.0k of 40k, wrote 60k, 39k of them again",
        "  money    $0.39 instead of $0.02 to read",
        "  remedy   connect MCP servers before the first prompt, or let ENABLE_TOOL_SEARCH=true keep their tools"
        " outside the prefix",
    ]


def test_what_is_not_known_is_left_out() -> None:
    bare = {"part": "", "position": None, "name": "", "field": "", "size_after": None, "hash_after": "", "remedy": ""}
    assert why({**bare, "cause": "unexplained", "usd": None, "read_usd": None, "agent_id": "sub-1"}).splitlines() == [
        "turn 7, 2026-09-21T14:13:20.000Z, subagent sub-1: the same prefix, in time, and yet not read:"
        " probably the provider's side",
        "  tokens   read 1.0k of 40k, wrote 60k, 39k of them again",
        "  money    price unknown",
    ]


@pytest.mark.parametrize(
    ("place", "words"),
    [
        ({"part": "system", "position": 1, "name": "1"}, "system block 1"),
        ({"part": "messages", "position": 12, "name": "user tool_result"}, "message 12, user tool_result"),
        ({"part": "messages", "position": 0, "name": ""}, "message 0"),
        ({"part": "settings", "position": None, "name": "effort"}, "setting effort"),
    ],
)
def test_places(place: dict[str, Any], words: str) -> None:
    assert f"  where    {words}\n" in why(place)


def test_blocks_stand_apart_and_the_clients_word_comes_last() -> None:
    miss = ClientMiss(at=1_790_000_001.0, cause="tools_changed", misses=3)
    first, second, last = why({}, {"cause": "expired"}, miss=miss).split("\n\n")
    assert first.startswith("turn 7")
    assert "expired" in second
    assert last == "the client itself, 2026-09-21T14:13:21.000Z (miss 3 of its session): the tools changed"


def test_a_turn_without_a_break_says_so() -> None:
    assert why() == "turn 7: no break was seen by the gateway"
    assert "no cause given" in why(miss=ClientMiss(at=1.0, cause=""))
    assert "brand new" in why(miss=ClientMiss(at=1.0, cause="brand_new"))


def test_without_a_gateway_the_usage_tells() -> None:
    events = (
        CacheEvent(kind="kept", cause="ping", tokens=9),
        CacheEvent(kind="lapsed", tokens=40_000, usd=0.23),
        CacheEvent(kind="changed", cause="resumed", tokens=1_000),
        CacheEvent(kind="compacted", tokens=9_100, usd=0.0),
    )
    assert causes.why_text(WhyView(session="s1", turn=7, events=events)).splitlines() == [
        "turn 7: no break was seen by the gateway",
        "  by its usage: the entry expired: nothing read it in time; wrote again 40k tokens, $0.23 more than reading",
        "  by its usage: the session was left and opened again; wrote again 1.0k tokens, price unknown",
        "  by its usage: the conversation was compacted: its summary took its place; starts again with 9.1k tokens,"
        " $0.00 more than reading",
    ]


def test_names_of_others_cannot_reach_the_terminal() -> None:
    text = why({"name": EVIL, "field": EVIL, "agent_id": EVIL}, miss=ClientMiss(at=1.0, cause=EVIL))
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", text)


def test_the_clients_codes_are_told_one_by_one() -> None:
    said = causes.client_words("tools_changed, ttl_expired_1h,new\x1b_code")
    assert said.startswith("the tools changed, ")
    assert "\x1b" not in said
    assert causes.client_words("tools_changed,ttl_expired_1h") == "the tools changed, the one-hour lifetime had passed"
    assert causes.client_words("") == "no cause given"
