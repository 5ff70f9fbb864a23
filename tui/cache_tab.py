"""The Cache tab of a session: its state and how we know, its last requests as a strip, what broke it and why. Pure.

Names come from requests, so every one passes `clean`; of a request nothing but names, places, sizes and counts is
shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import tzinfo

from rich.cells import cell_len

from store.break_models import REMEDIES, BreakView
from store.cache_strip import CacheHistory, CacheMoment
from store.models import CacheStateName, Evidence, SessionView
from tui import facts
from tui.cache_chart import MARKS, kind, strip
from tui.causes import client_words, remedy_words, short_words
from tui.format import bar, clean, clock_time, countdown, cut, money, past, tokens, wrap
from tui.lines import BLANK, Line, Piece, Role, spread, width_of
from tui.row import WIDE_ROW

LABEL_CELLS = 8
LEAST_CHANCE = 0.05
"""Below it nothing is likely."""

_SOURCES = {
    Evidence.GATEWAY: "seen by the gateway",
    Evidence.CLIENT: "the client's own report",
    Evidence.TRANSCRIPT: "from its transcript",
    Evidence.ASSUMED: "assumed",
}
_STATES = {"warm": "warm", "expired": "cold"}
_PLACES = {"tools": "tool", "system": "system block", "messages": "message"}


def cache_tab(
    session: SessionView, history: CacheHistory | None, now: float, zone: tzinfo | None, width: int
) -> list[Line]:
    """All lines of the tab, none wider than `width`. Without a history (not read yet) only the state."""
    lines = [*_state(session, now, zone, width), *_sources(session, now, zone, width)]
    if history is None:
        return lines
    if not history.strip and not history.moments:
        return [*lines, BLANK, (Piece(cut(" No request seen yet.", width), "dim"),)]
    if history.strip:
        lines += [BLANK, *strip(history, now, zone, width)]
    priced = not facts.on_plan(session)
    lines += [BLANK, *_events(history.moments, now, zone, width, priced=priced)]
    return lines


# -- state and sources -----------------------------------------------------------------------------------------------


def _labelled(label: str, said: str, width: int, role: Role = "fg", lines: int = 2) -> Iterator[Line]:
    """A label and its text, wrapped under itself."""
    for index, text in enumerate(wrap(said, width - LABEL_CELLS - 1, lines)):
        name = f" {'' if index else label:<{LABEL_CELLS - 1}}"
        yield (Piece(name, "dim"), Piece(text, role))


def _state(session: SessionView, now: float, zone: tzinfo | None, width: int) -> Iterator[Line]:
    cache, current = session.cache, facts.state(session, now)
    at = None if cache.expires_at is None else clock_time(cache.expires_at, now, zone)
    if current is CacheStateName.WARM:
        left, ttl = facts.seconds_left(session, now), facts.ttl_seconds(session)
        if left is None:
            yield from _labelled("state", "warm, nobody knows for how long", width)
            return
        drawn: Line = ()
        if ttl and width >= WIDE_ROW:
            filled, track = bar(left / ttl)
            drawn = (Piece("  "), Piece(filled, "warm"), Piece(track, "faint"), Piece(" "))
        text = f" {countdown(left)} left · to {at}"
        line: Line = (Piece(" state  ", "dim"), Piece("warm", "strong"), *drawn, Piece(text))
        yield line if width_of(line) < width else (*line[:-1], Piece(f" {countdown(left)} left"))
    elif current is CacheStateName.LIKELY and _is_over(session):
        used = "" if session.last_activity_at is None else f" · last used {past(session.last_activity_at, now, zone)}"
        yield from _labelled("state", f"cold{used}", width, "cold")
    elif current is CacheStateName.LIKELY:
        chance = "likely warm" if cache.probability is None else f"likely warm, {cache.probability:.0%}"
        yield from _labelled("state", f"{chance} · no promised lifetime", width)
    elif current is CacheStateName.EXPIRED:
        since = "" if cache.expires_at is None else f" since {at} · {past(cache.expires_at, now, zone)}"
        yield from _labelled("state", f"cold{since}", width, "cold")
    else:
        role: Role = "bad" if current is CacheStateName.CHANGED else "fg"
        yield from _labelled("state", f"{current}: {facts.reason(session, now, zone)[1].full}", width, role)


def _is_over(session: SessionView) -> bool:
    """Nobody will come back to it, or it has lived on with so little chance that `likely` would be wrong."""
    chance = session.cache.probability
    return facts.is_ended(session) or (chance is not None and chance < LEAST_CHANCE)


def _sources(session: SessionView, now: float, zone: tzinfo | None, width: int) -> Iterator[Line]:
    """How we know, who says something else, and what the client calls its last miss."""
    cache = session.cache
    if cache.evidence is not None:
        lifetime = f" · {cache.ttl}" if cache.ttl else ""
        told = _SOURCES[cache.evidence]
        # (The lifetime stands in the view's head, too.)
        fits = cell_len(told + lifetime) < width - LABEL_CELLS
        yield from _labelled("known", told + lifetime * fits, width)
        # What was warm when the store was read may be cold by now: then there is nothing to disagree about.
        if cache.disagrees and facts.state(session, now) is cache.state:
            yield from _labelled(
                "but", _disagreement(cache.disagrees, cache.evidence, cache.state), width, "bad", lines=3
            )
    if cache.last_miss_at is not None:
        at = clock_time(cache.last_miss_at, now, zone)
        said = f"missed at {at}, by its own word: {client_words(cache.last_miss_cause)}"
        yield from _labelled("client", said, width, lines=3)


def _disagreement(code: str, evidence: Evidence, state: CacheStateName) -> str:
    """`the client says warm, the gateway cold: the gateway knows better`."""
    worse, _, other = code.partition("_")
    told, ours = _STATES.get(other, clean(other)), _STATES.get(state, state)
    return f"the {clean(worse)} says {told}, the {evidence} {ours}: the {evidence} knows better"


# -- events ----------------------------------------------------------------------------------------------------------


def _events(
    moments: Iterable[CacheMoment], now: float, zone: tzinfo | None, width: int, *, priced: bool
) -> Iterator[Line]:
    """Newest first; what helps is said once, with the newest event that it would have helped."""
    told: set[str] = set()
    empty = True
    for moment in moments:
        empty = False
        at = clock_time(moment.at, now, zone)
        turn = "" if moment.turn is None else f"turn {moment.turn}"
        mark = MARKS[kind(moment)]
        right = _paid(moment, priced=priced)
        if width >= WIDE_ROW:
            head: Line = (Piece(f" {at:<10}{turn:<9} ", "dim"), Piece(mark.glyph, mark.role), Piece(" "))
            indent = width_of(head)
            first, *more = wrap(_words(moment), width - indent - width_of(right) - 2, 3) or [""]
            yield _ends((*head, Piece(first)), right, width - 1)
        else:
            left: Line = (Piece(" "), Piece(mark.glyph, mark.role), Piece(cut(f" {at} {turn}", width - 3), "dim"))
            indent = 3
            more = wrap(_words(moment), width - indent - 1, 3)
            yield _ends(left, right, width - 1)
        for text in more:
            yield (Piece(" " * indent), Piece(text))
        remedy = REMEDIES.get(_cause(moment), "")
        if remedy and remedy not in told:
            told.add(remedy)
            for text in wrap(f"next time: {remedy_words(remedy)}", width - indent - 1, 8):
                yield (Piece(" " * indent), Piece(text, "dim"))
    if empty:
        yield (Piece(cut(" Nothing broke it.", width), "dim"),)


def _ends(left: Line, right: Line, width: int) -> Line:
    """Both ends of a line; where they do not fit, only the right one's last part, which is the money if any."""
    line = spread(left, right, width)
    return spread(left, right[-1:], width) if line == left else line


def _cause(moment: CacheMoment) -> str:
    if moment.broke is not None:
        return moment.broke.cause
    if moment.event is None or moment.event.kind == "kept":
        return ""
    return moment.event.cause or {"lapsed": "expired", "compacted": "compacted"}.get(moment.event.kind, "")


def _paid(moment: CacheMoment, *, priced: bool) -> Line:
    """Tokens and money at the right end: what was written again, or what a ping spared."""
    event, broke = moment.event, moment.broke
    if event is not None and event.kind == "kept":
        saved = money(event.usd) if priced and event.cause == "ping" and event.usd is not None else ""
        return (Piece(f"{tokens(event.tokens)} read", "dim"), *((Piece(f"  saved {saved}", "good"),) if saved else ()))
    count, usd = (0, None) if event is None else (event.tokens, event.usd)
    if broke is not None and (event is None or event.kind == "changed"):
        count = broke.rewritten
        usd = None if broke.usd is None or broke.read_usd is None else broke.usd - broke.read_usd
    word = "in all" if event is not None and event.kind == "compacted" else "again"
    price: Line = (Piece(f"  {money(usd)}", "cold"),) if priced and usd is not None else ()
    return (Piece(f"{tokens(count)} {word}", "dim"), *price)


def _words(moment: CacheMoment) -> str:
    """What happened: `tool added: mcp__a__b (tool 13)`."""
    event, broke = moment.event, moment.broke
    if event is not None and event.kind == "kept":
        return "pings kept it warm" if event.cause == "ping" else "still warm past its time"
    if event is not None and event.kind == "lapsed" and (broke is None or broke.cause == "expired"):
        return "went cold"
    said = short_words(_cause(moment) or "prefix_changed")
    if event is not None and event.shrunk_percent is not None:
        said += f", prompt {event.shrunk_percent:.0f} % shorter"
    return said if broke is None else said + _place(broke)


def _place(broke: BreakView) -> str:
    """`: name (tool 13, description)`; empty where the break has no place."""
    name = "" if broke.part == "system" else clean(broke.name)
    where = []
    if broke.part in _PLACES:
        where.append(_PLACES[broke.part] + ("" if broke.position is None else f" {broke.position}"))
    if broke.field:
        where.append(clean(broke.field))
    return (f": {name}" if name else "") + (f" ({', '.join(where)})" if where else "")
