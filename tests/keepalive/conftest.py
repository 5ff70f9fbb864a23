"""What the tests of the money path share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.keepalive.money_harness import Talk, World, opened


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    """A worker's money path on an empty store."""
    async with opened(tmp_path) as made:
        yield made


@pytest.fixture
def talk() -> Talk:
    """The main thread of a Claude Code session with an API key."""
    return Talk()
