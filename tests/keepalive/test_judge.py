"""What answers mean: stops of a lineage or an account, and costs that are not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.judge import FORK_EXTRA, LEAST_WAIT, ForkTerms, Result, judge
from keepalive.usage import Bucket, RateLimits
from keepalive.warmer import Outcome, WarmAnswer
from store.models import Usage

NOW = 1_790_000_000.0


def answered(read: int, write: int = 0, write_1h: int = 0) -> WarmAnswer:
    usage = Usage(cache_read=read, cache_write_5m=write, cache_write_1h=write_1h)
    return WarmAnswer("answered", status=200, usage=usage, sent_at=NOW - 1)


@pytest.mark.parametrize(
    ("read", "write", "write_1h"), [(10_000, 0, 0), (9_500, 0, 0), (9_500, 1_000, 0), (10_500, 0, 1_000)]
)
def test_a_hit_goes_on(read: int, write: int, write_1h: int) -> None:
    assert judge(answered(read, write, write_1h), 10_000, NOW) == Result("hit")


@pytest.mark.parametrize(
    ("answer", "percent"),
    [(answered(0, 10_000), 0), (answered(9_499), 95), (answered(9_600, 1_001), 96), (answered(9_600, 0, 1_001), 96)],
)
def test_a_miss_stops_the_lineage_and_says_what_was_read(answer: WarmAnswer, percent: int) -> None:
    assert judge(answer, 10_000, NOW) == Result("miss", "missed", {"read_percent": percent})


def test_a_good_answer_without_figures_keeps_its_reservation() -> None:
    found = judge(WarmAnswer("answered", status=200, sent_at=NOW), 10_000, NOW)
    assert (found.stop, found.cost_known) == ("missed", False)


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_key_stops_its_account(status: int) -> None:
    found = judge(WarmAnswer("refused", status=status, sent_at=NOW), 10_000, NOW)
    assert found == Result("refused", "refused", {"status": status}, whole_account=True)


def test_a_credential_that_the_warmer_itself_refuses_stops_its_account() -> None:
    found = judge(WarmAnswer("refused", detail="subscription login"), 10_000, NOW)
    assert found.whole_account
    assert found.until is None


@pytest.mark.parametrize("status", [400, 404, 413, 422])
def test_a_refused_request_stops_its_lineage_alone(status: int) -> None:
    found = judge(WarmAnswer("refused", status=status, sent_at=NOW), 10_000, NOW)
    assert found == Result("refused", "provider", {"status": status})


def limited(retry_after: float | None = None, *buckets: Bucket) -> Result:
    requests, tokens, input_tokens = (*buckets, Bucket(), Bucket(), Bucket())[:3]
    limits = RateLimits(requests, tokens, input_tokens) if buckets else None
    return judge(WarmAnswer("limited", status=429, sent_at=NOW, retry_after=retry_after, limits=limits), 10_000, NOW)


def test_a_rate_limit_stops_its_account_until_the_provider_says() -> None:
    found = limited(30.0)
    assert found == Result("limited", "limited", {"until": NOW + 30}, NOW + 30, whole_account=True)


def test_a_rate_limit_without_a_wait_ends_with_the_last_of_the_used_up_buckets() -> None:
    used, spare, old = Bucket(10, 0, NOW + 40), Bucket(10, 5, NOW + 900), Bucket(10, 0, NOW - 5)
    assert limited(None, used, spare, old).until == NOW + 40
    assert limited(None, used, Bucket(10, 0, NOW + 60)).until == NOW + 60


def test_a_rate_limit_of_which_nothing_is_said_ends_with_the_accounts_next_answer() -> None:
    for found in (limited(), limited(None, Bucket(10, 5, NOW + 900)), limited(None, Bucket(10, 0, None))):
        assert found == Result("limited", "limited", {}, None, whole_account=True)


@pytest.mark.parametrize("found", [limited(0.0), limited(None, Bucket(10, 0, NOW + 0.01))])
def test_a_rate_limit_is_never_tried_again_at_once(found: Result) -> None:
    assert found.until == NOW + LEAST_WAIT


@pytest.mark.parametrize("outcome", ["timeout", "unreachable"])
def test_what_left_and_was_not_answered_may_have_been_billed(outcome: Outcome) -> None:
    lost = judge(WarmAnswer(outcome, sent_at=NOW), 10_000, NOW)
    assert lost == Result(outcome, "provider", {"status": outcome}, cost_known=False)
    kept = judge(WarmAnswer(outcome), 10_000, NOW)
    assert kept == Result(outcome, "provider", {"status": outcome})


@pytest.mark.parametrize(("status", "known"), [(500, True), (529, True), (302, True), (200, False)])
def test_an_error_is_free_but_an_unreadable_good_answer_is_not(status: int, known: bool) -> None:
    found = judge(WarmAnswer("provider_error", status=status, sent_at=NOW), 10_000, NOW)
    assert found == Result("provider_error", "provider", {"status": status}, cost_known=known)


def test_what_was_too_late_stops_nothing() -> None:
    assert judge(WarmAnswer("too_late"), 10_000, NOW) == Result("too_late")


def fork(read: int, write: int, *, tried_tool: bool = False) -> WarmAnswer:
    usage = Usage(input=11, output=11, cache_read=read, cache_write_5m=write)
    return WarmAnswer("answered", usage=usage, sent_at=NOW - 1, tried_tool=tried_tool)


PREFIX, REPLY = 13_628, 11
"""A session as it was measured: its first fork wrote 13 tokens for a reply of 11."""


@pytest.mark.parametrize(
    ("read", "write", "outcome"),
    [
        (13_628, 13, "hit"),  # the first fork
        (13_641, 0, "hit"),  # and the next one
        (13_641, 11 + FORK_EXTRA, "hit"),
        (13_641, 12 + FORK_EXTRA, "miss"),
        (12_947, 13, "hit"),
        (12_946, 13, "miss"),
        (0, 13_670, "miss"),  # 380 s after the last touch
        (10_564, 2_894, "miss"),  # with another effort
        (0, 0, "miss"),
    ],
)
def test_a_fork_may_write_the_last_reply_and_no_more(read: int, write: int, outcome: str) -> None:
    found = judge(fork(read, write), PREFIX, NOW, ForkTerms(REPLY))
    assert (found.outcome, found.stop, found.cost_known) == (outcome, "" if outcome == "hit" else "missed", True)


def test_a_long_reply_is_more_than_a_tenth_of_the_prefix_and_still_a_hit() -> None:
    assert judge(fork(13_628, 9_000), PREFIX, NOW, ForkTerms(9_000)).outcome == "hit"
    assert judge(fork(22_640, 0), PREFIX, NOW, ForkTerms(9_000)).outcome == "hit"
    assert judge(fork(13_628, 9_000), PREFIX, NOW).outcome == "miss", "a replay has no reply to write"


def test_a_reply_of_unknown_size_gets_a_tenth() -> None:
    assert judge(fork(13_628, 1_362), PREFIX, NOW, ForkTerms(None)).outcome == "hit"
    assert judge(fork(13_628, 1_363), PREFIX, NOW, ForkTerms(None)).outcome == "miss"


@pytest.mark.parametrize("terms", [ForkTerms(REPLY), ForkTerms(None)])
def test_two_requests_are_a_fault(terms: ForkTerms) -> None:
    found = judge(fork(13_628 + 13_641, 13), PREFIX, NOW, terms)
    assert found == Result("fault", "fork_tool", {"requests": 2})


def test_a_reply_as_long_as_the_prefix_is_not_taken_for_a_second_request() -> None:
    assert judge(fork(27_200, 0), PREFIX, NOW, ForkTerms(13_572)).outcome == "hit"


def test_a_tool_that_was_tried_is_a_fault_whatever_it_cost() -> None:
    found = judge(fork(13_628, 13, tried_tool=True), PREFIX, NOW, ForkTerms(REPLY))
    assert found == Result("fault", "fork_tool", {"requests": 1})
    unknown = WarmAnswer("answered", sent_at=NOW - 1, tried_tool=True)
    assert judge(unknown, PREFIX, NOW, ForkTerms(REPLY)).cost_known is False


@given(st.integers(1, 200_000), st.none() | st.integers(0, 50_000), st.integers(0, 500_000), st.integers(0, 500_000))
def test_a_fork_that_hits_read_what_one_request_can_and_wrote_little(
    prefix: int, reply: int | None, read: int, write: int
) -> None:
    found = judge(fork(read, write), prefix, NOW, ForkTerms(reply, assumed=True))
    assert found.assumed == (found.outcome == "hit")
    if found.outcome == "hit":
        assert 100 * read >= 95 * prefix
        assert write <= (prefix / 10 if reply is None else reply + FORK_EXTRA)
        assert read < max(1.9 * prefix, prefix + (reply or 0) + FORK_EXTRA + 1)


def test_a_hit_on_an_hours_entry_is_assumed_until_one_was_proven() -> None:
    assert judge(fork(13_628, 13), PREFIX, NOW, ForkTerms(REPLY, assumed=True)) == Result("hit", assumed=True)
    assert judge(fork(0, 13_670), PREFIX, NOW, ForkTerms(REPLY, assumed=True)).assumed is False


def test_a_turn_that_runs_stops_nothing() -> None:
    assert judge(WarmAnswer("busy"), PREFIX, NOW, ForkTerms(REPLY)) == Result("busy")


def test_a_client_that_cannot_fork_stops_its_lineage_for_nothing() -> None:
    assert judge(WarmAnswer("silent"), PREFIX, NOW, ForkTerms(REPLY)) == Result("silent", "plugin_silent")
    assert judge(WarmAnswer("nothing_to_fork"), PREFIX, NOW) == Result("nothing_to_fork", "nothing_to_fork")


def test_a_fork_that_nobody_consented_to_stops_its_lineage_for_nothing() -> None:
    assert judge(WarmAnswer("plan_login"), PREFIX, NOW, ForkTerms(REPLY)) == Result("plan_login", "plan_login")


OUTCOMES: list[Outcome] = [
    "answered",
    "refused",
    "limited",
    "provider_error",
    "timeout",
    "too_late",
    "unreachable",
    "busy",
    "silent",
    "nothing_to_fork",
    "plan_login",
]


@given(
    st.sampled_from(OUTCOMES),
    st.none() | st.integers(200, 599),
    st.none() | st.builds(Usage, cache_read=st.integers(0, 20_000), cache_write_5m=st.integers(0, 20_000)),
    st.none() | st.just(NOW),
)
def test_only_a_hit_or_nothing_sent_goes_on(
    outcome: Outcome, status: int | None, usage: Usage | None, sent_at: float | None
) -> None:
    found = judge(WarmAnswer(outcome, status=status, usage=usage, sent_at=sent_at), 10_000, NOW)
    assert (found.stop == "") == (found.outcome in ("hit", "too_late", "busy"))
    if found.outcome == "hit":
        assert usage is not None
        assert usage.cache_read >= 9_500
        assert usage.cache_write <= 1_000
