"""The one line under a client's prompt: state with countdown, pings sent and left, what a cold resume costs. Pure.

Nothing is better than a guess there: of a cache of which nothing is known the line says nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from store.plain_text import one_line
from store.statusline_row import Shown, StatusRow
from tui.amounts import age, countdown, money, plural, tokens

SEPARATOR = " · "
WARM, COLD = "◆", "◇"
SOON = 60.0
"""Seconds before its end from which an entry that nothing will keep is shown in yellow."""
_KEPT = frozenset({"kept", "held", "tool_guard", "in_flight"})
_NO_STOP = _KEPT | {"", "working", "expired", "watch_only", "no_request"}
"""Decisions that need no word: they are what the line shows anyway."""
_GONE = frozenset({"compacted", "cleared"})
"""Breaks after which the next prefix is another, smaller one: its price is not known."""
_GREEN, _YELLOW, _RED, _PLAIN = "\x1b[32m", "\x1b[33m", "\x1b[31m", "\x1b[0m"


def wants_colour(environ: Mapping[str, str]) -> bool:
    """The client shows colours in its status line; a pipe cannot be asked, the environment can."""
    return not environ.get("NO_COLOR") and environ.get("TERM") != "dumb"


def status_text(row: StatusRow, shown: Shown, now: float, *, colour: bool = False) -> str:
    """`◆ warm 3:12 · 1 of 3 pings · cold $0.42`, or nothing."""
    state, role = _state(row, shown, now)
    if not state:
        return ""
    cost = _cost(row, shown)
    parts = [
        f"{role}{state}{_PLAIN}" if colour else state,
        _pings(row, shown),
        f"{'cold' if shown.state == 'warm' else 'next prompt'} {cost}" if cost else "",
    ]
    return SEPARATOR.join(part for part in parts if part)


def _state(row: StatusRow, shown: Shown, now: float) -> tuple[str, str]:
    """The state in words, and its colour."""
    if shown.state == "changed":
        return f"{COLD} {_words(shown.reason)}", _RED
    if shown.expires_at is None:
        return "", ""
    left = shown.expires_at - now
    if shown.state == "warm":
        unkept = left <= SOON and not (row.keeper_on and row.why in _KEPT)
        sure = "?" if shown.evidence == "assumed" else ""
        return f"{WARM} warm {countdown(left)}{sure}", _YELLOW if unkept else _GREEN
    return f"{COLD} cold {age(max(0.0, -left))}", _RED


def _pings(row: StatusRow, shown: Shown) -> str:
    """Sent and left, or why there are none. Of a session that is only watched nobody expects any."""
    if not row.attached or shown.state == "changed":
        return ""
    if row.mode == "off" or row.why == "off":
        return "pings off"
    if not row.keeper_on:
        return "no keeper"
    if row.why == "pings_spent" or (row.why in _KEPT and row.max_idle_pings):
        return f"{row.idle_pings} of {plural(max(row.max_idle_pings or 0, row.idle_pings), 'ping')}"
    if row.why not in _NO_STOP:
        return f"no pings: {_words(row.why)}"
    return plural(row.idle_pings, "ping") if row.idle_pings else ""


def _cost(row: StatusRow, shown: Shown) -> str:
    """Money; tokens under a plan, where nobody pays by the token, and where no price is known."""
    if not shown.cold_tokens or shown.reason in _GONE:
        return ""
    if row.login == "subscription" or shown.cold_usd is None:
        return tokens(shown.cold_tokens)
    return money(shown.cold_usd)


def _words(code: str) -> str:
    return one_line(code[:40].replace("_", " "))
