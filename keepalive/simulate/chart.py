"""The picture: lapses avoided against pings, one panel a TTL class, with the line of policies that nobody beats.

SVG that stands alone: no script, no font but the reader's own, colours for a light and a dark page.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Tree

from keepalive.simulate.labels import Box, Place, Point, Wanted, place
from keepalive.simulate.policies import OURS
from keepalive.simulate.report import ends_words, read_words
from keepalive.simulate.results import CellResult, Score

PANEL_WIDTH, PANEL_HEIGHT = 440.0, 340.0
MARGIN, GAP, TOP, BOTTOM = 64.0, 72.0, 128.0, 96.0
HEADROOM = 26.0
"""Above 100 %, for labels."""
LABEL_SIZE, LINE_HEIGHT = 13.0, 17.0
LETTER = 0.58
"""Width of a letter, of the size; on the wide side for the usual sans-serif faces."""
TICKS = (0, 1, 2, 5, 10, 20, 40, 70, 100, 150, 200, 300, 500, 1000)

_STYLE = """
text { font-family: system-ui, "Segoe UI", "Helvetica Neue", "DejaVu Sans", sans-serif; fill: #1f2328; }
.page { fill: #ffffff; } .title { font-size: 21px; font-weight: 650; } .panel { font-size: 15px; font-weight: 600; }
.soft { font-size: 13px; fill: #59636e; } .tick { font-size: 12px; fill: #59636e; } .label { font-size: 13px; }
.grid { stroke: #e4e7eb; stroke-width: 1; } .axis { stroke: #8c959f; stroke-width: 1; }
.leader { stroke: #a9b1ba; stroke-width: 1; } .front { fill: none; stroke: #6e7781; stroke-width: 2; }
.dot { fill: #6e7781; } .beaten { fill: #ffffff; stroke: #8c959f; stroke-width: 1.5; }
.ours { fill: #0a66c2; } .halo { fill: #0a66c2; fill-opacity: 0.18; }
.our-label { font-size: 14px; font-weight: 700; fill: #0a66c2; }
.label, .our-label { stroke: #ffffff; stroke-width: 4px; stroke-linejoin: round; paint-order: stroke; }
.also { font-size: 13px; font-weight: 400; fill: #59636e; }
@media (prefers-color-scheme: dark) {
text { fill: #e6edf3; } .page { fill: #0d1117; } .soft, .tick, .also { fill: #9aa4af; } .grid { stroke: #252b33; }
.axis { stroke: #6e7781; } .leader { stroke: #57606a; } .front { stroke: #9aa4af; } .dot { fill: #9aa4af; }
.label, .our-label { stroke: #0d1117; } .beaten { fill: #0d1117; stroke: #8b949e; }
.ours, .halo, .our-label { fill: #62b0ff; }
}
"""


@dataclass(frozen=True, slots=True)
class _Scale:
    """From figures to places in one panel. Pings lie on a square-root scale: most policies send few."""

    left: float
    top: float
    most: float

    def x(self, pings: float) -> float:
        return self.left + PANEL_WIDTH * math.sqrt(pings / self.most)

    def y(self, share: float) -> float:
        return self.top + HEADROOM + (PANEL_HEIGHT - HEADROOM) * (1 - share)

    def at(self, score: Score) -> Point:
        return self.x(score.pings_per_100), self.y(score.avoided_share.value or 0.0)


def svg(results: Sequence[CellResult]) -> str:
    """The picture of the first cell of each TTL class."""
    shown = list({result.cell.ttl: result for result in reversed(results)}.values())[::-1]
    width = 2 * MARGIN + len(shown) * PANEL_WIDTH + (len(shown) - 1) * GAP
    height = TOP + PANEL_HEIGHT + BOTTOM
    root = Tree.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg", "role": "img",
            "viewBox": f"0 0 {width:g} {height:g}", "width": f"{width:g}", "height": f"{height:g}",
        },
    )  # fmt: skip
    title = "How many cache lapses each policy avoids, and for how many pings"
    Tree.SubElement(root, "title").text = title
    Tree.SubElement(root, "desc").text = _described(shown)
    Tree.SubElement(root, "style").text = _STYLE
    Tree.SubElement(root, "rect", {"class": "page", "width": f"{width:g}", "height": f"{height:g}"})
    single = len(shown) == 1
    _text(root, "title", MARGIN, 36, "Lapses avoided, and for how many pings" if single else title)
    explained = [
        "Up is better, left is cheaper. The line joins the policies that",
        "no other beats; hollow ones are beaten.",
    ]
    for number, line in enumerate(explained if single else [" ".join(explained)]):
        _text(root, "soft", MARGIN, 60 + 18 * number, line)
    for number, result in enumerate(shown):
        _panel(root, result, MARGIN + number * (PANEL_WIDTH + GAP))
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(root, encoding="unicode") + "\n"


def _panel(root: Tree.Element, result: CellResult, left: float) -> None:
    lifetime = "5-minute" if result.cell.ttl == "5m" else "1-hour"
    _text(root, "panel", left, TOP - 12, f"{lifetime} entries: {result.lapses:,} lapses, {result.ends:,} ends")
    most = max([score.pings_per_100 for score in result.scores] + [1.0])
    scale = _Scale(left, TOP, most * 1.06)
    bottom = TOP + PANEL_HEIGHT
    for percent in (0, 25, 50, 75, 100):
        y = scale.y(percent / 100)
        _line(root, "axis" if percent == 0 else "grid", (left, y), (left + PANEL_WIDTH, y))
        _text(root, "tick", left - 8, y + 4, f"{percent} %", "end")
    for tick in _ticks(scale):
        x = scale.x(tick)
        _line(root, "grid" if tick else "axis", (x, TOP), (x, bottom))
        _text(root, "tick", x, bottom + 18, f"{tick:,}", "middle")
    middle = left + PANEL_WIDTH / 2
    _text(
        root,
        "soft",
        middle,
        bottom + 40,
        f"pings per 100 of {result.periods:,} idle periods (square-root scale)",
        "middle",
    )
    _text(root, "soft", middle, bottom + 66, f"{read_words(result)}, {ends_words(result)}", "middle")
    if left == MARGIN:
        _text(root, "soft", left - 46, TOP - 16 + PANEL_HEIGHT / 2, "lapses avoided", "middle", turned=True)
    _points(root, result, scale)


def _points(root: Tree.Element, result: CellResult, scale: _Scale) -> None:
    by_name = {score.policy: score for score in result.scores}
    line = [scale.at(by_name[name]) for name in result.front]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in line)
    Tree.SubElement(root, "polyline", {"class": "front", "points": path})
    groups: dict[tuple[int, int], list[Score]] = {}
    for score in sorted(result.scores, key=lambda score: score.policy != OURS):
        x, y = scale.at(score)
        groups.setdefault((round(x), round(y)), []).append(score)
    wanted = [_wanted(scale, group) for group in groups.values()]
    room = Box(scale.left + 2, scale.top, scale.left + PANEL_WIDTH + 24, scale.top + PANEL_HEIGHT - 1)
    places = place(wanted, line, room)
    for label, found in zip(wanted, places, strict=True):
        _leader(root, label, found)
    for group in reversed(groups.values()):  # ours last, on top
        _dot(root, scale, group, result.front)
    for group, found in zip(groups.values(), places, strict=True):
        ours = group[0].policy == OURS
        x, y = found.box.left + 3, (found.box.top + found.box.bottom) / 2 + 4.5
        text = _text(root, "our-label" if ours else "label", x, y, group[0].policy)
        if len(group) > 1:
            also = "".join(f" = {score.policy}" for score in group[1:])
            Tree.SubElement(text, "tspan", {"class": "also", "dx": "5"}).text = also.strip()


def _named(group: Sequence[Score]) -> str:
    """Policies that do the same share a label."""
    return " = ".join(score.policy for score in group)


def _wanted(scale: _Scale, group: Sequence[Score]) -> Wanted:
    ours = group[0].policy == OURS
    size = 14.0 * 1.06 if ours else LABEL_SIZE
    return Wanted(scale.at(group[0]), len(_named(group)) * LETTER * size + 6, LINE_HEIGHT, 12.0 if ours else 5.0)


def _dot(root: Tree.Element, scale: _Scale, group: Sequence[Score], front: Sequence[str]) -> None:
    x, y = scale.at(group[0])
    at = {"cx": f"{x:.1f}", "cy": f"{y:.1f}"}
    if group[0].policy == OURS:
        Tree.SubElement(root, "circle", {"class": "halo", "r": "11", **at})
        Tree.SubElement(root, "circle", {"class": "ours", "r": "6", **at})
        return
    kind = "dot" if any(score.policy in front for score in group) else "beaten"
    Tree.SubElement(root, "circle", {"class": kind, "r": "4.5", **at})


def _leader(root: Tree.Element, label: Wanted, found: Place) -> None:
    if not found.has_leader:
        return
    (x, y), box = label.at, found.box
    end = (min(max(x, box.left), box.right), min(max(y, box.top), box.bottom))
    _line(root, "leader", (x, y), end)


def _ticks(scale: _Scale) -> list[int]:
    """As many as there is room for."""
    found: list[int] = []
    for tick in TICKS:
        if tick <= scale.most and (not found or scale.x(tick) - scale.x(found[-1]) >= 34):
            found.append(tick)
    return found


def _described(results: Sequence[CellResult]) -> str:
    """The picture in words, for who cannot see it."""
    return " ".join(
        f"{result.cell.ttl} entries: "
        + "; ".join(
            f"{score.policy} avoids {100 * (score.avoided_share.value or 0):.0f} % of the lapses"
            f" with {score.pings_per_100:.1f} pings per 100 idle periods"
            for score in result.scores
        )
        + "."
        for result in results
    )


def _line(root: Tree.Element, kind: str, start: Point, end: Point) -> None:
    ends = {"x1": start[0], "y1": start[1], "x2": end[0], "y2": end[1]}
    Tree.SubElement(root, "line", {"class": kind, **{name: f"{value:.1f}" for name, value in ends.items()}})


def _text(
    root: Tree.Element, kind: str, x: float, y: float, words: str, anchor: str = "start", *, turned: bool = False
) -> Tree.Element:
    made = {"class": kind, "x": f"{x:.1f}", "y": f"{y:.1f}", "text-anchor": anchor}
    if turned:
        made["transform"] = f"rotate(-90 {x:.1f} {y:.1f})"
    text = Tree.SubElement(root, "text", made)
    text.text = words
    return text
