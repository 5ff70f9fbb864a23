"""The shape of the comparison of warm and cold resumes, as `warmcold --json` prints it."""

from __future__ import annotations

from typing import Literal

from store.row import Row

DesignName = Literal["A", "B", "C"]
Seen = Literal["warm", "cold", "stripped"]
Measure = Literal["share", "number", "usd", "seconds"]


class Arm(Row, frozen=True, kw_only=True):
    """How much there is of one arm."""

    arm: str
    """`ping` and `lapse` as assigned; else `warm`, `cold`, `stripped` as observed."""
    units: int
    """A person's prompts after a pause."""
    sessions: int
    bash_results: int
    """Ended shell commands among the first ten calls of their turns: what the needed number counts."""
    warm: int
    """Of the units, those that read half of the previous prefix or more, less, or whose prompt had shrunk."""
    cold: int
    stripped: int
    drawn: int | None = None
    """Pauses that the coin gave to this arm, those that nobody came back from among them."""


class ArmValue(Row, frozen=True, kw_only=True):
    """One outcome in one arm."""

    arm: str
    value: float | None
    """None where it is known of no unit."""
    units: int
    """That it is known of."""


class Difference(Row, frozen=True, kw_only=True):
    """One arm less another."""

    arm: str
    against: str
    value: float | None
    low: float | None
    """95 % interval, resampled by session; None where there are too few sessions, or nothing varied."""
    high: float | None


class Outcome(Row, frozen=True, kw_only=True):
    """One outcome over all arms."""

    name: str
    primary: bool
    """Fixed beforehand; all others only explore."""
    measure: Measure
    arms: tuple[ArmValue, ...]
    differences: tuple[Difference, ...]


class Excluded(Row, frozen=True, kw_only=True):
    """Prompts that would have been units but for a reason."""

    reason: str
    arm: str = ""
    """Where they would have been; a coin's arms must lose about alike."""
    count: int


class Design(Row, frozen=True, kw_only=True):
    """One way of comparing."""

    design: DesignName
    basis: Literal["assigned", "observed"]
    confounded: bool
    """Whether people chose their arm themselves, by how long they stayed away or which lifetime they use."""
    arms: tuple[Arm, ...]
    odd: int
    """Prompts that are in no arm: read although their time was over, or written again in time."""
    excluded: tuple[Excluded, ...]
    needed: int
    """Bash results an arm."""
    tells: Literal["no_units", "cannot_tell", "interval"]
    """`cannot_tell`: fewer than needed; `interval`: the interval of the primary outcome is all that is said."""
    outcomes: tuple[Outcome, ...]


class ColdReport(Row, frozen=True, kw_only=True):
    """`warmcold --json`."""

    since: float | None
    designs: tuple[Design, ...]
    excluded: tuple[Excluded, ...]
    """Over all prompts after a pause, in whichever design."""
    without_transcript: int
    """Prompts whose transcript is gone: their first calls are not known."""
    not_stored: tuple[str, ...] = ("effort_outside_gateway", "version_by_turn", "resumed_outside_claude")
    """What should exclude a prompt and is not known."""
