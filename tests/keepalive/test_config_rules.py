"""What a key's rule lets through."""

from __future__ import annotations

import math
from typing import Annotated, Any

import pytest
from pydantic import ValidationError

from keepalive.config import section
from keepalive.config_rules import Checked, Prepared, Section, Within, Word
from store.models import BudgetMode


def _even(value: int) -> int:
    if value % 2:
        raise ValueError("odd")
    return value * 10


class Table(Section, frozen=True, kw_only=True):
    OURS = frozenset({"ours"})

    share: Annotated[float, Within(gt=0, le=1)] = 1.0
    mode: Annotated[BudgetMode, Word()] = BudgetMode.AUTO
    even: Annotated[int, Checked(_even)] = 0
    text: Annotated[str, Prepared(str)] = ""
    on: bool = False
    ours: int = 0


@pytest.mark.parametrize(
    ("values", "made"),
    [
        ({}, Table()),
        ({"share": 0.5, "mode": "hold"}, Table(share=0.5, mode=BudgetMode.HOLD)),
        ({"share": 1}, Table(share=1.0)),
        ({"even": 4, "text": 4}, Table(even=40, text="4")),
    ],
)
def test_what_fits(values: dict[str, Any], made: Table) -> None:
    assert section(Table, values) == made


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"share": 0}, "greater than 0"),
        ({"share": 1.5}, "less than or equal to 1"),
        ({"share": math.nan}, "finite number"),
        ({"share": "0.5"}, "valid number"),
        ({"mode": "often"}, "'off', 'auto' or 'hold'"),
        ({"even": 3}, "odd"),
        ({"even": True}, "valid integer"),
        ({"on": 1}, "valid boolean"),
        ({"other": 1}, "not permitted"),
        ({"ours": 1}, "not permitted"),
        (3, "valid dictionary"),
    ],
)
def test_what_does_not(values: object, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        section(Table, values)
