"""The sentence that opens a session's detail: what to do, by when, and what waiting costs. Pure."""

from __future__ import annotations

import re
from datetime import tzinfo

from rich.cells import cell_len

from store.models import CacheStateName, SessionView
from tui import facts
from tui.budget_ahead import ENDS
from tui.format import clock_time, cut, money, past, tokens
from tui.lines import Line, Piece, width_of

_SHORTER = tuple(
    (re.compile(long), short)
    for long, short in (
        (r", \d+ s later$", ""),
        (r"the next prompt ", "next prompt "),
        (r"kept warm past", "kept past"),
        (r" at least, then ", ", then "),
        (r" if gone$", ""),
        (r"^(: (then )?)next prompt $", r"\1"),
        (r"^Next prompt rewrites ", "Rewrites "),
        (r"^Answer by ", "By "),
        (r"^ or (pay|rewrite) $", ": "),
        (r"^Probably ", "Maybe "),
        (r"^(: )(then )?", r"\1"),
        (r"^(pays|rewrites) ", ""),
    )
)
"""What is said shorter, one after the other until the sentence fits."""


def sentence(session: SessionView, now: float, zone: tzinfo | None, width: int) -> Line:
    """One line, said shorter where it is too long for `width` cells: its number stands at its end and is not cut."""
    pieces: list[Piece] = []
    said, room = _sentence(session, now, zone, width), width
    for long, short in _SHORTER:
        if width_of(said) <= width:
            break
        said = tuple(Piece(long.sub(short, text), role) for text, role in said)
    for text, role in said:
        pieces.append(Piece(cut(text, room), role))
        if pieces[-1].text != text:
            break
        room -= cell_len(text)
    return tuple(pieces)


def _sentence(session: SessionView, now: float, zone: tzinfo | None, width: int) -> Line:
    cache = session.cache
    cost = facts.cold_cost(session)
    if facts.is_ended(session):
        at = session.ended_at or session.last_activity_at
        return (Piece("Ended" + ("" if at is None else f" {past(at, now, zone)}"), "strong"),)
    state = facts.state(session, now)
    if state is CacheStateName.WARM:
        return _warm(session, now, zone, cost, width)
    if state is CacheStateName.LIKELY:
        if not facts.is_warm(session, now):
            return (Piece("Probably cold", "strong"), Piece(": then the next prompt "), Piece(_pays(session), "strong"))
        return (Piece("Probably warm", "strong"), Piece(", "), Piece(cost, "strong"), Piece(" if not"))
    if state is CacheStateName.EXPIRED:
        pays = Piece(_pays(session), "strong")
        return (Piece("Cold", "strong"), Piece(": the next prompt "), pays, *_later(session))
    if state is CacheStateName.CHANGED:
        part = tokens(cache.cold_tokens)
        tail = "" if _in_tokens(session) else f", {money(cache.cold_usd)}"
        return (Piece("Next prompt rewrites "), Piece(part, "strong"), Piece(tail))
    full = facts.reason(session, now, zone)[1].full
    return (Piece(full[:1].upper() + full[1:]),)


def _later(session: SessionView) -> Line:
    """How much later a cold answer begins, where that was measured and can be felt."""
    extra = session.cache.cold_extra_seconds
    return () if extra is None or extra < 1 else (Piece(f", {extra:.0f} s later"),)


def _pays(session: SessionView) -> str:
    cost = facts.cold_cost(session)
    return f"rewrites {cost}" if _in_tokens(session) else f"pays {cost}"


def _in_tokens(session: SessionView) -> bool:
    return facts.on_plan(session) or session.cache.cold_usd is None


def _warm(session: SessionView, now: float, zone: tzinfo | None, cost: str, width: int) -> Line:
    cache, keep = session.cache, session.keepalive
    if cache.expires_at is None:
        return (Piece("Warm", "strong"), Piece(", nobody knows for how long"))
    by = clock_time(cache.expires_at, now, zone)
    if cache.ttl is None:  # only a minimum is promised
        return (Piece(f"Warm to {by}", "strong"), Piece(" at least, then "), Piece(cost, "strong"), Piece(" if gone"))
    until = keep.why_args.get("until")
    end = clock_time(until, now, zone) if isinstance(until, int | float) else None
    if keep.why == "held":
        return _held(session, f"Held to {end}" if end else "Held", width)
    if facts.works(session):
        return (Piece("Working", "strong"), Piece(f"; {_past(session, by)}"))
    if facts.is_kept(session):
        return (Piece(f"Kept to {end}" if end else f"Kept past {by}", "strong"), Piece(f", then {cost}"))
    verb = " or rewrite " if _in_tokens(session) else " or pay "
    return (Piece(f"Answer by {by}", "strong"), Piece(verb, "dim"), Piece(cost, "strong"))


def _past(session: SessionView, by: str) -> str:
    """What becomes of the entry of one that works if it sends no request until then."""
    return f"kept warm past {by}" if facts.is_kept(session) else f"cold {by} if it stalls"


def _held(session: SessionView, held: str, width: int) -> Line:
    """Until when, for how much, and what ends it where a limit does."""
    up_to = _up_to(session)
    full, short = ENDS.get(str(session.keepalive.why_args.get("ends")), ("", ""))
    forms = (f"{up_to}: {full}", f": {full}", f": {short} ends it", f": {short}") if full else (up_to,)
    rest = next((form for form in forms if cell_len(held + form) <= width), forms[-1])
    return (Piece(held, "strong"), Piece(rest)) if rest else (Piece(held, "strong"),)


def _up_to(session: SessionView) -> str:
    """What a hold may still cost: the pings left at the price of the next one."""
    left, price = session.keepalive.why_args.get("n"), session.keepalive.next_ping_usd
    if price is None or not isinstance(left, int | float):
        return ""
    return f", up to {money(left * price)}"
