"""Idle gaps of the real transcripts, against a second reading of their lines and against the published sample."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path

import pytest

from store.idle_gaps import IdleGap, rows
from store.ingest.importer import import_paths
from tests.store.made_up import memory_store
from tests.store.raw_gaps import RawRequest, raw_requests

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def real() -> Iterator[tuple[list[IdleGap], dict[str, list[RawRequest]]]]:
    """The rows of the real transcripts, and what their lines say."""
    files = sorted((DATA / "transcripts" / "claude").rglob("*.jsonl"))
    if not files:
        pytest.skip(f"no real transcripts in {DATA}")
    with memory_store() as db:
        import_paths(db, [DATA / "transcripts"])
        yield list(rows(db)), {path.stem: raw_requests(path) for path in files}


Real = tuple[list[IdleGap], dict[str, list[RawRequest]]]


def test_real_gaps_are_those_of_the_lines(real: Real) -> None:
    found, raw = real
    assert {gap.session for gap in found} == set(raw)
    pairs = [(before, now) for of in raw.values() for before, now in pairwise(of)]
    assert len(found) == len(pairs) > 800
    assert sum(gap.seconds for gap in found) == pytest.approx(sum(now.at - before.at for before, now in pairs))
    assert sum(gap.kind == "user" for gap in found) == sum(now.answers == "prompt" for _, now in pairs) > 60
    assert sum(gap.compacted for gap in found) == sum(now.after_compaction for _, now in pairs) > 0
    assert sum(gap.last_of_session for gap in found) == len(raw)
    assert all(gap.ended_after is None and gap.open_for is None for gap in found)


def test_real_lapses_are_those_of_the_lines(real: Real) -> None:
    found, raw = real
    lapsed = Counter(
        (gap.ttl_before, gap.kind)
        for gap in found
        if gap.seconds > {"5m": 300, "1h": 3_600, None: 1e12}[gap.ttl_before] and gap.read < 0.5 * gap.prefix_tokens
    )
    expected: Counter[tuple[str, str]] = Counter()
    for of in raw.values():
        ttl = ""
        for before, now in pairwise(of):
            if before.usage["5m"] or before.usage["1h"]:
                ttl = "1h" if before.usage["1h"] > before.usage["5m"] else "5m"
            if now.at - before.at > {"5m": 300, "1h": 3_600}[ttl] and now.usage["read"] < 0.5 * before.prompt_tokens:
                expected[ttl, "user" if now.answers == "prompt" else "tool"] += 1
    assert lapsed == expected
    assert lapsed.total() > 5


def test_real_sessions_that_lie_in_the_sample_too(real: Real) -> None:
    """Sessions are numbers there: the same one is found by the times and sizes of its requests."""
    sample = DATA / "idle_gaps.csv"
    if not sample.exists():
        pytest.skip(f"no sample at {sample}")
    with sample.open(newline="") as file:
        known = {
            (row["at_utc"], row["next_cache_read"], row["next_cache_creation"]): row for row in csv.DictReader(file)
        }
    both = 0
    for gap in real[0]:
        at = datetime.fromtimestamp(int(gap.at), UTC).strftime("%Y-%m-%dT%H:%M:%S")
        row = known.get((at, str(gap.read), str(gap.written)))
        if row is None:
            continue
        both += 1
        assert gap.seconds == pytest.approx(float(row["request_to_request_seconds"]), abs=0.01)
        assert (gap.kind, gap.ttl_before, gap.ttl_after) == (row["kind"], row["ttl_before"], row["ttl_after"])
        assert (str(gap.prefix_tokens), str(gap.uncached)) == (row["prefix_tokens"], row["next_input"])
        assert (gap.model_before, gap.model_after) == (row["model_before"], row["model_after"])
        assert (gap.compacted, gap.last_of_session) == (row["compacted"] == "1", row["last_of_session"] == "1")
    assert both > 250
