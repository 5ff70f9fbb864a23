"""The shapes are part of a command's contract."""

from __future__ import annotations

from msgspec.structs import asdict

from store.forget_models import Doomed, Gone


def test_these_are_the_fields() -> None:
    assert list(Doomed.__struct_fields__) == [
        *("id", "agent", "project", "title", "last_activity_at", "open", "turns", "requests", "pings")
    ]
    assert asdict(Gone()) == {"sessions": (), "turns": 0, "requests": 0, "passed_on": 0, "pings": 0}
