"""The answer about subscription logins: no until somebody says yes, to this text."""

from __future__ import annotations

import sqlite3

import pytest

from keepalive import consent
from store import settings
from store.migrations import open_store


@pytest.fixture
def store(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    return open_store(tmp_path_factory.mktemp("store") / "warmside.db")


def test_it_is_no_until_it_is_yes_and_can_be_taken_back(store: sqlite3.Connection) -> None:
    assert (consent.given(store), consent.answered(store)) == (False, None)
    consent.put(store, True, 5.0)
    assert (consent.given(store), consent.answered(store)) == (True, True)
    assert settings.get(store, "fork.subscription") == {"yes": True, "at": 5.0, "text": consent.TEXT}
    consent.put(store, False, 6.0)
    assert (consent.given(store), consent.answered(store)) == (False, False)
    consent.forget(store)
    assert consent.answered(store) is None
    store.close()


@pytest.mark.parametrize(
    "stored", [True, "yes", 1, {}, {"yes": True}, {"yes": 1, "text": consent.TEXT}, {"yes": True, "text": "2026-01"}]
)
def test_anything_else_is_no_answer(store: sqlite3.Connection, stored: settings.JsonValue) -> None:
    settings.put(store, consent.KEY, stored)
    assert (consent.given(store), consent.answered(store)) == (False, None)
    store.close()


def test_the_text_says_where_it_is_from_and_how_to_stop() -> None:
    assert [place for place, _ in consent.TERMS] == [
        "code.claude.com/docs, legal and compliance (copy of August 2026)",
        "Consumer Terms (8 October 2025, quoted second hand)",
    ]
    assert "--subscription no" in consent.WHAT[-1]
