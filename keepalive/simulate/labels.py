"""Finds places for the labels of points in a picture, so that none covers another, a point or the line. Pure.

Every label tries places around its point, near ones first; the one that is in nobody's way wins. Where all are taken
the least bad is used, which is as good as a picture of that size can be.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

Point = tuple[float, float]
_DISTANCES = (9.0, 16.0, 22.0, 30.0, 44.0, 60.0, 78.0)
_DIRECTIONS: tuple[Point, ...] = (
    (1, 0), (-1, 0), (0.75, -0.75), (0.75, 0.75), (-0.75, -0.75), (-0.75, 0.75), (0, -1), (0, 1),
    (1, -0.3), (1, 0.3), (-1, -0.3), (-1, 0.3), (0.4, -1), (-0.4, -1), (0.4, 1), (-0.4, 1),
)  # fmt: skip
_COVERS, _CROSSES, _MISTAKEN, _OUTSIDE = 400.0, 120.0, 60.0, 2_000.0
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle, y downwards."""

    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: Box) -> bool:
        return (
            self.left < other.right and other.left < self.right and self.top < other.bottom and other.top < self.bottom
        )

    def within(self, other: Box) -> bool:
        return (
            self.left >= other.left
            and self.right <= other.right
            and self.top >= other.top
            and self.bottom <= other.bottom
        )

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2

    def distance(self, other: Box) -> float:
        """Between the nearest edges; 0 where they touch."""
        across = max(0.0, self.left - other.right, other.left - self.right)
        down = max(0.0, self.top - other.bottom, other.top - self.bottom)
        return math.hypot(across, down)

    def crossed_by(self, start: Point, end: Point) -> bool:
        """Whether the segment runs through the rectangle."""
        (x, y), (dx, dy) = start, (end[0] - start[0], end[1] - start[1])
        enter, leave = 0.0, 1.0
        for way, room in (
            (-dx, x - self.left), (dx, self.right - x), (-dy, y - self.top), (dy, self.bottom - y),
        ):  # fmt: skip
            if way == 0:
                if room < 0:
                    return False
            elif way < 0:
                enter = max(enter, room / way)
            else:
                leave = min(leave, room / way)
        return enter < leave


@dataclass(frozen=True, slots=True)
class Wanted:
    """A label to place."""

    at: Point
    width: float
    height: float
    radius: float
    """Of the point's mark."""

    @property
    def mark(self) -> Box:
        x, y = self.at
        return Box(x - self.radius, y - self.radius, x + self.radius, y + self.radius)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a label goes."""

    box: Box
    distance: float
    """From the mark."""

    @property
    def has_leader(self) -> bool:
        """Far enough from the mark to want a line to it."""
        return self.distance > 10


def place(wanted: Sequence[Wanted], line: Sequence[Point], room: Box) -> list[Place]:
    """One place for each label. In each of several orders every label chooses again once the others have; the order
    that ends best counts."""
    if not wanted:
        return []
    segments = list(pairwise(line))
    ranks: list[Callable[[int], float]] = [
        lambda own: own, lambda own: wanted[own].at[0], lambda own: -wanted[own].at[0],
        lambda own: wanted[own].at[1],
    ]  # fmt: skip
    outcomes = [_settled(wanted, sorted(range(len(wanted)), key=rank), segments, room) for rank in ranks]
    return min(outcomes, key=lambda outcome: outcome[0])[1]


def _settled(
    wanted: Sequence[Wanted], order: Sequence[int], segments: Sequence[tuple[Point, Point]], room: Box
) -> tuple[float, list[Place]]:
    """How bad it is when they choose in this order, and their places."""
    chosen: dict[int, Place] = {}
    costs = [0.0] * len(wanted)
    for own in [*order] * _ROUNDS:
        others = [(wanted[at], place) for at, place in chosen.items() if at != own]
        strangers = [each.mark for at, each in enumerate(wanted) if at != own]
        costs[own] = math.inf
        for candidate in _candidates(wanted[own]):
            if candidate.distance >= costs[own]:
                break  # those that follow are as far away or farther
            cost = _cost(wanted[own], candidate, others, strangers, segments, room)
            if cost < costs[own]:
                chosen[own], costs[own] = candidate, cost
    return sum(costs), [chosen[own] for own in range(len(wanted))]


def _cost(
    wanted: Wanted,
    place: Place,
    others: Sequence[tuple[Wanted, Place]],
    strangers: Sequence[Box],
    segments: Sequence[tuple[Point, Point]],
    room: Box,
) -> float:
    """How bad a place is: far away, outside, over something, or nearer to a stranger's point than to its own."""
    box = place.box
    cost = place.distance + (0.0 if box.within(room) else _OUTSIDE)
    cost += _COVERS * sum(box.overlaps(other.box) for _, other in others)
    cost += _COVERS * (box.overlaps(wanted.mark) + sum(box.overlaps(mark) for mark in strangers))
    cost += _CROSSES * sum(box.crossed_by(*segment) for segment in segments)
    own = box.distance(wanted.mark) + 2
    cost += _MISTAKEN * sum(box.distance(mark) <= own for mark in strangers)
    for other, its in others:
        if its.has_leader:
            cost += _COVERS * box.crossed_by(other.at, its.box.middle)
    if place.has_leader:
        cost += _COVERS * sum(its.box.crossed_by(wanted.at, box.middle) for _, its in others)
        cost += _COVERS * sum(mark.crossed_by(wanted.at, box.middle) for mark in strangers)
    return cost


def _candidates(wanted: Wanted) -> list[Place]:
    x, y = wanted.at
    found = []
    for distance in _DISTANCES:
        reach = distance + wanted.radius - 4
        for across, down in _DIRECTIONS:
            middle_x = x + across * reach + (0.5 * wanted.width * (across > 0) - 0.5 * wanted.width * (across < 0))
            middle_y = y + down * reach + (0.5 * wanted.height * (down > 0) - 0.5 * wanted.height * (down < 0))
            left, top = middle_x - wanted.width / 2, middle_y - wanted.height / 2
            found.append(Place(Box(left, top, left + wanted.width, top + wanted.height), distance))
    return found
