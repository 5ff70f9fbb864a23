"""The decision: every guard by its reason, the caps over whole idle periods, and the bet on recorded gaps."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from keepalive.bet import SURPLUS, break_even
from keepalive.hazards import PRIOR
from keepalive.policy import Ping, Rules, Spend, Stop, decide, numbers, question
from keepalive.question import Kind
from keepalive.state import LineageView, due_at, expires_at, interval, last_send_at, warmer_of
from store.models import BudgetMode, TTLClass, WaitingFor

T0 = 1_790_000_000.0
DUE = T0 + 283.5
SEEN = LineageView(
    session_ended=False,
    process_dead=False,
    agent_id="",
    requests=2,
    replaced="",
    in_flight=False,
    ping_in_flight=False,
    last_request_at=T0,
    last_touch_at=T0,
    ttl_class="5m",
    ttl_seconds=300.0,
    ttfb_p95=1.5,
    prefix_tokens=80_000,
    minimum_tokens=1_024,
    thinking_enabled=False,
    replayable=True,
    has_prefix=True,
    login="api_key",
    attached=True,
    waiting_for=WaitingFor.YOU,
    read_usd=0.04,
    write_usd=0.5,
    read_multiplier=0.1,
    write_multiplier=1.25,
    stop="",
    stop_args={},
    stop_until=None,
    limits_used=0.0,
    limits_reset_at=None,
    compacts_at=None,
    ends_known_fraction=0.0,
    clock_trusted=True,
    model="claude-opus-5",
)
AUTO = Rules(mode=BudgetMode.AUTO, until=None, max_idle_pings=None, max_session_usd=None)
HOLD = replace(AUTO, mode=BudgetMode.HOLD, until=T0 + 7_200)
NOTHING = Spend(idle_pings=0, idle_usd=0.0, session_usd=0.0, day_usd=0.0)


def stopped(view: LineageView = SEEN, spend: Spend = NOTHING, rules: Rules = AUTO, now: float = T0) -> Stop:
    decision = decide(view, spend, rules, now)
    assert isinstance(decision, Stop), decision
    return decision


def pinged(view: LineageView = SEEN, spend: Spend = NOTHING, rules: Rules = AUTO, now: float = T0) -> Ping:
    decision = decide(view, spend, rules, now)
    assert isinstance(decision, Ping), decision
    return decision


# --- arbitrary lineages, most of them pingable, so that a missing guard shows -------------------------------------

USD = st.floats(0, 0.2)


@st.composite
def views(draw: st.DrawFn) -> LineageView:
    ttl_class: TTLClass = draw(st.sampled_from(["5m", "1h"]))
    ttl = {"5m": 300.0, "1h": 3_600.0}[ttl_class] * draw(st.sampled_from([1.0, 1.0, 40 / 300]))
    read = draw(st.floats(0.0001, 0.2))
    return replace(
        SEEN,
        requests=draw(st.integers(2, 500)),
        last_touch_at=T0 + draw(st.floats(0, 5_000)),
        ttl_class=ttl_class,
        ttl_seconds=ttl,
        ttfb_p95=draw(st.floats(0, 30)),
        prefix_tokens=draw(st.integers(20_000, 900_000)),
        waiting_for=draw(st.sampled_from([None, *WaitingFor])),
        login=draw(st.sampled_from(["api_key", "api_key", "subscription"])),
        plugin=draw(st.booleans()),
        fork_allowed=draw(st.booleans()),
        rests=draw(st.sampled_from([True, True, False])),
        read_usd=read,
        write_usd=read + draw(USD) * 10,
        read_multiplier=draw(st.sampled_from([0.1, 0.05, 0.025])),
        write_multiplier={"5m": 1.25, "1h": 2.0}[ttl_class],
        limits_used=draw(st.floats(0, 1)),
        ends_known_fraction=draw(st.floats(0, 1)),
    )


@st.composite
def rulings(draw: st.DrawFn) -> Rules:
    return Rules(
        mode=draw(st.sampled_from([BudgetMode.AUTO, BudgetMode.HOLD])),
        until=draw(st.none() | st.floats(T0, T0 + 20_000)),
        max_idle_pings=draw(st.none() | st.integers(0, 12)),
        max_session_usd=draw(st.none() | st.floats(0, 2)),
        max_ping_usd=draw(st.floats(0, 0.5)),
        max_day_usd=draw(st.floats(0, 6)),
    )


@st.composite
def moments(draw: st.DrawFn) -> tuple[LineageView, float]:
    """A lineage and a time around its deadlines, where the answers differ."""
    view = draw(views())
    expiry, due = expires_at(view), due_at(view)
    assert expiry is not None
    assert due is not None
    start = view.last_touch_at or 0.0
    return view, draw(st.floats(start, due) | st.floats(due, expiry) | st.floats(expiry - 3, expiry + 100))


@st.composite
def plans(draw: st.DrawFn) -> tuple[LineageView, Rules, float]:
    """A lineage whose next ping is planned, in either mode."""
    view = draw(views())
    due = due_at(view)
    assert due is not None
    now = draw(st.floats(view.last_touch_at or 0.0, due + 1))
    rules = replace(draw(st.sampled_from([AUTO, HOLD])), max_day_usd=10.0, until=draw(st.none() | st.just(T0 + 9_000)))
    assume(isinstance(decide(view, NOTHING, rules, now), Ping))
    return view, rules, now


SPENDS = st.builds(Spend, idle_pings=st.integers(0, 12), idle_usd=USD, session_usd=USD, day_usd=st.floats(0, 2))


# --- invariant 1: time ---------------------------------------------------------------------------------------------


@given(moments(), SPENDS, rulings())
@settings(max_examples=400, deadline=None)
def test_a_ping_is_due_now_or_at_its_due_time_and_never_late(
    moment: tuple[LineageView, float], spend: Spend, rules: Rules
) -> None:
    view, now = moment
    decision = decide(view, spend, rules, now)
    assert decision == decide(view, spend, rules, now), "the same question has one answer"
    due, last, expiry = due_at(view), last_send_at(view), expires_at(view)
    assert due is not None
    assert last is not None
    assert expiry is not None
    if isinstance(decision, Ping):
        assert decision.at == max(now, due)
        assert now <= decision.at < last < expiry
        assert int(decision.why_args["n"]) >= 1
    else:
        assert decision.reason


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        (0.0, DUE),
        (283.5, DUE),
        (290.0, T0 + 290),
        (297.9, T0 + 297.9),
        (298.0, "too_late"),
        (299.9, "too_late"),
        (300.0, "expired"),
    ],
)
def test_early_late_and_too_late(after: float, expected: float | str) -> None:
    decision = decide(SEEN, NOTHING, AUTO, T0 + after)
    assert (decision.at if isinstance(decision, Ping) else decision.reason) == expected


def test_a_shortened_ttl_works_the_same_way() -> None:
    view = replace(SEEN, ttl_seconds=40.0, ttfb_p95=0.2)
    assert pinged(view).at == T0 + 40 - 5 - 0.2


def test_answers_too_slow_for_the_lifetime_are_not_chased() -> None:
    """At 250 s to the first byte a ping would be due 35 s after the one before, and so on without end."""
    assert stopped(replace(SEEN, ttfb_p95=250.0), rules=HOLD).reason == "too_late"
    assert pinged(replace(SEEN, ttfb_p95=200.0), rules=HOLD)


# --- invariant 6: whatever the mode, the budget and the rest of the lineage ----------------------------------------

BY_FORK: dict[str, Any] = {"attached": False, "plugin": True, "fork_allowed": True, "rests": True}
FORBIDDEN: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    # reason code: what makes it apply, and its arguments
    "ended": ({"session_ended": True}, {}),
    "dead": ({"process_dead": True}, {}),
    "subagent": ({"agent_id": "a1"}, {}),
    "replaced": ({"replaced": "replaced"}, {}),
    "cleared": ({"replaced": "cleared"}, {}),
    "compacted": ({"replaced": "compacted", "replaced_tokens": 17_000}, {"tokens": 17_000}),
    "plan_login": ({"login": "subscription", "plugin": False}, {}),
    "watch_only": ({"login": "api_key", "attached": False, "plugin": False}, {}),
    "plugin_silent": ({"attached": False, "plugin": False, "plugin_missed": True}, {}),
    "no_consent": ({"login": "subscription", "plugin": True, "fork_allowed": False}, {}),
    "fork_waits": ({**BY_FORK, "waiting_for": WaitingFor.PERMISSION}, {}),
    "no_request": ({"requests": 0}, {}),
    "one_request": ({"requests": 1}, {}),
    "thinking": ({"thinking_enabled": True}, {}),
    "no_prefix": ({"has_prefix": False, "login": "api_key", "attached": True, "plugin": False}, {}),
    "too_small": ({"prefix_tokens": 4_000, "minimum_tokens": 4_096}, {"minimum": 4_096}),
    "missed": ({"stop": "missed", "stop_args": {"read_percent": 12}}, {"read_percent": 12}),
    "in_flight": ({"ping_in_flight": True}, {}),
    "working": ({"in_flight": True}, {}),
    "no_ttl": ({"ttl_class": None}, {}),
    "clock": ({"clock_trusted": False}, {}),
    "no_price": ({"read_usd": None}, {"model": "claude-opus-5"}),
    "near_limit": ({"limits_used": 0.929}, {"percent": 92}),
    "compacts": ({"compacts_at": T0 + 30}, {"at": T0 + 30}),
}
FORBIDDEN_RULES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "off": ({"mode": BudgetMode.OFF}, {}),
    "paused": ({"day_paused": True}, {}),
    "until_over": ({"until": T0}, {"until": T0}),
    "ping_cost": ({"max_ping_usd": 0.0}, {"usd": 0.04, "cap": 0.0}),
    "pings_spent": ({"max_idle_pings": 0}, {"sent": 0, "allowed": 0}),
    "money_spent": ({"max_session_usd": 0.0}, {"usd": 0.0}),
    "day_cap": ({"max_day_usd": 0.0}, {"usd": 0.0}),
}


@pytest.mark.parametrize("reason", FORBIDDEN)
@pytest.mark.parametrize("rules", [AUTO, HOLD], ids=["auto", "hold"])
def test_each_guard_gives_its_reason(reason: str, rules: Rules) -> None:
    change, args = FORBIDDEN[reason]
    stop = stopped(replace(SEEN, **change), rules=rules)
    assert (stop.reason, stop.args) == (reason, args)


@pytest.mark.parametrize("reason", FORBIDDEN_RULES)
@pytest.mark.parametrize("rules", [AUTO, HOLD], ids=["auto", "hold"])
def test_each_limit_gives_its_reason(reason: str, rules: Rules) -> None:
    change, args = FORBIDDEN_RULES[reason]
    stop = stopped(rules=replace(rules, **change))
    assert (stop.reason, stop.args) == (reason, args)


@pytest.mark.parametrize("reason", FORBIDDEN)
@given(plan=plans())
@settings(max_examples=30, deadline=None)
def test_no_ping_for_any_lineage_behind_a_guard(reason: str, plan: tuple[LineageView, Rules, float]) -> None:
    view, rules, now = plan
    assert isinstance(decide(replace(view, **FORBIDDEN[reason][0]), NOTHING, rules, now), Stop)


@pytest.mark.parametrize("reason", FORBIDDEN_RULES)
@given(plan=plans())
@settings(max_examples=30, deadline=None)
def test_no_ping_for_any_lineage_beyond_a_limit(reason: str, plan: tuple[LineageView, Rules, float]) -> None:
    view, rules, now = plan
    assert isinstance(decide(view, NOTHING, replace(rules, **FORBIDDEN_RULES[reason][0]), now), Stop)


def test_a_write_price_or_a_multiplier_may_be_missing_too() -> None:
    assert stopped(replace(SEEN, write_usd=None)).reason == "no_price"
    assert stopped(replace(SEEN, read_multiplier=0.0)).reason == "no_price"


def test_an_unknown_login_is_never_replayed() -> None:
    assert stopped(replace(SEEN, login=None)).reason == "watch_only"


def test_a_body_that_cannot_be_replayed_needs_a_fork() -> None:
    assert stopped(replace(SEEN, replayable=False)).reason == "not_replayable"
    assert pinged(replace(SEEN, replayable=False, has_prefix=False, plugin=True, fork_allowed=True))
    assert pinged(replace(SEEN, login="subscription", **BY_FORK))


def test_the_way_of_a_ping() -> None:
    forks = replace(SEEN, **BY_FORK)
    assert warmer_of(SEEN) == "replay"
    assert warmer_of(replace(SEEN, plugin=True, fork_allowed=True)) == "replay", "it asks nobody and costs no output"
    assert warmer_of(replace(forks, attached=True, has_prefix=False)) == "fork"
    assert [warmer_of(replace(forks, login=login)) for login in ("api_key", "subscription", None)] == ["fork"] * 3
    for waits in (None, WaitingFor.TOOL, WaitingFor.PERMISSION, WaitingFor.BACKGROUND):
        assert warmer_of(replace(forks, waiting_for=waits)) is None, waits
        assert warmer_of(replace(SEEN, waiting_for=waits, plugin=True, fork_allowed=True)) == "replay"
    assert warmer_of(replace(forks, rests=False)) is None
    assert warmer_of(replace(forks, fork_allowed=False)) is None
    assert warmer_of(replace(forks, plugin=False)) is None


def test_why_a_session_with_a_plugin_is_not_asked() -> None:
    forks = replace(SEEN, login="subscription", **BY_FORK)
    assert stopped(replace(forks, fork_allowed=False)).reason == "no_consent"
    assert stopped(replace(forks, waiting_for=None)).reason == "working"
    assert stopped(replace(forks, rests=False)).reason == "working"
    assert stopped(replace(forks, waiting_for=WaitingFor.TOOL)).reason == "fork_waits"
    assert stopped(replace(forks, plugin=False)).reason == "plan_login"


@given(plan=plans())
@settings(deadline=None)
def test_no_fork_but_of_a_client_that_rests_and_may(plan: tuple[LineageView, Rules, float]) -> None:
    view, rules, now = plan
    if isinstance(decide(view, NOTHING, rules, now), Ping) and not (view.attached and view.login == "api_key"):
        assert (view.plugin, view.rests, view.fork_allowed) == (True, True, True)
        assert view.waiting_for is WaitingFor.YOU


def test_a_recorded_stop_lapses_when_it_says_so() -> None:
    limited = replace(SEEN, stop="limited", stop_args={"until": T0 + 60}, stop_until=T0 + 60)
    assert stopped(limited, now=T0 + 59) == Stop("limited", {"until": T0 + 60}, T0 + 60)
    assert pinged(limited, now=T0 + 60)


def test_a_rate_limit_counts_until_it_is_reset() -> None:
    used = replace(SEEN, limits_used=0.9, limits_reset_at=T0 + 30)
    assert stopped(used) == Stop("near_limit", {"percent": 90}, T0 + 30)
    assert pinged(used, now=T0 + 30)
    assert pinged(replace(used, limits_used=0.89))


def test_a_compaction_after_the_bought_time_does_not_matter() -> None:
    until = T0 + 599 + 0.05 * 300
    assert stopped(replace(SEEN, compacts_at=T0 + 599)) == Stop("compacts", {"at": T0 + 599}, until)
    assert pinged(replace(SEEN, compacts_at=T0 + 600))


def test_a_clock_that_was_set_back_is_not_used() -> None:
    assert stopped(now=T0 - 1).reason == "clock"


def test_the_first_reason_is_the_one_that_lasts() -> None:
    assert stopped(replace(SEEN, session_ended=True, requests=1), rules=replace(AUTO, mode=BudgetMode.OFF)).reason == (
        "ended"
    )
    assert stopped(replace(SEEN, in_flight=True), now=T0 + 900).reason == "working"
    assert stopped(replace(SEEN, read_usd=None), now=T0 + 900) == Stop("expired", {"since": T0 + 300})


# --- invariant 5: caps over whole idle periods ---------------------------------------------------------------------


@given(
    lineages=st.lists(views(), min_size=1, max_size=3),
    rules=rulings(),
    misses=st.sets(st.integers(0, 40), max_size=3),
    before=st.floats(0, 1),
)
@settings(max_examples=150, deadline=None)
def test_caps_hold_over_a_long_idle_period(
    lineages: list[LineageView], rules: Rules, misses: set[int], before: float
) -> None:
    """Lineages share the day's money. A hit settles at the read price, a miss as a write, and stops its own."""
    day, sent = before, 0
    for view in lineages:
        spend, missed = Spend(0, 0.0, 0.0, day), False
        now = view.last_touch_at or 0.0
        for _ in range(2_100):  # a hold of 20,000 s at the shortest interval takes up to 2,000
            decision = decide(view, spend, rules, now)
            if isinstance(decision, Stop):
                break
            now = decision.at
            again = decide(view, spend, rules, now)
            assert isinstance(again, Ping), "what was planned is still right when its time comes"
            assert again.at == now
            assert view.read_usd is not None
            assert view.write_usd is not None
            assert view.read_usd <= rules.max_ping_usd
            assert day + view.write_usd <= rules.max_day_usd, "reserved before it is sent"
            cost = view.write_usd if sent in misses else view.read_usd
            missed = sent in misses
            day += cost
            sent += 1
            spend = Spend(spend.idle_pings + 1, spend.idle_usd + cost, spend.session_usd + cost, day)
            view = replace(view, stop="missed") if missed else replace(view, last_touch_at=now)
        else:
            pytest.fail("an idle period has to end")
        assert rules.max_idle_pings is None or spend.idle_pings <= rules.max_idle_pings
        if rules.max_session_usd is not None and not missed:
            assert spend.session_usd <= rules.max_session_usd
        if rules.mode is BudgetMode.AUTO:
            assert spend.idle_pings <= even(view)
    assert day <= max(before, rules.max_day_usd)


def test_the_day_keeps_room_for_a_whole_write() -> None:
    assert pinged(spend=replace(NOTHING, day_usd=2.5))
    assert stopped(spend=replace(NOTHING, day_usd=2.51)).reason == "day_cap"


def test_an_idle_period_counts_as_part_of_its_session() -> None:
    rules = replace(AUTO, max_session_usd=0.5)
    assert stopped(spend=replace(NOTHING, idle_usd=0.47), rules=rules).reason == "money_spent"
    assert stopped(spend=replace(NOTHING, session_usd=0.47), rules=rules).reason == "money_spent"
    assert pinged(spend=replace(NOTHING, session_usd=0.46), rules=rules)


# --- the mode auto -------------------------------------------------------------------------------------------------


def even(view: LineageView) -> int:
    return break_even(question(view, 0, T0, 283.5))


def planned(view: LineageView, rules: Rules = AUTO) -> int:
    """How many pings a whole idle period gets, asked one by one as they fall due; each answer announces the rest."""
    announced: list[object] = []
    now = T0
    while isinstance(decision := decide(view, replace(NOTHING, idle_pings=len(announced)), rules, now), Ping):
        announced.append(decision.why_args["n"])
        now = decision.at
        view = replace(view, last_touch_at=now)
    assert announced == list(range(len(announced), 0, -1))
    return len(announced)


def sent_so_far(n: int, view: LineageView = SEEN) -> tuple[LineageView, Spend]:
    """The lineage after `n` pings, each sent when it was due."""
    step = interval(view)
    assert step is not None
    return replace(view, last_touch_at=T0 + n * step), replace(NOTHING, idle_pings=n)


@pytest.mark.parametrize(
    ("ttl_class", "r", "unsignalled", "signalled", "most"),
    [
        ("5m", 0.1, 2, 4, 11),
        ("5m", 0.05, 4, 10, 24),
        ("5m", 0.025, 7, 18, 49),
        ("1h", 0.1, 1, 4, 19),
        ("1h", 0.05, 1, 7, 39),
        ("1h", 0.025, 3, 12, 79),
    ],
)
def test_counts_grow_as_reads_get_cheaper_and_ends_get_known(
    ttl_class: TTLClass, r: float, unsignalled: int, signalled: int, most: int
) -> None:
    view = replace(
        SEEN,
        ttl_class=ttl_class,
        ttl_seconds=300.0 if ttl_class == "5m" else 3_600.0,
        read_multiplier=r,
        write_multiplier=1.25 if ttl_class == "5m" else 2.0,
        read_usd=0.001,
    )
    assert planned(view) == unsignalled
    assert planned(replace(view, ends_known_fraction=0.9)) == signalled
    assert even(view) == most
    for kind in (None, WaitingFor.TOOL, WaitingFor.PERMISSION, WaitingFor.BACKGROUND):
        assert planned(replace(view, waiting_for=kind)) == most


def test_a_set_number_of_pings_is_a_cap_and_not_a_target() -> None:
    assert planned(SEEN, replace(AUTO, max_idle_pings=1)) == 1
    assert planned(SEEN, replace(AUTO, max_idle_pings=9)) == 2


def test_what_is_left_respects_the_money() -> None:
    view = replace(SEEN, waiting_for=WaitingFor.TOOL, read_usd=0.125, write_usd=1.0)
    assert pinged(view, rules=replace(AUTO, max_session_usd=0.5)).why_args["n"] == 4
    assert pinged(view, rules=replace(AUTO, max_day_usd=1.25)).why_args["n"] == 3
    assert planned_by_money(view, replace(AUTO, max_day_usd=1.25)) == 3


def planned_by_money(view: LineageView, rules: Rules) -> int:
    spend, sent = NOTHING, 0
    while isinstance(decide(view, spend, rules, T0), Ping):
        assert view.read_usd is not None
        sent += 1
        paid = sent * view.read_usd
        spend = Spend(sent, paid, paid, paid)
    return sent


def test_kept_says_how_many_and_until_when() -> None:
    ping = pinged()
    assert ping.why == "kept"
    assert ping.why_args == {"n": 2, "until": DUE + 283.5 + 300}
    assert pinged(replace(SEEN, waiting_for=WaitingFor.PERMISSION)).why == "kept"


@pytest.mark.parametrize("kind", [None, WaitingFor.TOOL, WaitingFor.BACKGROUND])
def test_running_work_is_guarded(kind: WaitingFor | None) -> None:
    ping = pinged(replace(SEEN, waiting_for=kind))
    assert (ping.why, ping.why_args) == ("tool_guard", {"n": 11, "at": DUE})


def test_why_it_stops_by_itself() -> None:
    view, spend = sent_so_far(2)
    stop = stopped(view, spend, now=T0 + 600)
    assert (stop.reason, stop.args) == ("not_worth", {"percent": 7})
    tool = replace(SEEN, waiting_for=WaitingFor.TOOL)
    assert stopped(tool, spend=replace(NOTHING, idle_pings=11)).reason == "break_even"
    assert stopped(replace(SEEN, prefix_tokens=19_999)) == Stop("under_floor", {"minimum": 20_000})


def test_where_a_write_costs_no_more_than_a_read_there_is_nothing_to_win() -> None:
    free = replace(SEEN, write_multiplier=0.1)
    assert stopped(free) == Stop("break_even", {})
    assert pinged(free, rules=HOLD).odds is None


def test_the_budget_ends_before_a_ping_that_would_come_after_it() -> None:
    assert stopped(rules=replace(AUTO, until=DUE)) == Stop("until_over", {"until": DUE})
    assert pinged(rules=replace(AUTO, until=DUE + 1)).why_args["n"] == 1
    assert pinged(rules=replace(AUTO, until=DUE + 284)).why_args["n"] == 2


def test_other_hazards_give_other_counts() -> None:
    class Certain:
        def chance(self, agent: str, kind: Kind, ttl: TTLClass, n: int, ends_known: float) -> float:
            return 1.0 if n < 5 else 0.0

    for sent, kind in ((4, Ping), (5, Stop)):
        view, spend = sent_so_far(sent)
        assert isinstance(decide(view, spend, AUTO, T0 + 283.5 * sent, Certain()), kind)
    ping = decide(SEEN, NOTHING, AUTO, T0, Certain())
    assert isinstance(ping, Ping)
    assert ping.why_args["n"] == 5
    assert ping.expected_value == pytest.approx(0.5 - 0.04 - SURPLUS * 0.04)


def test_a_class_that_lost_money_gets_half_and_never_less_than_one() -> None:
    poor = replace(SEEN, lost_money=True)
    assert planned(poor) == 1
    view, spend = sent_so_far(1, poor)
    assert stopped(view, spend, now=T0 + 300).reason == "halved"
    cheap = replace(poor, read_multiplier=0.025)
    assert (planned(replace(cheap, lost_money=False)), planned(cheap)) == (7, 3)
    one = replace(poor, ttl_class="1h", ttl_seconds=3_600.0, write_multiplier=2.0)
    assert planned(replace(one, lost_money=False)) == planned(one) == 1
    assert pinged(poor, spend=replace(NOTHING, idle_pings=9), rules=HOLD).why == "held", "a person decides for a hold"


def test_a_fork_on_a_one_hour_entry_is_a_trial() -> None:
    cheap: dict[str, Any] = {"read_multiplier": 0.025, "write_multiplier": 2.0}
    hour = replace(SEEN, ttl_class="1h", ttl_seconds=3_600.0, **cheap)
    trial = replace(hour, forks_unproven=True, **BY_FORK)
    assert planned(replace(hour, forks_unproven=True)) == planned(hour) > 1, "a replay is no trial"
    assert planned(trial) == 1
    assert stopped(trial, spend=replace(NOTHING, idle_pings=1)).reason == "fork_trial"
    assert planned(replace(SEEN, forks_unproven=True, **BY_FORK)) == 2, "five-minute entries are known to be renewed"
    assert pinged(trial, spend=replace(NOTHING, idle_pings=3), rules=replace(HOLD, until=T0 + 40_000)).why == "held"


def test_a_period_that_was_drawn_to_lapse_is_left_alone() -> None:
    drawn = replace(SEEN, left_to_lapse=True)
    assert stopped(drawn).reason == "experiment"
    assert pinged(drawn, rules=HOLD).why == "held"


def test_a_wait_is_as_old_as_it_is() -> None:
    """After a stretch without pings (the keeper was away) the odds are those of its age."""
    aged = replace(SEEN, last_touch_at=T0 + 3 * 283.5)
    stop = stopped(aged, now=T0 + 3 * 283.5)
    assert stop.reason == "not_worth"
    assert stop.odds is not None
    assert stop.odds.chance == pytest.approx(PRIOR.chance("", "user", "5m", 3, 0.0), rel=0.01)


# --- the mode hold -------------------------------------------------------------------------------------------------


def test_a_hold_ignores_the_floor_and_the_count() -> None:
    small = replace(SEEN, prefix_tokens=2_000)
    ping = pinged(small, spend=replace(NOTHING, idle_pings=40), rules=HOLD)
    assert ping.why == "held"
    assert ping.why_args == {"n": 25, "until": T0 + 7_200}


def test_a_hold_ends_with_the_last_ping_that_is_needed() -> None:
    """The pings announced are those that reach the end, and not one more."""
    view, now = SEEN, T0
    sent = 0
    while isinstance(decision := decide(view, replace(NOTHING, idle_pings=sent), HOLD, now), Ping):
        assert decision.why_args["n"] == 25 - sent
        now, sent = decision.at, sent + 1
        view = replace(view, last_touch_at=now)
    assert sent == 25
    assert decision == Stop("held", {"n": 0, "until": T0 + 7_200}, T0 + 7_200)
    expiry, step = expires_at(view), interval(view)
    assert expiry is not None
    assert step is not None
    assert T0 + 7_200 <= expiry < T0 + 7_200 + step


def test_a_hold_says_how_far_its_caps_reach() -> None:
    ping = pinged(rules=replace(HOLD, max_idle_pings=2))
    assert ping.why_args == {"n": 2, "until": DUE + 283.5 + 300, "ends": "pings"}
    assert pinged(rules=replace(HOLD, max_session_usd=0.15)).why_args["ends"] == "money"
    day = pinged(rules=replace(HOLD, max_day_usd=0.75))
    assert (day.why_args["n"], day.why_args["ends"]) == (7, "day")
    assert "ends" not in pinged(rules=HOLD).why_args


def test_the_end_of_a_hold_stands_still_while_its_pings_hit() -> None:
    """Each one costs its read: neither money nor midnight moves the end that was told first."""
    midnight = T0 + 3_000
    rules = replace(HOLD, max_session_usd=0.9, max_day_usd=1.0, day_ends_at=midnight, until=T0 + 40_000)
    first, view, now, sent = pinged(rules=rules).why_args, SEEN, T0, 0
    assert (first["n"], first["ends"]) == (22, "money"), "ten today, and twelve of the thirteen that tomorrow pays for"
    while isinstance(decision := decide(view, Spend(sent, 0.04 * sent, 0.04 * sent, 0.04 * sent), rules, now), Ping):
        assert float(decision.why_args["until"]) - float(first["until"]) == pytest.approx(0.0, abs=1.0)
        now, sent = decision.at, sent + 1
        view = replace(view, last_touch_at=now)
        if now >= midnight:
            break
    assert sent == 11


def test_a_running_ping_of_another_session_is_planned_as_a_hit() -> None:
    """It reserves a whole write, which no end is told by; what may be sent is judged with it."""
    rules = replace(HOLD, max_day_usd=1.2)
    alone = pinged(spend=replace(NOTHING, day_usd=0.04), rules=rules)
    beside = pinged(spend=replace(NOTHING, day_usd=0.5, day_back_usd=0.46), rules=rules)
    assert beside.why_args == alone.why_args
    assert stopped(spend=replace(NOTHING, day_usd=1.6, day_back_usd=1.6), rules=rules).reason == "day_cap"


def test_a_hold_without_an_end_lasts_two_hours() -> None:
    endless = replace(HOLD, until=None)
    assert pinged(rules=endless).why_args["until"] == T0 + 7_200
    late = replace(SEEN, last_touch_at=T0 + 7_100)
    assert stopped(late, rules=endless, now=T0 + 7_200) == Stop("until_over", {"until": T0 + 7_200})


# --- words ---------------------------------------------------------------------------------------------------------


def test_the_expected_value_is_in_dollars() -> None:
    ping = pinged()
    assert ping.odds is not None
    assert ping.expected_value == pytest.approx(ping.odds.gain * 0.4), "a prefix at its input price is $0.40"
    assert ping.expected_value > ping.odds.chance * 0.46 - SURPLUS * 0.04, (
        "the option of another one is worth something"
    )


def test_the_numbers_of_a_bet_go_with_its_reason() -> None:
    assert numbers(pinged()) == {"chance": 0.2296, "price": 0.1, "seconds": 300.0}
    assert numbers(stopped(replace(SEEN, session_ended=True))) == {}
