"""The rules of others, as numbers of pings."""

from __future__ import annotations

import pytest

from keepalive.question import Kind, Question
from keepalive.simulate.rivals import RIVALS, break_even
from store.words import TTLClass

BY_NAME = {rival.name: rival for rival in RIVALS}


def pings(name: str, kind: Kind = "user", ttl: TTLClass = "5m", prefix: int = 60_000, read: float = 0.1) -> int:
    """How many the rule sends to a wait without end."""
    rule, sent = BY_NAME[name], 0
    write = 1.25 if ttl == "5m" else 2.0
    interval = rule.interval(ttl)
    while sent < 500 and rule.wants(Question(kind, ttl, interval * (sent + 1), sent, prefix, read, write, interval)):
        sent += 1
    return sent


@pytest.mark.parametrize(
    ("read", "ttl", "count"),
    [(0.1, "5m", 11), (0.1, "1h", 19), (0.05, "5m", 24), (0.05, "1h", 39), (0.025, "5m", 49), (0.025, "1h", 79)],
)
def test_break_even_counts_as_integers_would(read: float, ttl: TTLClass, count: int) -> None:
    assert pings("break-even", ttl=ttl, read=read) == pings("fixed counts", "tool", ttl, read=read) == count


def test_break_even_of_a_read_as_dear_as_a_write_is_none() -> None:
    assert break_even(Question("user", "5m", 285.0, 0, 1, 1.25, 1.25, 285.0)) == 0


def test_fixed_numbers() -> None:
    names = ("never", "1 ping", "2 pings", "3 pings", "aider 12", "cache-warm 30")
    assert [pings(name) for name in names] == [0, 1, 2, 3, 12, 30]
    assert (pings("fixed counts"), pings("fixed counts", ttl="1h")) == (2, 1)


def test_context_guru_counts_by_kind_and_wants_a_large_prefix() -> None:
    assert [pings("context-guru", kind) for kind in ("tool", "notification", "user")] == [8, 5, 3]
    assert pings("context-guru", "tool", prefix=19_999) == 0


def test_pi_pings_what_saves_five_cents() -> None:
    assert [pings("pi", prefix=prefix) for prefix in (137_931, 137_932)] == [0, 6]
    assert [pings("pi", ttl="1h", prefix=prefix) for prefix in (54_054, 54_055)] == [0, 4]
    assert pings("pi", prefix=10**9, read=0.2) == 0


def test_only_cache_warm_has_a_rhythm_of_its_own() -> None:
    own = {name: (rule.interval("5m"), rule.interval("1h")) for name, rule in BY_NAME.items()}
    assert own.pop("cache-warm 30") == (270.0, 3_240.0)
    assert set(own.values()) == {(285.0, 3_540.0)}
