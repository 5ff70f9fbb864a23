"""Places for labels."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.simulate.labels import Box, Wanted, place

ROOM = Box(0, 0, 400, 300)


def test_a_lone_label_stands_right_of_its_point() -> None:
    (found,) = place([Wanted((100, 100), 40, 16, 5)], [], ROOM)
    assert (found.box.left, found.box.right, found.has_leader) == (110, 150, False)
    assert found.box.middle == (130, 100)


def test_at_the_right_edge_it_stands_left() -> None:
    (found,) = place([Wanted((390, 100), 40, 16, 5)], [], ROOM)
    assert found.box.right == 380


def test_the_line_is_avoided() -> None:
    line = [(100.0, 100.0), (300.0, 100.0)]
    (found,) = place([Wanted(line[0], 40, 16, 5)], line, ROOM)
    assert not found.box.crossed_by(*line)


@given(st.lists(st.tuples(st.integers(2, 14), st.integers(2, 11)), min_size=1, max_size=11, unique=True))
@settings(deadline=None, max_examples=40)
def test_labels_of_points_that_lie_apart_cover_nothing(grid: list[tuple[int, int]]) -> None:
    wanted = [Wanted((25.0 * x, 25.0 * y), 30, 14, 4) for x, y in grid]
    found = [one.box for one in place(wanted, [], ROOM)]
    assert not any(one.overlaps(other) for at, one in enumerate(found) for other in found[at + 1 :])
    assert not any(box.overlaps(each.mark) for box in found for each in wanted)
    assert all(box.within(ROOM) for box in found)


@pytest.mark.parametrize(
    ("start", "end", "crossed"),
    [
        ((0, 5), (20, 5), True), ((0, 0), (20, 0), False), ((5, 5), (6, 6), True), ((0, 12), (12, 0), True),
        ((0, 25), (25, 0), False), ((5, -5), (5, 50), True), ((-5, -5), (-1, -1), False),
    ],
)  # fmt: skip
def test_segments_through_a_box(start: tuple[float, float], end: tuple[float, float], crossed: bool) -> None:
    assert Box(2, 2, 10, 10).crossed_by(start, end) is crossed


def test_distance_between_boxes() -> None:
    assert Box(0, 0, 1, 1).distance(Box(4, 5, 6, 7)) == 5
    assert Box(0, 0, 1, 1).distance(Box(0.5, 0.5, 2, 2)) == 0


def test_nothing_wants_nothing() -> None:
    assert place([], [], ROOM) == []
