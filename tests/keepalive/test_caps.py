"""How many pings the caps let through, and which one ends them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.caps import DayLeft, Left, Row, row

T0 = 1_790_000_000.0
STEP = 250.0


def of(left: Left, wanted: int = 100) -> Row:
    return row(wanted, left, at=T0, step=STEP, read=0.125, write=1.0)


@pytest.mark.parametrize(
    ("left", "found"),
    [
        (Left(), Row(100)),
        (Left(pings=100, session_usd=12.5), Row(100)),
        (Left(pings=7), Row(7, "pings")),
        (Left(session_usd=1.3), Row(10, "money")),
        (Left(pings=10, session_usd=1.25), Row(10, "pings")),
        (Left(pings=10, session_usd=1.2), Row(9, "money")),
        (Left(pings=10, session_usd=0.0), Row(0, "money")),
        (Left(day=DayLeft(0.9)), Row(0, "day")),
        (Left(day=DayLeft(1.0)), Row(1, "day")),
        (Left(session_usd=1.0, day=DayLeft(1.5)), Row(5, "day")),
        (Left(pings=-3), Row(0, "pings")),
    ],
)
def test_the_smallest_cap_ends_it_and_is_named(left: Left, found: Row) -> None:
    assert of(left) == found


def test_a_midnight_begins_a_new_cap_where_today_lasts_till_then() -> None:
    """Five pings are due before midnight; the next day pays for 17."""
    midnight = T0 + 4 * STEP + 1
    assert of(Left(day=DayLeft(1.5, 3.0, midnight))) == Row(22, "day")
    assert of(Left(day=DayLeft(1.49, 3.0, midnight))) == Row(4, "day"), "the entry is cold by then"
    assert of(Left(day=DayLeft(9.0, 0.5, midnight))) == Row(5, "day")
    assert of(Left(day=DayLeft(1.5, 3.0, T0 - 5)), 10) == Row(10), "a midnight that is over by a moment"


@given(
    wanted=st.integers(0, 400),
    today=st.floats(0, 5),
    cap=st.floats(0, 5),
    midnight=st.floats(-STEP, 90_000),
    read=st.floats(0.01, 0.2),
    write=st.floats(0, 2),
)
def test_it_is_what_sending_one_after_the_other_comes_to(
    wanted: int, today: float, cap: float, midnight: float, read: float, write: float
) -> None:
    """The guard of the day before each ping; sums of floats may part by one where a cap is met exactly."""
    usd, ends_at, sent = today, T0 + midnight, 0
    for n in range(wanted):
        while T0 + n * STEP >= ends_at:
            usd, ends_at = cap, ends_at + 86_400.0
        if usd < write:
            break
        usd -= read
        sent += 1
    found = row(wanted, Left(day=DayLeft(today, cap, T0 + midnight)), at=T0, step=STEP, read=read, write=write)
    assert found.ends == ("day" if found.pings < wanted else "")
    if found.pings != sent:
        with_a_hair = [
            row(
                wanted,
                Left(day=DayLeft(today + hair, cap + hair, T0 + midnight)),
                at=T0,
                step=STEP,
                read=read,
                write=write,
            )
            for hair in (-1e-9, 1e-9)
        ]
        assert with_a_hair[0].pings <= sent <= with_a_hair[1].pings
