"""A stage for each test, and the verdict over it when the test is through: no test can forget to ask the witness."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.harness import Stage, new_stage
from tests.e2e.home import KEY, MAX_PINGS, TTL_SECONDS, find_client
from tests.e2e.provider_log import violations

QUICK_WORKERS = 2
"""Workers that begin with the tests which need a processor."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """These tests wait for clients most of the time: all workers but two begin with them, and those two fill the gaps.

    Each worker gets a run of the items of the same length, and who is through takes from the ends of the others'.
    """
    workers = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    slow = [item for item in items if item.get_closest_marker("e2e") is not None]
    quick = [item for item in items if item.get_closest_marker("e2e") is None]
    if workers <= QUICK_WORKERS:
        items[:] = quick + slow
        return
    streams, length = workers - QUICK_WORKERS, len(items) // workers
    items.clear()
    for index in range(streams):
        mine = slow[index::streams]
        rest = max(0, length - len(mine))
        items += mine + quick[:rest]
        del quick[:rest]
    items += quick


@pytest.fixture(scope="session")
def claude() -> Path:
    """The real client. Where it or tmux is missing the test is skipped; with WARMSIDE_E2E=required it fails."""
    found = find_client()
    missing = [] if shutil.which("tmux") else ["tmux is not installed"]
    if found is None or not os.access(found, os.X_OK):
        missing.append("Claude Code is not installed (set WARMSIDE_CLAUDE, or let .ci/run install it)")
    if found is None or missing:
        reason = "; ".join(missing)
        if os.environ.get("WARMSIDE_E2E") == "required":
            pytest.fail(reason)
        pytest.skip(reason)
    return found


@pytest.fixture
def stage(claude: Path) -> Iterator[Stage]:
    """A stage; afterwards the provider's log is judged, and our folder searched for what must never be in it."""
    with new_stage(claude) as running:
        yield running
        broken = violations(
            running.log.records(),
            ttl_seconds={"5m": TTL_SECONDS, "1h": TTL_SECONDS},
            max_idle_pings=MAX_PINGS,
            gone=running.gone,
            consents=running.consents,
        )
        assert not broken, "\n".join(broken)
        assert running.files_with(KEY) == []
        for token, settings in running.launch_tokens.items():
            assert set(running.files_with(token)) <= {settings}
        assert running.keeper_errors() == ""
