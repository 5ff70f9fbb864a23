"""The expectation falls with time, knows what breaks a prefix, and never claims what nobody measured."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.expectation import LONG_TURN, MINIMUM, Waited, Waiting, alive, predict

SHORT = Waiting(gap=60.0, lifetime=300.0)
OLD, NEW = "2.1.37", "2.1.331"


def warm(waiting: Waiting) -> bool:
    probability = predict(waiting)
    assert probability is not None
    return probability >= MINIMUM


def test_without_a_promised_lifetime_nothing_is_said() -> None:
    assert predict(SHORT._replace(lifetime=None, compacted=True)) is None


@pytest.mark.parametrize(
    ("gap", "lifetime", "there"),
    [(299, 300, True), (309, 300, True), (345, 300, False), (3_599, 3_600, True), (3_700, 3_600, False)],
)
def test_the_lifetime_is_a_minimum_with_a_short_tail(gap: float, lifetime: float, *, there: bool) -> None:
    assert warm(Waiting(gap, lifetime)) is there
    assert warm(Waiting(gap, lifetime, "tool")) is there


@pytest.mark.parametrize(
    "broken",
    [
        SHORT._replace(compacted=True),
        SHORT._replace(model_changed=True),
        SHORT._replace(resumed=True, client_version=OLD),
    ],
)
def test_what_breaks_a_prefix_in_time(broken: Waiting) -> None:
    assert not warm(broken)


def test_a_resume_of_a_new_client_reads() -> None:
    assert warm(SHORT._replace(resumed=True, client_version=NEW))
    unmeasured = predict(SHORT._replace(resumed=True, client_version="2.1.250"))
    assert unmeasured == predict(SHORT._replace(resumed=True)) == MINIMUM


@pytest.mark.parametrize(
    ("version", "waited", "requests", "there"),
    [
        (OLD, "user", LONG_TURN, True),
        (OLD, "user", LONG_TURN + 1, False),
        (OLD, "tool", 500, True),
        (NEW, "user", 500, True),
        ("", "user", 500, True),
    ],
)
def test_after_long_work_people_leave_and_old_clients_lose_the_prefix(
    version: str, waited: Waited, requests: int, *, there: bool
) -> None:
    assert warm(SHORT._replace(client_version=version, waited=waited, turn_requests=requests)) is there


@given(
    lifetime=st.floats(1, 50_000),
    times=st.lists(st.floats(0, 100_000), min_size=2, max_size=2).map(sorted),
    waited=st.sampled_from(["user", "tool", "notification"]),
    requests=st.integers(0, 200),
    version=st.sampled_from(["", OLD, NEW, "no number", "2.1.250"]),
    flags=st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_it_is_a_probability_and_never_rises_with_time(
    lifetime: float,
    times: list[float],
    waited: Waited,
    requests: int,
    version: str,
    flags: tuple[bool, bool, bool],
) -> None:
    earlier, later = (predict(Waiting(gap, lifetime, waited, requests, version, *flags)) for gap in times)
    assert earlier is not None
    assert later is not None
    assert 0 < later <= earlier <= 1
    assert alive(times[0], lifetime) >= alive(times[1], lifetime)
