"""Intents: taken once and in time, or closed as nobody's."""

from __future__ import annotations

import sqlite3

import pytest

from store import intents
from store.database import data_version
from store.rows import IntentRow
from tests.store.conftest import Connect
from tests.store.made_up import NOW


def get(db: sqlite3.Connection, intent_id: int) -> IntentRow:
    row = intents.get(db, intent_id)
    assert row is not None
    return row


def test_an_intent_is_taken_once_and_answered(db: sqlite3.Connection, another: Connect) -> None:
    asked = intents.ask_ping(db, "s1", NOW)
    keeper = another()
    taken = intents.take(keeper, NOW + 0.25)
    assert [(row.id, row.kind, row.session_id, row.created_at) for row in taken] == [(asked, "ping", "s1", NOW)]
    assert intents.take(keeper, NOW + 0.5) == []
    intents.answer(keeper, asked, "hit")
    intents.expire(db, NOW + 60)
    assert (get(db, asked).result, get(db, asked).closed_at) == ("hit", NOW + 0.25)
    assert intents.get(db, asked + 1) is None


def test_intents_are_taken_in_their_order(db: sqlite3.Connection) -> None:
    asked = [intents.ask_ping(db, session_id, NOW) for session_id in ("b", "a", "b")]
    assert [row.id for row in intents.take(db, NOW)] == asked


@pytest.mark.parametrize(("age", "taken"), [(4.999, True), (5.0, False), (5.001, False), (3600.0, False)])
def test_an_intent_is_void_after_five_seconds(db: sqlite3.Connection, age: float, taken: bool) -> None:
    asked = intents.ask_ping(db, "s1", NOW)
    assert bool(intents.take(db, NOW + age)) is taken
    assert get(db, asked).closed_at == NOW + age
    assert get(db, asked).result == ("" if taken else "no_keeper")
    assert intents.take(db, NOW + age) == []


def test_who_asked_closes_what_nobody_took(db: sqlite3.Connection) -> None:
    old, young = intents.ask_ping(db, "s1", NOW), intents.ask_ping(db, "s1", NOW + 1)
    intents.expire(db, NOW + 4.9)
    assert get(db, old).closed_at is None
    intents.expire(db, NOW + 5)
    assert (get(db, old).closed_at, get(db, old).result) == (NOW + 5, "no_keeper")
    assert get(db, young).closed_at is None


def test_taking_nothing_wakes_nobody(db: sqlite3.Connection, another: Connect) -> None:
    reader = another()
    before = data_version(reader)
    assert intents.take(db, NOW) == []
    assert data_version(reader) == before


def test_two_keepers_that_look_at_once_do_not_both_take_it(db: sqlite3.Connection, another: Connect) -> None:
    """At the worst moment, when one has seen it and is about to close it, the other is kept out."""
    intents.ask_ping(db, "s1", NOW)
    rival = another()
    rivals: list[int | str] = []

    def when_closing(statement: str) -> None:
        if statement.startswith("UPDATE intents") and not rivals:
            try:
                rivals.append(len(intents.take(rival, NOW)))
            except sqlite3.OperationalError as error:
                rivals.append(str(error))

    db.set_trace_callback(when_closing)
    taken = intents.take(db, NOW)
    db.set_trace_callback(None)
    assert len(taken) == 1
    assert rivals == ["database is locked"]
    assert intents.take(rival, NOW) == []
