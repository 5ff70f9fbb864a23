"""The history at every width, as pictures: what no assertion on text can see."""

from __future__ import annotations

import pytest

from tests.tui import sample
from tests.tui.history_sample import SampleHistory
from tests.tui.running import Running
from tests.tui.test_snapshots import SnapCompare, before
from tui.look import Look
from tui.themes import ANSI, LIGHT

SIZES = [(32, 20), (40, 40), (60, 30), (120, 36)]
FIND = ("H", "slash", *"lock", "enter")


@pytest.mark.parametrize("size", SIZES)
def test_sessions(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """All sessions by day; wide with the chosen one beside them."""
    one = Running(history=SampleHistory())
    assert snap_compare(one.app, terminal_size=size, run_before=before(one, "H", "j"))


@pytest.mark.parametrize("size", SIZES)
def test_turns_that_were_found(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """Hits in bold and underlined; wide with the turn beside them."""
    one = Running(history=SampleHistory())
    assert snap_compare(one.app, terminal_size=size, run_before=before(one, *FIND, "j"))


@pytest.mark.parametrize("size", [(40, 40), (120, 36)])
def test_opened_at_the_turn(snap_compare: SnapCompare, size: tuple[int, int]) -> None:
    """The session view, its chosen turn told whole."""
    one = Running(history=SampleHistory())
    assert snap_compare(one.app, terminal_size=size, run_before=before(one, *FIND, "enter"))


@pytest.mark.parametrize("theme", [ANSI, LIGHT])
def test_other_colours(snap_compare: SnapCompare, theme: str) -> None:
    """Sixteen colours, and a light ground."""
    one = Running(history=SampleHistory(), look=Look(zone=sample.ZONE, theme=theme))
    assert snap_compare(one.app, terminal_size=(40, 30), run_before=before(one, *FIND))


def test_nothing_stored(snap_compare: SnapCompare) -> None:
    """The way to fill it."""
    one = Running(history=SampleHistory(places=()))
    assert snap_compare(one.app, terminal_size=(40, 20), run_before=before(one, "H"))
