"""Settings: JSON values under keys, the last writer wins."""

from __future__ import annotations

import sqlite3

from hypothesis import given
from hypothesis import strategies as st

from store import settings
from store.settings import JsonValue
from tests.store.made_up import memory_store

VALUES: st.SearchStrategy[JsonValue] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(key=st.text(), first=VALUES, second=VALUES)
def test_what_is_put_is_got(key: str, first: JsonValue, second: JsonValue) -> None:
    with memory_store() as db:
        assert settings.get(db, key) is None
        settings.put(db, key, first)
        assert settings.get(db, key) == first
        settings.put(db, key, second)
        assert settings.get(db, key) == second
        settings.delete(db, key)
        assert settings.get(db, key) is None


def test_deleting_what_is_not_there_is_no_error(db: sqlite3.Connection) -> None:
    settings.delete(db, "nothing")


def test_keys_by_prefix_take_no_wildcards(db: sqlite3.Connection) -> None:
    for key in ("frontend.1", "frontend.2", "frontendX", "port", "%"):
        settings.put(db, key, 1)
    assert sorted(settings.keys(db, "frontend.")) == ["frontend.1", "frontend.2"]
    assert settings.keys(db, "%") == ["%"]
    assert settings.keys(db, "_") == []
