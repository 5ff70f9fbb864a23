"""The bet on one more ping: what it costs, what it may save, and whether it is worth it. Pure.

Prices are in units of (prefix tokens x input price): a ping costs r, a lapse costs L = w - r more than a hit.

- Break-even is the ceiling: at most floor(L / r) pings an idle period. Whatever happens, that costs at most twice the
  best possible if the wait ends, and never more than one extra write if it does not.
- Below it the next ping is sent when the option that it keeps open is worth more than it costs. With h(n) the chance
  that the wait ends within the lifetime that ping n + 1 buys, what that ping gains over stopping is
      gain(n) = L h(n) - r + (1 - h(n)) max(0, gain(n + 1)),   gain(break-even) = 0,
  optimal stopping by backward recursion. Where chances only fall it comes to h(n) > r / L; where they rise (a habit of
  coming back after lunch) it pays its way through a poor stretch.
- r is taken `SURPLUS` times as dear, since it prices no miss, and a miss is a paid write.

Chances are known for the usual rhythm of a class, a ping each time an entry is about to expire. Another rhythm has them
by the age of the wait, and in proportion to the time that a ping buys.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from keepalive.hazards import PRIOR, Hazards
from keepalive.question import Kind, Question
from keepalive.state import margin

SURPLUS = 1.15
MOST_PINGS = 1_000
"""Of one idle period, whatever prices say: far beyond any that is sold, and what a recursion takes a moment for."""
SLACK_SECONDS = 1e-6
"""Asked at the very moment of expiry: floating point may land on either side."""

Reason = Literal["worth", "ended", "expired", "no_gain", "break_even", "not_worth"]


@dataclass(frozen=True, slots=True)
class Odds:
    """The numbers behind a decision about ping n + 1."""

    chance: float
    """That the wait ends within the lifetime that this ping buys, 0..1."""
    price: float
    """The ping's price, misses included, as a share of what it can save: the chance from which on it is worth it."""
    seconds: float
    """That lifetime."""
    kind: Kind
    gain: float = 0.0
    """What the ping is worth over stopping, in prefix tokens x input price; negative where it is not."""
    more: int = 0
    """Pings that are worth it in a row if nothing happens meanwhile, this one included."""
    reach_chance: float = 0.0
    """That the wait ends while those pings keep the entry warm."""

    @property
    def words(self) -> str:
        """The bet as half a sentence."""
        event = "you come back" if self.kind == "user" else "the wait ends"
        text = f"{_percent(self.chance)} chance that {event} within the next {span(self.seconds)}"
        if self.more > 1 and self.chance <= self.price:
            text += f" ({_percent(self.reach_chance)} within {span(self.more * self.seconds)})"
        return f"{text}, a ping costs {100 * self.price:.1f} % of the rewrite it can save, misses included"


@dataclass(frozen=True, slots=True)
class Verdict:
    """Yes or no, and why."""

    ping: bool
    code: Reason
    reason: str
    """A sentence that a person understands."""
    expected_value: float
    """Gain of pinging over stopping, in prefix tokens x input price (times both it is money)."""
    odds: Odds | None = None


class Bettor:
    """Judges one question after the other with the hazards that it was given."""

    def __init__(self, hazards: Hazards = PRIOR) -> None:
        self._hazards = hazards

    def judge(self, asked: Question) -> Verdict:
        """Whether the next ping of this idle period is worth it. Knows no budget: caps come on top."""
        if asked.ended_signal:
            return Verdict(False, "ended", "goes: the session is over, nobody will read the cache again", 0.0)
        if asked.idle_seconds > asked.pings_sent * asked.interval_seconds + asked.lifetime + SLACK_SECONDS:
            return Verdict(False, "expired", "goes: the cache has expired, a ping would pay for a new write", 0.0)
        most = break_even(asked)
        if most == 0:
            text = "goes: reading the cache costs as much as a rewrite, there is nothing to save"
            return Verdict(False, "no_gain", text, 0.0)
        odds = weigh(asked, self._hazards)
        if asked.pings_sent >= most:
            text = f"goes: {asked.pings_sent} pings have cost what the rewrite costs that they avoid"
            return Verdict(False, "break_even", text, min(0.0, odds.gain), odds)
        if odds.more:
            return Verdict(True, "worth", f"stays: {odds.words}", odds.gain, odds)
        return Verdict(False, "not_worth", f"goes: {odds.words}", odds.gain, odds)


def break_even(asked: Question) -> int:
    """Pings of one idle period that together cost no more than the lapse they avoid."""
    saved = asked.write_multiplier - asked.read_multiplier
    if saved <= 0 or asked.read_multiplier <= 0:
        return 0
    # The quotient is a whole number for the usual prices; floating point may land just below it.
    return math.floor(min(MOST_PINGS, saved / asked.read_multiplier + 1e-9))


def weigh(asked: Question, hazards: Hazards) -> Odds:
    """The odds of the next ping; asks for prices that leave something to save."""
    price, saved = SURPLUS * asked.read_multiplier, asked.write_multiplier - asked.read_multiplier
    usual = asked.lifetime - margin(asked.lifetime, 0.0)
    share = asked.interval_seconds / usual
    left = max(1, break_even(asked) - asked.pings_sent)
    chances = []
    for n in range(left):
        age = asked.idle_seconds + n * asked.interval_seconds
        chance = hazards.chance(asked.agent, asked.kind, asked.ttl, pings_due(age, usual), asked.ends_known_fraction)
        chances.append(chance if share == 1.0 else 1 - (1 - chance) ** share)
    gains = [0.0] * (left + 1)
    for n in reversed(range(left)):
        gains[n] = saved * chances[n] - price + (1 - chances[n]) * max(0.0, gains[n + 1])
    more = next((n for n in range(left) if gains[n] <= 0), left)
    return Odds(
        chance=chances[0],
        price=price / saved,
        seconds=asked.lifetime,
        kind=asked.kind,
        gain=gains[0],
        more=more,
        reach_chance=1 - math.prod(1 - chance for chance in chances[:more]),
    )


def pings_due(age: float, interval: float) -> int:
    """How many pings a wait of this age calls for before the one in question, in the usual rhythm.

    Not how many were sent: a wait that went on while none was (a keeper that was away) is as old as it is, and one that
    a person had pinged besides is no older.
    """
    return max(0, round(min(age / interval, MOST_PINGS)) - 1)


def span(seconds: float) -> str:
    """A duration in words, to about two digits."""
    if seconds < 120:
        return f"{seconds:.0f} s"
    return f"{seconds / 60:.0f} min" if seconds < 7_200 else f"{seconds / 3_600:.0f} h"


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %" if share == 0 or share >= 0.01 else "under 1 %"
