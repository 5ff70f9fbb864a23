"""Replays one policy over idle periods and adds up what it cost. Pure.

The policy is asked at I, 2I, ... while the period lasts, until its first no; after n pings the entry lives to nI + T.
Each ping costs r, and a return later than that costs L = w - r, on the whole prefix. The clairvoyant knows when the
next request comes: it pays the pings that reach it or the lapse, whichever is less, and nothing if nobody comes back.

Of the ends a share is signalled at once. Nobody pings those, so they cost nothing; the others are asked about as any
period, and the policy is told the share. Costs are linear in it, so an end weighs (1 - share) in place of a throw of
dice: the figures are expectations, and there is no noise in them.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from keepalive.question import TTL_SECONDS, Question
from keepalive.simulate.episodes import Episode
from keepalive.simulate.policies import INTERVALS, Policy
from keepalive.simulate.terms import Terms

MOST_PINGS = 1_000
"""Of one idle period: three days on 5m. A policy that never says no is cut off here."""
DAY = 86_400.0


@dataclass(frozen=True, slots=True)
class Priced:
    """An idle period with the prices that hold for it."""

    episode: Episode
    terms: Terms

    @property
    def clairvoyant(self) -> float:
        """What the best possible pays, in the terms' money."""
        episode, terms = self.episode, self.terms
        if episode.is_end:
            return 0.0
        needed = max(0, math.ceil((episode.gap - TTL_SECONDS[episode.ttl]) / INTERVALS[episode.ttl]))
        return min(terms.read * needed, terms.lapse) * episode.prefix_tokens * terms.input

    @property
    def never(self) -> float:
        """What the period costs without any ping."""
        return self.terms.lapse * self.episode.prefix_tokens * self.terms.input if self.episode.lapses else 0.0


@dataclass(slots=True)
class Tally:
    """Sums over idle periods: a session's, a day's or all."""

    cost: float = 0.0
    net: float = 0.0
    """What never pinging costs more than the policy."""
    pings: float = 0.0
    lapses_left: int = 0

    def add(self, cost: float, net: float, pings: float, lapsed: bool) -> None:
        self.cost += cost
        self.net += net
        self.pings += pings
        self.lapses_left += lapsed


@dataclass(frozen=True, slots=True)
class Replay:
    """A policy's tallies by session, and its net by UTC day (a period belongs to the day it began on)."""

    by_session: dict[str, Tally]
    net_by_day: dict[int, float]


def sent(policy: Policy, priced: Priced, ends: float | None, known: float) -> int:
    """Pings that the policy sends in this idle period; `ends` and `known` as in `replay`."""
    episode, terms = priced.episode, priced.terms
    interval = policy.interval(episode.ttl)
    asked_until = episode.gap
    if ends is None and episode.noticed_after is not None:
        asked_until = min(asked_until, episode.noticed_after)
    count = 0
    while count < MOST_PINGS and (count + 1) * interval <= asked_until:
        question = Question(
            episode.kind, episode.ttl, (count + 1) * interval, count, episode.prefix_tokens,
            terms.read, terms.write, interval, False, known, 0.0, episode.agent,
        )  # fmt: skip
        if not policy.wants(question):
            break
        count += 1
    return count


def replay(policy: Policy, periods: Iterable[Priced], ends: float | None, known: float) -> Replay:
    """The policy's tallies.

    `ends` is the share of ends that are signalled at once (None: each when its client said so), `known` the share that
    the policy is told.
    """
    sessions: dict[str, Tally] = {}
    days: dict[int, float] = {}
    for priced in periods:
        episode, terms = priced.episode, priced.terms
        weight = 1.0 - ends if episode.is_end and ends is not None else 1.0
        count = sent(policy, priced, ends, known) if weight else 0
        warm_until = count * policy.interval(episode.ttl) + TTL_SECONDS[episode.ttl]
        lapsed = warm_until < episode.gap < math.inf
        scale = weight * episode.prefix_tokens * terms.input
        cost = scale * (terms.read * count + (terms.lapse if lapsed else 0.0))
        net = priced.never - cost
        sessions.setdefault(episode.session, Tally()).add(cost, net, weight * count, lapsed)
        day = int(episode.began // DAY)
        days[day] = days.get(day, 0.0) + net
    return Replay(sessions, days)
