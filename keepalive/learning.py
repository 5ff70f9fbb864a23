"""Hazards learned from one's own waits, starting from the prior. Pure: whoever has the waits brings them.

Discrete Kaplan-Meier with a Beta prior. For each client, kind of wait, TTL class and number n of pings that a wait has
outlasted it counts how many waits were still on when ping n + 1 was due, and how many of those ended within the
lifetime that this ping would have bought. The prior counts as `PRIOR_WEIGHT` such waits, so day one equals the prior
and a handful of waits moves little; older waits fade with a half-life, since habits change.

A wait that is still on is censored: it counts only where it has outlasted the whole stretch. A session whose end was
noticed leaves the count from then on; one that nobody came back to without a sign stays in it for good.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from keepalive.hazards import PRIOR, Hazards
from keepalive.question import Kind
from store.words import TTLClass

Outcome = Literal["returned", "ended", "quiet", "open"]
"""The next request came; the session's end was noticed; neither, for a day; it is still on."""
PRIOR_WEIGHT = 200.0
"""Waits that the prior counts as."""
ENDS_PRIOR_WEIGHT = 10.0
"""As many ends have to be seen before half of the measured share is believed: at first none counts as noticed."""
HALF_LIFE_SECONDS = 60 * 86_400.0
MOST_PINGS = 120
"""Beyond every break-even of today's prices."""


@dataclass(frozen=True, slots=True)
class Rhythm:
    """Of one TTL class: seconds from ping to ping, and how long an entry lives."""

    interval: float
    lifetime: float


USUAL: Mapping[TTLClass, Rhythm] = {"5m": Rhythm(285.0, 300.0), "1h": Rhythm(3_540.0, 3_600.0)}
_Class = tuple[str, Kind, TTLClass]


def faded(age_seconds: float) -> float:
    """What a wait of this age still counts, 0..1."""
    return float(0.5 ** (max(0.0, age_seconds) / HALF_LIFE_SECONDS))


class LearnedHazards:
    """Implements `Hazards`; `learn` may be called at any time. Waits of all clients stand for one that is not named."""

    def __init__(self, prior: Hazards = PRIOR, rhythms: Mapping[TTLClass, Rhythm] = USUAL) -> None:
        self._prior = prior
        self._rhythms = rhythms
        self._at_risk: dict[_Class, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        self._ended: dict[_Class, dict[int, float]] = defaultdict(lambda: defaultdict(float))
        self._noticed: dict[str, float] = defaultdict(float)
        self._finals: dict[str, float] = defaultdict(float)

    def chance(self, agent: str, kind: Kind, ttl: TTLClass, n: int, ends_known: float) -> float:
        """As in `Hazards`: the mean of the Beta posterior."""
        prior = self._prior.chance(agent, kind, ttl, n, ends_known)
        place: _Class = (agent, _pooled(kind), ttl)
        at_risk, ended = self._at_risk.get(place, {}).get(n, 0.0), self._ended.get(place, {}).get(n, 0.0)
        return (PRIOR_WEIGHT * prior + ended) / (PRIOR_WEIGHT + at_risk) if at_risk else prior

    def ends_known(self, agent: str) -> float:
        """Share (0..1) of this client's session ends that were noticed before a ping was due; cautious at first."""
        return self._noticed.get(agent, 0.0) / (self._finals.get(agent, 0.0) + ENDS_PRIOR_WEIGHT)

    def learn(
        self,
        agent: str,
        kind: Kind,
        ttl: TTLClass,
        seconds: float,
        outcome: Outcome,
        weight: float = 1.0,
        *,
        tells_of_ends: bool = True,
    ) -> None:
        """Count one wait: `seconds` until it ended, was noticed to be over, or until now.

        `weight` is what it counts (see `faded`); a quiet end may weigh less where ends are noticed nowadays.
        `tells_of_ends`: somebody watched, so that an end without a sign says something about signs.
        """
        rhythm = self._rhythms[ttl]
        names = {agent, ""}
        if tells_of_ends and outcome in ("ended", "quiet"):
            for name in names:
                self._finals[name] += weight
                self._noticed[name] += weight * (outcome == "ended" and seconds <= rhythm.interval)
        for n in range(MOST_PINGS):
            due, until = (n + 1) * rhythm.interval, (n + 1) * rhythm.interval + rhythm.lifetime
            if outcome != "quiet" and seconds <= due:
                break
            if outcome == "open" and seconds < until:
                break
            # Asked for while this ping was due. (Back within the margin needed no ping, and is no gain of the next.)
            returned = outcome == "returned" and n * rhythm.interval + rhythm.lifetime < seconds <= until
            for name in names:
                self._at_risk[name, _pooled(kind), ttl][n] += weight
                self._ended[name, _pooled(kind), ttl][n] += weight * returned


def _pooled(kind: Kind) -> Kind:
    """Background tasks and tools end by themselves alike."""
    return "user" if kind == "user" else "tool"
