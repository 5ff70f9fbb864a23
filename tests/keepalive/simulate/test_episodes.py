"""Which gaps are idle periods, and what an end is."""

from __future__ import annotations

import math

import pytest

from keepalive.simulate.episodes import episodes
from keepalive.simulate.gaps import read
from tests.keepalive.simulate.made_gaps import REAL, gap, needs_real


def test_a_gap_is_an_idle_period_of_the_class_written_before_it() -> None:
    (found,) = episodes([gap(kind="tool", seconds=400.0, ttl_after="1h", at=1_000.0, ended_within=90.0)])
    assert (found.session, found.agent, found.kind, found.ttl, found.gap) == ("1", "claude", "tool", "5m", 400.0)
    assert (found.prefix_tokens, found.model, found.began, found.noticed_after) == (50_000, "opus", 600.0, 90.0)
    assert found.lapses
    assert not found.is_end


@pytest.mark.parametrize(
    "left_out",
    [{"prefix_tokens": 9_999}, {"compacted": True}, {"model_after": "sonnet"}, {"ttl_before": None}],
)
def test_what_no_ping_could_have_kept_is_left_out(left_out: dict[str, object]) -> None:
    assert episodes([gap(**left_out)]) == []
    assert len(episodes([gap(prefix_tokens=10_000)])) == 1


def test_the_last_request_starts_an_end_with_all_that_it_left() -> None:
    _, end = episodes([gap(kind="tool", last_of_session=True, ttl_after="1h", ended_after=12.0)])
    assert (end.kind, end.ttl, end.gap, end.prefix_tokens) == ("user", "1h", math.inf, 51_010)
    assert (end.began, end.noticed_after, end.model) == (gap().at, 12.0, "opus")
    assert end.is_end
    assert not end.lapses


def test_an_end_stands_whatever_became_of_the_gap_before_it() -> None:
    (end,) = episodes([gap(compacted=True, last_of_session=True)])
    assert end.is_end


def test_an_end_of_a_small_prefix_or_without_a_class_is_none() -> None:
    small = gap(read=9_000, written=900, uncached=99, last_of_session=True)
    assert not any(found.is_end for found in episodes([small, gap(ttl_after=None, last_of_session=True)]))


def test_whoever_was_seen_waited_for_counts_at_an_end() -> None:
    assert episodes([gap(last_of_session=True, left_waiting="tool")])[-1].kind == "tool"


def test_a_lapse_outlasts_the_lifetime() -> None:
    found = episodes([gap(seconds=seconds, ttl_before=ttl) for ttl, seconds in (("5m", 300.0), ("5m", 300.1))])
    assert [one.lapses for one in found] == [False, True]


@needs_real
def test_counts_on_real_gaps() -> None:
    found = episodes(read(REAL))
    for ttl, lapses, ends in (("5m", 134, 67), ("1h", 21, 75)):
        of_class = [one for one in found if one.ttl == ttl]
        assert (sum(one.lapses for one in of_class), sum(one.is_end for one in of_class)) == (lapses, ends)
