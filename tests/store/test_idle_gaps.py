"""Idle gaps out of the store, from made-up threads."""

from __future__ import annotations

import sqlite3
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store import idle, sessions
from store.idle_gaps import IdleGap, rows
from store.models import Evidence, Usage, WaitingFor
from tests.store.made_gaps import Ask, ask, thread, watched
from tests.store.made_up import HAIKU, NOW, add_lineage, memory_store, open_period

DAY = 86_400.0


def gaps(db: sqlite3.Connection, now: float = NOW + 10 * DAY, least: float = 0.0) -> list[IdleGap]:
    return list(rows(db, now=now, least_seconds=least))


def test_a_gap_runs_from_send_to_send(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0, turn=1, read=0, written=20_000), Ask(7, turn=1, read=20_000, written=500, uncached=9)])
    (gap,) = gaps(db)
    assert gap == IdleGap(
        session="s1",
        agent="claude",
        kind="tool",
        seconds=7.0,
        prefix_tokens=20_004,
        read=20_000,
        written=500,
        uncached=9,
        ttl_before="5m",
        ttl_after="5m",
        model_before="claude-opus-5-5",
        model_after="claude-opus-5-5",
        compacted=False,
        at=NOW + 7,
        last_of_session=True,
    )


def test_the_first_request_of_a_turn_waited_for_a_person(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0, turn=1), Ask(5, turn=1), Ask(90, turn=2), Ask(95, turn=2), Ask(400, turn=4)])
    assert [gap.kind for gap in gaps(db)] == ["tool", "user", "tool", "user"]


def test_other_threads_and_side_calls_and_refused_requests_do_not_cut_a_gap(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0, turn=1), Ask(300, turn=2)])
    ask(db, Ask(100, turn=None), name="side")
    ask(db, Ask(120, turn=1), name="subagent", agent_id="agent-1")
    ask(db, Ask(140, turn=1, read=0, uncached=0), name="refused")
    for least in (0.0, 240.0):
        assert [gap.seconds for gap in gaps(db, least=least)] == [300.0]


def test_the_class_carries_on_over_requests_that_write_nothing(db: sqlite3.Connection) -> None:
    thread(
        db,
        [Ask(0), Ask(300, written=700, ttl="1h"), Ask(600), Ask(900), Ask(1_200, written=9, ttl="5m"), Ask(1_500)],
    )
    for least in (0.0, 240.0):
        found = gaps(db, least=least)
        assert [gap.ttl_before for gap in found] == [None, "1h", "1h", "1h", "5m"]
        assert [gap.ttl_after for gap in found] == ["1h", "1h", "1h", "5m", "5m"]


def test_of_writes_of_one_moment_the_longer_class_carries_on(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0, written=300, ttl="1h"), Ask(0, written=300, ttl="5m"), Ask(0), Ask(30)])
    for least in (0.0, 1.0):
        assert gaps(db, least=least)[-1].ttl_before == "1h"
    thread(db, [Ask(0, written=300, ttl="1h"), Ask(0, written=300, ttl="5m"), Ask(30)], "s2")
    for least in (0.0, 1.0):
        assert gaps(db, least=least)[-1].ttl_before == "5m", "the last one's own"


def test_the_larger_write_decides_the_class(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0, written=5), Ask(1)])
    db.execute("UPDATE requests SET cache_write_5m = 400, cache_write_1h = 401 WHERE started_at = ?", (NOW,))
    assert [gap.ttl_before for gap in gaps(db)] == ["1h"]


def test_threads_without_promised_lifetimes_are_left_out(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0, model="gpt-5.5"), Ask(300, model="gpt-5.5")])
    assert gaps(db) == [] == gaps(db, least=240.0)


def test_another_model_is_told(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(300, model=HAIKU)])
    assert [(gap.model_before, gap.model_after) for gap in gaps(db)] == [("claude-opus-5-5", HAIKU)]


def test_a_compaction_lies_where_the_prompt_fell(db: sqlite3.Connection) -> None:
    asked = [Ask(0, turn=1, read=90_000), Ask(300, turn=2, read=95_000), Ask(600, turn=2, read=12_000)]
    thread(db, [*asked, Ask(900, turn=3, read=14_000), Ask(1_200, turn=4, read=9_000)], compactions={2: 1})
    for least in (0.0, 240.0):
        assert [gap.compacted for gap in gaps(db, least=least)] == [False, True, False, False]


def test_a_compaction_that_the_gateway_saw(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(300)])
    db.execute(
        "INSERT INTO breaks (message_id, session_id, at, cause, expected_read, read, written)"
        " SELECT message_id, session_id, started_at, 'messages_shrunk', 1, 0, 1 FROM requests WHERE started_at > ?",
        (NOW,),
    )
    assert [gap.compacted for gap in gaps(db)] == [True]


def newest(db: sqlite3.Connection, now: float) -> tuple[bool, float | None, float | None]:
    last = gaps(db, now)[-1]
    assert gaps(db, now, least=240.0)[-1] == last, "however short its gap"
    return last.last_of_session, last.ended_after, last.open_for


def test_an_end_that_was_noticed(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(10)])
    watched(db)
    assert newest(db, NOW + 100) == (False, None, 90.0)
    sessions.end(db, "s1", "ended", NOW + 70)
    assert newest(db, NOW + 100) == (True, 60.0, None)


def test_the_end_of_a_transcript_is_no_end_until_a_day_is_over(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(10)])
    db.execute("UPDATE sessions SET ended_at = last_activity_at, seen_by = 'transcript'")
    assert newest(db, NOW + 10 + DAY - 1) == (False, None, DAY - 1)
    assert newest(db, NOW + 10 + DAY) == (True, None, None)


def test_a_clock_that_was_set_back(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(10)])
    assert newest(db, NOW) == (False, None, 0.0)


def test_the_session_knows_an_end_that_came_after_its_period_was_given_up(db: sqlite3.Connection) -> None:
    lineage = add_lineage_of_thread(db, [Ask(0), Ask(10)])
    open_period(db, lineage, at=NOW + 10)
    idle.close_ended(db, NOW + 10 + DAY)
    sessions.end(db, "s1", "dead", NOW + 10 + 2 * DAY)
    assert newest(db, NOW + 5 * DAY) == (True, 2 * DAY, None)


def add_lineage_of_thread(db: sqlite3.Connection, asked: list[Ask]) -> int:
    """A thread that the gateway sees; returns its lineage."""
    thread(db, [])
    lineage = add_lineage(db)
    for one in asked:
        ask(db, one, lineage_id=lineage, evidence=Evidence.GATEWAY)
    return lineage


def test_an_end_before_a_session_was_opened_again(db: sqlite3.Connection) -> None:
    lineage = add_lineage_of_thread(db, [Ask(0), Ask(900)])
    open_period(db, lineage)
    idle.close_unreturned(db, lineage, at=NOW + 60, by="end")
    for least in (0.0, 240.0):
        assert [(gap.ended_within, gap.last_of_session) for gap in gaps(db, NOW + 950, least)] == [(60.0, False)]


def test_a_period_that_was_given_up_is_no_end(db: sqlite3.Connection) -> None:
    lineage = add_lineage_of_thread(db, [Ask(0), Ask(2 * DAY)])
    open_period(db, lineage)
    idle.close_ended(db, NOW + DAY)
    assert [gap.ended_within for gap in gaps(db, NOW + 2 * DAY)] == [None]


def test_requests_after_an_end_that_a_transcript_alone_knows(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(900)])
    watched(db)
    sessions.end(db, "s1", "ended", NOW + 60)
    (gap,) = gaps(db, NOW + 950)
    assert (gap.ended_within, gap.ended_after, gap.open_for) == (60.0, None, 50.0)


@pytest.mark.parametrize(
    ("waiting", "turns", "background", "kind"),
    [
        (WaitingFor.TOOL, (1, 1), 0, "tool"),
        (WaitingFor.PERMISSION, (1, 1), 0, "tool"),
        (WaitingFor.BACKGROUND, (1, 1), 1, "notification"),
        (WaitingFor.BACKGROUND, (1, 2), 1, "user"),
        (WaitingFor.YOU, (1, 1), 1, "notification"),
        (WaitingFor.YOU, (1, 1), 0, "user"),
        (WaitingFor.YOU, (None, None), 0, "user"),
        (None, (None, None), 0, "tool"),
    ],
)
def test_the_watched_wait_tells_what_turns_do_not(
    db: sqlite3.Connection,
    waiting: WaitingFor | None,
    turns: tuple[int | None, int | None],
    background: int,
    kind: str,
) -> None:
    asked = [Ask(0, turn=turns[0]), Ask(300, turn=turns[1])]
    lineage = add_lineage_of_thread(db, asked)
    db.execute("INSERT INTO turns (session_id, n, background) VALUES ('s1', 1, ?)", (background,))
    open_period(db, lineage)
    idle.note_waiting(db, "s1", waiting)
    idle.close_by_request(db, lineage, at=NOW + 300, read_tokens=0)
    open_period(db, lineage, at=NOW + 300)
    idle.note_waiting(db, "s1", waiting)
    (gap,) = gaps(db, NOW + 310)
    left = {None: "user", WaitingFor.YOU: "user", WaitingFor.BACKGROUND: "notification"}.get(waiting, "tool")
    assert (gap.kind, gap.left_waiting) == (kind, left)
    sessions.end(db, "s1", "ended", NOW + 320)
    idle.close_unreturned(db, lineage, at=NOW + 320, by="end")
    (gap,) = gaps(db, NOW + 330)
    assert (gap.ended_after, gap.left_waiting) == (20.0, left), "the closed period remembers"


def test_since_keeps_the_gap_of_its_first_request_whole(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(300), Ask(700), Ask(710)])
    for least, expected in ((0.0, [400.0, 10.0]), (240.0, [400.0, 10.0])):
        assert [gap.seconds for gap in rows(db, since=NOW + 500, least_seconds=least, now=NOW + 800)] == expected
    assert list(rows(db, since=NOW + 5_000)) == []


def test_only_the_sessions_that_are_asked_for(db: sqlite3.Connection) -> None:
    for name in ("s1", "s2", "s3"):
        thread(db, [Ask(0), Ask(300)], name)
    assert {gap.session for gap in rows(db, sessions=["s3", "s1", "nobody"])} == {"s1", "s3"}
    assert list(rows(db, sessions=[])) == []


def test_more_sessions_than_one_statement_reads(db: sqlite3.Connection) -> None:
    with memory_store() as store:
        for n in range(230):
            thread(store, [Ask(n), Ask(n + 300)], f"s{n}")
        assert len({gap.session for gap in gaps(store)}) == 230
        assert len(gaps(store, least=240.0)) == 230


asks = st.lists(
    st.builds(
        Ask,
        seconds=st.integers(0, 4_000).map(lambda n: n * 30.0),
        turn=st.one_of(st.none(), st.integers(1, 4)),
        read=st.sampled_from([0, 40_000, 90_000]),
        written=st.sampled_from([0, 0, 300]),
        uncached=st.sampled_from([0, 4]),
        ttl=st.sampled_from(["5m", "1h"]),
        model=st.sampled_from(["claude-opus-5-5", "claude-haiku-5-5", "gpt-5.5"]),
    ),
    max_size=14,
)


@given(st.lists(asks, max_size=3), st.integers(1, 4_000).map(float), st.booleans())
def test_long_gaps_are_those_of_all(threads: list[list[Ask]], least: float, ended: bool) -> None:
    with memory_store() as db:
        for number, asked in enumerate(threads):
            thread(db, asked, f"s{number}", compactions={1: 1, 2: 2})
            if ended:
                watched(db, f"s{number}")
                sessions.end(db, f"s{number}", "ended", NOW + 60_000)
        now = NOW + 130_000
        everything = gaps(db, now)
        assert gaps(db, now, least) == [
            gap for gap in everything if gap.seconds >= least or gap.last_of_session or gap.open_for is not None
        ]
        for session in {gap.session for gap in everything}:
            of = [gap for gap in everything if gap.session == session]
            assert [gap.at for gap in of] == sorted(gap.at for gap in of)
            assert all(gap.seconds >= 0 for gap in of)
            assert not any(gap.last_of_session or gap.open_for is not None for gap in of[:-1])
            assert [gap.ended_within for gap in of if gap.ended_within is not None][1:] == [], "one end, one gap"
            assert of[-1].ended_after is None or all(gap.ended_within is None for gap in of)


@given(asks)
def test_gaps_of_a_thread_add_up(asked: list[Ask]) -> None:
    with memory_store() as db:
        thread(db, [one._replace(model="claude-opus-5-5") for one in asked])
        sent = sorted(NOW + one.seconds for one in asked if one.turn is not None and one.total)
        found = gaps(db)
        assert [gap.seconds for gap in found] == pytest.approx([after - before for before, after in pairwise(sent)])


def test_copies_of_a_fork_count_once(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0, turn=1), Ask(300, turn=2)])
    thread(db, [], "s2")
    for seconds in (0, 300):  # the fork's file begins with its parent's records
        db.execute("INSERT INTO request_copies VALUES (?, 7, 's2', 1)", (f"s1-{seconds}",))
    ask(db, Ask(900, turn=3), "s2")
    ask(db, Ask(905, turn=3), "s2")
    assert [(gap.session, gap.seconds) for gap in gaps(db)] == [("s1", 300.0), ("s2", 5.0)]


def test_usage_is_told_by_class(db: sqlite3.Connection) -> None:
    thread(db, [Ask(0), Ask(1)])
    ask(db, Ask(2, turn=1), name="both", usage=Usage(input=3, cache_read=5, cache_write_5m=7, cache_write_1h=11))
    last = gaps(db)[-1]
    assert (last.uncached, last.read, last.written, last.ttl_after) == (3, 5, 18, "1h")
