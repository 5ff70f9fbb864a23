"""Our side of the simulator: the bet, asked as any other policy."""

from __future__ import annotations

from dataclasses import replace

from keepalive.question import TTL_SECONDS, Question
from keepalive.simulate.policies import INTERVALS, OURS, Ours

ASKED = Question("tool", "5m", 285.0, 0, 50_000, 0.1, 1.25, 285.0)


def test_every_rhythm_is_inside_the_lifetime() -> None:
    assert all(INTERVALS[ttl] < TTL_SECONDS[ttl] for ttl in INTERVALS)
    assert [Ours().interval(ttl) for ttl in INTERVALS] == list(INTERVALS.values())


def test_it_says_what_the_bet_says() -> None:
    ours = Ours()
    assert ours.name == OURS
    assert ours.wants(ASKED)
    assert not ours.wants(replace(ASKED, ended_signal=True))
    assert not ours.wants(replace(ASKED, pings_sent=11, idle_seconds=12 * 285.0))
