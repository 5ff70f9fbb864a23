"""Who is best, and the front."""

from __future__ import annotations

from dataclasses import replace

from keepalive.simulate.policies import OURS
from tests.keepalive.simulate.made_results import results


def test_best_is_the_least_cost_and_of_equals_who_pings_least() -> None:
    for result in results():
        cost = {score.policy: score.cost for score in result.scores}
        assert result.best is not None
        assert cost[result.best] == min(cost.values())
    first, second, *rest = results()[0].scores
    equal = replace(results()[0], scores=[replace(first, cost=0.0, pings=2), replace(second, cost=0.0, pings=1), *rest])
    assert equal.best == second.policy


def test_nobody_on_the_front_is_beaten_and_everybody_else_is() -> None:
    for result in results():
        front = result.front
        assert front[0] == "never"
        for score in result.scores:
            beaten = any(
                other.pings <= score.pings
                and other.lapses_left <= score.lapses_left
                and (other.pings, other.lapses_left) != (score.pings, score.lapses_left)
                for other in result.scores
            )
            if score.policy in front:
                assert not beaten
            else:
                twins = [one for one in result.scores if one.pings == score.pings and one.policy in front]
                assert beaten or twins


def test_ours_is_found_by_name() -> None:
    ours = results()[0].ours
    assert ours is not None
    assert ours.policy == OURS
    assert replace(results()[0], scores=[]).ours is None
