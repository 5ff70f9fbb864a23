"""The client's report as evidence: it beats the transcript, never the gateway, and a disagreement is told."""

from __future__ import annotations

import sqlite3

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict

from store import client_report, statusline_row
from store.client_report import ClientReport, apply
from store.models import CacheStateName, CacheView, Evidence
from store.reported import Report, Told
from store.row import row_of
from tests.store.made_up import NOW, OPUS_PRICE, TTL

WARM, EXPIRED = CacheStateName.WARM, CacheStateName.EXPIRED


def view(state: CacheStateName = WARM, evidence: Evidence = Evidence.TRANSCRIPT, *, since: float = NOW) -> CacheView:
    """A five-minute entry whose last request started at `since`."""
    return CacheView(
        state=state,
        ttl="5m",
        ttl_seconds=TTL,
        expires_at=since + TTL,
        evidence=evidence,
        reason="" if state is WARM else "expired",
        cold_tokens=100_000,
        cold_usd=0.5,
    )


def said(
    warm: bool | None = True, *, until: float | None = NOW + TTL + 9, at: float = NOW + 9, ttl: str | None = "5m"
) -> ClientReport:
    return ClientReport(at, Report(warm, ttl, until, 1, NOW - 50, "tools_changed", 100_100))


def test_the_client_beats_the_transcript() -> None:
    seen = apply(view(), said(), NOW + 10, OPUS_PRICE)
    assert (seen.state, seen.expires_at, seen.evidence, seen.reason) == (WARM, NOW + TTL + 9, Evidence.CLIENT, "")
    assert (seen.last_miss_cause, seen.last_miss_at, seen.disagrees) == ("tools_changed", NOW - 50, "")
    assert (seen.cold_tokens, seen.cold_usd) == (100_000, 0.5)


def test_without_a_report_nothing_changes() -> None:
    assert apply(view(), None, NOW) == view()


def test_an_entry_of_an_hour_that_the_transcript_took_for_five_minutes() -> None:
    seen = apply(view(EXPIRED), said(until=NOW + 3600, ttl="1h"), NOW + 600, OPUS_PRICE)
    assert (seen.state, seen.ttl, seen.ttl_seconds, seen.disagrees) == (WARM, "1h", 3600.0, "transcript_expired")
    assert seen.cold_usd == pytest.approx(0.8)
    assert apply(view(EXPIRED), said(until=NOW + 3600, ttl="1h"), NOW + 600).cold_usd == 0.5


def test_the_client_says_cold_where_the_transcript_says_warm() -> None:
    seen = apply(view(), said(False, until=NOW - 100), NOW + 10)
    assert (seen.state, seen.reason, seen.disagrees) == (EXPIRED, "expired", "transcript_warm")


def test_a_report_that_is_older_than_the_last_request_says_nothing_of_it() -> None:
    seen = apply(view(since=NOW + 100), said(False, until=NOW + 50, at=NOW + 100), NOW + 110)
    assert (seen.state, seen.evidence, seen.disagrees) == (WARM, Evidence.TRANSCRIPT, "")
    assert seen.last_miss_cause == "tools_changed"


def test_a_session_of_which_nothing_else_is_known() -> None:
    seen = apply(CacheView(reason="no_request"), said(), NOW + 10)
    assert (seen.state, seen.evidence, seen.reason, seen.disagrees) == (WARM, Evidence.CLIENT, "", "")
    assert (seen.cold_tokens, seen.cold_usd) == (100_100, None)
    later = apply(CacheView(reason="no_request"), said(), NOW + 9 + TTL)
    assert later.state is EXPIRED


def test_the_gateway_wins_and_a_disagreement_is_told() -> None:
    seen = apply(view(EXPIRED, Evidence.GATEWAY), said(until=NOW + 3600), NOW + 600)
    assert (seen.state, seen.evidence, seen.disagrees) == (EXPIRED, Evidence.GATEWAY, "client_warm")
    assert seen.last_miss_cause == "tools_changed"


def test_what_pings_have_kept_the_client_cannot_know() -> None:
    seen = apply(view(since=NOW + 280, evidence=Evidence.GATEWAY), said(False, until=NOW + 9 + TTL), NOW + 400)
    assert (seen.state, seen.disagrees) == (WARM, "")


def test_two_clocks_that_mean_the_same_request_do_not_disagree() -> None:
    moment = NOW + TTL + 5  # ours is over, the client's not quite
    assert apply(view(EXPIRED), said(), moment).disagrees == ""
    assert apply(view(EXPIRED, Evidence.GATEWAY), said(), moment).disagrees == ""


@pytest.mark.parametrize(
    "known",
    [
        CacheView(state=CacheStateName.CHANGED, reason="compacted", evidence=Evidence.TRANSCRIPT),
        CacheView(state=CacheStateName.CHANGED, reason="cleared", evidence=Evidence.TRANSCRIPT),
        CacheView(state=CacheStateName.UNKNOWN, reason="resumed", evidence=Evidence.TRANSCRIPT),
    ],
)
def test_a_prefix_that_is_gone_is_not_called_warm(known: CacheView) -> None:
    seen = apply(known, said(), NOW + 10)
    assert (seen.state, seen.reason, seen.evidence) == (known.state, known.reason, known.evidence)


def test_a_client_that_says_nothing_of_its_entry() -> None:
    assert apply(view(), said(None, until=None), NOW + 10).evidence is Evidence.TRANSCRIPT


@given(
    st.sampled_from(list(CacheStateName)),
    st.sampled_from([None, *Evidence]),
    st.none() | st.floats(NOW - 4000, NOW + 4000),
    st.sampled_from([None, True, False]),
    st.none() | st.floats(NOW - 4000, NOW + 4000),
    st.floats(NOW - 4000, NOW),
)
def test_the_better_evidence_wins(
    state: CacheStateName,
    evidence: Evidence | None,
    expires_at: float | None,
    warm: bool | None,
    until: float | None,
    at: float,
) -> None:
    known = CacheView(state=state, evidence=evidence, expires_at=expires_at, ttl_seconds=TTL, ttl="5m")
    seen = apply(known, said(warm, until=until, at=at), NOW)
    assert row_of(CacheView, asdict(seen)) == seen
    if evidence is Evidence.GATEWAY or state is CacheStateName.CHANGED:
        assert (seen.state, seen.expires_at, seen.evidence) == (state, expires_at, evidence)
    if seen.evidence is Evidence.CLIENT and seen != known and seen.expires_at is not None and seen.state is WARM:
        assert seen.expires_at > NOW or evidence is Evidence.CLIENT


def test_reports_are_read_by_session(db: sqlite3.Connection) -> None:
    first, second = said(False).report, Report()
    assert statusline_row.note(db, Told("s1", "", first), None, NOW)
    assert statusline_row.note(db, Told("s2", "", second), None, NOW + 1)
    assert client_report.reports(db, ["s1", "s2", "s3"]) == {
        "s1": ClientReport(NOW, first),
        "s2": ClientReport(NOW + 1, second),
    }
    assert client_report.reports(db, []) == {}
