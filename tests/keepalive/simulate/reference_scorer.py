"""A second scorer, written from the formulas alone: closed forms in place of a replay, and nothing of the first but the
file that both read. Slow and plain on purpose."""

from __future__ import annotations

import csv
import math
from pathlib import Path

from keepalive.bet import Bettor
from keepalive.question import Kind, Question
from store.words import TTLClass

LIFETIME = {"5m": 300.0, "1h": 3600.0}
RHYTHM = {"5m": 285.0, "1h": 3540.0}
WRITE = {"5m": 1.25, "1h": 2.0}

Waits = list[tuple[Kind, TTLClass, float, int]]
"""Kind, class, gap in seconds (infinite: an end), tokens of the prefix."""


def waits(path: Path) -> Waits:
    found: Waits = []
    with path.open(encoding="utf-8", newline="") as lines:
        for row in csv.DictReader(lines):
            kind: Kind = row["kind"]  # type: ignore[assignment]
            before: TTLClass = row["ttl_before"]  # type: ignore[assignment]
            after: TTLClass = row["ttl_after"]  # type: ignore[assignment]
            same = row["compacted"] == "0" and row["model_before"] == row["model_after"]
            if before and same and int(row["prefix_tokens"]) >= 10_000:
                found.append((kind, before, float(row["request_to_request_seconds"]), int(row["prefix_tokens"])))
            left = sum(int(row[name]) for name in ("next_cache_read", "next_cache_creation", "next_input"))
            if row["last_of_session"] == "1" and after and left >= 10_000:
                found.append(("user", after, math.inf, left))
    return found


def break_even(ttl: TTLClass, read: float) -> int:
    """From integers, so that no rounding decides."""
    r, w = round(read * 1000), round(WRITE[ttl] * 1000)
    return (w - r) // r


def most(name: str, kind: Kind, ttl: TTLClass, prefix: int, read: float) -> int:
    """How many pings a rule sends at most."""
    if name == "pi":
        worth = (0.15 * (WRITE[ttl] - read) - read) * prefix * 5 / 1_000_000 >= 0.05
        return {"5m": 6, "1h": 4}[ttl] if worth else 0
    if name == "context-guru":
        return 0 if prefix < 20_000 else {"tool": 8, "notification": 5, "user": 3}[kind]
    if name == "fixed counts" and kind == "user":
        return 2 if ttl == "5m" else 1
    if name in ("fixed counts", "break-even"):
        return break_even(ttl, read)
    return {"never": 0, "1 ping": 1, "2 pings": 2, "3 pings": 3, "aider 12": 12, "cache-warm 30": 30}[name]


def bet(kind: Kind, ttl: TTLClass, prefix: int, read: float, ends: float) -> int:
    """How many pings ours would send to a wait that never ends."""
    bettor, pings = Bettor(), 0
    while bettor.judge(
        Question(
            kind=kind,
            ttl=ttl,
            idle_seconds=RHYTHM[ttl] * (pings + 1),
            pings_sent=pings,
            prefix_tokens=prefix,
            read_multiplier=read,
            write_multiplier=WRITE[ttl],
            interval_seconds=RHYTHM[ttl],
            ends_known_fraction=ends,
            agent="claude",
        )
    ).ping:
        pings += 1
    return pings


def ratio(name: str, found: Waits, ttl: TTLClass, read: float, ends: float) -> float | None:
    """Cost over the clairvoyant's; None where that is 0."""
    rhythm = {"5m": 270.0, "1h": 3240.0}[ttl] if name == "cache-warm 30" else RHYTHM[ttl]
    lapse = WRITE[ttl] - read
    cost = best = 0.0
    counts: dict[tuple[Kind, int], int] = {}
    for kind, of_class, gap, prefix in found:
        if of_class != ttl or gap < rhythm or (gap == math.inf and ends == 1):
            continue  # another cell's, or over before the first ping and long before expiry, or never pinged
        if (kind, prefix) not in counts:
            counts[kind, prefix] = (
                bet(kind, ttl, prefix, read, ends) if name == "warmside" else most(name, kind, ttl, prefix, read)
            )
        n = counts[kind, prefix]
        if gap == math.inf:
            cost += (1 - ends) * prefix * read * n
            continue
        lapsed = n * rhythm + LIFETIME[ttl] < gap
        cost += prefix * (read * min(n, math.floor(gap / rhythm)) + lapse * lapsed)
        needed = max(0, math.ceil((gap - LIFETIME[ttl]) / RHYTHM[ttl]))
        best += prefix * min(read * needed, lapse)
    return cost / best if best else None
