"""The picture: one panel a class, every policy named once, nothing covered."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from xml.etree import ElementTree as Tree

import pytest

from keepalive.simulate.chart import svg
from keepalive.simulate.labels import Box
from keepalive.simulate.results import CellResult
from tests.keepalive.simulate.made_results import results

SVG = "{http://www.w3.org/2000/svg}"


def drawn(shown: list[CellResult]) -> Tree.Element:
    return Tree.fromstring(svg(shown))  # noqa: S314 - our own


def labels(root: Tree.Element) -> list[Tree.Element]:
    return [text for text in root.iter(f"{SVG}text") if text.get("class") in ("label", "our-label")]


def words(root: Tree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]


def test_a_panel_for_each_class_with_axes_and_what_was_assumed() -> None:
    root = drawn(results())
    said = words(root)
    assert said[0] == "How many cache lapses each policy avoids, and for how many pings"
    first, long = results()[0], results()[12]
    assert f"5-minute entries: {first.lapses} lapses, {first.ends} ends" in said
    assert f"1-hour entries: {long.lapses} lapses, {long.ends} ends" in said
    assert f"pings per 100 of {first.periods} idle periods (square-root scale)" in said
    assert said.count("a cache read at 0.1 of the input price, no end signalled") == 2
    assert said.count("lapses avoided") == 1
    assert said.count("100 %") == 2
    assert len(root.findall(f"{SVG}polyline")) == 2
    assert len([one for one in root.iter(f"{SVG}circle") if one.get("class") == "ours"]) == 2


def test_one_class_is_one_panel() -> None:
    root = drawn(results()[:3])
    assert len(root.findall(f"{SVG}polyline")) == 1
    assert float(root.attrib["width"]) < 600


@pytest.mark.parametrize("cell", range(24))
def test_every_policy_is_named_once_and_no_label_covers_another(cell: int) -> None:
    result = results()[cell]
    found = labels(drawn([result]))
    names = [name.strip() for text in found for name in "".join(text.itertext()).split("=")]
    assert sorted(names) == sorted(score.policy for score in result.scores)
    boxes = []
    for text in found:
        x, y = float(text.attrib["x"]), float(text.attrib["y"])
        boxes.append(Box(x, y - 11, x + 6.5 * len("".join(text.itertext())), y + 3))
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_the_front_runs_through_its_policies_from_left_to_right_and_up() -> None:
    result = results()[0]
    (line,) = drawn([result]).findall(f"{SVG}polyline")
    points = [tuple(map(float, point.split(","))) for point in line.attrib["points"].split()]
    assert len(points) == len(result.front)
    assert points == sorted(points)
    assert [y for _, y in points] == sorted((y for _, y in points), reverse=True)


def test_it_reads_on_a_dark_page_and_aloud() -> None:
    root = drawn(results())
    style, described = root.findtext(f"{SVG}style"), root.findtext(f"{SVG}desc")
    assert style is not None
    assert "prefers-color-scheme: dark" in style
    assert described is not None
    assert described.startswith("5m entries: warmside avoids ")
    assert root.get("role") == "img"


def test_a_class_without_pings_or_lapses_is_drawn_all_the_same() -> None:
    still = [replace(score, pings_per_100=0.0, pings=0.0) for score in results()[0].scores]
    assert len(labels(drawn([replace(results()[0], scores=still)]))) >= 1
