"""What a row says of its keep-alive: mode, way, spending, the next ping, and why there is none."""

from __future__ import annotations

from collections.abc import Sequence

from store.budgets import Allowed
from store.models import BudgetMode, KeepaliveView, ReasonArgs, Warmer
from store.rows import LineageRow, PriceRow, SessionRow

PLANNED = frozenset({"kept", "held", "tool_guard"})
_UNDER_WAY = PLANNED | {"", "working", "in_flight"}
"""Decisions that do not explain an expired entry."""
_OF_A_PLUGIN = frozenset({"no_consent", "fork_waits", "plan_login", "plugin_silent", "working"})
"""Decisions on a session beside the gateway that tell of its plugin, though no way of a ping is open."""
WARMER = "warmer"
"""Among a plan's arguments: which way the next ping would go."""


def view(
    row: SessionRow,
    lineage: LineageRow | None,
    price: PriceRow | None,
    budget: Allowed,
    pinged: Sequence[float | None] | None,
    now: float,
    keeper_on: bool,
) -> KeepaliveView:
    """`pinged`: pings of the session, their money, those of the present idle period, those without an answer yet."""
    count, usd, idle_count, unanswered = pinged or (0, 0.0, 0, 0)
    why, args = _why(row, lineage, budget, keeper_on, now)
    next_at = lineage.next_ping_at if lineage and keeper_on and row.ended_at is None else None
    return KeepaliveView(
        mode=budget.mode,
        warmer=_warmer(row, lineage, keeper_on),
        pings=int(count or 0),
        usd=usd,
        idle_pings=int(idle_count or 0),
        idle_max_pings=lineage.max_idle_pings if lineage else None,
        max_pings=budget.pings,
        max_usd=budget.usd,
        until=budget.until,
        next_ping_at=next_at,
        next_ping_usd=price.cache_read * lineage.prefix_tokens / 1e6 if price and lineage and next_at else None,
        why=why,
        why_args=args,
        in_flight=bool(unanswered),
    )


def _warmer(row: SessionRow, lineage: LineageRow | None, keeper_on: bool) -> Warmer | None:
    """How the next ping would go: the keeper's word, which alone knows what it holds and which plugin answers."""
    told = lineage.why_args.get(WARMER) if lineage is not None and keeper_on else None
    if told in ("replay", "fork"):
        return "fork" if told == "fork" else "replay"
    return "replay" if row.launch_id and row.login == "api_key" else None


def _why(
    row: SessionRow, lineage: LineageRow | None, budget: Allowed, keeper_on: bool, now: float
) -> tuple[str, ReasonArgs]:
    """The reason line's code: what the keeper decided, unless something that it cannot know is in the way."""
    if row.ended_at is not None:
        return row.end_reason or "ended", {}
    if lineage is None:
        return "no_request", {}
    if lineage.replaced:
        return lineage.replaced, {"tokens": lineage.broke_tokens or lineage.prefix_tokens}
    expires = lineage.expires_at
    # (Of a session that has left the gateway the last plan may still stand there.)
    beside = row.launch_id is None and lineage.why_args.get(WARMER) != "fork"
    watched = beside and lineage.why not in _OF_A_PLUGIN
    if expires is not None and now >= expires:
        # What let it go cold says more than that it is cold, which the state says already.
        stopped = not watched and lineage.why not in _UNDER_WAY
        return (lineage.why, lineage.why_args) if stopped else ("expired", {"since": expires})
    if watched:
        return "watch_only", {}
    if budget.mode is BudgetMode.OFF:
        return "off", {}
    if not keeper_on:
        return "no_keeper", {}
    return lineage.why, lineage.why_args
