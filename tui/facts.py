"""What a session's view means at one moment: pure questions that the rows, the detail and the order share.

An entry goes cold between two reads of the store, so its state is asked here with `now` and never read raw.
"""

from __future__ import annotations

from datetime import tzinfo

from store.models import BoardView, BudgetMode, CacheStateName, SessionView, Status, WaitingFor
from tui.format import clean, model_name, money, tokens
from tui.reasons import COUNTED, Words, words

KEPT_CODES = frozenset({"kept", "held", "in_flight", "tool_guard"})
"""Reasons under which something will keep the entry alive."""
CHIP_SHARE = {"5m": 1 / 5, "1h": 1 / 12}
"""The last part of a lifetime in which an unkept entry shouts: a minute of 5m, five minutes of 1h."""
EVEN = 0.5
"""Below this chance an entry counts as gone."""
NOMINAL_TTL = {"5m": 300.0, "1h": 3600.0}


def state(session: SessionView, now: float) -> CacheStateName:
    """The cache's state now: a warm entry whose time passed is expired, whatever the store says; one whose provider
    promises only a minimum may live on."""
    cache = session.cache
    if cache.state is CacheStateName.WARM and cache.expires_at is not None and cache.expires_at <= now:
        return CacheStateName.EXPIRED if cache.ttl else CacheStateName.LIKELY
    return cache.state


def seconds_left(session: SessionView, now: float) -> float | None:
    """Seconds until a warm entry expires; None when it is not warm or nobody knows."""
    if state(session, now) is not CacheStateName.WARM or session.cache.expires_at is None:
        return None
    return session.cache.expires_at - now


def ttl_seconds(session: SessionView) -> float | None:
    """The entry's lifetime in seconds."""
    cache = session.cache
    return cache.ttl_seconds or (NOMINAL_TTL[cache.ttl] if cache.ttl else None)


def is_warm(session: SessionView, now: float) -> bool:
    """Whether there is, or probably is, something to lose."""
    current = state(session, now)
    if current is CacheStateName.LIKELY:
        return session.cache.probability is None or session.cache.probability >= EVEN
    return current is CacheStateName.WARM


def is_ended(session: SessionView) -> bool:
    """Whether the session is over."""
    return session.status is Status.ENDED or session.ended_at is not None


def waits_for_person(session: SessionView) -> bool:
    """Whether a person's answer is what the session needs next."""
    if is_ended(session):
        return False
    if session.waiting_for is None:
        return session.status is Status.IDLE
    return session.waiting_for in (WaitingFor.YOU, WaitingFor.PERMISSION)


def works(session: SessionView) -> bool:
    """Whether the session goes on by itself."""
    if session.waiting_for is None:
        return session.status is Status.BUSY
    return session.waiting_for in (WaitingFor.TOOL, WaitingFor.BACKGROUND)


def is_kept(session: SessionView) -> bool:
    """Whether a working budget will keep the entry warm."""
    return session.keepalive.in_flight or session.keepalive.why in KEPT_CODES


def is_held(session: SessionView, now: float) -> bool:
    """Whether a hold is in force."""
    until = session.keepalive.until
    return session.keepalive.mode is BudgetMode.HOLD and (until is None or until > now)


def runs_out(session: SessionView, now: float) -> bool:
    """Whether the entry is about to go cold and nothing will keep it, whoever is to move."""
    left, ttl = seconds_left(session, now), ttl_seconds(session)
    if left is None or ttl is None or is_kept(session):
        return False
    # (Nothing happens at the end of a promised minimum.)
    return session.cache.ttl is not None and left <= ttl * CHIP_SHARE[session.cache.ttl]


def expires_soon(session: SessionView, now: float) -> bool:
    """Whether the entry is about to go cold, a person could still save it, and nothing else will."""
    return waits_for_person(session) and runs_out(session, now)


def is_costly(session: SessionView) -> bool:
    """Whether what a cold resume costs is worth a mark."""
    return session.cache.costly and not is_ended(session)


def on_plan(session: SessionView) -> bool:
    """Under a plan login nobody pays by the token: costs are shown in tokens."""
    return session.login == "subscription"


def cold_price(session: SessionView) -> tuple[float | None, int | None]:
    """What the next prompt pays after expiry, as (dollars, tokens): one of them, or neither where nothing is known."""
    cache = session.cache
    if cache.state is CacheStateName.UNKNOWN:
        return None, None
    if on_plan(session) or cache.cold_usd is None:
        return None, cache.cold_tokens
    return cache.cold_usd, None


def cold_cost(session: SessionView) -> str:
    """The same as text: money, or tokens where money says nothing."""
    usd, count = cold_price(session)
    return tokens(count) if usd is None else money(usd)


def reason(session: SessionView, now: float, zone: tzinfo | None) -> tuple[str, Words]:
    """The one reason that matters for a session now, as (code, words)."""
    cache, keep = session.cache, session.keepalive
    current = state(session, now)
    if current is CacheStateName.EXPIRED:
        code, args = "expired", {"since": cache.expires_at} if cache.expires_at is not None else {}
        return code, words(code, {**args}, now, zone)
    if current is CacheStateName.CHANGED:
        count = {} if cache.cold_tokens is None else {"tokens": cache.cold_tokens}
        code = cache.reason or "prefix_changed"
        return code, words(code, {**count}, now, zone)
    if current is CacheStateName.UNKNOWN:
        code = cache.reason or keep.why or "no_request"
        return code, words(code, keep.why_args, now, zone)
    code = "in_flight" if keep.in_flight else keep.why
    if not code and current is CacheStateName.LIKELY:
        code = "no_ttl"
    # (What was sent grows without a new decision.)
    counted = {"sent": keep.idle_pings, "allowed": keep.idle_max_pings} if code in COUNTED else {}
    args = {name: count for name, count in counted.items() if count is not None}
    return code, words(code, {**keep.why_args, **args}, now, zone)


def names(view: BoardView) -> dict[str, str]:
    """What each session is called: its project, with its title or id where two would read the same."""
    sessions = (*view.sessions, *view.ended_today)
    plain = {session.id: clean(session.project) or clean(session.title) or clean(session.id) for session in sessions}
    counts: dict[str, int] = {}
    for name in plain.values():
        counts[name] = counts.get(name, 0) + 1
    return {
        session.id: plain[session.id]
        if counts[plain[session.id]] == 1
        else f"{plain[session.id]} {clean(session.title) or clean(session.id)[:8]}"
        for session in sessions
    }


def name_in_project(session: SessionView, name: str) -> str:
    """What is left of a session's name where its project stands above it: its title, or what tells it from others."""
    return clean(session.title) or name.removeprefix(f"{clean(session.project)} ") or name


def matches(session: SessionView, name: str, query: str) -> bool:
    """Whether each word of a filter is in the session's name, place or title, or begins its agent or model."""
    text = " ".join((name, session.cwd, session.title)).casefold()
    kinds = f"{session.agent} {model_name(session.model)}".casefold().split()
    return all(word in text or any(kind.startswith(word) for kind in kinds) for word in query.casefold().split())
