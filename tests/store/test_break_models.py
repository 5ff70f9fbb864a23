"""The codes of breaks: each cause is known, and remedies belong to causes."""

from __future__ import annotations

from typing import get_args

from store.break_models import REMEDIES, BreakCause


def test_remedies_belong_to_causes() -> None:
    assert set(REMEDIES) <= set(get_args(BreakCause))
