"""Turn memory against full history: sizes from the last requests, money from the day's prices, texts by their bytes."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import impact, turns
from store.brief import estimated_tokens
from store.impact_models import Impacts
from store.models import Usage
from store.session_filter import SessionFilter
from store.sessions import UnknownSession
from store.turn_memory import ChangedFile, FailedCommand, TurnMemory, format_message_for_provider
from tests.store.made_up import HAIKU, NOW, OPUS, add_lineage, add_prices, add_request, add_session, memory_store
from tests.store.written_turns import add_turn


def filled(
    db: sqlite3.Connection, session_id: str = "s1", *, full: int = 100_000, start: int = 20_000, model: str = OPUS
) -> None:
    """A session whose first request had `start` tokens and whose last one had `full`."""
    add_session(db, session_id, last_activity_at=NOW, cwd=f"/src/{session_id}")
    lineage = add_lineage(db, session_id, prefix=full, ttl="1h", model=model)
    add_request(db, f"{session_id} a", session_id, lineage_id=lineage, usage=Usage(cache_write_1h=start))
    add_request(db, f"{session_id} b", session_id, lineage_id=lineage, usage=Usage(cache_read=full))
    add_request(db, f"{session_id} side", session_id, usage=Usage(input=7))
    add_turn(db, 1, session_id, prompt="p" * 300, answer="a" * 600)


def test_one_session(db: sqlite3.Connection) -> None:
    add_prices(db)
    filled(db)
    one = impact.of_session(db, "s1", NOW, brief_tokens=1_000)
    assert (one.full_tokens, one.start_tokens, one.memory_tokens, one.fresh_tokens) == (100_000, 20_000, 300, 20_300)
    assert (one.full_usd, one.fresh_usd) == pytest.approx((0.8, 20_300 * 8 / 1e6))
    assert (one.full_read_usd, one.fresh_read_usd) == pytest.approx((0.02, 20_300 * 0.2 / 1e6))
    assert (one.brief_usd, one.brief_read_usd) == pytest.approx((21_000 * 8 / 1e6, 21_000 * 0.2 / 1e6))
    assert (one.session, one.project, one.turns, one.last_activity_at) == ("s1", "s1", 1, NOW)


def test_each_size_has_its_own_price(db: sqlite3.Connection) -> None:
    add_prices(db)
    filled(db, full=200_000, model=HAIKU)
    one = impact.of_session(db, "s1", NOW, brief_tokens=0)
    assert (one.full_usd, one.fresh_usd) == pytest.approx((0.2, 20_300 * 0.2 / 1e6))


def test_all_of_them_and_their_sum(db: sqlite3.Connection) -> None:
    add_prices(db)
    filled(db, "small", full=30_000)
    filled(db, "large")
    filled(db, "dear", full=150_000, model="of-no-price")
    add_session(db, "silent")
    found = impact.over(db, NOW)
    assert [one.session for one in found.sessions] == ["large", "small", "dear"]
    assert (found.full_tokens, found.fresh_tokens) == (280_000, 3 * 20_300)
    assert (found.start_tokens, found.memory_tokens) == (60_000, 900)
    assert (found.full_usd, found.fresh_usd) == pytest.approx((130_000 * 8 / 1e6, 2 * 20_300 * 8 / 1e6))
    assert (found.full_read_usd, found.fresh_read_usd) == pytest.approx((130_000 * 0.2 / 1e6, 2 * 20_300 * 0.2 / 1e6))
    assert (found.unpriced, found.without_requests) == (1, 1)
    chosen = impact.over(db, NOW, SessionFilter(project="dear"))
    assert ([one.session for one in chosen.sessions], chosen.full_usd, chosen.without_requests) == (["dear"], None, 0)


def test_nothing_is_compared_with_nothing(db: sqlite3.Connection) -> None:
    assert impact.over(db, NOW) == Impacts()
    add_session(db)
    with pytest.raises(UnknownSession, match="session s1 has no request to compare with"):
        impact.of_session(db, "s1", NOW, brief_tokens=0)


def test_where_no_text_is_stored_it_says_so(db: sqlite3.Connection) -> None:
    filled(db)
    filled(db, "s2")
    db.execute("UPDATE turns SET prompt = '', answer = '' WHERE session_id = 's2'")
    found = impact.over(db, NOW)
    assert {one.session: one.text_stored for one in found.sessions} == {"s1": True, "s2": False}
    assert found.without_text == 1


def test_a_provider_without_classes_has_its_whole_prompt_again(db: sqlite3.Connection) -> None:
    add_session(db, context_tokens=50_000)
    lineage = add_lineage(db, prefix=40_000, ttl=None, model="gpt-5.5")
    add_request(db, "m1", lineage_id=lineage, usage=Usage(input=10_000, cache_read=40_000))
    assert impact.over(db, NOW).sessions[0].full_tokens == 50_000


entries = st.text(st.sampled_from("ab é登/."), min_size=1, max_size=9)


@given(
    st.lists(
        st.tuples(
            entries, entries, st.lists(entries, unique=True, max_size=4), st.lists(entries, unique=True, max_size=4)
        ),
        max_size=4,
    )
)
def test_the_estimate_is_that_of_the_texts(made_up: list[tuple[str, str, list[str], list[str]]]) -> None:
    with memory_store() as db:
        filled(db)
        db.execute("DELETE FROM turns")
        for n, (prompt, answer, files, failed) in enumerate(made_up):
            add_turn(
                db, n, prompt=prompt, answer=answer, files=[(f, "M") for f in files], failed=[(c, 1) for c in failed]
            )
        whole = ""
        for view in turns.read(db, "s1"):
            memory = TurnMemory(
                tuple(ChangedFile(file.path, file.kind) for file in view.files_changed),
                tuple(FailedCommand(one.command, one.exit_code) for one in view.failed_commands),
            )
            whole += view.prompt + format_message_for_provider(view.answer, memory)
        (one,) = impact.over(db, NOW).sessions
        assert abs(one.memory_tokens - estimated_tokens(whole)) <= 2 + 4 * len(made_up)
