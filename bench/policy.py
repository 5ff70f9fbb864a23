"""What the policy costs and what it is worth: cost over the best possible beside the peers' rules, and processor time
beside the least that the same lines and rows take.

Targets (facts on keep-alive): ratios at r = 0.1 of at most 2.05 (5m) and 2.35 (1h) with no end signalled, 1.45 and 1.80
with nine ends in ten; better than context-guru's rule in at least five of six cells, in all six with ends signalled.
They are meant for sessions kept apart; these are the ones that lie beside the repository.
"""

from __future__ import annotations

import csv
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path

from keepalive.decide_service import DecideService
from keepalive.simulate.episodes import episodes
from keepalive.simulate.gaps import read
from keepalive.simulate.grid import Grid, policies
from keepalive.simulate.terms import cells

GAPS = Path(__file__).parents[2] / "shared" / "data" / "idle_gaps.csv"
ENDS = (0.0, 0.9)
RUNS = 7
QUESTIONS = 2_000


def cpu(work: Callable[[], object]) -> float:
    """Seconds of processor time."""
    began = time.process_time()
    work()
    return time.process_time() - began


def questions() -> list[bytes]:
    """Lines as a script would send them."""
    return [
        json.dumps(
            {
                "episode": n,
                "kind": "user" if n % 3 else "tool",
                "ttl": "5m",
                "idle_seconds": 285.0 * (1 + n % 4),
                "pings_sent": n % 4,
                "prefix_tokens": 87_000,
                "read_multiplier": (0.1, 0.05, 0.025)[n % 3],
                "write_multiplier": 1.25,
                "interval_seconds": 285.0,
            }
        ).encode()
        for n in range(QUESTIONS)
    ]


def answering() -> None:
    """`decide` beside reading and writing the same lines as JSON."""
    lines = questions()
    ratios, each = [], []
    for _ in range(RUNS):
        plain = cpu(lambda: [json.dumps(json.loads(line)) for line in lines])
        ours = cpu(lambda: list(DecideService().answers(lines)))
        ratios.append(ours / plain)
        each.append(1e6 * ours / QUESTIONS)
    print(f"decide: {statistics.median(each):.0f} µs a question, {statistics.median(ratios):.1f} times json alone")


def scoring() -> None:
    """The table of the grid, and the grid's time beside reading the file."""
    rows = read(GAPS)
    periods = episodes(rows)
    everyone = policies()
    plain = cpu(lambda: list(csv.DictReader(GAPS.open(newline=""))))
    asked = cells(ends=ENDS)
    began = time.process_time()
    grid = Grid(rows, periods)
    results = [grid.score(cell, everyone) for cell in asked]
    spent = time.process_time() - began
    names = [policy.name for policy in everyone]
    print(f"{'cost over the best possible':28}" + "".join(f"{name:>15}" for name in names))
    for cell, result in zip(asked, results, strict=True):
        scores = {score.policy: score.ratio.value for score in result.scores}
        label = f"{cell.ttl}, read {cell.read}, {100 * (cell.ends or 0):.0f} % of ends"
        print(f"{label:28}" + "".join(f"{scores[name]:15.3f}" for name in names))
    print(f"{len(asked)} cells of {len(names)} policies: {spent / plain:.0f} times reading the file")


def main() -> int:
    """Print both."""
    answering()
    if not GAPS.exists():
        print("no recorded idle gaps beside this repository: nothing to score")
        return 0
    scoring()
    return 0


if __name__ == "__main__":
    sys.exit(main())
