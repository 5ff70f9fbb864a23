"""What is worth a bell: a session begins to wait for a person, a large cache is about to go cold with nothing to keep
it, a cache broke. Pure: boards and moments in, alerts out; each event once.

What was already so at the first sight of a session is no event. The session under the cursor is not left out: that it
is selected here does not mean that anybody looks, and many terminals do not say which pane has the focus.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from store.models import CacheStateName, SessionView, WaitingFor
from tui import facts
from tui.causes import short_words
from tui.format import clean, countdown, cut, tokens

Kind = Literal["waits", "expires", "broke"]

SETTLED_SECONDS = 1.5
"""A session waits for a person once it has done so this long: between two requests it looks like that for a moment."""
LARGE_TOKENS = 100_000
"""Where money says nothing (a plan, an unknown price), a cache of this size is a large one."""
MOST_CELLS = 120
"""A notification is one short line."""
SMALL_TOKENS = 20_000
"""A break that writes less again is not worth a bell."""
RECENT_SECONDS = 300.0
"""What is learned of later is no news: a client's first report tells of a miss of hours ago."""
_NO_BREAK = frozenset({"cleared", "compacted", "resumed", "model_changed", "messages_shrunk", "expired", "ttl_expired"})
"""What a person's own command did, or time alone."""


class Alert(NamedTuple):
    """One event, as one line of printable text."""

    kind: Kind
    session_id: str
    text: str


class _Seen(NamedTuple):
    """A session at the last look."""

    waits_since: float | None
    told_waiting: bool
    told_expiry: float | None
    broke_at: float | None
    broken: str


class Alerts:
    """Remembers what was told. Feed it each board and each tick; `now` is wall clock."""

    def __init__(self) -> None:
        self._seen: dict[str, _Seen] = {}

    def feed(self, sessions: Iterable[SessionView], names: dict[str, str], now: float) -> list[Alert]:
        """What has begun since the last look. Sessions that are gone are forgotten."""
        before, self._seen = self._seen, {}
        alerts: list[Alert] = []
        for session in sessions:
            if facts.is_ended(session):
                continue
            name = cut(clean(names.get(session.id, "")) or clean(session.id), 40)
            was = before.get(session.id)
            if was is None:
                self._seen[session.id] = _first_sight(session, now)
            else:
                self._seen[session.id] = _look(session, was, name, now, alerts)
        return alerts


def _first_sight(session: SessionView, now: float) -> _Seen:
    waits = facts.waits_for_person(session)
    soon = session.cache.expires_at if _about_to_go(session, now) else None
    return _Seen(now if waits else None, waits, soon, _last_break(session)[0], _broken(session, now))


def _look(session: SessionView, was: _Seen, name: str, now: float, alerts: list[Alert]) -> _Seen:
    def tell(kind: Kind, text: str) -> None:
        alerts.append(Alert(kind, session.id, cut(f"{name} {text}", MOST_CELLS)))

    since, told = None, False
    if facts.waits_for_person(session):
        since, told = (now if was.waits_since is None else min(was.waits_since, now)), was.told_waiting
        if not told and now - since >= SETTLED_SECONDS:
            asks = session.waiting_for is WaitingFor.PERMISSION
            tell("waits", "asks permission" if asks else "waits for you")
            told = True
    expiry = was.told_expiry
    if _about_to_go(session, now) and session.cache.expires_at != expiry:
        expiry = session.cache.expires_at
        left = facts.seconds_left(session, now) or 0.0
        tell("expires", f"goes cold in {countdown(left)}, then {facts.cold_cost(session)}")
    broken, (broke_at, cause, lost) = _broken(session, now), _last_break(session)
    if broken and broken != was.broken:
        tell("broke", facts.reason(session, now, None)[1].full)
    elif (
        broke_at is not None
        and broke_at > max(was.broke_at or 0.0, now - RECENT_SECONDS)
        and cause not in _NO_BREAK
        and (lost is None or lost >= SMALL_TOKENS)
    ):
        again = "" if lost is None else f", {tokens(lost)} written again"
        tell("broke", f"cache broke: {clean(short_words(cause))}{again}")
    return _Seen(since, told, expiry, broke_at, broken)


def _about_to_go(session: SessionView, now: float) -> bool:
    """Whether a large cache is in the last part of its life and nothing will keep it."""
    cache = session.cache
    large = cache.costly
    if facts.on_plan(session) or cache.cold_usd is None:
        large = (cache.cold_tokens or 0) >= LARGE_TOKENS
    return large and facts.expires_soon(session, now)


def _last_break(session: SessionView) -> tuple[float | None, str, int | None]:
    """When, why and how much: as the gateway saw it, else as the client reports it."""
    cache = session.cache
    if cache.broke_at is not None or cache.last_miss_at is None:
        return cache.broke_at, cache.broke_by, cache.broke_tokens
    causes = cache.last_miss_cause.split(",")
    surprise = next((cause for cause in causes if not cause.startswith("ttl_expired")), "ttl_expired")
    return cache.last_miss_at, surprise, None


def _broken(session: SessionView, now: float) -> str:
    """Why the cache is broken now, or ''."""
    if facts.state(session, now) is not CacheStateName.CHANGED or session.cache.reason in _NO_BREAK:
        return ""
    return session.cache.reason or "prefix_changed"


def notification(text: str, *, in_tmux: bool) -> str:
    """The escape sequence (OSC 9) that asks the terminal for a notification of the desktop; inside tmux wrapped so
    that tmux hands it on. Nothing in `text` can end or steer it."""
    sequence = f"\x1b]9;warmside: {clean(text)}\x07"
    return "\x1bPtmux;" + sequence.replace("\x1b", "\x1b\x1b") + "\x1b\\" if in_tmux else sequence
