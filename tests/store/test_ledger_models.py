"""The ledger's shapes: outcomes are a closed list, and no one writes into what was read."""

from __future__ import annotations

from typing import get_args

import pytest

from store.ledger_models import RESULTS, LedgerPeriods, LedgerView, Result


def test_every_outcome_has_its_place_in_a_table() -> None:
    assert sorted(RESULTS) == sorted(get_args(Result))


def test_the_list_of_periods_is_all_that_periods_add() -> None:
    added = set(LedgerPeriods.__struct_fields__) - set(LedgerView.__struct_fields__)
    assert added == {"periods"}


def test_a_view_is_read_only() -> None:
    with pytest.raises(AttributeError, match="immutable"):
        LedgerView().pings = 3  # type: ignore[misc]
