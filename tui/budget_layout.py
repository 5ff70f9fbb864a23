"""How the budget sheet shares out the screen's rows: pure. Whatever is typed, it keeps its height."""

from __future__ import annotations

from typing import NamedTuple

WIDE_SCREEN = 90
"""From here on fields and outlook stand side by side."""
WIDE_CELLS, NARROW_CELLS = 92, 64
"""The sheet at most, border included."""
EDGE_CELLS = 4
"""Border and padding."""
FIELDS_CELLS = 42
"""The fields' column beside the outlook."""
LINE_CELLS = 3
OUTLOOK_CELLS = min(WIDE_CELLS, WIDE_SCREEN) - EDGE_CELLS - FIELDS_CELLS - LINE_CELLS
"""The least that the outlook has there."""
SMALL_SCREEN = 32
"""Below this width a field gives cells to what is said beside it."""
PADDED_SCREEN = 45
"""From here on a field has a cell of its ground beside its text."""
_AROUND = 5
"""Rows of the screen that are not the sheet's: header, the row it is about with the label above it, footer."""
_FIXED = 7
"""Rows of the sheet that are always there: the border, four fields, the keys."""
_WIDE_ROWS = 11


class Layout(NamedTuple):
    """Rows of the sheet's parts."""

    policy: int
    """At most."""
    consequence: int
    gap: int = 0
    """Blank rows under the fields."""
    slack: int = 0
    """Further ones: what is said under a field takes these before it takes the consequence's."""
    between: int = 0
    """Before the consequence."""
    foot: int = 0
    """Before the keys."""
    top: int = 0
    bottom: int = 0
    columns: int = 0
    """Height of the two columns where they stand side by side; 0: they do not."""

    @property
    def wide(self) -> bool:
        """Whether fields and outlook stand side by side."""
        return self.columns > 0

    @property
    def roomy(self) -> bool:
        """Whether there is room for the odds."""
        return self.policy > 1


_LEVELS = (
    Layout(4, 4, gap=1, slack=1, between=1, foot=1, top=1, bottom=1),
    Layout(4, 4, gap=1, slack=1, between=1, foot=1),
    Layout(4, 4, gap=1, foot=1),
    Layout(4, 3, gap=1, foot=1),
    Layout(1, 3, gap=1, foot=1),
    Layout(1, 3),
)
_LEAST = Layout(1, 2)


def layout(width: int, height: int) -> Layout:
    """The most generous one that leaves the row in sight on a screen of that size."""
    if width >= WIDE_SCREEN and height >= _WIDE_ROWS + 6:
        return Layout(4, 4, between=1, foot=1, top=1, bottom=1, columns=_WIDE_ROWS)
    room = height - _AROUND - _FIXED
    return next((one for one in _LEVELS if sum(one) <= room), _LEAST)


def input_cells(width: int) -> int:
    """Width of a field on a screen of that width, its padding included."""
    return 8 if width < SMALL_SCREEN else min(14, width - 22) if width < PADDED_SCREEN else 18


def field_padding(width: int) -> int:
    """Cells at each side of a field: none where they are needed for `tomorrow 9:00`, its cursor included."""
    return int(width >= PADDED_SCREEN)


def inner_cells(width: int) -> int:
    """Cells between the edges of a sheet with one column."""
    return min(width, NARROW_CELLS) - EDGE_CELLS
