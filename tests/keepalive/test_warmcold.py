"""Three designs over the same prompts: who is in which arm, what is compared, and never a verdict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.warmcold import NEEDED, NEEDED_INDEPENDENT, report, seen
from keepalive.warmcold_report import ColdReport, Design
from keepalive.warmcold_report import Outcome as Compared
from store.assignments import Arm, AssignedPeriod
from store.first_calls import FirstCalls
from store.models import TTLClass
from store.warmcold import History, Outcome, Return

LIFETIMES: Mapping[TTLClass, float] = {"5m": 300.0, "1h": 3_600.0}


def back(
    session: str = "s1",
    *,
    gap: float = 1_000.0,
    ttl: TTLClass | None = "5m",
    read: int = 0,
    prompt: int = 101_000,
    outcome: Outcome | None = None,
) -> Return:
    """A prompt after a pause, with a prefix of 100k: cold unless it read."""
    return Return(
        session=session,
        turn=2,
        at=0.0,
        gap_seconds=gap,
        ttl_class=ttl,
        lifetime=None if ttl is None else LIFETIMES[ttl],
        prefix_tokens=100_000,
        read_tokens=read,
        prompt_tokens=prompt,
        outcome=outcome or Outcome(),
    )


def drawn(
    arm: Arm,
    session: str = "s1",
    *,
    probability: float = 0.1,
    pings_usd: float | None = 0.0,
    outcome: Outcome | None = None,
) -> Return:
    """A prompt after a pause that was drawn; what came of the cache follows the arm."""
    period = AssignedPeriod(
        idle_id=1,
        assigned_at=0.0,
        arm=arm,
        probability=probability,
        session_id=session,
        opened_at=0.0,
        pings_usd=pings_usd,
    )
    return replace(back(session, read=100_000 if arm == "ping" else 0, outcome=outcome), assigned=period)


def design(found: ColdReport, name: str) -> Design:
    (one,) = (one for one in found.designs if one.design == name)
    return one


def of(*returns: Return, name: str = "A") -> Design:
    return design(report(History(returns)), name)


def outcome(found: Design, name: str) -> Compared:
    (one,) = (one for one in found.outcomes if one.name == name)
    return one


def values(found: Design, name: str) -> list[float | None]:
    return [arm.value for arm in outcome(found, name).arms]


def test_the_needed_number_is_that_of_two_shares() -> None:
    spread = 0.04 * 0.96 + 0.06 * 0.94
    needed = (1.96 + 0.8416) ** 2 * spread / 0.02**2
    assert pytest.approx(needed, rel=0.01) == NEEDED_INDEPENDENT
    assert pytest.approx(2 * NEEDED_INDEPENDENT, rel=0.01) == NEEDED


@pytest.mark.parametrize(
    ("read", "prompt", "state"),
    [
        (50_000, 101_000, "warm"),
        (49_999, 101_000, "cold"),
        (100_000, 98_000, "warm"),
        (97_999, 97_999, "stripped"),
        (0, 97_999, "stripped"),
    ],
)
def test_what_a_prompt_found(read: int, prompt: int, state: str) -> None:
    assert seen(back(read=read, prompt=prompt)) == state


def test_nothing_at_all() -> None:
    found = report(History(), since=5.0)
    assert [(one.design, one.basis, one.confounded, one.tells) for one in found.designs] == [
        ("A", "assigned", False, "no_units"),
        ("B", "observed", True, "no_units"),
        ("C", "observed", True, "no_units"),
    ]
    assert all(one.outcomes == () and one.needed == NEEDED for one in found.designs)
    assert (found.since, found.excluded) == (5.0, ())


@pytest.mark.parametrize(
    ("gap", "ttl", "read", "arm"),
    [
        (239.0, "5m", 100_000, None),
        (240.0, "5m", 100_000, "warm"),
        (299.0, "5m", 100_000, "warm"),
        (300.0, "5m", 0, "cold"),
        (375.0, "5m", 0, "cold"),
        (376.0, "5m", 0, None),
        (2_880.0, "1h", 100_000, "warm"),
        (4_500.0, "1h", 0, "cold"),
        (299.0, "5m", 0, "odd"),
        (301.0, "5m", 100_000, "odd"),
        (300.0, None, 0, None),
    ],
)
def test_design_b_is_just_around_the_lifetime(gap: float, ttl: TTLClass | None, read: int, arm: str | None) -> None:
    found = of(back(gap=gap, ttl=ttl, read=read), name="B")
    assert [one.arm for one in found.arms if one.units] == ([arm] if arm not in (None, "odd") else [])
    assert found.odd == (arm == "odd")


@pytest.mark.parametrize(
    ("gap", "ttl", "read", "arm"),
    [
        (359.0, "5m", 0, None),
        (360.0, "5m", 0, "cold"),
        (3_599.0, "1h", 100_000, "warm"),
        (3_600.0, "5m", 0, None),
        (900.0, "5m", 100_000, "odd"),
        (900.0, "1h", 0, "odd"),
    ],
)
def test_design_c_is_between_the_classes(gap: float, ttl: TTLClass, read: int, arm: str | None) -> None:
    found = of(back(gap=gap, ttl=ttl, read=read), name="C")
    assert [one.arm for one in found.arms if one.units] == ([arm] if arm not in (None, "odd") else [])
    assert found.odd == (arm == "odd")


def test_a_stripped_prompt_is_an_arm_of_its_own() -> None:
    for name in "BC":
        found = of(back(gap=365.0, prompt=90_000), name=name)
        assert [(one.arm, one.units, one.stripped) for one in found.arms] == [
            ("warm", 0, 0),
            ("cold", 0, 0),
            ("stripped", 1, 1),
        ]


def test_design_a_goes_by_the_draw_whatever_came_of_it() -> None:
    crossed = replace(drawn("lapse"), read_tokens=100_000)  # somebody pinged it by hand
    shrunk = replace(drawn("ping"), prompt_tokens=90_000)
    found = of(drawn("ping"), crossed, drawn("lapse"), shrunk)
    ping, lapse = found.arms
    assert (ping.arm, ping.units, ping.warm, ping.cold, ping.stripped) == ("ping", 2, 1, 0, 1)
    assert (lapse.arm, lapse.units, lapse.warm, lapse.cold, lapse.stripped) == ("lapse", 2, 1, 1, 0)


def test_draws_are_counted_with_those_that_nobody_came_back_from() -> None:
    found = design(report(History((drawn("ping"),), {"ping": 9, "lapse": 2})), "A")
    assert [(arm.units, arm.drawn) for arm in found.arms] == [(1, 9), (0, 2)]


@pytest.mark.parametrize("probability", [0.0, 1.0])
def test_a_draw_without_a_choice_compares_nothing(probability: float) -> None:
    assert of(drawn("lapse", probability=probability)).tells == "no_units"


def test_what_is_excluded_is_counted_by_its_arm() -> None:
    gone = [replace(drawn("lapse"), excluded="compacted"), replace(drawn("ping"), excluded="resumed")]
    found = report(History((*gone, drawn("ping"))))
    assert [(one.reason, one.arm, one.count) for one in design(found, "A").excluded] == [
        ("compacted", "lapse", 1),
        ("resumed", "ping", 1),
    ]
    assert [arm.units for arm in design(found, "A").arms] == [1, 0]
    assert [(one.reason, one.count) for one in found.excluded] == [("compacted", 1), ("resumed", 1)]


def test_the_outcomes_of_an_arm() -> None:
    one = Outcome(FirstCalls(1, 4), 2, 3, 10, 0.5, 2.0, 1.5, followed_soon=True)
    other = Outcome(FirstCalls(0, 6), 0, 1, 20, None, 4.0, None, followed_soon=False)
    unknown = Outcome(None, 0, 2, 30, 0.7, None, None, followed_soon=False)
    found = of(*(drawn("lapse", outcome=told, pings_usd=0.25) for told in (one, other, unknown)), drawn("ping"))
    assert {name: values(found, name)[1] for name in (told.name for told in found.outcomes)} == {
        "failed_bash": pytest.approx(0.1),
        "turns_with_failed": pytest.approx(1 / 3),
        "failed_commands": pytest.approx(2 / 3),
        "first_usd": pytest.approx(0.6),
        "turn_usd": pytest.approx(3.0),
        "turn_and_pings_usd": pytest.approx(3.25),
        "first_byte_seconds": pytest.approx(1.5),
        "requests": pytest.approx(20.0),
        "files_changed": pytest.approx(2.0),
        "followed_soon": pytest.approx(1 / 3),
    }
    assert [told.name for told in found.outcomes if told.primary] == ["failed_bash"]
    assert outcome(found, "first_usd").arms[1].units == 2
    (difference,) = outcome(found, "requests").differences
    assert (difference.arm, difference.against) == ("lapse", "ping")
    assert difference.value == pytest.approx(20.0)
    assert outcome(found, "failed_bash").differences[0].value is None, "nothing is known of the other arm"


def test_what_is_known_of_no_unit_is_left_out() -> None:
    assert {told.name for told in of(drawn("ping")).outcomes} == {
        "turns_with_failed",
        "failed_commands",
        "requests",
        "files_changed",
        "followed_soon",
    }


def test_a_coin_that_changed_is_weighed() -> None:
    # Half the pauses were drawn at 0.5 on easy days, half at 0.1 on hard ones: an unweighed mean would tell the days.
    easy, hard = Outcome(requests=10), Outcome(requests=30)
    returns = [
        *[drawn("lapse", probability=0.5, outcome=easy)] * 50,
        *[drawn("ping", probability=0.5, outcome=easy)] * 50,
        *[drawn("lapse", probability=0.1, outcome=hard)] * 10,
        *[drawn("ping", probability=0.1, outcome=hard)] * 90,
    ]
    assert values(of(*returns), "requests") == [pytest.approx(20.0), pytest.approx(20.0)]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 99)), min_size=1, max_size=12), st.floats(0.01, 0.99))
@settings(deadline=None, max_examples=25)
def test_one_coin_gives_plain_means(rows: list[tuple[bool, int]], probability: float) -> None:
    found = of(
        *(
            drawn("lapse" if lapse else "ping", probability=probability, outcome=Outcome(requests=count))
            for lapse, count in rows
        )
    )
    for arm, lapses in zip(outcome(found, "requests").arms, (False, True), strict=True):
        counts = [count for lapse, count in rows if lapse is lapses]
        assert arm.value == (pytest.approx(sum(counts) / len(counts)) if counts else None)


def many(arm: Arm, results: int, failed: int) -> list[Return]:
    """Ten sessions with a prompt each: so many Bash results, and a few more failures than `failed`."""
    step = 3 if arm == "ping" else 1
    return [
        drawn(arm, f"s{number}", outcome=Outcome(FirstCalls(failed + step * number % 5, results)))
        for number in range(10)
    ]


def test_below_the_needed_number_it_cannot_tell() -> None:
    enough, short = NEEDED // 10, NEEDED // 10 - 1
    for ping, lapse, tells in (
        (enough, enough, "interval"),
        (short, enough, "cannot_tell"),
        (enough, short, "cannot_tell"),
    ):
        found = of(*many("ping", ping, 10), *many("lapse", lapse, 300))
        assert found.tells == tells
        (difference,) = outcome(found, "failed_bash").differences
        assert difference.value is not None
        assert difference.low is not None
        assert difference.high is not None
        assert difference.low <= difference.value <= difference.high, "the interval is shown either way"


def test_no_field_of_the_report_holds_a_verdict() -> None:
    found = of(*many("ping", NEEDED, 1), *many("lapse", NEEDED, 3_000))
    dumped = set(found.__struct_fields__) - {"outcomes"}
    assert dumped == {"design", "basis", "confounded", "arms", "odd", "excluded", "needed", "tells"}
    assert found.tells == "interval"


def test_the_same_history_says_the_same() -> None:
    history = History((*many("ping", 9, 1), *many("lapse", 9, 3)))
    assert report(history) == report(history)
