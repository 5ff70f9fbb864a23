"""Importing without the cycle collector."""

from __future__ import annotations

import gc

import pytest

from tui.imports import uncollected


@pytest.mark.parametrize("fails", [False, True])
def test_nothing_is_collected_inside_and_what_was_made_is_never_walked_over(fails: bool) -> None:
    before = gc.get_freeze_count()
    try:
        with uncollected():
            assert not gc.isenabled()
            if fails:
                raise ImportError
    except ImportError:
        assert fails
    assert gc.isenabled()
    assert gc.get_freeze_count() > before
    gc.unfreeze()
