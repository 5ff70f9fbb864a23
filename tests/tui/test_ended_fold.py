"""What is said while the cursor stands on the fold."""

from __future__ import annotations

from msgspec.structs import replace

from store.models import SessionView
from tests.tui import sample
from tui.ended_fold import ended_fold
from tui.lines import text_of


def said(sessions: tuple[SessionView, ...] = sample.ENDED, *, unfolded: bool = False, pane: bool = False) -> list[str]:
    """Its lines in 36 cells."""
    return [text_of(line) for line in ended_fold(sessions, 36, unfolded=unfolded, enter="↵", pane=pane)]


def test_how_many_what_they_cost_and_the_key() -> None:
    assert said() == [" ended today", " 3 sessions ended, $12.36 in all", " ↵ unfolds them"]
    assert said(unfolded=True)[-1] == " ↵ folds them"
    assert said(pane=True)[:2] == ["", "─ ended today " + "─" * 22]


def test_money_that_is_not_known_is_not_left_out_silently() -> None:
    first, *others = sample.ENDED
    unpriced = replace(first, totals=replace(first.totals, usd=None))
    assert said((unpriced, *others))[1] == " 3 sessions ended, over $8.24 in all"
    assert said((unpriced,))[1] == " 1 session ended, – in all"
