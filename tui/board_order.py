"""The orders of the board as data: which sessions stand in which section, and in what sequence.

Pure functions of a `BoardView` and a moment. When an order may take effect is decided in board_state.py, how a section
reads in board.py. Every order is total: sessions that weigh the same keep their places, whatever the feed names first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from enum import StrEnum
from typing import Literal, NamedTuple

from store.models import BoardView, SessionView
from tui import facts
from tui.format import clean


class Order(StrEnum):
    """What the list is sorted by. The value is what a store remembers."""

    NEED = "need"
    AGE = "age"
    PROJECT = "project"
    COST = "cost"

    @property
    def following(self) -> Order:
        """The order after this one, round and round."""
        orders = list(Order)
        return orders[(orders.index(self) + 1) % len(orders)]


SETTING = "sidebar.order"
"""The row of the store's settings that remembers the order between two runs."""
SAID: dict[Order, str] = {
    Order.NEED: "sorted by what needs you",
    Order.AGE: "sorted by age, newest first",
    Order.PROJECT: "grouped by project",
    Order.COST: "sorted by cost if cold",
}
"""What is told after a change, at most 28 cells."""

NeedKey = Literal["needs", "soon", "running", "open", "cold", "ended"]
LABELS: dict[NeedKey, str] = {
    "needs": "needs you",
    "soon": "going cold",
    "running": "running",
    "open": "open",
    "cold": "cold",
    "ended": "ended today",
}
"""The sections by need, worst first."""
_SEVERITY = {key: place for place, key in enumerate(LABELS)}
ENDED, AGE = "ended", "age"
"""Keys of the sections that read differently from the others."""
NO_FOLDER = "no folder"
LIVE_SECONDS = 60.0
"""Whoever was active within it counts as active now: between two requests a session looks idle for a moment, and two
that work would change places with every request."""
NEVER, NEVER_COLD = float("-inf"), float("inf")

Weight = tuple[float | str, ...]
"""What sessions are sorted by; it ends with the id, so that no two are equal."""


class Section(NamedTuple):
    """Session ids of one section, in order. A folded section counts its sessions but shows none."""

    key: str
    ids: tuple[str, ...]
    total: int
    label: str = ""
    """What it is called, without its number; clean."""
    short: str = ""
    """The same where there is little room."""
    place: str = ""
    """Of a project whose name another one has, too: the folders above that tell them apart."""
    grouped: bool = False
    """One of a project's: its rows need not say the project again."""


def named(value: object) -> Order:
    """The order that a stored value names; whatever is no order (any more) is the first one."""
    return Order(value) if isinstance(value, str) and value in list(Order) else Order.NEED


def arrange(
    view: BoardView, now: float, query: str = "", unfolded: bool = False, order: Order = Order.NEED
) -> tuple[Section, ...]:
    """All sections that have sessions matching `query`; those that ended today come last, folded.

    Seconds that pass change nothing here until a state does: times are compared as they stand on the clock.
    """
    names = facts.names(view) if query else {}
    chosen = [one for one in _all(view) if not query or facts.matches(one, names[one.id], query)]
    opened = [one for one in chosen if not facts.is_ended(one)]
    ended = sorted((one for one in chosen if facts.is_ended(one)), key=_ending)
    sections = _SECTIONS[order](opened, now) if opened else []
    if ended:
        shown = _ids(ended) if unfolded or query else ()
        sections.append(Section(ENDED, shown, len(ended), LABELS["ended"]))
    return tuple(sections)


def idle_since(session: SessionView, now: float) -> float | None:
    """What age is counted from; `now` of a session that is active, None where no time is known."""
    at = session.opened_at if session.last_activity_at is None else session.last_activity_at
    return now if facts.works(session) or (at is not None and now - at < LIVE_SECONDS) else at


def section_of(session: SessionView, now: float) -> NeedKey:
    """Where a session belongs by need: what a person can still save first, too late last."""
    if facts.is_ended(session):
        return "ended"
    if facts.runs_out(session, now) and not facts.waits_for_person(session):
        return "soon"
    if facts.works(session):
        return "running"
    if not facts.is_warm(session, now):
        return "cold"
    return "needs" if facts.waits_for_person(session) else "open"


def _all(view: BoardView) -> tuple[SessionView, ...]:
    return (*view.sessions, *view.ended_today)


def _ids(sessions: Iterable[SessionView]) -> tuple[str, ...]:
    return tuple(one.id for one in sessions)


# -- what a session weighs: the least comes first ------------------------------------------------------------------


def _spared(session: SessionView) -> bool:
    """Whether it waits for a person, and something keeps it until then: what nothing keeps is more in need. (What works
    is kept and not kept again by turns, and nobody has to look at it.)"""
    return facts.waits_for_person(session) and facts.is_kept(session)


def _need(session: SessionView, now: float) -> Weight:
    """Inside a section of need: what nothing will keep, what goes cold first, the likely ones, what was active last.

    Of a session at work that moment moves with each request, and nobody has to look: those stand as they were opened.
    """
    known = facts.seconds_left(session, now) is not None
    if _is_moving(session, now):
        return (False, NEVER_COLD, not known, *_opened(session))
    at = session.cache.expires_at if known else None
    active = session.last_activity_at or session.cache.expires_at or 0.0
    return (_spared(session), NEVER_COLD if at is None else at, True, -active, session.id)


def _is_moving(session: SessionView, now: float) -> bool:
    """Whether it sends request after request, or has just now, and waits for nobody."""
    if facts.runs_out(session, now) or facts.waits_for_person(session):
        return False
    at = session.last_activity_at
    return facts.works(session) or (at is not None and now - at < LIVE_SECONDS)


def _ending(session: SessionView) -> Weight:
    """Of what is over: what ended last comes first."""
    return (-(session.ended_at or session.last_activity_at or 0.0), session.id)


def _worst(session: SessionView, now: float) -> Weight:
    """Across the sections of need."""
    return (_SEVERITY[section_of(session, now)], *_need(session, now))


def _age(session: SessionView, now: float) -> Weight:
    """What works is active now; the others since they last did anything."""
    at = idle_since(session, now)
    if at is None:
        return (-NEVER, *_opened(session))
    return (NEVER if at == now else -at, *_opened(session))


def _cost(session: SessionView, now: float) -> Weight:
    """As the column reads, so that what reads the same does not change places: money, then tokens, then nothing."""
    usd, count = facts.cold_price(session)
    if usd is not None:
        return (0, -round(usd, 2), *_opened(session))
    return (2, 0, *_opened(session)) if count is None else (1, -float(f"{count:.3g}"), *_opened(session))


def _opened(session: SessionView) -> Weight:
    """Among equals the one that was opened last; this never changes."""
    return (-(session.opened_at or 0.0), session.id)


_RANKS: dict[Order, Callable[[SessionView, float], Weight]] = {Order.AGE: _age, Order.COST: _cost}
"""The orders that are one list."""


# -- sections ------------------------------------------------------------------------------------------------------


def _by_need(sessions: list[SessionView], now: float) -> list[Section]:
    found: dict[NeedKey, list[SessionView]] = {key: [] for key in LABELS}
    for one in sorted(sessions, key=lambda one: _need(one, now)):
        found[section_of(one, now)].append(one)
    return [Section(key, _ids(some), len(some), LABELS[key]) for key, some in found.items() if some]


def _by_age(sessions: list[SessionView], now: float) -> list[Section]:
    ids = _ids(sorted(sessions, key=lambda one: _age(one, now)))
    return [Section(AGE, ids, len(ids), "newest first", "newest")]


def _by_cost(sessions: list[SessionView], now: float) -> list[Section]:
    ids = _ids(sorted(sessions, key=lambda one: _cost(one, now)))
    return [Section("cost", ids, len(ids), "dearest first", "dearest")]


def _by_project(sessions: list[SessionView], now: float) -> list[Section]:
    """A section a folder; the one that needs a person most comes first, as its sessions do."""
    found: dict[tuple[str, str], list[SessionView]] = {}
    for one in sorted(sessions, key=lambda one: _worst(one, now)):
        found.setdefault((one.project, one.cwd.rstrip("/")), []).append(one)
    names = {folder: clean(folder[0]) or NO_FOLDER for folder in found}
    places = _places(names)
    return [
        Section(
            "\0".join(("project", *folder)),
            _ids(some),
            len(some),
            names[folder],
            place=places.get(folder, ""),
            grouped=True,
        )
        for folder, some in found.items()
    ]


def _places(names: dict[tuple[str, str], str]) -> dict[tuple[str, str], str]:
    """For folders of the same name: the fewest folders above that tell each from the others."""
    same: dict[str, list[tuple[str, str]]] = {}
    for folder, name in names.items():
        same.setdefault(name, []).append(folder)
    places = {}
    for folders in same.values():
        above = {folder: _above(*folder) for folder in folders} if len(folders) > 1 else {}
        for folder, parts in above.items():
            others = [other for one, other in above.items() if one != folder]
            told = (n for n in range(1, len(parts)) if all(other[-n:] != parts[-n:] for other in others))
            places[folder] = "/".join(parts[-next(told, len(parts)) :])
    return places


def _above(project: str, cwd: str) -> tuple[str, ...]:
    """The folders above a project's own, outermost first."""
    parts = [clean(part) for part in cwd.split("/") if part]
    return tuple(parts[:-1] if parts and parts[-1] == clean(project) else parts)


_SECTIONS: dict[Order, Callable[[list[SessionView], float], list[Section]]] = {
    Order.NEED: _by_need,
    Order.AGE: _by_age,
    Order.PROJECT: _by_project,
    Order.COST: _by_cost,
}
