"""What the tests of every adapter start from."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.keepalive.launching.asking import Place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)
