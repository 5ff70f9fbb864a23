"""Times and cache states of one lineage."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.state import (
    LineageView,
    Login,
    by_replay,
    clock_usable,
    due_at,
    expires_at,
    forkable,
    interval,
    last_send_at,
    margin,
    original_expiry,
    touched_at,
    warmer_of,
)
from store.models import WaitingFor

T0 = 1_790_000_000.0
SEEN = LineageView(
    session_ended=False,
    process_dead=False,
    agent_id="",
    requests=2,
    replaced="",
    in_flight=False,
    ping_in_flight=False,
    last_request_at=T0,
    last_touch_at=T0,
    ttl_class="5m",
    ttl_seconds=300.0,
    ttfb_p95=1.5,
    prefix_tokens=80_000,
    minimum_tokens=1_024,
    thinking_enabled=False,
    replayable=True,
    has_prefix=True,
    login="api_key",
    attached=True,
    waiting_for=WaitingFor.YOU,
    read_usd=0.04,
    write_usd=0.5,
    read_multiplier=0.1,
    write_multiplier=1.25,
    stop="",
    stop_args={},
    stop_until=None,
    limits_used=0.0,
    limits_reset_at=None,
    compacts_at=None,
    ends_known_fraction=0.0,
    clock_trusted=True,
)


@pytest.mark.parametrize(
    ("ttl", "p95", "seconds"),
    [
        (300.0, 0.0, 15.0),
        (300.0, 2.5, 17.5),
        (3_600.0, 0.0, 60.0),  # a twentieth would be 180 s: never more than a minute
        (40.0, 0.0, 5.0),  # a twentieth would be 2 s: never less than five
    ],
)
def test_margin(ttl: float, p95: float, seconds: float) -> None:
    assert margin(ttl, p95) == seconds


def test_times_of_a_five_minute_entry() -> None:
    assert expires_at(SEEN) == T0 + 300
    assert due_at(SEEN) == T0 + 300 - 15 - 1.5
    assert interval(SEEN) == 300 - 15 - 1.5
    assert last_send_at(SEEN) == T0 + 300 - 2
    assert last_send_at(replace(SEEN, ttfb_p95=7.0)) == T0 + 300 - 7


def test_a_ping_moves_the_expiry_but_not_the_original_one() -> None:
    pinged = replace(SEEN, last_touch_at=T0 + 280)
    assert expires_at(pinged) == T0 + 580
    assert original_expiry(pinged) == T0 + 300


def test_the_later_touch_counts() -> None:
    """A request that the ping's bookkeeping has not caught up with renews the entry all the same."""
    assert touched_at(replace(SEEN, last_request_at=T0 + 50)) == T0 + 50
    assert touched_at(replace(SEEN, last_touch_at=None)) == T0
    assert touched_at(replace(SEEN, last_request_at=None, last_touch_at=None)) is None


@pytest.mark.parametrize(
    "unknown",
    [
        replace(SEEN, ttl_class=None),
        replace(SEEN, ttl_seconds=None),
        replace(SEEN, last_request_at=None, last_touch_at=None),
    ],
)
def test_no_times_without_a_lifetime_or_a_request(unknown: LineageView) -> None:
    assert expires_at(unknown) is None
    assert due_at(unknown) is None
    assert last_send_at(unknown) is None
    assert original_expiry(unknown) is None


def test_no_interval_without_a_lifetime() -> None:
    assert interval(replace(SEEN, ttl_seconds=None)) is None


@given(
    ttl=st.floats(1, 90_000),
    p95=st.floats(0, 600),
    touched=st.floats(0, 2e9),
)
@settings(deadline=None)
def test_due_comes_before_the_last_send_and_that_before_expiry(ttl: float, p95: float, touched: float) -> None:
    view = replace(SEEN, last_request_at=touched, last_touch_at=touched, ttl_seconds=ttl, ttfb_p95=p95)
    due, last, expiry = due_at(view), last_send_at(view), expires_at(view)
    assert due is not None
    assert last is not None
    assert expiry is not None
    assert due < last < expiry
    assert expiry - last >= max(2.0, p95) - 1e-3


def test_a_touch_in_the_future_means_that_the_clock_was_set_back() -> None:
    assert clock_usable(SEEN, T0)
    assert not clock_usable(SEEN, T0 - 0.1)
    assert clock_usable(replace(SEEN, last_request_at=None, last_touch_at=None), 0.0)


RESTS = replace(SEEN, plugin=True, fork_allowed=True)


@pytest.mark.parametrize(
    ("change", "way"),
    [
        ({}, "replay"),  # it costs no output and asks nobody
        ({"has_prefix": False}, "fork"),
        ({"replayable": False}, "fork"),
        ({"attached": False}, "fork"),
        ({"login": "subscription"}, "fork"),
        ({"login": None, "attached": False}, "fork"),
        ({"plugin": False}, "replay"),
        ({"has_prefix": False, "plugin": False}, None),
        ({"has_prefix": False, "fork_allowed": False}, None),
        ({"has_prefix": False, "rests": False}, None),
        ({"has_prefix": False, "waiting_for": WaitingFor.TOOL}, None),
        ({"has_prefix": False, "waiting_for": WaitingFor.PERMISSION}, None),
        ({"has_prefix": False, "waiting_for": WaitingFor.BACKGROUND}, None),
        ({"has_prefix": False, "waiting_for": None}, None),
        ({"rests": False, "waiting_for": WaitingFor.TOOL}, "replay"),
    ],
)
def test_which_way_a_ping_would_go(change: dict[str, Any], way: str | None) -> None:
    view = replace(RESTS, **change)
    assert warmer_of(view) == way
    assert (way == "replay") <= by_replay(view)
    assert (way == "fork") <= forkable(view)


@given(
    attached=st.booleans(),
    login=st.sampled_from(["api_key", "subscription", None]),
    held=st.booleans(),
    replayable=st.booleans(),
    plugin=st.booleans(),
    allowed=st.booleans(),
    rests=st.booleans(),
    waits=st.sampled_from([None, *WaitingFor]),
)
def test_no_replay_under_a_plan_and_no_fork_without_a_yes_a_plugin_and_a_resting_conversation(
    attached: bool,
    login: Login | None,
    held: bool,
    replayable: bool,
    plugin: bool,
    allowed: bool,
    rests: bool,
    waits: WaitingFor | None,
) -> None:
    view = replace(
        SEEN,
        attached=attached,
        login=login,
        has_prefix=held,
        replayable=replayable,
        plugin=plugin,
        fork_allowed=allowed,
        rests=rests,
        waiting_for=waits,
    )
    way = warmer_of(view)
    if way == "replay":
        assert (attached, login, held, replayable) == (True, "api_key", True, True)
    if way == "fork":
        assert (plugin, allowed, rests, waits) == (True, True, True, WaitingFor.YOU)
