"""Gives an idle period its arm of the opt-in trial, once, and remembers it before anything is sent or left out.

Asked at the first ping that is due by the policy's own choice. A `hold` and a person's "ping now" are no part of the
trial: what somebody asked for is done.
"""

from __future__ import annotations

import secrets
import sqlite3

from keepalive.trial import draw
from store import assignments, settings
from store.assignments import Arm
from store.database import immediate

SEED = "trial.seed"
"""Setting: this store's seed, made once."""


def assign(connection: sqlite3.Connection, idle_id: int, probability: float, now: float) -> Arm:
    """The idle period's arm: the one that it has, else a new draw; `ping` where it takes no part.

    `probability` of a lapse is the configured one. At 0 the trial is off, at once and also for a period that was drawn
    before. A period in which something was sent already is drawn no more: no lapse could come of it.
    """
    if probability <= 0.0:
        return "ping"
    with immediate(connection):
        known = assignments.get(connection, idle_id)
        if known is not None:
            return known.arm
        if not assignments.untouched(connection, idle_id):
            return "ping"
        return assignments.record(
            connection, idle_id, draw(idle_id, probability, _seed(connection)), probability, now
        ).arm


def lapses(connection: sqlite3.Connection, idle_id: int, probability: float) -> bool:
    """Whether the policy has to leave this idle period alone: it was drawn to lapse, and the trial is on."""
    if probability <= 0.0:
        return False
    known = assignments.get(connection, idle_id)
    return known is not None and known.arm == "lapse"


def _seed(connection: sqlite3.Connection) -> str:
    known = settings.get(connection, SEED)
    if isinstance(known, str) and known:
        return known
    made = secrets.token_hex(16)
    settings.put(connection, SEED, made)
    return made
