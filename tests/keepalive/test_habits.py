"""Habits: what the store's waits make of the prior, when they are read again, and what an unwatched past says."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from keepalive.config import Config, section
from keepalive.habits import FRESH_SECONDS, Habits, learned
from keepalive.hazards import PRIOR
from keepalive.learning import HALF_LIFE_SECONDS, LearnedHazards
from store.database import StoreError
from store.migrations import open_store
from store.waits import Outcome, Wait

NOW = 1_790_000_000.0


def wait(seconds: float, outcome: Outcome, *, at: float = NOW, watched: bool = True) -> Wait:
    return Wait("claude", "user", "5m", seconds, outcome, at, watched)


def chance(found: list[Wait], n: int = 0) -> float:
    return learned(found, NOW, LearnedHazards()).chance("claude", "user", "5m", n, 0.0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "warmside.db"
    open_store(path).close()
    return path


def test_an_empty_store_leaves_the_prior(file: Path) -> None:
    habits = Habits(Config())
    assert habits.refresh(file, NOW)
    assert habits.hazards.chance("claude", "user", "5m", 0, 0.0) == PRIOR.chance("claude", "user", "5m", 0, 0.0)


def test_the_store_is_read_again_when_the_table_is_old(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[float] = []

    def waits(_: sqlite3.Connection, now: float, least_seconds: float) -> list[Wait]:
        assert least_seconds == 285.0
        asked.append(now)
        return [wait(400.0, "returned")] * 100

    monkeypatch.setattr("keepalive.habits.waits", waits)
    habits = Habits(Config())
    first = habits.hazards
    assert habits.refresh(file, NOW)
    assert habits.hazards is not first
    assert habits.hazards.chance("claude", "user", "5m", 0, 0.0) > 0.4
    assert not habits.refresh(file, NOW + FRESH_SECONDS - 1)
    assert habits.refresh(file, NOW + FRESH_SECONDS)
    assert habits.refresh(file, NOW - 3_600.0), "the clock was set back"
    assert asked == [NOW, NOW + FRESH_SECONDS, NOW - 3_600.0]


def test_scaled_lifetimes_scale_the_rhythm() -> None:
    config = section(Config, {"providers": {"anthropic": {"ttl_seconds": {"5m": 20.0}}}})
    hazards = Habits(config).hazards
    for _ in range(200):
        hazards.learn("claude", "user", "5m", 25.0, "returned")
    assert hazards.chance("claude", "user", "5m", 0, 0.0) > 0.6


def test_old_waits_count_less() -> None:
    back = [wait(400.0, "returned")] * 20
    past = [wait(400.0, "returned", at=NOW - HALF_LIFE_SECONDS)] * 20
    assert PRIOR.chance("claude", "user", "5m", 0, 0.0) < chance(past) < chance(back)


def test_an_unwatched_end_counts_for_what_would_go_unnoticed_today() -> None:
    noticed = [wait(20.0, "ended")] * 90
    quiet = wait(90_000.0, "quiet", watched=False)
    alone, among = chance([quiet] * 50), chance([quiet] * 50 + noticed)
    assert alone < among < chance(noticed)
    hazards = learned([quiet] * 50 + noticed, NOW, LearnedHazards())
    assert hazards.ends_known("claude") == 0.9, "nobody was there to notice the others"
    watched = learned([quiet._replace(watched=True)] * 80 + noticed, NOW, LearnedHazards())
    assert watched.ends_known("claude") == 0.5


def test_a_store_that_cannot_be_read_leaves_the_table_as_it_is(tmp_path: Path) -> None:
    habits = Habits(Config())
    before = habits.hazards
    with pytest.raises(StoreError):
        habits.refresh(tmp_path / "nothing.db", NOW)
    assert habits.hazards is before
