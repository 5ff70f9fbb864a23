"""Whether, when and why the next ping of a lineage is sent: one pure function, `decide`.

It keeps two promises. The guards (`_barred`, `_unaffordable`) hold in every mode, also for a `hold`. What the mode
`auto` adds on top is a bet on when somebody comes back (`bet`), and the bet is bounded: the pings of one idle period
never cost more than the rewrite that they avoid. A learned policy replaces `Hazards`, nothing else. This module must
not know how a ping is sent, nor read a clock or a store.

Two things make a bet smaller than its odds would allow. Where the last idle periods of a class have lost money its
count halves, down to one. And where a fork is to renew a one-hour entry, which nobody documents, one ping an idle
period is a trial until a real request has read after the original expiry.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from keepalive import bet, caps
from keepalive.bet import Odds
from keepalive.hazards import PRIOR, Hazards
from keepalive.question import Question
from keepalive.state import (
    LineageView,
    by_replay,
    clock_usable,
    due_at,
    expires_at,
    forkable,
    interval,
    last_send_at,
    warmer_of,
)
from store.idle_compaction import given_up_at
from store.models import BudgetMode, ReasonArgs, WaitingFor

NEAR_LIMIT = 0.9
"""Share of a rate limit from which on the rest is left to real requests."""
HOLD_SECONDS = 7_200.0
"""How long a hold without an end lasts, from the last real request."""
LEAST_INTERVAL = 0.25
"""Share of the TTL that a ping has to buy. Where first bytes are slower than that, pings would chase each other."""


@dataclass(frozen=True, slots=True)
class Rules:
    """What the person allows: the session's budget and the limits over all sessions."""

    mode: BudgetMode
    until: float | None
    max_idle_pings: int | None
    max_session_usd: float | None
    max_ping_usd: float = 0.25
    max_day_usd: float = 3.0
    min_prefix_tokens: int = 20_000
    day_paused: bool = False
    day_ends_at: float | None = None
    """When the day's cap begins anew."""


@dataclass(frozen=True, slots=True)
class Spend:
    """What pings have cost so far: settled ones as billed, running ones as reserved."""

    idle_pings: int
    idle_usd: float
    session_usd: float
    day_usd: float
    day_back_usd: float = 0.0
    """Of the day's, what running pings give back if they hit: no plan counts a write that is not to be expected."""


@dataclass(frozen=True, slots=True)
class Ping:
    """Send the next ping at `at` (wall clock), unless something happens before."""

    at: float
    why: str
    why_args: ReasonArgs
    expected_value: float
    """US dollars: what it is worth over sending none. May be negative for a hold."""
    odds: Odds | None = None


@dataclass(frozen=True, slots=True)
class Stop:
    """Send none, and say why."""

    reason: str
    args: ReasonArgs
    until: float | None = None
    """When the answer may change without any event; None = never."""
    odds: Odds | None = None


Decision = Ping | Stop


def decide(view: LineageView, spend: Spend, rules: Rules, now: float, hazards: Hazards = PRIOR) -> Decision:
    """The next ping of this lineage, or why there is none.

    Asked early, a ping lies in the future (`at` = due time); asked late but in time, it is due `now`; later than that
    it is a `Stop`. The first reason that applies is given, in this order: the lineage is gone; the person said no; no
    way to ping it; nothing to keep; a stop recorded after an earlier ping; busy; time; price and provider limits;
    caps; and for `auto`, what is worth it.
    """
    if barred := _barred(view, rules, now):
        return barred
    expiry, due, last, step = expires_at(view), due_at(view), last_send_at(view), interval(view)
    if expiry is None or due is None or last is None or step is None or view.ttl_seconds is None:
        return Stop("no_ttl", {})
    if not clock_usable(view, now):
        return Stop("clock", {})
    if now >= expiry:
        return Stop("expired", {"since": expiry})
    if now >= last or step < LEAST_INTERVAL * view.ttl_seconds:
        return Stop("too_late", {})
    read, write = view.read_usd, view.write_usd
    if read is None or write is None or view.read_multiplier <= 0:
        return Stop("no_price", {"model": view.model})
    if view.limits_used >= NEAR_LIMIT and (view.limits_reset_at is None or now < view.limits_reset_at):
        return Stop("near_limit", {"percent": math.floor(100 * view.limits_used)}, view.limits_reset_at)
    if view.compacts_at is not None and view.compacts_at < expiry + view.ttl_seconds:
        # Where it does not come, the client does not do it, and there is still time for a ping.
        return Stop("compacts", {"at": view.compacts_at}, given_up_at(view.compacts_at, view.ttl_seconds))
    if unaffordable := _unaffordable(spend, rules, read, write):
        return unaffordable

    at, end = max(now, due), _end(view, rules)
    asked = question(view, spend.idle_pings, at, step)
    odds = bet.weigh(asked, hazards) if bet.break_even(asked) else None
    hold = rules.mode is BudgetMode.HOLD and end is not None
    if hold and end is not None:
        if expiry >= end:
            return Stop("held", {"n": 0, "until": end}, end)
        wanted = math.ceil((end - expiry) / step)
    elif end is not None and at >= end:
        return Stop("until_over", {"until": end})
    elif view.prefix_tokens < rules.min_prefix_tokens:
        return Stop("under_floor", {"minimum": rules.min_prefix_tokens})
    else:
        worth = _worth(view, asked, odds)
        if isinstance(worth, Stop):
            return worth
        wanted = worth if end is None else min(worth, math.ceil((end - at) / step))

    row = caps.row(wanted, _left(spend, rules), at=at, step=step, read=read, write=write)
    left = max(1, row.pings)  # at least the one just allowed
    reach = at + (left - 1) * step + view.ttl_seconds
    value = odds.gain * read / view.read_multiplier if odds else -read
    if hold and end is not None:
        short: ReasonArgs = {"ends": row.ends} if reach < end else {}
        return Ping(at, "held", {"n": left, "until": min(end, reach), **short}, value, odds)
    if view.waiting_for in (WaitingFor.YOU, WaitingFor.PERMISSION):
        return Ping(at, "kept", {"n": left, "until": reach}, value, odds)
    return Ping(at, "tool_guard", {"n": left, "at": at}, value, odds)


def question(view: LineageView, sent: int, at: float, step: float) -> Question:
    """What the bet on a ping at `at` may know; asks for a view with a TTL class and prices."""
    return Question(
        kind="user" if view.waiting_for is WaitingFor.YOU else "tool",
        ttl=view.ttl_class or "5m",
        idle_seconds=0.0 if view.last_request_at is None else at - view.last_request_at,
        pings_sent=sent,
        prefix_tokens=view.prefix_tokens,
        read_multiplier=view.read_multiplier,
        write_multiplier=view.write_multiplier,
        interval_seconds=step,
        ended_signal=view.session_ended,
        ends_known_fraction=view.ends_known_fraction,
        ttl_seconds=view.ttl_seconds or 0.0,
        agent=view.agent,
    )


def _worth(view: LineageView, asked: Question, odds: Odds | None) -> int | Stop:
    """How many more pings the mode auto wants in a row, the next one first, or why none."""
    sent = asked.pings_sent
    if odds is None or sent >= bet.break_even(asked):
        return Stop("break_even", {}, odds=odds)
    if view.left_to_lapse:
        return Stop("experiment", {}, odds=odds)
    if odds.more == 0:
        return Stop("not_worth", {"percent": round(100 * odds.chance)}, odds=odds)
    most = odds.more
    if view.lost_money:
        # Half of the whole idle period's count, and never less than one.
        most = max(1, (sent + odds.more) // 2) - sent
        if most <= 0:
            return Stop("halved", {"sent": sent}, odds=odds)
    if view.forks_unproven and view.ttl_class == "1h" and warmer_of(view) == "fork":
        return Stop("fork_trial", {}, odds=odds) if sent else 1
    return most


def numbers(decision: Decision) -> ReasonArgs:
    """The bet behind a decision, for whoever puts it into words later: `chance` and `price` (shares), `seconds`."""
    odds = decision.odds
    if odds is None:
        return {}
    return {"chance": round(odds.chance, 4), "price": round(odds.price, 4), "seconds": odds.seconds}


def _barred(view: LineageView, rules: Rules, now: float) -> Stop | None:
    """Everything that forbids a ping whatever it costs and whenever it is due."""
    if view.session_ended:
        return Stop("ended", {})
    if view.process_dead:
        return Stop("dead", {})
    if view.agent_id:
        return Stop("subagent", {})
    if view.replaced:
        return Stop(view.replaced, {"tokens": view.replaced_tokens} if view.replaced == "compacted" else {})

    if rules.mode is BudgetMode.OFF:
        return Stop("off", {})
    if rules.day_paused:
        return Stop("paused", {})
    end = _end(view, rules)
    if end is not None and now >= end:
        return Stop("until_over", {"until": end})

    if no_way := _no_way(view):
        return no_way
    if view.requests < 1 or view.last_request_at is None:
        return Stop("no_request", {})
    if view.requests < 2:
        return Stop("one_request", {})
    if view.thinking_enabled:
        return Stop("thinking", {})
    if warmer_of(view) is None:
        return Stop("no_prefix" if not view.has_prefix else "not_replayable", {})
    if view.prefix_tokens < view.minimum_tokens:
        return Stop("too_small", {"minimum": view.minimum_tokens})

    if view.stop and (view.stop_until is None or now < view.stop_until):
        return Stop(view.stop, view.stop_args, view.stop_until)
    if view.ping_in_flight:
        return Stop("in_flight", {})
    if view.in_flight:
        return Stop("working", {})
    return None


def _no_way(view: LineageView) -> Stop | None:
    """Neither are its requests ours to repeat, nor can the client be asked for a fork now."""
    if by_replay(view) or forkable(view):
        return None
    if view.plugin_missed:
        return Stop("plugin_silent", {})
    if not view.plugin:
        return Stop("plan_login" if view.login == "subscription" else "watch_only", {})
    if not view.fork_allowed:
        return Stop("no_consent", {})
    if not view.rests or view.waiting_for is None:
        return Stop("working", {})
    return Stop("fork_waits", {})


def _unaffordable(spend: Spend, rules: Rules, read: float, write: float) -> Stop | None:
    """The caps. A hit is what the small ones reserve; the day's cap has to hold even when the ping misses."""
    if read > rules.max_ping_usd:
        return Stop("ping_cost", {"usd": read, "cap": rules.max_ping_usd})
    if rules.max_idle_pings is not None and spend.idle_pings >= rules.max_idle_pings:
        return Stop("pings_spent", {"sent": spend.idle_pings, "allowed": rules.max_idle_pings})
    if rules.max_session_usd is not None and _session_usd(spend) + read > rules.max_session_usd:
        return Stop("money_spent", {"usd": rules.max_session_usd})
    if spend.day_usd + write > rules.max_day_usd:
        return Stop("day_cap", {"usd": rules.max_day_usd}, rules.day_ends_at)
    return None


def _left(spend: Spend, rules: Rules) -> caps.Left:
    """What the caps leave."""
    return caps.Left(
        None if rules.max_idle_pings is None else rules.max_idle_pings - spend.idle_pings,
        None if rules.max_session_usd is None else rules.max_session_usd - _session_usd(spend),
        caps.DayLeft(rules.max_day_usd - spend.day_usd + spend.day_back_usd, rules.max_day_usd, rules.day_ends_at),
    )


def _session_usd(spend: Spend) -> float:
    """An idle period is part of its session: whichever sum is ahead counts."""
    return max(spend.session_usd, spend.idle_usd)


def _end(view: LineageView, rules: Rules) -> float | None:
    """When the budget ends; a hold always does."""
    if rules.until is None and rules.mode is BudgetMode.HOLD and view.last_request_at is not None:
        return view.last_request_at + HOLD_SECONDS
    return rules.until
