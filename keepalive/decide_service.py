"""The policy as a service of JSON lines: a question a line, an answer a line; outcomes teach and want no answer.

A question: {"episode", "kind", "ttl", "idle_seconds", "pings_sent", "prefix_tokens", "read_multiplier",
"write_multiplier", "interval_seconds", "ended_signal", "ends_known_fraction"}; the last two may be left out, as may
the episode. Its answer: {"ping": bool, "reason": text, "expected_value": number}, the value in units of prefix tokens
times input price. Anything else gets {"error": text}, and the next line is served.

An outcome: {"event": "outcome", "episode", "gap_seconds": number or null}; null, or "returned": false, says that nobody
came back. Kind and TTL class are remembered from the episode's questions, or may be given with it. One that cannot be
used is passed over, torn or not: whoever sends outcomes reads no answers to them.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from typing import Annotated, TypeAlias

import msgspec

from keepalive.bet import Bettor
from keepalive.learning import LearnedHazards
from keepalive.question import Kind, Question
from store.words import TTLClass

MOST_EPISODES = 10_000
"""Remembered at a time; an outcome that comes later than this many other episodes has to name its kind and class."""

LEAST_MULTIPLIER = 1e-3
"""Of a read: less would make break-even thousands of pings, and no provider is that cheap."""

_Amount: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e12)]
_Read: TypeAlias = Annotated[float, msgspec.Meta(ge=LEAST_MULTIPLIER, le=1e6)]
_Write: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e6)]
_Seconds: TypeAlias = Annotated[float, msgspec.Meta(ge=0.001, le=1e12)]
_Count: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1e9)]
"""Some writers know one kind of number alone."""
_Share: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=1)]
_Episode: TypeAlias = str | int | float | None


_OUTCOME = re.compile(rb'"event"\s*:\s*"outcome"')
_NO_NUMBER = re.compile(rb"-?\b(?:Infinity|NaN)\b")
"""What some writers put where nobody came back, though JSON has no such number."""


class _Asked(msgspec.Struct):
    kind: Kind
    ttl: TTLClass
    idle_seconds: _Amount
    pings_sent: _Count
    prefix_tokens: _Count
    read_multiplier: _Read
    write_multiplier: _Write
    interval_seconds: _Seconds
    ended_signal: bool | None = False
    ends_known_fraction: _Share | None = 0.0
    episode: _Episode = None


class _Outcome(msgspec.Struct):
    episode: _Episode = None
    gap_seconds: _Amount | msgspec.UnsetType | None = msgspec.UNSET
    idle_seconds: _Amount | None = None
    """Another name for it."""
    returned: bool | None = None
    kind: Kind | None = None
    ttl: TTLClass | None = None
    ended_signal: bool | None = False


class _Answer(msgspec.Struct):
    ping: bool
    reason: str
    expected_value: float


class _Error(msgspec.Struct):
    error: str


class _Event(msgspec.Struct):
    event: object = None


class DecideService:
    """One conversation: what its outcomes teach holds until it ends."""

    def __init__(self) -> None:
        self._hazards = LearnedHazards()
        self._bettor = Bettor(self._hazards)
        self._episodes: OrderedDict[_Episode, _Asked] = OrderedDict()

    def answers(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        """The answer to each line that wants one, with its line end, as soon as the line was read."""
        for line in lines:
            answer = self.answer(line)
            if answer is not None:
                yield answer + b"\n"

    def answer(self, line: bytes) -> bytes | None:
        """The answer to one line; None for an outcome and for an empty line."""
        if not line.strip():
            return None
        try:
            if msgspec.json.decode(line, type=_Event).event == "outcome":
                self._learn(line)
                return None
            asked = msgspec.json.decode(line, type=_Asked)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            if _OUTCOME.search(line):
                self._learn(_NO_NUMBER.sub(b"null", line))
                return None
            return msgspec.json.encode(_Error(f"not a question: {error}"))
        self._remember(asked)
        verdict = self._bettor.judge(_question(asked))
        return msgspec.json.encode(_Answer(verdict.ping, verdict.reason, round(verdict.expected_value, 6)))

    def _remember(self, asked: _Asked) -> None:
        if asked.episode is not None:
            self._episodes[asked.episode] = asked
            self._episodes.move_to_end(asked.episode)
            if len(self._episodes) > MOST_EPISODES:
                self._episodes.popitem(last=False)

    def _learn(self, line: bytes) -> None:
        try:
            outcome = msgspec.json.decode(line, type=_Outcome)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return
        asked = self._episodes.pop(outcome.episode, None)
        kind = outcome.kind or (asked.kind if asked else None)
        ttl = outcome.ttl or (asked.ttl if asked else None)
        if kind is None or ttl is None:
            return
        unsaid = outcome.gap_seconds is msgspec.UNSET
        gap = outcome.idle_seconds if isinstance(outcome.gap_seconds, msgspec.UnsetType) else outcome.gap_seconds
        if outcome.ended_signal or (asked is not None and asked.ended_signal):
            since = asked.idle_seconds if asked is not None else gap or 0.0
            self._hazards.learn("", kind, ttl, since, "ended")
        elif outcome.returned is False or (gap is None and not unsaid):
            self._hazards.learn("", kind, ttl, 0.0, "quiet")
        elif gap is not None:
            self._hazards.learn("", kind, ttl, gap, "returned")


def _question(asked: _Asked) -> Question:
    return Question(
        kind=asked.kind,
        ttl=asked.ttl,
        idle_seconds=asked.idle_seconds,
        pings_sent=int(asked.pings_sent),
        prefix_tokens=int(asked.prefix_tokens),
        read_multiplier=asked.read_multiplier,
        write_multiplier=asked.write_multiplier,
        interval_seconds=asked.interval_seconds,
        ended_signal=bool(asked.ended_signal),
        ends_known_fraction=asked.ends_known_fraction or 0.0,
    )
