"""Gathers, from store, vault and configuration, what one decision about one lineage may know."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from keepalive import allowance, consent, experiment
from keepalive.config import Config
from keepalive.flights import Flights
from keepalive.judge import FORK_EXTRA
from keepalive.model_rules import minimum_prefix
from keepalive.open_sessions.types import CLAUDE
from keepalive.plugin_sessions import PluginSessions
from keepalive.plugin_words import Limit
from keepalive.policy import Rules, Spend
from keepalive.state import LineageView, warmer_of
from keepalive.usage import RateLimits
from keepalive.vault import AccountStop, Vault
from store import budgets, fork_trial, idle, idle_compaction, lineages, pings, prices, requests, sessions, tripwire
from store.ledger import local_midnight
from store.rows import LineageRow, PriceRow, SessionRow

FORK_OUTPUT = 16
"""Tokens that the shortest answer may have: a dot, and what a model says beside it."""


@dataclass(frozen=True, slots=True)
class Situation:
    """One lineage, its session, what it may spend and what it has spent."""

    lineage: LineageRow
    session: SessionRow
    view: LineageView
    spend: Spend
    rules: Rules
    day_start: float
    idle_id: int | None = None
    """The idle period that it is in."""
    reply_tokens: int | None = None
    """Size of the last answer, which a fork sends as prompt for the first time; None: not known."""
    plan_login: bool = False
    """The person has said yes to forks under a plan's login."""
    prompt_tokens: int = 0
    """What the next ping would send: the prefix, and by fork the last answer too."""


def gather(
    connection: sqlite3.Connection,
    lineage_id: int,
    *,
    vault: Vault,
    flights: Flights,
    config: Config,
    now: float,
    process_dead: bool,
    clock_trusted: bool,
    ends_known: Callable[[str], float] = lambda agent: 0.0,
    plugins: PluginSessions | None = None,
) -> Situation | None:
    """Read everything that `policy.decide` asks for; None for an unknown lineage. No side effects.

    `ends_known`: the share of a client's session ends that are noticed at once; `plugins`: who could be asked for a
    fork.
    """
    lineage = lineages.get(connection, lineage_id)
    session = sessions.get(connection, lineage.session_id) if lineage else None
    if lineage is None or session is None:
        return None
    captured = vault.get(lineage_id)
    stop = vault.account_stop(captured.account, now) if captured else None
    limits = vault.limits(captured.account) if captured else RateLimits()
    plugin = plugins is not None and plugins.there(session.id)
    plan_login = plugin and consent.given(connection)
    used, reset_at = _fullest(limits, plugins.limits(session.id) if plugins is not None else (), now)
    price = prices.at(connection, lineage.model, now, lineage.prefix_tokens)
    write = None if price is None else prices.write_price(price, lineage.ttl_class)
    period = idle.current(connection, lineage_id)
    if stop is None and period is None:
        # The session ended and was opened again without a request: no idle period would count what is spent.
        stop = AccountStop("no_request", {}, None)
    elif stop is None and lineage.stop:
        stop = AccountStop(lineage.stop, lineage.stop_args, lineage.stop_until)
    day_start = local_midnight(now)
    spent = pings.spent(connection, lineage_id, session.id, period[0] if period else None, day_start)
    situation = Situation(
        lineage=lineage,
        session=session,
        view=LineageView(
            session_ended=session.ended_at is not None,
            process_dead=process_dead,
            agent_id=lineage.agent_id,
            requests=lineage.requests,
            replaced=lineage.replaced,
            in_flight=flights.any(session.id, session.launch_id, lineage.agent_id),
            ping_in_flight=pings.unanswered(connection, lineage_id),
            last_request_at=lineage.last_request_at,
            last_touch_at=lineage.last_touch_at,
            ttl_class=lineage.ttl_class,
            ttl_seconds=lineage.ttl_seconds,
            ttfb_p95=lineages.ttfb_p95(connection, lineage_id),
            prefix_tokens=lineage.prefix_tokens,
            minimum_tokens=minimum_prefix(lineage.model),
            thinking_enabled=lineage.thinking,
            replayable=not lineage.replayable,
            has_prefix=captured is not None,
            login=session.login,
            attached=session.launch_id is not None,
            waiting_for=session.waiting_for,
            read_usd=None if price is None else price.cache_read * lineage.prefix_tokens / 1e6,
            write_usd=None if write is None else write * lineage.prefix_tokens / 1e6,
            read_multiplier=price.cache_read / price.input if price and price.input else 0.0,
            write_multiplier=write / price.input if price and price.input and write else 0.0,
            stop=stop.reason if stop else "",
            stop_args=stop.args if stop else {},
            stop_until=stop.until if stop else None,
            limits_used=used,
            limits_reset_at=reset_at,
            compacts_at=idle_compaction.compacts_at(idle_compaction.get(connection), session, lineage, now),
            ends_known_fraction=ends_known(session.agent),
            clock_trusted=clock_trusted,
            model=lineage.model,
            replaced_tokens=lineage.broke_tokens or 0,
            agent=session.agent,
            lost_money=tripwire.trips(
                connection, tripwire.IdleClass(session.agent, lineage.ttl_class, session.waiting_for), now
            ),
            plugin=plugin,
            plugin_missed=plugins is not None and plugins.installed and not plugin and session.agent == CLAUDE,
            fork_allowed=plan_login or session.login != "subscription",
            rests=plugins is None or not plugin or plugins.rests(session.id),
            forks_unproven=plugin and lineage.ttl_class == "1h" and not fork_trial.proven(connection),
            left_to_lapse=period is not None
            and experiment.lapses(connection, period[0], config.experiment.lapse_probability),
        ),
        spend=Spend(
            idle_pings=spent.idle_pings,
            idle_usd=spent.idle_usd,
            session_usd=spent.session_usd,
            day_usd=spent.day_usd,
            day_back_usd=spent.day_back_usd,
        ),
        rules=replace(
            _rules(connection, session, lineage, config, now), day_ends_at=local_midnight(day_start + 1.5 * 86_400)
        ),
        day_start=day_start,
        idle_id=period[0] if period else None,
        reply_tokens=requests.last_output(connection, session.id) if plugin else None,
        plan_login=plan_login,
        prompt_tokens=lineage.prefix_tokens,
    )
    if price is None or write is None or warmer_of(situation.view) != "fork":
        return situation
    return _priced_as_fork(situation, price, write)


def _priced_as_fork(situation: Situation, price: PriceRow, write: float) -> Situation:
    """A fork costs more than its prefix: it sends the last answer as prompt, which the first fork of an idle period
    writes and the next ones read, and is answered. `write`: $ per million tokens."""
    view, beyond = situation.view, (situation.reply_tokens or 0) + FORK_EXTRA
    answer = price.output * FORK_OUTPUT / 1e6
    first = write if situation.spend.idle_pings == 0 else price.cache_read
    return replace(
        situation,
        prompt_tokens=view.prefix_tokens + beyond,
        view=replace(
            view,
            read_usd=(view.read_usd or 0.0) + beyond * first / 1e6 + answer,
            write_usd=(view.write_usd or 0.0) + beyond * write / 1e6 + answer,
        ),
    )


def _fullest(limits: RateLimits, of_plan: Iterable[Limit], now: float) -> tuple[float, float | None]:
    """Used share (0..1) and reset of the limit nearest its end, among those that have not been filled up again."""
    known = [(bucket.used, bucket.reset_at) for bucket in (limits.requests, limits.tokens, limits.input_tokens)]
    known += [(limit.used, limit.resets_at) for limit in of_plan]
    in_force = [(used, reset_at) for used, reset_at in known if reset_at is None or now < reset_at]
    return max(in_force, key=lambda limit: limit[0], default=(0.0, None))


def _rules(
    connection: sqlite3.Connection, session: SessionRow, lineage: LineageRow, config: Config, now: float
) -> Rules:
    rows = budgets.among(connection, [session.id])
    allowed = allowance.resolve(config.budget, budgets.standing_of(session, lineage, rows))
    paused_until = budgets.paused_until(connection)
    return Rules(
        mode=allowed.mode,
        until=allowed.until,
        max_idle_pings=allowed.pings,
        max_session_usd=allowed.usd,
        max_ping_usd=allowed.usd_per_ping,
        max_day_usd=config.budget.usd_per_day,
        min_prefix_tokens=allowed.min_prefix_tokens,
        day_paused=paused_until is not None and now < paused_until,
    )
