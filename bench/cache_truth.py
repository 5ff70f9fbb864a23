"""Predicted cache state against what the next request really read, beside the bare rule "gap < TTL".

On the gaps of real sessions (shared/data/idle_gaps.csv, or the file named): people's prompts first, since requests
after tools come within seconds and flatter every rule. Cold is a request that read less than half of the prefix before
it. Both rules see only what is known before the request is sent. The halves are by session number, odd and even: a
rule fitted to single rows would fall apart between them. Target: accuracy no worse than the bare rule's, recall of
cold resumes above it.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

from msgspec.structs import replace

from store import cache
from store.cache_events import LIFETIMES
from store.expectation import MINIMUM, Waited, Waiting
from store.models import CacheStateName, Evidence, Status, TTLClass, WaitingFor
from store.row import row_of
from store.rows import LineageRow, SessionRow

GAPS = Path(__file__).parents[2] / "shared" / "data" / "idle_gaps.csv"
COLD_BELOW = 0.5
"""Share of the prefix; a cold request still reads tools and system prompt, which other sessions keep warm."""


_LINEAGE = row_of(
    LineageRow,
    {
        **dict.fromkeys(("first_request_at", "broke_tokens", "stop_until", "next_ping_at", "max_idle_pings")),
        **dict.fromkeys(("agent_id", "replaced", "replayable", "stop", "why"), ""),
        **dict.fromkeys(("held", "thinking"), False),
        "stop_args": {},
        "why_args": {},
        "id": 1,
        "session_id": "made-up",
        "model": "claude-opus-4-5",
        "ttl_class": "5m",
        "ttl_seconds": 300.0,
        "evidence": Evidence.TRANSCRIPT,
        "requests": 9,
        "prefix_tokens": 50_000,
        "last_request_at": 0.0,
        "last_touch_at": 0.0,
    },
)
_SESSION = row_of(
    SessionRow,
    {
        **dict.fromkeys(("launch_id", "waiting_since", "pid", "pid_started", "tmux_pane", "login", "model")),
        **dict.fromkeys(("transcript", "context_tokens", "opened_at", "last_activity_at", "ended_at", "waiting_for")),
        **dict.fromkeys(("cwd", "project", "title", "client_version", "end_reason", "seen_by"), ""),
        "id": "made-up",
        "agent": "claude",
        "status": Status.IDLE,
    },
)


class Gap(NamedTuple):
    """One request after another: what was known before it, and what it read."""

    session: int
    waiting: Waiting
    prefix: int
    read: int

    @property
    def cold(self) -> bool:
        """What really happened."""
        return self.read < COLD_BELOW * self.prefix


class Score(NamedTuple):
    """How often a rule was right; "positive" is cold."""

    hits: int
    false_alarms: int
    missed: int
    right_warm: int

    @property
    def accuracy(self) -> float:
        """Share of all predictions that were right."""
        return (self.hits + self.right_warm) / max(1, sum(self))

    @property
    def recall(self) -> float:
        """Share of the cold requests that were foreseen."""
        return self.hits / max(1, self.hits + self.missed)

    @property
    def precision(self) -> float:
        """Share of those called cold that were."""
        return self.hits / max(1, self.hits + self.false_alarms)


Rule = Callable[[Waiting], bool]
"""Whether the next request will be cold."""


def bare(waiting: Waiting) -> bool:
    """Cold from the end of the lifetime on."""
    return waiting.lifetime is not None and waiting.gap >= waiting.lifetime


def ours(waiting: Waiting) -> bool:
    """Cold as `sessions --json` has it: by its state, else by the chance that the next prompt reads it."""
    if waiting.lifetime is None:
        return False
    now = 1e9
    lineage = replace(
        _LINEAGE,
        ttl_seconds=waiting.lifetime,
        last_touch_at=now - waiting.gap,
        replaced="compacted" if waiting.compacted else "model_changed" if waiting.model_changed else "",
    )
    session = replace(
        _SESSION,
        client_version=waiting.client_version,
        waiting_for=WaitingFor.YOU if waiting.waited == "user" else WaitingFor.TOOL,
    )
    seen = cache.view(lineage, None, now, session, cache.Known(turn_requests=waiting.turn_requests))
    chance = 1.0 if seen.probability is None else seen.probability
    return seen.state in (CacheStateName.EXPIRED, CacheStateName.CHANGED) or chance < MINIMUM


RULES: dict[str, Rule] = {"gap < TTL": bare, "warmside": ours}


def load(path: Path) -> list[Gap]:
    """The rows in their order; a turn's requests are counted from the rows themselves."""
    gaps = []
    turn_requests: dict[int, int] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            session = int(row["session"])
            requests = turn_requests.get(session, 1)  # (a session's first request has no row)
            waiting = Waiting(
                gap=float(row["request_to_request_seconds"]),
                lifetime=LIFETIMES.get(cast("TTLClass", row["ttl_before"])),
                waited=cast("Waited", row["kind"]),
                turn_requests=requests,
                client_version=row["client_version"],
                compacted=row["compacted"] == "1",
                # (The person has switched it before the prompt is sent.)
                model_changed=row["model_before"] != row["model_after"],
            )
            turn_requests[session] = 1 if row["kind"] == "user" else requests + 1
            gaps.append(Gap(session, waiting, int(row["prefix_tokens"]), int(row["next_cache_read"])))
    return gaps


def score(gaps: Iterable[Gap], rule: Rule) -> Score:
    """Count a rule's predictions."""
    counts = {(said, was): 0 for said in (True, False) for was in (True, False)}
    for gap in gaps:
        counts[rule(gap.waiting), gap.cold] += 1
    return Score(counts[True, True], counts[True, False], counts[False, True], counts[False, False])


def main() -> None:
    """Print both rules side by side."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("gaps", nargs="?", type=Path, default=GAPS)
    path = parser.parse_args().gaps
    if not path.is_file():
        print(f"skipped: {path} is not there")
        return
    gaps = load(path)
    prompts = [gap for gap in gaps if gap.waiting.waited == "user"]
    _table("people's prompts", prompts)
    _table("  sessions with odd numbers", [gap for gap in prompts if gap.session % 2])
    _table("  sessions with even numbers", [gap for gap in prompts if not gap.session % 2])
    _table("all requests", gaps)
    before, after = (score(prompts, rule) for rule in RULES.values())
    holds = after.accuracy >= before.accuracy and after.recall > before.recall
    print(f"target on people's prompts: {'reached' if holds else 'MISSED'}")


def _table(title: str, gaps: Sequence[Gap]) -> None:
    print(f"{title}: {len(gaps)}, cold {sum(gap.cold for gap in gaps)}")
    for name, rule in RULES.items():
        found = score(gaps, rule)
        print(
            f"    {name:<10} accuracy {found.accuracy:6.1%}   recall of cold {found.recall:6.1%}"
            f"   precision {found.precision:6.1%}   (missed {found.missed}, false alarms {found.false_alarms})"
        )


if __name__ == "__main__":
    main()
