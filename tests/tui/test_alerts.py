"""What rings: each event once, nothing that was so before, nothing foreign in an escape sequence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.models import CacheStateName, SessionView, Status, WaitingFor
from tests.tui import sample
from tests.tui.sample import NOW
from tui.alerts import SETTLED_SECONDS, Alert, Alerts, notification
from tui.format import clean

BUSY = sample.session("deploy", sample.cache(200, usd=0.1), sample.keep("kept"), waiting=None, status=Status.BUSY)
WAITS = replace(BUSY, waiting_for=WaitingFor.YOU, status=Status.IDLE)
LARGE = sample.session(
    "large", replace(sample.cache(100, usd=2.41, tokens=386_000), costly=True), sample.keep("pings_spent")
)
BROKEN = replace(WAITS, cache=sample.cache(state=CacheStateName.CHANGED, reason="tools_changed", tokens=121_000))


class Feed:
    """Alerts of one sidebar."""

    def __init__(self, *sessions: SessionView) -> None:
        self.alerts = Alerts()
        assert self.see(0.0, *sessions) == []

    def see(self, after: float, *sessions: SessionView) -> list[str]:
        return [alert.text for alert in self.told(after, *sessions)]

    def told(self, after: float, *sessions: SessionView) -> list[Alert]:
        return self.alerts.feed(sessions, {one.id: one.project for one in sessions}, NOW + after)


def test_a_session_that_begins_to_wait_rings_once() -> None:
    feed = Feed(BUSY)
    assert feed.see(1, WAITS) == [], "between two requests it looks like that for a moment"
    assert feed.told(1 + SETTLED_SECONDS, WAITS) == [Alert("waits", "deploy", "deploy waits for you")]
    assert feed.see(60, WAITS) == []
    assert feed.see(61, BUSY) == []
    assert feed.see(62, WAITS) == []
    assert feed.see(64, WAITS) == ["deploy waits for you"], "another time"


def test_a_moments_rest_is_no_waiting() -> None:
    feed = Feed(BUSY)
    for second in range(10):
        assert feed.see(second, WAITS if second % 2 else BUSY) == []


def test_a_permission_is_asked_for() -> None:
    asks = replace(WAITS, waiting_for=WaitingFor.PERMISSION)
    feed = Feed(BUSY)
    feed.see(1, asks)
    assert feed.see(3, asks) == ["deploy asks permission"]
    assert feed.see(4, WAITS) == [], "one wait"


@pytest.mark.parametrize("before", [WAITS, LARGE, BROKEN], ids=lambda one: str(one.id))
def test_what_was_so_before_is_no_event(before: SessionView) -> None:
    soon = replace(before, cache=replace(before.cache, expires_at=NOW + 30))
    feed = Feed(soon)
    for second in (1, 10, 20):
        assert feed.see(second, soon) == []
    feed = Feed()
    assert feed.see(5, soon) == [], "nor what is seen for the first time later"
    assert feed.see(10, soon) == []


def test_a_large_cache_that_nothing_keeps_rings_in_its_last_part() -> None:
    feed = Feed(LARGE)
    assert feed.see(39, LARGE) == []
    assert feed.told(40, LARGE) == [Alert("expires", "large", "large goes cold in 1:00, then $2.41")]
    assert feed.see(50, LARGE) == []
    assert feed.see(101, LARGE) == []
    again = replace(LARGE, cache=replace(LARGE.cache, expires_at=NOW + 800))
    assert feed.see(500, again) == []
    assert feed.see(745, again) == ["large goes cold in 0:55, then $2.41"]


@pytest.mark.parametrize(
    "update",
    [
        {"keepalive": sample.keep("kept")},
        {"waiting_for": WaitingFor.TOOL},
        {"cache": replace(LARGE.cache, costly=False)},
        {"cache": replace(LARGE.cache, ttl=None)},
        {"ended_at": NOW},
    ],
    ids=["kept", "runs a tool", "small", "only a minimum ends", "over"],
)
def test_others_do_not(update: dict[str, object]) -> None:
    one = replace(LARGE, **update)
    feed = Feed(one)
    assert feed.see(50, one) == []


@pytest.mark.parametrize(("tokens", "rings"), [(164_000, True), (99_999, False)])
def test_under_a_plan_tokens_say_what_is_large(tokens: int, rings: bool) -> None:
    plan = sample.session("notes", sample.cache(100, tokens=tokens), sample.keep("plan_login"), login="subscription")
    feed = Feed(plan)
    assert bool(feed.see(50, plan)) is rings


def test_a_break_rings_once_and_a_persons_own_command_does_not() -> None:
    feed = Feed(WAITS)
    assert feed.told(1, BROKEN) == [Alert("broke", "deploy", "deploy tools changed, 121k to rewrite")]
    assert feed.see(2, BROKEN) == []
    assert feed.see(3, WAITS) == []
    cleared = replace(BROKEN, cache=sample.cache(state=CacheStateName.CHANGED, reason="cleared"))
    assert feed.see(4, cleared) == []
    assert feed.see(5, BROKEN) == ["deploy tools changed, 121k to rewrite"]


def broke(at: float, cause: str, tokens: int = 121_000) -> SessionView:
    told = {"broke_at": NOW + at, "broke_by": cause, "broke_tokens": tokens}
    return replace(WAITS, cache=replace(WAITS.cache, **told))


def test_a_break_that_the_next_request_already_paid_rings_too() -> None:
    feed = Feed(WAITS)
    (alert,) = feed.told(5, broke(4, "tool_added"))
    assert (alert.kind, alert.text.endswith(", 121k written again")) == ("broke", True)
    assert feed.see(6, broke(4, "tool_added")) == []
    assert feed.see(9, broke(8, "system_changed")) != []
    feed = Feed(broke(-60, "tool_added"))
    assert feed.see(1, broke(-60, "tool_added")) == [], "it was so before"


def test_an_old_break_that_is_learned_of_late_is_no_news() -> None:
    assert Feed(WAITS).see(5, broke(-300, "tool_added")) == []


@pytest.mark.parametrize(("cause", "tokens"), [("expired", 121_000), ("model_changed", 121_000), ("tool_added", 9_000)])
def test_breaks_that_surprise_nobody_do_not(cause: str, tokens: int) -> None:
    assert Feed(WAITS).see(5, broke(4, cause, tokens)) == []


@pytest.mark.parametrize(("causes", "rings"), [("ttl_expired_5m", False), ("tools_changed", True), ("unknown", True)])
def test_where_no_gateway_sees_it_the_client_is_heard(causes: str, rings: bool) -> None:
    told = {"last_miss_at": NOW + 4, "last_miss_cause": causes}
    missed = replace(WAITS, cache=replace(WAITS.cache, **told))
    assert bool(Feed(WAITS).see(5, missed)) is rings


def test_sessions_that_are_gone_are_forgotten() -> None:
    feed = Feed(BUSY)
    assert feed.see(1) == []
    assert feed.see(2, WAITS) == []
    assert feed.see(9, WAITS) == []


def test_the_sequence_and_its_wrapping() -> None:
    assert notification("a waits for you", in_tmux=False) == "\x1b]9;warmside: a waits for you\x07"
    assert notification("a", in_tmux=True) == "\x1bPtmux;\x1b\x1b]9;warmside: a\x07\x1b\\"


@given(st.text())
def test_no_foreign_text_steers_the_terminal(name: str) -> None:
    alerts = Alerts()
    alerts.feed([BUSY], {"deploy": name}, NOW)
    alerts.feed([WAITS], {"deploy": name}, NOW + 1)
    (alert,) = alerts.feed([WAITS], {"deploy": name}, NOW + 9)
    assert clean(alert.text) == alert.text
    for text in (alert.text, name):
        sequence = notification(text, in_tmux=False)
        body = sequence.removeprefix("\x1b]9;warmside: ").removesuffix("\x07")
        assert len(body) == len(sequence) - 15
        assert not any(ord(letter) < 32 or 0x7F <= ord(letter) < 0xA0 for letter in body)
        sequence.encode()
