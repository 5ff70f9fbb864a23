"""The JSON-lines service: each question its answer, bad lines their error, outcomes teach in silence."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.decide_service import MOST_EPISODES, DecideService

QUESTION: dict[str, Any] = {
    "episode": "e1",
    "kind": "user",
    "ttl": "5m",
    "idle_seconds": 285.0,
    "pings_sent": 0,
    "prefix_tokens": 80_000,
    "read_multiplier": 0.1,
    "write_multiplier": 1.25,
    "interval_seconds": 285.0,
    "ended_signal": False,
    "ends_known_fraction": 0.0,
}


def ask(service: DecideService, **changes: Any) -> dict[str, Any]:
    answer = service.answer(json.dumps({**QUESTION, **changes}).encode())
    assert answer is not None
    parsed: dict[str, Any] = json.loads(answer)
    return parsed


def tell(service: DecideService, **outcome: Any) -> None:
    assert service.answer(json.dumps({"event": "outcome", **outcome}).encode()) is None


def test_a_question_is_answered() -> None:
    answer = ask(DecideService())
    assert set(answer) == {"ping", "reason", "expected_value"}
    assert answer["ping"] is True
    assert answer["reason"].startswith("stays: 23 % chance that you come back")
    assert answer["expected_value"] > 0


def test_counts_by_asking_until_the_first_no() -> None:
    def count(**changes: Any) -> int:
        service, sent = DecideService(), 0
        step = changes.get("interval_seconds", 285.0)
        while ask(service, pings_sent=sent, idle_seconds=(sent + 1) * step, **changes)["ping"]:
            sent += 1
        return sent

    assert count() == 2
    assert count(kind="tool") == count(kind="notification") == 11
    assert count(ends_known_fraction=0.9) == 4
    assert count(ended_signal=True) == 0
    assert count(ttl="1h", interval_seconds=3_540.0, write_multiplier=2) == 1


@pytest.mark.parametrize(
    "line",
    [
        b"nonsense",
        b"[]",
        b"7",
        b"null",
        b'{"kind": "user"}',
        b'\xff\xfe{"kind"',
        json.dumps({**QUESTION, "kind": "ghost"}).encode(),
        json.dumps({**QUESTION, "ttl": "2h"}).encode(),
        json.dumps({**QUESTION, "pings_sent": -1}).encode(),
        json.dumps({**QUESTION, "idle_seconds": "soon"}).encode(),
        json.dumps({**QUESTION, "read_multiplier": 0}).encode(),
        json.dumps({**QUESTION, "interval_seconds": 0}).encode(),
        json.dumps({**QUESTION, "ends_known_fraction": 1.5}).encode(),
        json.dumps({**QUESTION, "read_multiplier": 5e-324}).encode(),
        json.dumps({**QUESTION, "interval_seconds": 5e-324}).encode(),
        json.dumps(QUESTION).replace("285.0", "NaN").encode(),
        json.dumps(QUESTION).replace("80000", "1e400").encode(),
        b"[" * 100_000,
    ],
)
def test_a_bad_line_gets_an_error_and_the_next_one_is_served(line: bytes) -> None:
    answers = [json.loads(answer) for answer in DecideService().answers([line + b"\n", json.dumps(QUESTION).encode()])]
    assert list(answers[0]) == ["error"]
    assert answers[0]["error"].startswith("not a question: ")
    assert "\n" not in answers[0]["error"]
    assert answers[1]["ping"] is True


@given(st.binary(max_size=200))
@settings(deadline=None)
def test_no_line_stops_the_service(line: bytes) -> None:
    service = DecideService()
    service.answer(line)
    assert ask(service)["ping"] is True


def test_unknown_members_and_empty_lines_do_not_matter() -> None:
    service = DecideService()
    assert ask(service, weather="fine") == ask(service)
    assert list(service.answers([b"\n", b"  \n"])) == []


def test_outcomes_teach() -> None:
    service = DecideService()
    assert ask(service, pings_sent=2, idle_seconds=855.0)["ping"] is False
    for n in range(120):
        ask(service, episode=n)
        tell(service, episode=n, gap_seconds=1_000.0)
    assert ask(service, pings_sent=2, idle_seconds=855.0)["ping"] is True, "this person comes back after a quarter"
    other = DecideService()
    for n in range(150):
        tell(other, episode=n, kind="user", ttl="5m", gap_seconds=None)
    assert ask(other)["ping"] is True
    assert ask(other, pings_sent=1, idle_seconds=570.0)["ping"] is False, "this one stays away"


def test_outcomes_may_be_told_in_other_words() -> None:
    def chance(**outcome: Any) -> float:
        service = DecideService()
        for n in range(30):
            ask(service, episode=n)
            tell(service, episode=n, **outcome)
        return float(ask(service)["expected_value"])

    plain = float(ask(DecideService())["expected_value"])
    assert chance(gap_seconds=400.0) == chance(idle_seconds=400.0, returned=True) > plain
    assert chance(gap_seconds=None) == chance(returned=False, idle_seconds=900.0) < plain
    assert chance() == chance(ended=True) == plain, "a word that is not known says nothing"
    assert chance(ended_signal=True) == plain, "its end was known when the first ping was due"


def test_an_end_that_was_signalled_before_a_ping_was_due_says_nothing_about_people() -> None:
    service = DecideService()
    for n in range(30):
        ask(service, episode=n, idle_seconds=10.0, ended_signal=True)
        tell(service, episode=n, gap_seconds=None)
    assert ask(service) == ask(DecideService())


def test_an_outcome_that_cannot_be_used_is_passed_over() -> None:
    service = DecideService()
    tell(service, episode="never asked", gap_seconds=5)
    tell(service, episode=[1], gap_seconds=5)
    tell(service, gap_seconds="long")
    assert ask(service) == ask(DecideService())


def test_an_outcome_gets_no_answer_whatever_is_in_it() -> None:
    service = DecideService()
    for n in range(60):
        ask(service, episode=n)
        assert service.answer(b'{"event": "outcome", "episode": %d, "gap_seconds": Infinity}' % n) is None
    assert service.answer(b'{"event": "outcome", "episode": 7, "gap') is None
    assert service.answer(b'{"event":"outcome", "x": \xff}') is None
    quiet = DecideService()
    for n in range(60):
        ask(quiet, episode=n)
        tell(quiet, episode=n, gap_seconds=None)
    assert ask(service) == ask(quiet), "nobody came back"


def test_numbers_and_nothings_of_any_kind_are_read() -> None:
    service = DecideService()
    assert ask(service, prefix_tokens=80_000.0, pings_sent=0.0, ended_signal=None, ends_known_fraction=None) == ask(
        service
    )


def test_only_so_many_episodes_are_remembered() -> None:
    service = DecideService()
    for n in range(MOST_EPISODES + 1):
        ask(service, episode=n)
    assert len(service._episodes) == MOST_EPISODES
