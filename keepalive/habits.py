"""What the keeper has learned of when people come back: the policy's hazards, made anew from the store now and then."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from keepalive.config import Config
from keepalive.learning import LearnedHazards, Rhythm, faded
from keepalive.state import margin
from store.database import connect
from store.waits import Wait, waits
from store.words import TTLClass

FRESH_SECONDS = 600.0
"""How long a table is good for: a few more waits change nothing that matters."""
CLASSES: tuple[TTLClass, ...] = ("5m", "1h")


class Habits:
    """Holds the table in force. Until the first `refresh` it is the shipped prior."""

    def __init__(self, config: Config) -> None:
        self._rhythms = {name: _rhythm(config.ttl(name) or 0.0) for name in CLASSES}
        self._made_at: float | None = None
        self.hazards = LearnedHazards(rhythms=self._rhythms)

    def refresh(self, store_file: Path, now: float) -> bool:
        """Learn from the store's waits if the table has become old; whether there is a new one. `now`: wall clock.

        Raises what reading a store may raise; the table in force stays then.
        """
        if self._made_at is not None and 0.0 <= now - self._made_at < FRESH_SECONDS:
            return False
        self._made_at = now
        least = min(rhythm.interval for rhythm in self._rhythms.values())
        with closing(connect(store_file, read_only=True)) as connection:
            found = waits(connection, now, least)
        self.hazards = learned(found, now, LearnedHazards(rhythms=self._rhythms))
        return True


def learned(found: Sequence[Wait], now: float, hazards: LearnedHazards) -> LearnedHazards:
    """Teach `hazards` these waits, the older the less, and hand it back.

    The sessions that warmside only read about come last: that nobody noticed their end is no fault of the client. Their
    quiet ends count for as much as would go unnoticed today.
    """
    for wait in sorted(found, key=lambda one: not one.watched):
        weight = faded(now - wait.at)
        if wait.outcome == "quiet" and not wait.watched:
            weight *= 1.0 - hazards.ends_known(wait.agent)
        hazards.learn(wait.agent, wait.kind, wait.ttl, wait.seconds, wait.outcome, weight, tells_of_ends=wait.watched)
    return hazards


def _rhythm(lifetime: float) -> Rhythm:
    return Rhythm(lifetime - margin(lifetime, 0.0), lifetime)
