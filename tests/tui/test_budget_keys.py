"""The budget sheet's last line: what fits, and why Enter waits."""

from __future__ import annotations

import pytest

from tui.budget_keys import keys
from tui.lines import text_of, width_of


def said(width: int, *, wrong: str = "", own: bool = False, warned: bool = False) -> str:
    (line,) = keys("↵", width, wrong=wrong, own=own, warned=warned)
    return text_of(line)


def test_the_way_back_to_the_default_is_there_where_something_can_be_dropped() -> None:
    assert said(34) == "↵ apply  esc cancel"
    assert said(34, own=True) == "↵ apply  esc cancel  ^d default"
    assert said(30, own=True) == "↵ apply  esc cancel", "no half of it"


def test_what_has_to_be_mended_stands_at_the_right_or_in_place_of_enter() -> None:
    assert said(40, wrong="money", own=True) == "↵ apply  esc cancel      fix money first"
    assert said(26, wrong="money") == "fix money  esc cancel"


@pytest.mark.parametrize("width", range(26, 60))
@pytest.mark.parametrize("wrong", ["", "until"])
def test_every_width_holds_it(width: int, wrong: str) -> None:
    (line,) = keys("enter", width, wrong=wrong, own=True, warned=False)
    assert width_of(line) <= width


def test_a_loss_is_told_instead_of_all_keys() -> None:
    assert said(40, wrong="until", own=True, warned=True) == "esc drops what is typed"
