"""Every code has words; arguments that are missing or odd never raise."""

from __future__ import annotations

from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.models import ReasonArgs
from tests.tui.sample import NOW, at
from tui.reasons import CODES, odds, words


@pytest.mark.parametrize(
    ("code", "args", "short", "full"),
    [
        ("kept", {"n": 2, "until": at(14, 44)}, "kept to 14:44", "kept to 14:44, 2 pings left"),
        ("kept", {"n": 1, "until": at(14, 44), "sent": 2}, "↻2 to 14:44", "kept to 14:44, 1 ping left"),
        ("kept", {"n": 1, "until": at(14, 44), "sent": 2, "allowed": 3}, "↻2/3 to 14:44", "kept to 14:44, 1 ping left"),
        ("held", {"n": 4, "until": at(18, 0)}, "held to 18:00", "held to 18:00, 4 pings left"),
        ("held", {"n": 4, "until": at(10, 0) + 86400}, "to Wed 10:00", "held to Wed 10:00, 4 pings left"),
        ("tool_guard", {"n": 2, "at": at(14, 36)}, "2 pings", "pings if it runs past 14:36"),
        ("tool_guard", {"n": 2, "at": at(14, 36), "sent": 0, "allowed": 2}, "↻0/2", "pings if it runs past 14:36"),
        ("pings_spent", {"sent": 3, "allowed": 3}, "pings spent", "3 of 3 pings spent"),
        ("pings_spent", {"sent": 1, "allowed": 1}, "pings spent", "1 of 1 ping spent"),
        ("money_spent", {"usd": 0.5}, "budget spent", "paused, $0.50 budget spent"),
        ("not_worth", {"percent": 7}, "not worth it", "too few come back now (7%)"),
        ("too_small", {"minimum": 1024}, "too small", "too small to cache, under 1,024"),
        ("under_floor", {"minimum": 20_000}, "under 20k", "prefix under 20k: not worth a ping"),
        ("ping_cost", {"usd": 0.31, "cap": 0.25}, "ping too dear", "a ping costs $0.31, cap is $0.25"),
        ("missed", {"read_percent": 12.0}, "ping missed", "ping missed, stopped (read 12%)"),
        ("refused", {"status": 401}, "key refused", "key refused (401), stopped"),
        ("expired", {"since": NOW - 18 * 60 - 10}, "cold 18m", "went cold 18m ago"),
        ("tools_changed", {"tokens": 121_000}, "tools changed", "tools changed, 121k to rewrite"),
        ("no_price", {"model": "gpt 6.1"}, "no price", "no price known for gpt 6.1"),
        ("working", {}, "working", "working"),
        ("no_prefix", {}, "no prefix held", "no prefix held until next message"),
        ("brand_new_code", {}, "brand new code", "brand new code"),
    ],
)
def test_words(code: str, args: ReasonArgs, short: str, full: str) -> None:
    assert words(code, args, NOW, UTC) == (short, full)


@pytest.mark.parametrize("code", sorted(CODES))
def test_missing_arguments_read_as_a_question(code: str) -> None:
    text = words(code, {}, NOW, UTC)
    assert text.short
    assert text.full
    assert len(text.short) <= 16


def test_every_promised_code_is_known() -> None:
    promised = """kept held in_flight tool_guard off pings_spent money_spent until_over day_cap paused not_worth
    break_even one_request ended dead replaced too_small under_floor ping_cost thinking no_price near_limit plan_login
    compacts no_keeper watch_only clock too_late missed refused limited provider no_ttl expired tools_changed
    system_changed messages_changed model_changed prefix_changed compacted cleared no_request no_prefix
    not_replayable working halved fork_trial experiment
    plugin_silent nothing_to_fork fork_tool no_consent fork_waits busy silent fault"""
    assert set(promised.split()) <= CODES


KEYS = [
    "n",
    "until",
    "at",
    "sent",
    "allowed",
    "usd",
    "cap",
    "percent",
    "minimum",
    "model",
    "read_percent",
    "status",
    "since",
    "tokens",
]
VALUES = st.one_of(st.text(max_size=8), st.integers(), st.floats(allow_nan=True, allow_infinity=True))


@given(st.sampled_from(sorted(CODES)), st.dictionaries(st.sampled_from(KEYS), VALUES))
def test_no_arguments_raise_or_control(code: str, args: ReasonArgs) -> None:
    text = words(code, args, NOW, UTC)
    assert (text.short + text.full).isprintable()


def test_the_bet_in_two_clauses() -> None:
    bet: ReasonArgs = {"chance": 0.2307, "price": 0.087, "seconds": 300.0, "n": 2}
    assert odds(bet, True) == ("23% chance you are back within 5m", "a ping pays from 8.7% on")
    hour: ReasonArgs = {"chance": 0.0, "price": 0.0526, "seconds": 3600.0}
    assert odds({**bet, "seconds": 30.0}, True)[0] == "23% chance you are back within 1m"
    assert odds(hour, False) == ("0% chance it ends within 1h", "a ping pays from 5.3% on")


@pytest.mark.parametrize("args", [{}, {"chance": 0.2}, {"chance": "a", "price": 1, "seconds": 2}])
def test_without_a_bet_there_are_no_odds(args: ReasonArgs) -> None:
    assert odds(args, True) == ()
