"""What this machine's own requests say: pauses that were survived, and how late cold answers begin."""

from __future__ import annotations

import sqlite3

import pytest

from store import likely, lineages
from store.experience import FRESH_SECONDS, LEAST_EACH, Experience, gaps
from store.likely import Gap
from store.models import Evidence, Usage
from tests.store.made_up import NOW, OPUS, add_lineage, add_request, add_session

GPT = "gpt-5.5"


def thread(db: sqlite3.Connection, name: str = "x1", model: str = GPT) -> str:
    add_session(db, name, agent="codex")
    add_lineage(db, name, ttl=None, model=model)
    return name


def ask(db: sqlite3.Connection, session: str, at: float, *, prompt: int, read: int, model: str = GPT) -> None:
    usage = Usage(input=prompt - read, cache_read=read)
    add_request(db, f"{session}-{at}", session, at=at, usage=usage, evidence=Evidence.TRANSCRIPT, model=model)


def test_pauses_are_between_requests_of_one_thread_and_model(db: sqlite3.Connection) -> None:
    one, two = thread(db), thread(db, "x2")
    ask(db, one, NOW, prompt=50_000, read=0)
    ask(db, two, NOW + 200, prompt=9_000, read=0)
    ask(db, one, NOW + 400, prompt=51_000, read=49_000)
    ask(db, one, NOW + 410, prompt=52_000, read=50_000)
    ask(db, one, NOW + 900, prompt=52_000, read=50_000, model="gpt-5.4")
    assert gaps(db) == [Gap(GPT, 400.0, 50_000, 51_000, 49_000)]


def test_promised_lifetimes_are_not_looked_at(db: sqlite3.Connection) -> None:
    add_session(db)
    add_lineage(db, ttl=None)
    for at in (NOW, NOW + 400):
        ask(db, "s1", at, prompt=50_000, read=0, model=OPUS)
    assert gaps(db) == []


def test_history_is_asked_for_again_after_a_while(db: sqlite3.Connection) -> None:
    known = Experience()
    assert known.history(db, NOW) == likely.History()
    ask(db, thread(db), NOW, prompt=50_000, read=0)
    ask(db, "x1", NOW + 400, prompt=51_000, read=49_000)
    assert known.history(db, NOW + FRESH_SECONDS - 1).seen == {}
    assert known.history(db, NOW + FRESH_SECONDS).seen == {("openai", 1): 1}
    assert known.history(db, NOW - 1).seen, "a clock that was set back"


def answers(db: sqlite3.Connection, *, prompt: int, read: int, seconds: list[float], name: str) -> None:
    lineage = lineages.current(db, "s1")
    assert lineage is not None
    usage = Usage(input=10, cache_read=read, cache_write_5m=prompt - read - 10)
    for index, wait in enumerate(seconds):
        add_request(db, f"{name}-{index}", at=NOW + index, usage=usage, lineage_id=lineage.id, first_byte_seconds=wait)


@pytest.fixture
def measured(db: sqlite3.Connection) -> sqlite3.Connection:
    add_session(db)
    add_lineage(db)
    answers(db, prompt=100_000, read=99_000, seconds=[1.0, 1.1, 1.2, 1.3, 9.0], name="warm")
    answers(db, prompt=120_000, read=0, seconds=[6.0, 6.5, 7.2, 8.0, 30.0], name="cold")
    return db


def test_the_difference_of_the_medians(measured: sqlite3.Connection) -> None:
    assert Experience().cold_extra_seconds(measured, OPUS, 100_000, NOW) == pytest.approx(6.0)


@pytest.mark.parametrize("tokens", [40_000, 250_000])
def test_other_sizes_say_nothing(measured: sqlite3.Connection, tokens: int) -> None:
    assert Experience().cold_extra_seconds(measured, OPUS, tokens, NOW) is None


def test_other_models_say_nothing(measured: sqlite3.Connection) -> None:
    assert Experience().cold_extra_seconds(measured, "claude-sonnet-5-5", 100_000, NOW) is None


def test_fewer_are_not_enough(db: sqlite3.Connection) -> None:
    add_session(db)
    add_lineage(db)
    answers(db, prompt=100_000, read=99_000, seconds=[1.0] * 9, name="warm")
    answers(db, prompt=100_000, read=0, seconds=[6.0] * (LEAST_EACH - 1), name="cold")
    answers(db, prompt=100_000, read=50_000, seconds=[6.0] * 9, name="half")
    assert Experience().cold_extra_seconds(db, OPUS, 100_000, NOW) is None
