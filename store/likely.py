"""How likely a cache entry still lives where the provider promises no lifetime. Pure: an idle time and counts in, a
probability out. Never an expiry: nobody can know one.

A shipped prior (shares of public sessions whose next request missed, by idle time) is what a new user starts from; the
user's own requests move it, bucket by bucket.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterable
from typing import NamedTuple

from msgspec import Struct, field

EDGES = (300.0, 600.0, 1_800.0, 3_600.0, 86_400.0)
"""Idle seconds at which one bucket ends and the next begins."""
PRIOR_WEIGHT = 20.0
"""How many own requests in a bucket weigh as much as the prior."""
LEAST_GAP = 60.0
"""Requests that follow sooner (a tool's result, as a rule) say nothing about idle times."""
LEAST_PROMPT = 2_048
"""Smaller prompts are near the providers' minimum, where nothing is cached."""
HIT_SHARE = 0.5
"""A request that read at least this share of the prompt before found it: a miss still reads the system prompt."""


class Family(NamedTuple):
    """Models of one provider that drop entries alike."""

    name: str
    alive: tuple[float, ...]
    """The prior: share of entries that are still there, for each bucket."""
    promised: float = 0.0
    """Seconds that the provider promises at least, from the entry's last request."""


_DECAY = (0.90, 0.72, 0.40, 0.24, 0.10, 0.02)
"""Measured for OpenAI's from 5 to 60 minutes; the first and the last two are assumed."""
OPENAI = Family("openai", _DECAY)
PROMISING = Family("openai 30m", _DECAY, promised=1_800.0)
DEEPSEEK = Family("deepseek", (0.98, 0.97, 0.95, 0.92, 0.70, 0.30))
"""On disk, for hours to days."""
OTHERS = Family("others", _DECAY)
"""Nothing is measured of them: the same decay is the cautious guess."""
FAMILIES = (OPENAI, PROMISING, DEEPSEEK, OTHERS)

_GPT = re.compile(r"gpt-(\d+)(?:\.(\d+))?")
_OPENAI = re.compile(r"(?:gpt|chatgpt|codex|o\d)\b")
_PROMISES_SINCE = (5, 6)


def family(model: str) -> Family | None:
    """Whose entries a model's are; None for Anthropic's, whose lifetimes are promised, and for no model at all."""
    name = model.lower().rpartition("/")[2]  # (routers put the provider before a slash)
    if not name or "claude" in name or model.lower().startswith("anthropic"):
        return None
    version = _GPT.match(name)
    if version and (int(version[1]), int(version[2] or 0)) >= _PROMISES_SINCE:
        return PROMISING
    if _OPENAI.match(name):
        return OPENAI
    return DEEPSEEK if name.startswith("deepseek") else OTHERS


class Gap(NamedTuple):
    """A request that came after a pause: what it could have read, and what it did read."""

    model: str
    idle: float
    """From the start of the request before to the start of this one, seconds."""
    before: int
    """Tokens of the prompt before."""
    prompt: int
    """Tokens of this prompt."""
    read: int


class History(Struct, frozen=True):
    """The user's own requests after pauses: hits and how many there were, by family and bucket."""

    hits: dict[tuple[str, int], int] = field(default_factory=dict)
    seen: dict[tuple[str, int], int] = field(default_factory=dict)


def history(gaps: Iterable[Gap]) -> History:
    """Count pauses that tell something: long enough, and not after the conversation was cut."""
    hits: dict[tuple[str, int], int] = {}
    seen: dict[tuple[str, int], int] = {}
    for gap in gaps:
        kind = family(gap.model)
        if kind is None or gap.idle < LEAST_GAP or gap.before < LEAST_PROMPT or gap.prompt < HIT_SHARE * gap.before:
            continue
        if gap.idle < kind.promised:
            continue  # what is promised says nothing about the time after
        key = (kind.name, _bucket(kind, gap.idle))
        seen[key] = seen.get(key, 0) + 1
        hits[key] = hits.get(key, 0) + (gap.read >= HIT_SHARE * min(gap.before, gap.prompt))
    return History(hits, seen)


def probability(kind: Family, idle: float, known: History) -> float:
    """The chance that an entry is still there after `idle` seconds; it never rises with time."""
    return _alive(kind, known)[_bucket(kind, idle)]


def is_learned(kind: Family, idle: float, known: History) -> bool:
    """Whether the user's own requests weigh more in it than the prior."""
    return known.seen.get((kind.name, _bucket(kind, idle)), 0) >= PRIOR_WEIGHT


def _alive(kind: Family, known: History) -> list[float]:
    """Beta posterior means. An entry does not come back, so where a later bucket's is higher than an earlier one's,
    both take their common mean."""
    levels: list[tuple[float, float, int]] = []  # mean, weight, buckets
    for bucket, prior in enumerate(kind.alive):
        hits, seen = known.hits.get((kind.name, bucket), 0), known.seen.get((kind.name, bucket), 0)
        weight = PRIOR_WEIGHT + seen
        mean, buckets = (PRIOR_WEIGHT * prior + hits) / weight, 1
        while levels and levels[-1][0] < mean:
            before, its_weight, its_buckets = levels.pop()
            mean = (before * its_weight + mean * weight) / (its_weight + weight)
            weight, buckets = weight + its_weight, buckets + its_buckets
        levels.append((mean, weight, buckets))
    return [mean for mean, _, buckets in levels for _ in range(buckets)]


def _bucket(kind: Family, idle: float) -> int:
    """Time past a promise counts as time past the five minutes that entries without one nearly always live."""
    return bisect_right(EDGES, max(0.0, idle - max(0.0, kind.promised - EDGES[0])))
