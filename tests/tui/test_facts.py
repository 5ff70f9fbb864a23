"""What a session means at a moment."""

from __future__ import annotations

from datetime import UTC

from msgspec.structs import replace

from store.models import BoardView, BudgetMode, CacheStateName, Status
from tests.tui import sample
from tests.tui.sample import NOW
from tui import facts


def test_a_warm_entry_is_expired_the_moment_its_time_passes() -> None:
    assert facts.state(sample.API, NOW + 47.9) is CacheStateName.WARM
    assert facts.state(sample.API, NOW + 48) is CacheStateName.EXPIRED
    assert facts.seconds_left(sample.API, NOW + 48) is None
    assert facts.reason(sample.API, NOW + 48 + 120, UTC)[1].full == "went cold 2m ago"


def test_only_an_unkept_session_of_yours_expires_soon() -> None:
    assert facts.expires_soon(sample.API, NOW)
    assert not facts.expires_soon(sample.ETL, NOW)
    assert facts.expires_soon(sample.ETL, NOW + 80)
    assert not facts.expires_soon(sample.DEPLOY, NOW + 180)
    assert not facts.expires_soon(sample.WEB, NOW + 250)


def test_a_one_hour_entry_shouts_in_its_last_five_minutes() -> None:
    assert not facts.expires_soon(sample.NOTES, NOW + 41 * 60 + 5 - 301)
    assert facts.expires_soon(sample.NOTES, NOW + 41 * 60 + 5 - 300)


def test_shorter_lifetimes_shout_in_proportion() -> None:
    view = replace(sample.cache(5, usd=1.0), ttl_seconds=20.0)
    session = sample.session("sped-up", view, sample.keep("pings_spent"))
    assert not facts.expires_soon(session, NOW)
    assert facts.expires_soon(session, NOW + 1)


def test_who_is_to_move() -> None:
    assert facts.waits_for_person(sample.API)
    assert facts.waits_for_person(sample.DEPLOY)
    assert facts.works(sample.WEB)
    assert facts.works(sample.SEARCH)
    unknown = sample.session("u", sample.cache(9), sample.keep(""), waiting=None, status=Status.UNKNOWN)
    assert not facts.works(unknown)
    assert not facts.waits_for_person(unknown)
    assert facts.is_ended(sample.ENDED[0])
    assert not facts.waits_for_person(sample.ENDED[0])


def test_a_hold_ends_at_its_time() -> None:
    held = replace(sample.API, keepalive=sample.keep("held", mode=BudgetMode.HOLD, until=NOW + 60))
    assert facts.is_held(held, NOW)
    assert not facts.is_held(held, NOW + 61)


def test_plan_logins_pay_in_tokens_and_unknown_costs_nothing() -> None:
    assert facts.cold_cost(sample.API) == "$2.41"
    assert facts.cold_cost(sample.NOTES) == "164k"
    unknown = sample.session("u", sample.cache(state=CacheStateName.UNKNOWN, usd=1.0), sample.keep(""))
    assert facts.cold_cost(unknown) == "–"


def test_reasons_come_from_the_state_that_matters() -> None:
    assert facts.reason(sample.BILLING, NOW, UTC)[1].full == "tools changed, 121k to rewrite"
    assert facts.reason(sample.SEARCH, NOW, UTC)[0] == "no_ttl"
    flying = replace(sample.API, keepalive=replace(sample.API.keepalive, in_flight=True))
    assert facts.reason(flying, NOW, UTC)[0] == "in_flight"
    fresh = sample.session("u", sample.cache(state=CacheStateName.UNKNOWN), sample.keep(""))
    assert facts.reason(fresh, NOW, UTC)[1].short == "no request yet"


def test_names_that_would_read_the_same_are_told_apart() -> None:
    twin = replace(sample.API, id="other-session-id", title="fix\x1b[31m the build")
    names = facts.names(BoardView(sessions=(sample.API, twin, sample.ETL)))
    assert names == {
        "api-refactor": "api-refactor api-refa",
        "other-session-id": "api-refactor fix the build",
        "etl-nightly": "etl-nightly",
    }


def test_a_filter_matches_every_word() -> None:
    assert facts.matches(sample.API, "api-refactor", "API opus")
    assert facts.matches(sample.API, "api-refactor", "src claude")
    assert not facts.matches(sample.API, "api-refactor", "api haiku")
    assert not facts.matches(sample.ETL, "etl-nightly", "aude")


def test_below_even_chances_there_is_nothing_to_lose() -> None:
    def likely(chance: float | None) -> bool:
        view = sample.cache(state=CacheStateName.LIKELY, ttl=None, probability=chance)
        return facts.is_warm(sample.session("l", view, sample.keep("")), NOW)

    assert (likely(0.5), likely(0.49), likely(None)) == (True, False, True)


def test_what_runs_out_does_so_whoever_is_to_move() -> None:
    stalls = sample.session("s", sample.cache(60), sample.keep("off"), waiting=None, status=Status.BUSY)
    assert facts.runs_out(stalls, NOW)
    assert not facts.expires_soon(stalls, NOW)
    assert not facts.runs_out(stalls, NOW - 1)
    assert not facts.runs_out(stalls, NOW + 60)
    kept = replace(stalls, keepalive=sample.keep("tool_guard"))
    assert not facts.runs_out(kept, NOW)


def test_a_price_is_in_dollars_or_in_tokens_or_unknown() -> None:
    assert facts.cold_price(sample.API) == (2.41, None)
    assert facts.cold_price(sample.NOTES) == (None, 164_000)
    unknown = sample.session("u", sample.cache(state=CacheStateName.UNKNOWN, usd=1.0, tokens=9), sample.keep(""))
    assert facts.cold_price(unknown) == (None, None)


def test_under_its_project_a_session_is_called_by_what_is_its_own() -> None:
    titled = replace(sample.API, title="fix\x1b[31m the build")
    assert facts.name_in_project(titled, "api-refactor fix the build") == "fix the build"
    assert facts.name_in_project(sample.API, "api-refactor api-refa") == "api-refa"
    assert facts.name_in_project(sample.API, "api-refactor") == "api-refactor"
