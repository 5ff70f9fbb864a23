"""What happened to a thread's prompt cache at each of its requests, told from their usage alone. Pure.

A request should read everything that the one before it had read and written. Where it read clearly less, the cause is
the best one that the records know: the client compacted the conversation, the entry's time had passed, another model,
a session that was opened again, a prompt that shrank; else only that the prefix changed. It must not guess more: what
exactly changed in a prefix, only a gateway sees.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from msgspec import Struct, field

from store import likely
from store.models import TTLClass

Kind = Literal["kept", "lapsed", "changed", "compacted"]

LEAST_LOST_SHARE = 0.05
"""A read of 95 % is a hit, here as for a ping: the rest is a tail that the client words anew with every prompt."""
LEAST_LOST_TAIL = 0.2
"""Where only the last request's own write was not read: small ones are the client's wording of its newest message, and
requests side by side, since an entry can be read only once its answer has begun."""
LEAST_LOST_TOKENS = 1_024
"""Fewer are no entry of their own."""
LIFETIMES: Mapping[TTLClass, float] = {"5m": 300.0, "1h": 3_600.0}
UNPROMISED_LIFETIME = 300.0
"""Seconds before which nearly no provider drops an entry, promised or not."""
_READABLE_AFTER = 30.0
"""Seconds after which a written entry is surely readable."""


class Sent(NamedTuple):
    """A request of one thread. Turns and times may be those of the client's records."""

    id: int
    turn: int
    at: float
    """Its start, seconds since the epoch: an entry's time runs from there."""
    model: str
    input: int
    """Uncached."""
    read: int
    write_5m: int
    write_1h: int

    @property
    def written(self) -> int:
        """Tokens written, both classes."""
        return self.write_5m + self.write_1h

    @property
    def total(self) -> int:
        """The whole prompt."""
        return self.input + self.read + self.written


class Seen(NamedTuple):
    """A break as the gateway saw it."""

    cause: str
    expected: int
    """Tokens that an unbroken prefix would have read."""


class Around(Struct, frozen=True):
    """What else is known of the thread."""

    compactions: Mapping[int, int] = field(default_factory=dict)
    """How many were recorded while a turn ran, or after it and before the next prompt."""
    resumes: Mapping[int, int] = field(default_factory=dict)
    """How often the session was left and opened again after a turn's last request."""
    pings: Sequence[float] = ()
    """Starts of the pings that hit, in order."""
    lifetimes: Mapping[TTLClass, float] = field(default_factory=lambda: LIFETIMES)
    """Seconds that an entry of a class lives (a configuration may scale them)."""
    seen: Mapping[int, Seen] = field(default_factory=dict)
    """By request: what the gateway found out."""


NOTHING_ELSE = Around()


class Happened(NamedTuple):
    """One event. At most one for each request."""

    sent: Sent
    kind: Kind
    cause: str
    """Reason code of a change; of a kept entry `ping`, or `` where it only outlived its time."""
    expected: int
    """Tokens that it should have read."""
    rewritten: int
    """Of these, what it paid for again."""
    written_as: TTLClass | None
    """Price of the paying: a write of this class; None: plain input, where the provider knows no writes."""
    shrunk_percent: float | None
    """How much shorter the prompt was than the one before, where no compaction says why."""

    @property
    def lost(self) -> int:
        """Tokens that it should have read and did not."""
        return max(0, self.expected - self.sent.read)


def events(requests: Iterable[Sent], around: Around = NOTHING_ELSE) -> list[Happened]:
    """The events of a thread's requests, in order. A first request has none: it had nothing to read."""
    # Records step back in time now and then; which turn a request belongs to is the file's own order.
    thread = sorted((sent for sent in requests if sent.total), key=lambda sent: (sent.turn, sent.at, sent.id))
    classes = _classes(thread)
    compacted = _compacted(thread, around.compactions)
    resumed = _resumed(thread, around.resumes)
    shortest = min(around.lifetimes.values(), default=0.0)
    found: list[Happened] = []
    for index, (before, now) in enumerate(pairwise(thread), start=1):
        if now.read > before.total - LEAST_LOST_TOKENS and now.at - before.at < shortest and now.id not in around.seen:
            continue  # nearly all requests: they read all there was, in time
        step = _Step(before, now, classes[index - 1], around)
        if found and found[-1].sent is before and index not in compacted and step.is_same_break():
            continue
        event = step.event(compacted=index in compacted, resumed=index in resumed)
        if event is not None:
            found.append(event)
    return found


def of_turn(happened: Sequence[Happened], first_request: int) -> Happened:
    """The one to show of a turn's events: what happened at its first request, else the one that lost most."""
    at_start = (one for one in happened if one.sent.id == first_request)
    return next(at_start, None) or max(happened, key=lambda one: one.lost)


class _Step(NamedTuple):
    """From one request to the next."""

    before: Sent
    now: Sent
    ttl_class: TTLClass | None
    around: Around

    def event(self, *, compacted: bool, resumed: bool) -> Happened | None:
        seen = self.around.seen.get(self.now.id)
        expected = self._expected() if seen is None else seen.expected
        lost = expected - self.now.read
        if compacted:
            return self._happened("compacted", "" if seen is None else seen.cause, expected)
        if seen is not None:
            kinds: dict[str, Kind] = {"expired": "lapsed", "compacted": "compacted", "messages_shrunk": "compacted"}
            kind = kinds.get(seen.cause, "changed")
            return self._happened(kind, seen.cause if kind == "changed" else "", expected)
        tail = self.now.read >= self.before.read
        if not _clear(lost, expected, LEAST_LOST_TAIL if tail else LEAST_LOST_SHARE):
            if expected >= LEAST_LOST_TOKENS and self._gap() >= self._lifetime() and self.ttl_class is not None:
                return self._happened("kept", "ping" if self._pings() else "", expected)
            return self._happened("changed", "shrank", expected) if self._shrunk() else None
        if self._gap_since_touch() >= self._lifetime():
            return self._happened("lapsed", "", expected)
        cause = self._cause(resumed=resumed)
        if cause == "prefix_changed" and self.ttl_class is None:
            return None  # without a promise a miss in time says nothing about the prefix
        return self._happened("changed", cause, expected)

    def is_same_break(self) -> bool:
        """Right after a break, in the same turn: it could not yet read what that one was still writing."""
        soon = self.now.turn == self.before.turn and self._gap() < _READABLE_AFTER
        return soon and self.now.id not in self.around.seen and self.now.read >= self.before.read

    def _happened(self, kind: Kind, cause: str, expected: int) -> Happened:
        paid, written_as = self._paid()
        lost = 0 if kind == "kept" else max(0, expected - self.now.read)
        shrunk = None if kind == "compacted" else self._shrunk()
        return Happened(self.now, kind, cause, expected, min(lost, paid), written_as, shrunk)

    def _expected(self) -> int:
        if likely.family(self.before.model) is None:
            return self.before.read + self.before.written
        return max(self.before.read, self.before.total - LEAST_LOST_TOKENS)  # (they cache the whole, in blocks)

    def _paid(self) -> tuple[int, TTLClass | None]:
        """Tokens that were not read, and at which price they were taken."""
        if likely.family(self.now.model) is None:
            return self.now.written, "1h" if self.now.write_1h > self.now.write_5m else "5m"
        return (self.now.written, "5m") if self.now.written else (self.now.input, None)

    def _cause(self, *, resumed: bool) -> str:
        if self._other_model():
            return "model_changed"
        if resumed:
            return "resumed"
        return "shrank" if self._shrunk() else "prefix_changed"

    def _other_model(self) -> bool:
        return bool(self.before.model and self.now.model) and self.before.model != self.now.model

    def _shrunk(self) -> float | None:
        """Per cent; None also across models, whose tokens are not comparable."""
        less = self.before.total - self.now.total
        if self._other_model() or not _clear(less, self.before.total):
            return None
        return round(100 * less / self.before.total, 1)

    def _lifetime(self) -> float:
        if self.ttl_class is not None:
            return self.around.lifetimes.get(self.ttl_class, LIFETIMES[self.ttl_class])
        kind = likely.family(self.before.model)
        return max(UNPROMISED_LIFETIME, 0.0 if kind is None else kind.promised)

    def _gap(self) -> float:
        return self.now.at - self.before.at

    def _pings(self) -> Sequence[float]:
        pings = self.around.pings
        return pings[bisect_left(pings, self.before.at) : bisect_left(pings, self.now.at)]

    def _gap_since_touch(self) -> float:
        pings = self._pings()
        return self.now.at - (pings[-1] if pings else self.before.at)


def _clear(lost: int, of: int, share: float = LEAST_LOST_SHARE) -> bool:
    return lost >= max(LEAST_LOST_TOKENS, share * of)


def _classes(thread: Sequence[Sent]) -> list[TTLClass | None]:
    """For each request the class of the entry that it left.

    A five-minute write among one-hour ones is a server tool's result and no change of the thread's class, unless it
    wrote most of the prompt or the next write is of that class too.
    """
    written = [sent for sent in thread if sent.written]
    following = dict(zip((sent.id for sent in written), written[1:], strict=False))
    classes: list[TTLClass | None] = []
    current: TTLClass | None = None
    for sent in thread:
        if sent.write_1h:
            current = "1h"
        elif sent.write_5m and current == "1h":
            after = following.get(sent.id)
            if 2 * sent.write_5m >= sent.total or (after is not None and not after.write_1h):
                current = "5m"
        elif sent.write_5m:
            current = "5m"
        classes.append(current)
    return classes


def _compacted(thread: Sequence[Sent], recorded: Mapping[int, int]) -> set[int]:
    """Indexes of the first requests after compactions. Records count them by turn alone: in it, and at the request
    that follows it, the greatest falls of the prompt are theirs."""
    found: set[int] = set()
    for turn, count in recorded.items():
        falls = sorted((thread[index].total - thread[index - 1].total, index) for index in _after_in(thread, turn))
        found.update(index for fall, index in falls[:count] if fall < 0)
    return found


def _after_in(thread: Sequence[Sent], turn: int) -> Iterator[int]:
    """Indexes of a turn's requests and of the first one after it, without the thread's first."""
    start = bisect_left(thread, turn, key=lambda sent: sent.turn)
    for index in range(max(1, start), len(thread)):
        yield index
        if thread[index].turn > turn:
            return


def _resumed(thread: Sequence[Sent], recorded: Mapping[int, int]) -> set[int]:
    """Indexes of the first requests after the session was opened again."""
    following = (bisect_left(thread, turn + 1, key=lambda sent: sent.turn) for turn, count in recorded.items() if count)
    return {index for index in following if index < len(thread)}
