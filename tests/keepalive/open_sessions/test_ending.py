"""What an end leaves in the store."""

from __future__ import annotations

import pytest

from keepalive.open_sessions.ending import end
from store import idle, lineages, sessions
from tests.store.made_up import NOW, add_lineage, add_session, memory_store, open_period


@pytest.mark.parametrize(("reason", "replaced"), [("ended", ""), ("dead", ""), ("cleared", "cleared")])
def test_an_end_closes_what_was_open(reason: str, replaced: str) -> None:
    with memory_store() as db:
        add_session(db)
        lineage = add_lineage(db)
        open_period(db, lineage)
        end(db, "s1", reason, NOW + 9)
        row, chain = sessions.get(db, "s1"), lineages.get(db, lineage)
        assert row is not None
        assert chain is not None
        assert (row.ended_at, row.end_reason, chain.replaced) == (NOW + 9, reason, replaced)
        assert idle.current(db, lineage) is None


def test_a_session_without_a_request_ends_too() -> None:
    with memory_store() as db:
        add_session(db)
        end(db, "s1", "ended", NOW)
        row = sessions.get(db, "s1")
        assert row is not None
        assert row.ended_at == NOW
