"""Counting running requests: never too lax, never stuck."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.exchange import Exchange, RawHeaders
from keepalive.flights import Flights, flight_key, named_session

MAIN = ("s1", "")


def exchange(*headers: tuple[bytes, bytes]) -> Exchange:
    return Exchange("launch-1", "POST", "/v1/messages", headers, 0.0, 0.0)


@pytest.mark.parametrize(
    ("headers", "key"),
    [
        ([], ("launch-1", "")),
        ([(b"X-Claude-Code-Session-Id", b"abc")], ("abc", "")),
        ([(b"x-session-id", b"ses_1")], ("ses_1", "")),
        ([(b"x-session-id", b"ses_1"), (b"x-claude-code-session-id", b"abc")], ("abc", "")),
        ([(b"x-claude-code-session-id", b"abc"), (b"X-Claude-Code-Agent-Id", b"sub")], ("abc", "sub")),
        ([(b"x-claude-code-session-id", b"")], ("launch-1", "")),
        ([(b"x-claude-code-session-id", b"a\x1b[31m")], ("launch-1", "")),
        ([(b"x-claude-code-session-id", b"a" * 201), (b"x-session-id", b"ses_1")], ("ses_1", "")),
        ([(b"x-claude-code-agent-id", b"\x00")], ("launch-1", "")),
    ],
)
def test_a_request_is_named_by_its_headers_alone(headers: list[tuple[bytes, bytes]], key: tuple[str, str]) -> None:
    assert flight_key(exchange(*headers)) == key


def test_only_headers_name_a_session() -> None:
    none: RawHeaders = ()
    assert named_session(none) == ""


def test_a_thread_is_busy_under_its_own_name_or_its_launchs() -> None:
    flights = Flights()
    flights.enter(("launch-1", ""))
    assert flights.any("s1", "launch-1")
    assert not flights.any("s1", "launch-2")
    assert not flights.any("s1", None)
    assert not flights.any("s1", "launch-1", "sub")
    flights.leave(("launch-1", ""))
    assert not flights.any("s1", "launch-1")


def test_a_subagent_does_not_hold_back_the_main_thread() -> None:
    flights = Flights()
    flights.enter(("s1", "sub"))
    assert not flights.any("s1", "launch-1")
    assert flights.any("s1", "launch-1", "sub")


def test_the_last_one_out_is_told_from_the_others() -> None:
    flights = Flights()
    flights.enter(MAIN)
    assert not flights.others(MAIN)
    flights.enter(MAIN)
    assert flights.others(MAIN)
    flights.leave(MAIN)
    assert not flights.others(MAIN)
    assert flights.any("s1", None)


@given(st.lists(st.booleans(), max_size=30))
def test_whatever_comes_and_goes_none_stays_counted(moves: list[bool]) -> None:
    flights, running = Flights(), 0
    for comes in moves:
        if comes:
            flights.enter(MAIN)
            running += 1
        elif running:
            flights.leave(MAIN)
            running -= 1
        assert flights.any("s1", None) is (running > 0)
    for _ in range(running):
        flights.leave(MAIN)
    assert not flights.any("s1", None)
