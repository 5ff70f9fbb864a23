"""The shapes are part of a command's contract."""

from __future__ import annotations

from store.impact_models import BriefImpact, Impact, Impacts, SessionImpact

SUMS = ["full_tokens", "start_tokens", "memory_tokens", "fresh_tokens"]
MONEY = ["full_usd", "fresh_usd", "full_read_usd", "fresh_read_usd"]


def test_these_are_the_fields() -> None:
    assert list(Impact.__struct_fields__) == [*SUMS, *MONEY]
    one = [*SUMS, *MONEY, "session", "agent", "project", "model", "turns", "text_stored", "last_activity_at"]
    assert list(SessionImpact.__struct_fields__) == one
    assert list(BriefImpact.__struct_fields__) == [*one, "brief_tokens", "brief_usd", "brief_read_usd"]
    assert list(Impacts.__struct_fields__) == [
        *SUMS,
        *MONEY,
        "sessions",
        "unpriced",
        "without_text",
        "without_requests",
    ]
