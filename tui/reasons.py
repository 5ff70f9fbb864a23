"""Reason codes in words: the one place where a code of the keeper becomes a sentence for a person.

Pure. Missing or odd arguments never raise: a reason is the last thing that may fail when something else already did.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import tzinfo
from typing import NamedTuple

from store.models import ReasonArgs
from tui.format import age, clean, clock_time, money, plural, tokens

SHORT_CELLS = 16
MISSING = "?"
LEAST_WITHIN = 60.0
"""Seconds: nobody says `within <1m`."""


class Words(NamedTuple):
    """A reason in two lengths: at most 16 and, as a rule, at most 34 cells."""

    short: str
    full: str


class _Args:
    """A reason's arguments, each read in its unit; what is missing reads as a question mark."""

    def __init__(self, args: ReasonArgs, now: float, zone: tzinfo | None) -> None:
        self._args, self._now, self._zone = args, now, zone

    def number(self, key: str) -> float | None:
        value = self._args.get(key)
        return None if isinstance(value, str) or value is None else float(value)

    def text(self, key: str) -> str:
        value = self._args.get(key)
        if isinstance(value, float) and value.is_integer():
            value = int(value)
        return MISSING if value is None else clean(str(value))

    def time(self, key: str) -> str:
        at = self.number(key)
        if at is None:
            return self.text(key)
        try:
            return clock_time(at, self._now, self._zone)
        except (OverflowError, ValueError, OSError):
            return MISSING

    def age(self, key: str) -> str:
        at = self.number(key)
        return MISSING if at is None else age(max(0.0, self._now - at))

    def money(self, key: str) -> str:
        usd = self.number(key)
        return MISSING if usd is None else money(usd)

    def tokens(self, key: str) -> str:
        count = self.number(key)
        return MISSING if count is None else tokens(count)

    def percent(self, key: str) -> str:
        share = self.number(key)
        return MISSING if share is None else f"{share:.0f}%"


def _to(prefix: str, time: str) -> str:
    """`held to 18:00`, or `to Wed 9:00` where the whole would be too long for the short form."""
    text = f"{prefix} to {time}"
    return text if len(text) <= SHORT_CELLS else f"to {time}"


def _changed(what: str) -> Callable[[_Args], Words]:
    return lambda a: Words(f"{what} changed", f"{what} changed, {a.tokens('tokens')} to rewrite")


def _fixed(short: str, full: str) -> Callable[[_Args], Words]:
    return lambda _: Words(short, full)


def _minimum(a: _Args) -> str:
    """The provider's minimum is exact and small: written out."""
    count = a.number("minimum")
    return MISSING if count is None else f"{count:,.0f}"


def _pings(a: _Args) -> str:
    """`3 pings`; `3 forks` where the client itself is asked for them."""
    return plural(a.text("n"), "fork" if a.text("warmer") == "fork" else "ping")


def _counted(a: _Args, otherwise: str) -> str:
    """`↻1/4`, pings of this idle period: sent of allowed, as wherever the sign stands; `otherwise` if untold."""
    if a.number("sent") is None:
        return otherwise
    return f"↻{a.text('sent')}" + ("" if a.number("allowed") is None else f"/{a.text('allowed')}")


COUNTED = frozenset({"kept", "tool_guard"})
"""Reasons whose short form counts pings; they take `sent` and `allowed` besides their own arguments."""
_CATALOGUE: dict[str, Callable[[_Args], Words]] = {
    "kept": lambda a: Words(
        _to(_counted(a, "kept"), a.time("until")),
        f"kept to {a.time('until')}, {_pings(a)} left",
    ),
    "held": lambda a: Words(
        _to("held", a.time("until")),
        f"held to {a.time('until')}, {_pings(a)} left",
    ),
    "in_flight": _fixed("ping sent", "ping sent, awaiting the answer"),
    "tool_guard": lambda a: Words(_counted(a, _pings(a)), f"pings if it runs past {a.time('at')}"),
    "off": _fixed("off", "keep-alive is off"),
    "pings_spent": lambda a: Words("pings spent", f"{a.text('sent')} of {plural(a.text('allowed'), 'ping')} spent"),
    "money_spent": lambda a: Words("budget spent", f"paused, {a.money('usd')} budget spent"),
    "until_over": lambda a: Words(f"over at {a.time('until')}", f"budget ended at {a.time('until')}"),
    "day_cap": lambda a: Words("day cap", f"day cap of {a.money('usd')} reached"),
    "paused": _fixed("paused", "paused by you"),
    "not_worth": lambda a: Words("not worth it", f"too few come back now ({a.percent('percent')})"),
    "break_even": _fixed("would cost more", "pings cost more than going cold"),
    "plugin_silent": _fixed("plugin silent", "plugin not active: /reload-plugins"),
    "nothing_to_fork": _fixed("nothing to fork", "nothing to fork until next message"),
    "fork_tool": _fixed("fork tried tool", "fork tried a tool, stopped"),
    "halved": _fixed("count halved", "pings here lost money: count halved"),
    "fork_trial": _fixed("on trial", "1h forks on trial: one ping each"),
    "experiment": _fixed("trial: lapses", "left to lapse by your own trial"),
    "one_request": _fixed("first request", "only one request so far"),
    "ended": _fixed("ended", "session ended"),
    "dead": _fixed("gone", "process is gone"),
    "replaced": _fixed("replaced", "another prefix took over"),
    "too_small": lambda a: Words("too small", f"too small to cache, under {_minimum(a)}"),
    "under_floor": lambda a: Words(
        f"under {a.tokens('minimum')}", f"prefix under {a.tokens('minimum')}: not worth a ping"
    ),
    "ping_cost": lambda a: Words("ping too dear", f"a ping costs {a.money('usd')}, cap is {a.money('cap')}"),
    "thinking": _fixed("thinking on", "thinking enabled: cannot replay"),
    "no_price": lambda a: Words("no price", f"no price known for {a.text('model')}"),
    "near_limit": lambda a: Words("near limit", f"rate limit {a.percent('percent')} used"),
    "plan_login": _fixed("plugin off", "plan login, plugin off"),
    "no_consent": _fixed("forks: not yet", "plan login: forks not allowed yet"),
    "fork_waits": _fixed("asks or runs", "tool or question open: no fork"),
    "busy": _fixed("client busy", "the client has a turn to run"),
    "silent": _fixed("plugin silent", "plugin not active: /reload-plugins"),
    "fault": _fixed("fork tried tool", "fork tried a tool, stopped"),
    "compacts": lambda a: Words("compacts soon", f"client compacts itself at {a.time('at')}"),
    "no_keeper": _fixed("no keeper", "no keeper runs"),
    "watch_only": _fixed("watch only", "only watched, not attached"),
    "clock": _fixed("checking", "woke from sleep, checking"),
    "too_late": _fixed("too late", "ping would be late, none sent"),
    "missed": lambda a: Words("ping missed", f"ping missed, stopped (read {a.percent('read_percent')})"),
    "refused": lambda a: Words("key refused", f"key refused ({a.text('status')}), stopped"),
    "limited": lambda a: Words(f"until {a.time('until')}", f"rate limited until {a.time('until')}"),
    "provider": lambda a: Words("provider error", f"provider error {a.text('status')}, no retry"),
    "no_ttl": _fixed("no known end", "likely warm, no promised lifetime"),
    "unseen_ttl": _fixed("lifetime unseen", "no lifetime seen of its cache yet"),
    "nothing_cached": _fixed("nothing cached", "its last request cached nothing"),
    "resumed": _fixed("resumed", "resumed, next prompt may rewrite"),
    "expired": lambda a: Words(f"cold {a.age('since')}", f"went cold {a.age('since')} ago"),
    "tools_changed": _changed("tools"),
    "system_changed": _changed("system"),
    "messages_changed": _changed("messages"),
    "model_changed": _changed("model"),
    "prefix_changed": _changed("prefix"),
    "compacted": lambda a: Words("compacted", f"compacted, starts again at {a.tokens('tokens')}"),
    "cleared": _fixed("cleared", "cleared, nothing to keep"),
    "no_request": _fixed("no request yet", "no request seen yet"),
    "no_prefix": _fixed("no prefix held", "no prefix held until next message"),
    "not_replayable": _fixed("cannot replay", "last request cannot be replayed"),
    "working": _fixed("working", "working"),
}
CODES = frozenset(_CATALOGUE)


def odds(args: ReasonArgs, waits_for_you: bool) -> tuple[str, ...]:
    """The bet behind a decision in two short clauses (at most 36 cells each); nothing where there was none."""
    chance, price, seconds = (args.get(name) for name in ("chance", "price", "seconds"))
    if not all(isinstance(value, int | float) for value in (chance, price, seconds)):
        return ()
    given = _Args(args, 0.0, None)
    event = "you are back" if waits_for_you else "it ends"
    within = age(max(LEAST_WITHIN, given.number("seconds") or 0.0))
    return (
        f"{_share(given.number('chance'))} chance {event} within {within}",
        f"a ping pays from {_share(given.number('price'))} on",
    )


def _share(share: float | None) -> str:
    """A share as people say it: small ones with a digit behind the point."""
    percent = 100 * (share or 0.0)
    return f"{percent:.1f}%" if 0 < percent < 10 else f"{percent:.0f}%"


def words(code: str, args: ReasonArgs, now: float, zone: tzinfo | None) -> Words:
    """A reason in words. A code that is not in the catalogue is shown as it is, underscores as spaces."""
    make = _CATALOGUE.get(code)
    if make is None:
        text = clean(code.replace("_", " "))
        return Words(text, text)
    return make(_Args(args, now, zone))
