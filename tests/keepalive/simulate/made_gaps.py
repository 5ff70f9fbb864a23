"""Gaps for the simulator's tests: the shared real ones, made-up ones as a file, and as rows."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from store.idle_gaps import IdleGap

REAL = Path(__file__).parents[4] / "shared" / "data" / "idle_gaps.csv"
needs_real = pytest.mark.skipif(not REAL.is_file(), reason="the shared data is not here")

COLUMNS = (
    "session", "kind", "gap_seconds", "request_to_request_seconds", "prefix_tokens", "next_cache_read",
    "next_cache_creation", "next_input", "ttl_before", "ttl_after", "model_before", "model_after", "compacted",
    "client_version", "at_utc", "last_of_session",
)  # fmt: skip
_USUAL = {
    "session": "1", "kind": "user", "gap_seconds": "1", "request_to_request_seconds": "60", "prefix_tokens": "50000",
    "next_cache_read": "50000", "next_cache_creation": "1000", "next_input": "10", "ttl_before": "5m",
    "ttl_after": "5m", "model_before": "opus", "model_after": "opus", "compacted": "0", "client_version": "2.1",
    "at_utc": "2026-01-27T09:19:05", "last_of_session": "0",
}  # fmt: skip


def line(**values: object) -> dict[str, str]:
    """A row of the file; what is not said is usual."""
    return _USUAL | {name: str(value) for name, value in values.items()}


def write(path: Path, lines: Sequence[dict[str, str]], columns: Sequence[str] = COLUMNS) -> Path:
    """The file, with these columns alone."""
    with path.open("w", encoding="utf-8", newline="") as out:
        writer = csv.DictWriter(out, columns, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(lines)
    return path


USUAL_GAP = IdleGap(
    session="1", agent="claude", kind="user", seconds=60.0, prefix_tokens=50_000, read=50_000, written=1_000,
    uncached=10, ttl_before="5m", ttl_after="5m", model_before="opus", model_after="opus", compacted=False,
    at=1_769_505_545.0, last_of_session=False,
)  # fmt: skip


def gap(**values: Any) -> IdleGap:
    """A row; what is not said is usual."""
    return USUAL_GAP._replace(**values)
