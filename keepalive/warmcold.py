"""Compares warm and cold resumes: three designs, each with its arms, outcomes and intervals. Pure.

It follows a protocol that was fixed before any data: who is compared, what is excluded, what counts first. It never
says which arm is better. Below the needed number of results it says that it cannot tell, above it there is the
interval and nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keepalive.bootstrap import Tally, intervals, ratio
from keepalive.warmcold_report import (
    Arm,
    ArmValue,
    ColdReport,
    Design,
    DesignName,
    Difference,
    Excluded,
    Measure,
    Outcome,
    Seen,
)
from store.warmcold import History, Return

WARM_READ = 0.5
"""Share of the previous prefix that a warm prompt reads at least."""
STRIPPED = 0.02
"""Share by which a prompt has to shrink to count as stripped: the client dropped older content."""
JUST = (0.8, 1.25)
"""Design B: pauses from and up to this share of the lifetime."""
BETWEEN = (360.0, 3_600.0)
"""Design C: pauses of this length are over on 5m and not yet on 1h, seconds."""
NEEDED_INDEPENDENT = 1_860
"""Results an arm that tell 4 % from 6 % failed (80 % power, 5 % two-sided)."""
NEEDED = 3_700
"""The same where several results come from one session, as they do here."""
SEED = 20_260_517


def report(history: History, since: float | None = None) -> ColdReport:
    """What the history says under each design."""
    excluded = Counter(one.excluded for one in history.returns if one.excluded)
    return ColdReport(
        since=since,
        designs=tuple(_design(plan, history) for plan in _PLANS),
        excluded=tuple(Excluded(reason=reason, count=count) for reason, count in sorted(excluded.items())),
        without_transcript=history.without_transcript,
    )


def seen(one: Return) -> Seen:
    """What the prompt found."""
    if one.prompt_tokens < (1 - STRIPPED) * one.prefix_tokens:
        return "stripped"
    return "warm" if one.read_tokens >= WARM_READ * one.prefix_tokens else "cold"


def _by_coin(one: Return) -> str | None:
    """As assigned, whatever came of it. Where one arm had no chance there is nothing to compare it with."""
    return one.assigned.arm if one.assigned is not None and 0.0 < one.assigned.probability < 1.0 else None


def _around_the_lifetime(one: Return) -> str | None:
    if one.lifetime is None or not JUST[0] * one.lifetime <= one.gap_seconds <= JUST[1] * one.lifetime:
        return None
    return _if_it_fits(one, "warm" if one.gap_seconds < one.lifetime else "cold")


def _between_the_classes(one: Return) -> str | None:
    if one.ttl_class is None or not BETWEEN[0] <= one.gap_seconds < BETWEEN[1]:
        return None
    return _if_it_fits(one, "warm" if one.ttl_class == "1h" else "cold")


def _if_it_fits(one: Return, expected: Seen) -> str:
    found = seen(one)
    return found if found in ("stripped", expected) else _ODD


_ODD = "odd"
"""Warm although its lifetime was over, or cold in time: something else was at work, so it is in neither arm."""


@dataclass(frozen=True, slots=True)
class _Plan:
    name: DesignName
    arms: tuple[str, ...]
    """The first is what the others are compared with."""
    arm: Callable[[Return], str | None]
    """Its arm; None: no unit of this design."""
    assigned: bool = False


_PLANS = (
    _Plan("A", ("ping", "lapse"), _by_coin, assigned=True),
    _Plan("B", ("warm", "cold", "stripped"), _around_the_lifetime),
    _Plan("C", ("warm", "cold", "stripped"), _between_the_classes),
)


def _design(plan: _Plan, history: History) -> Design:
    placed = [(arm, one) for one in history.returns if (arm := plan.arm(one)) is not None]
    units = [(arm, one) for arm, one in placed if not one.excluded and arm in plan.arms]
    bash = {arm: sum(_results(one) for of, one in units if of == arm) for arm in plan.arms}
    compared = plan.arms[:2]
    enough = all(bash[arm] >= NEEDED for arm in compared)
    excluded = Counter((one.excluded, arm) for arm, one in placed if one.excluded)
    return Design(
        design=plan.name,
        basis="assigned" if plan.assigned else "observed",
        confounded=not plan.assigned,
        arms=tuple(_arm(arm, units, bash[arm], history, plan) for arm in plan.arms),
        odd=sum(1 for arm, one in placed if arm == _ODD and not one.excluded),
        excluded=tuple(
            Excluded(reason=reason, arm="" if arm == _ODD else arm, count=count)
            for (reason, arm), count in sorted(excluded.items())
        ),
        needed=NEEDED,
        tells="interval" if enough else "cannot_tell" if units else "no_units",
        outcomes=_outcomes(plan, units) if units else (),
    )


def _arm(arm: str, units: Sequence[tuple[str, Return]], bash: int, history: History, plan: _Plan) -> Arm:
    of_it = [one for of, one in units if of == arm]
    found = Counter(seen(one) for one in of_it)
    return Arm(
        arm=arm,
        units=len(of_it),
        sessions=len({one.session for one in of_it}),
        bash_results=bash,
        warm=found["warm"],
        cold=found["cold"],
        stripped=found["stripped"],
        drawn=next((count for name, count in history.assigned.items() if name == arm), 0) if plan.assigned else None,
    )


def _results(one: Return) -> int:
    return one.outcome.first_calls.results if one.outcome.first_calls else 0


def _weight(one: Return, plan: _Plan) -> float:
    """Of a coin that was not always the same, each row counts as often as its arm was unlikely."""
    if not plan.assigned or one.assigned is None:
        return 1.0
    lapse = one.assigned.probability
    return 1 / (lapse if one.assigned.arm == "lapse" else 1 - lapse)


def _failed_bash(one: Return) -> Tally | None:
    calls = one.outcome.first_calls
    return None if calls is None or not calls.results else (float(calls.failed), float(calls.results))


def _mean(value: Callable[[Return], float | None]) -> Callable[[Return], Tally | None]:
    def tally(one: Return) -> Tally | None:
        known = value(one)
        return None if known is None else (float(known), 1.0)

    return tally


def _with_pings(one: Return) -> float | None:
    if one.assigned is None or one.assigned.pings_usd is None or one.outcome.usd is None:
        return None
    return one.outcome.usd + one.assigned.pings_usd


_MEASURES: tuple[tuple[str, Measure, Callable[[Return], Tally | None]], ...] = (
    ("failed_bash", "share", _failed_bash),
    ("turns_with_failed", "share", _mean(lambda one: float(one.outcome.failed_commands > 0))),
    ("failed_commands", "number", _mean(lambda one: one.outcome.failed_commands)),
    ("first_usd", "usd", _mean(lambda one: one.outcome.first_usd)),
    ("turn_usd", "usd", _mean(lambda one: one.outcome.usd)),
    ("turn_and_pings_usd", "usd", _mean(_with_pings)),
    ("first_byte_seconds", "seconds", _mean(lambda one: one.outcome.first_byte_seconds)),
    ("requests", "number", _mean(lambda one: one.outcome.requests)),
    ("files_changed", "number", _mean(lambda one: one.outcome.files_changed)),
    ("followed_soon", "share", _mean(lambda one: float(one.outcome.followed_soon))),
)
"""Name, what its value is, and its tally of one prompt. The first is the primary outcome, the others only explore."""


def _outcomes(plan: _Plan, units: Sequence[tuple[str, Return]]) -> tuple[Outcome, ...]:
    sessions = {name: place for place, name in enumerate(dict.fromkeys(one.session for _, one in units))}
    sides: list[tuple[list[Tally], list[Tally]]] = []
    drafts: list[tuple[str, Measure, list[ArmValue]]] = []
    for name, measure, tally in _MEASURES:
        values: list[ArmValue] = []
        by_session: list[list[Tally]] = []
        for arm in plan.arms:
            known = [(one, told) for of, one in units if of == arm and (told := tally(one)) is not None]
            sums = [(0.0, 0.0)] * len(sessions)
            for one, (amount, of_amount) in known:
                place, weight = sessions[one.session], _weight(one, plan)
                sums[place] = (sums[place][0] + weight * amount, sums[place][1] + weight * of_amount)
            by_session.append(sums)
            values.append(ArmValue(arm=arm, value=ratio(sums), units=len(known)))
        sides += [(by_session[0], other) for other in by_session[1:]]
        drafts.append((name, measure, values))
    found = intervals(sides, seed=SEED)
    others = len(plan.arms) - 1
    return tuple(
        Outcome(
            name=name,
            primary=place == 0,
            measure=measure,
            arms=tuple(values),
            differences=tuple(
                Difference(
                    arm=value.arm,
                    against=values[0].arm,
                    value=_minus(value.value, values[0].value),
                    low=None if interval is None else interval.low,
                    high=None if interval is None else interval.high,
                )
                for value, interval in zip(values[1:], found[place * others : (place + 1) * others], strict=True)
            ),
        )
        for place, (name, measure, values) in enumerate(drafts)
        if any(value.units for value in values)
    )


def _minus(value: float | None, against: float | None) -> float | None:
    return None if value is None or against is None else value - against
