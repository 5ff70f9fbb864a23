"""The shapes are part of a command's contract."""

from __future__ import annotations

from store.forget_models import Doomed, Gone


def test_these_are_the_fields() -> None:
    assert list(Doomed.model_fields) == [
        *("id", "agent", "project", "title", "last_activity_at", "open", "turns", "requests", "pings")
    ]
    assert Gone().model_dump() == {"sessions": (), "turns": 0, "requests": 0, "passed_on": 0, "pings": 0}
