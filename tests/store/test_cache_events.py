"""Each kind of cache event, by its usage and its clock; and no event without a reason in the figures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.cache_events import LEAST_LOST_TOKENS, Around, Happened, Seen, Sent, events, of_turn

HAIKU, OPUS, GPT = "claude-haiku-5-5", "claude-opus-5-5", "gpt-5"


def sent(
    number: int,
    at: float,
    *,
    read: int = 0,
    wrote: int = 0,
    hour: int = 0,
    turn: int | None = None,
    model: str = OPUS,
    plain: int = 3,
) -> Sent:
    return Sent(number, number if turn is None else turn, at, model, plain, read, wrote, hour)


FIRST = sent(1, 0.0, read=10_000, wrote=90_000)
"""Leaves 100,000 tokens for five minutes."""


def told(happened: list[Happened]) -> list[tuple[int, str, str, int]]:
    return [(one.sent.id, one.kind, one.cause, one.rewritten) for one in happened]


def after(second: Sent, around: Around | None = None) -> list[tuple[int, str, str, int]]:
    return told(events([FIRST, second], around or Around()))


def test_nothing_happens_while_the_prefix_is_read() -> None:
    assert after(sent(2, 299.0, read=100_000, wrote=5_000)) == []
    assert after(sent(2, 299.0, read=95_100, wrote=9_000)) == [], "a tail that is worded anew"


def test_the_first_request_had_nothing_to_read() -> None:
    assert events([FIRST]) == []
    assert events([]) == []
    assert told(events([sent(1, 0.0), sent(2, 9.0, wrote=50_000)])) == []


@pytest.mark.parametrize(("gap", "expected"), [(300.0, ("lapsed", "")), (299.9, ("changed", "prefix_changed"))])
def test_it_lapses_from_the_end_of_its_lifetime_on(gap: float, expected: tuple[str, str]) -> None:
    assert after(sent(2, gap, read=10_000, wrote=92_000)) == [(2, *expected, 90_000)]


def test_an_entry_that_outlived_its_time_was_kept() -> None:
    assert after(sent(2, 305.0, read=100_000)) == [(2, "kept", "", 0)]
    assert after(sent(2, 560.0, read=100_000), Around(pings=[290.0])) == [(2, "kept", "ping", 0)]
    assert after(sent(2, 250.0, read=100_000), Around(pings=[240.0])) == [], "it would have been there anyway"
    assert after(sent(2, 305.0, read=100_000), Around(pings=[-9.0, 310.0])) == [(2, "kept", "", 0)]


def test_a_ping_moves_the_clock() -> None:
    second = sent(2, 580.0, read=10_000, wrote=92_000)
    assert after(second, Around(pings=[290.0])) == [(2, "changed", "prefix_changed", 90_000)]
    assert after(second, Around(pings=[270.0])) == [(2, "lapsed", "", 90_000)]


def test_the_configuration_may_scale_lifetimes() -> None:
    assert after(sent(2, 12.0, read=10_000, wrote=92_000), Around(lifetimes={"5m": 12.0})) == [
        (2, "lapsed", "", 90_000)
    ]


def test_another_model() -> None:
    second = sent(2, 20.0, wrote=80_000, model=HAIKU)
    assert after(second) == [(2, "changed", "model_changed", 80_000)]
    assert events([FIRST, second])[0].shrunk_percent is None, "tokens of another model are other tokens"
    assert after(sent(2, 20.0, wrote=80_000, model="")) == [(2, "changed", "shrank", 80_000)]


def test_a_session_that_was_opened_again() -> None:
    second = sent(2, 60.0, read=10_000, wrote=80_000)
    (one,) = events([FIRST, second], Around(resumes={1: 1}))
    assert (one.cause, one.shrunk_percent) == ("resumed", 10.0)
    assert after(sent(2, 60.0, read=100_000), Around(resumes={1: 1})) == []
    assert after(sent(2, 400.0, read=10_000, wrote=90_000), Around(resumes={1: 1})) == [(2, "lapsed", "", 90_000)]


def test_a_prompt_that_shrank() -> None:
    (rewritten,) = events([FIRST, sent(2, 60.0, read=20_000, wrote=40_000)])
    assert (rewritten.kind, rewritten.cause, rewritten.rewritten, rewritten.shrunk_percent) == (
        "changed",
        "shrank",
        40_000,
        40.0,
    )
    (dropped,) = events([FIRST, sent(2, 60.0, read=70_000, wrote=10)])
    assert (dropped.cause, dropped.rewritten, dropped.lost, dropped.shrunk_percent) == ("shrank", 10, 30_000, 30.0)
    (late,) = events([FIRST, sent(2, 900.0, wrote=60_000)])
    assert (late.kind, late.shrunk_percent) == ("lapsed", 40.0)


def test_a_compaction_starts_again_with_less() -> None:
    """Its record only says in which turn it was: the greatest fall is its own."""
    thread = [
        FIRST,
        sent(2, 10.0, read=100_000, wrote=50_000, turn=2),
        sent(3, 20.0, read=10_000, wrote=20_000, turn=2),
        sent(4, 30.0, read=30_000, wrote=1_000, turn=2),
        sent(5, 40.0, read=31_000, wrote=900, turn=3),
    ]
    assert told(events(thread, Around(compactions={2: 1}))) == [(3, "compacted", "", 20_000)]
    assert told(events(thread, Around(compactions={1: 1}))) == [(3, "changed", "shrank", 20_000)]
    # By hand, between two turns: it belongs to the turn before.
    assert told(events([FIRST, sent(2, 900.0, wrote=30_000)], Around(compactions={1: 1}))) == [
        (2, "compacted", "", 30_000)
    ]


def test_two_compactions_of_one_turn() -> None:
    thread = [
        sent(1, 0.0, wrote=150_000, turn=1),
        sent(2, 9.0, wrote=40_000, turn=1),
        sent(3, 60.0, read=40_000, wrote=110_000, turn=1),
        sent(4, 99.0, wrote=30_000, turn=2),
    ]
    happened = events(thread, Around(compactions={1: 2}))
    assert [(one.sent.id, one.kind, one.shrunk_percent) for one in happened] == [
        (2, "compacted", None),
        (4, "compacted", None),
    ]


def test_right_after_a_break_it_does_not_break_again() -> None:
    broken = sent(2, 60.0, read=10_000, wrote=92_000, turn=2)
    soon = sent(3, 65.0, read=10_000, wrote=93_000, turn=2)
    assert [one.sent.id for one in events([FIRST, broken, soon])] == [2]
    later = soon._replace(at=120.0)
    assert [one.sent.id for one in events([FIRST, broken, later])] == [2, 3]
    assert [one.sent.id for one in events([FIRST, broken, soon._replace(turn=3)])] == [2, 3]
    compacted = sent(3, 65.0, read=10_000, wrote=20_000, turn=2)
    assert [one.kind for one in events([FIRST, broken, compacted], Around(compactions={2: 1}))] == [
        "changed",
        "compacted",
    ]


def test_a_few_tokens_of_the_last_write_are_its_wording() -> None:
    """Two answers side by side: the second cannot read yet what the first has just written."""
    thread = [
        sent(1, 0.0, wrote=31_000),
        sent(2, 5.0, read=31_000, wrote=4_000),
        sent(3, 8.0, read=31_000, wrote=4_200),
    ]
    assert events(thread) == []
    thread[1] = thread[1]._replace(write_5m=30_000)
    assert told(events(thread)) == [(3, "changed", "shrank", 4_200)]


# --- TTL classes -----------------------------------------------------------------------------------------------------


def test_an_hour_is_an_hour() -> None:
    first = sent(1, 0.0, hour=100_000)
    for gap, kind in ((3_599.0, "changed"), (3_600.0, "lapsed")):
        (one,) = events([first, sent(2, gap, hour=101_000)])
        assert (one.kind, one.written_as) == (kind, "1h")


def test_a_five_minute_block_of_a_server_tool_changes_no_class() -> None:
    thread = [
        sent(1, 0.0, hour=100_000),
        sent(2, 10.0, read=100_000, wrote=3_000),
        sent(3, 20.0, read=103_000, hour=2_000),
        sent(4, 1_000.0, read=105_000),
        sent(5, 2_000.0, read=105_000, wrote=500),
        sent(6, 3_000.0, read=105_500),
    ]
    assert events(thread) == [], "no lifetime was over"


def test_a_client_that_falls_back_to_five_minutes_changes_the_class() -> None:
    thread = [
        sent(1, 0.0, hour=100_000),
        sent(2, 10.0, read=100_000, wrote=3_000),
        sent(3, 20.0, read=103_000, wrote=2_000),
        sent(4, 700.0, read=10_000, wrote=96_000),
    ]
    assert told(events(thread)) == [(4, "lapsed", "", 95_000)]
    whole = [sent(1, 0.0, hour=100_000), sent(2, 4_000.0, wrote=101_000), sent(3, 4_400.0, wrote=102_000)]
    assert [one.kind for one in events(whole)] == ["lapsed", "lapsed"]


def test_without_a_promised_lifetime() -> None:
    first = sent(1, 0.0, read=10_000, plain=90_000, model=GPT)
    miss = sent(2, 20.0, read=2_000, plain=99_000, model=GPT)
    assert told(events([first, miss])) == [], "a miss in time says nothing about the prefix"
    assert told(events([first, miss._replace(at=400.0)])) == [(2, "lapsed", "", 96_976)]
    assert told(events([first, miss._replace(input=60_000)])) == [(2, "changed", "shrank", 60_000)]
    (one,) = events([first, miss._replace(model="gpt-5-mini")])
    assert (one.cause, one.written_as) == ("model_changed", None)
    assert told(events([first, sent(2, 900.0, read=99_000, plain=9_000, model=GPT)])) == [], "nothing to outlive"


# --- what the gateway saw --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cause", "expected"),
    [
        ("tool_added", ("changed", "tool_added")),
        ("expired", ("lapsed", "")),
        ("compacted", ("compacted", "")),
        ("messages_shrunk", ("compacted", "")),
    ],
)
def test_what_the_gateway_saw_is_better_evidence(cause: str, expected: tuple[str, str]) -> None:
    for gap in (20.0, 900.0):
        around = Around(seen={2: Seen(cause, 100_000)})
        assert after(sent(2, gap, read=10_000, wrote=92_000), around) == [(2, *expected, 90_000)]


def test_a_recorded_compaction_stays_one() -> None:
    around = Around(compactions={1: 1}, seen={2: Seen("message_edited", 100_000)})
    assert after(sent(2, 20.0, read=10_000, wrote=22_000), around) == [(2, "compacted", "message_edited", 22_000)]


# --- which one a turn shows ------------------------------------------------------------------------------------------


def test_a_turn_shows_its_start_else_its_worst() -> None:
    thread = [
        FIRST,
        sent(2, 400.0, wrote=100_000, turn=2),
        sent(3, 900.0, wrote=120_000, turn=2),
        sent(4, 1_300.0, wrote=150_000, turn=2),
    ]
    happened = events(thread)
    assert of_turn(happened, 2).sent.id == 2
    assert of_turn(happened, 99).sent.id == 4


# --- whatever comes --------------------------------------------------------------------------------------------------

TOKENS = st.integers(0, 300_000)
REQUESTS = st.lists(
    st.builds(
        Sent,
        st.integers(1, 10**6),
        st.integers(-1, 4),
        st.floats(0, 20_000),
        st.sampled_from([OPUS, HAIKU, GPT, ""]),
        TOKENS,
        TOKENS,
        TOKENS,
        TOKENS,
    ),
    max_size=12,
    unique_by=lambda one: one.id,
)
COUNTS = st.dictionaries(st.integers(-1, 4), st.integers(1, 3))


@given(thread=REQUESTS, compactions=COUNTS, resumes=COUNTS, pings=st.lists(st.floats(0, 20_000)).map(sorted))
def test_no_event_without_its_reason(
    thread: list[Sent], compactions: dict[int, int], resumes: dict[int, int], pings: list[float]
) -> None:
    happened = events(thread, Around(compactions, resumes, pings))
    assert happened == events(reversed(thread), Around(compactions, resumes, pings)), "whatever order they come in"
    assert len({one.sent.id for one in happened}) == len(happened)
    for one in happened:
        assert 0 <= one.rewritten <= min(one.lost, max(one.sent.input, one.sent.written))
        if one.kind == "kept":
            assert one.lost <= 0.2 * one.expected or one.lost < LEAST_LOST_TOKENS
        elif one.kind == "lapsed" or one.cause in ("prefix_changed", "model_changed", "resumed"):
            assert one.lost >= LEAST_LOST_TOKENS
        elif one.cause == "shrank":
            assert one.shrunk_percent is not None
            assert one.shrunk_percent >= 5
    assert sum(one.rewritten for one in happened) <= sum(max(one.input, one.written) for one in thread)
    assert len([one for one in happened if one.kind == "compacted"]) <= sum(compactions.values())


@given(
    wrote=st.lists(st.integers(1, 50_000), min_size=2, max_size=12),
    gaps=st.lists(st.floats(1, 299), min_size=12, max_size=12),
)
def test_a_thread_that_reads_all_it_left_has_no_events(wrote: list[int], gaps: list[float]) -> None:
    thread = [sent(n, sum(gaps[:n]), read=sum(wrote[:n]), wrote=count) for n, count in enumerate(wrote)]
    assert events(thread) == []
