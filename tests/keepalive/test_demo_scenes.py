from __future__ import annotations

import pytest

from keepalive.config import BudgetConfig
from keepalive.demo import LIFETIME
from keepalive.demo_scenes import Scene, scenes
from keepalive.pricing import lookup
from store.models import BudgetMode

SCENES = {scene.project: scene for scene in scenes(LIFETIME)}
PING_EVERY = LIFETIME - 5.0
"""A ping of a 5m entry is due five seconds before its expiry."""


def pauses(scene: Scene) -> list[float]:
    return [turn.pause for turn in scene.turns]


def test_every_session_is_worth_a_ping_and_has_a_price() -> None:
    for scene in SCENES.values():
        assert scene.prefix_tokens > BudgetConfig().min_prefix_tokens
        assert lookup(scene.model)
        assert scene.again is None or scene.again < len(scene.turns)
        assert sum(len(turn.calls) for turn in scene.turns[:1]) >= 1, "a lineage with one request is not pinged"


def test_the_first_minute_shows_every_kind_of_session() -> None:
    work = SCENES["api-refactor"]
    assert max(pauses(work)) < PING_EVERY, "works without ever needing a ping"
    assert any(call.exit_code for turn in work.turns for call in turn.calls)
    back = SCENES["etl-nightly"].turns[0]
    assert LIFETIME < back.pause < LIFETIME + 10, "comes back after the original expiry"
    assert pauses(SCENES["notes-app"])[0] > 60
    spent = SCENES["docs-site"]
    assert spent.pings == 1
    assert PING_EVERY + LIFETIME < 60 < pauses(spent)[0]
    cold = SCENES["checkout-tests"]
    assert cold.mode is BudgetMode.OFF
    assert pauses(cold)[0] > 60
    ends = SCENES["release-notes"]
    assert ends.again is None
    assert pauses(ends)[0] < PING_EVERY, "ends before its first ping"
    asks = [call.asks_for for call in SCENES["deploy-infra"].turns[0].calls]
    assert max(asks) > 60


def test_only_two_sessions_have_a_budget_of_their_own() -> None:
    assert {scene.project for scene in SCENES.values() if scene.has_own_budget} == {"docs-site", "checkout-tests"}


@pytest.mark.parametrize("project", ["etl-nightly", "notes-app"])
def test_nobody_comes_back_while_a_ping_is_due(project: str) -> None:
    for pause in pauses(SCENES[project]):
        distance = min(pause % PING_EVERY, PING_EVERY - pause % PING_EVERY)
        assert distance > 4.0


def test_all_durations_grow_with_the_lifetime() -> None:
    for short, long in zip(scenes(10.0), scenes(20.0), strict=True):
        assert long.starts_after == pytest.approx(2 * short.starts_after)
        for before, after in zip(short.turns, long.turns, strict=True):
            assert after.pause == pytest.approx(2 * before.pause)
            assert after.answer_seconds == pytest.approx(2 * before.answer_seconds)
            for a, b in zip(before.calls, after.calls, strict=True):
                assert (b.seconds, b.asks_for) == pytest.approx((2 * a.seconds, 2 * a.asks_for))
