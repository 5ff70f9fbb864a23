"""Only digits and bars move: a second repaints the lines that read differently now, and nothing where nothing does."""

from __future__ import annotations

from typing import Any

import pytest
from textual._compositor import ChopsUpdate, LayoutUpdate
from textual.pilot import Pilot

from tests.tui.gallery import Gallery, gallery, painted, showing

BOARDS = [("board", size) for size in ((32, 20), (60, 40), (120, 50), (160, 50))]


class Watched:
    """What an app sends to its terminal."""

    def __init__(self, one: Gallery, monkeypatch: pytest.MonkeyPatch) -> None:
        self.sent: list[Any] = []
        self._one = one
        display = one.app._display

        def watch(screen: Any, renderable: Any) -> None:
            if renderable is not None:
                self.sent.append(renderable)
            display(screen, renderable)

        monkeypatch.setattr(one.app, "_display", watch)

    @property
    def lines(self) -> set[int]:
        """Lines of the screen that were sent, by y. All of them where the whole screen was."""
        found: set[int] = set()
        for update in self.sent:
            if isinstance(update, LayoutUpdate):
                found |= set(range(self._one.app.size.height))
            else:
                assert isinstance(update, ChopsUpdate), type(update)
                found |= {y for y, _, _ in update.spans}
        return found


def _looks(one: Gallery) -> list[list[tuple[str, str]]]:
    """Each line as text with its styles."""
    lines: list[list[tuple[str, str]]] = [[]]
    for segment in painted(one):
        if segment.text == "\n":
            lines.append([])
        else:
            lines[-1] += [(letter, str(segment.style)) for letter in segment.text]
    return lines


async def _second(one: Gallery, pilot: Pilot[None], seconds: float) -> None:
    one.clock.advance(seconds)
    one.app._tick()
    await one.settle(pilot)


@pytest.mark.parametrize(("name", "size"), [*BOARDS, *((name, (120, 50)) for name in ("cache", "ledger"))])
async def test_a_second_repaints_what_changed(
    name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = gallery(name)
    async with showing(one, name, *size) as pilot:
        await _second(one, pilot, 1)  # (what was put off at the first layout is done with the first repaint)
        watched, before = Watched(one, monkeypatch), _looks(one)
        await _second(one, pilot, 1)
        after = _looks(one)
        changed = {y for y, (old, new) in enumerate(zip(before, after, strict=True)) if old != new}
        assert watched.lines == changed
        if name == "board":
            assert changed, "countdowns"
            assert len(changed) <= 14, "a digit or a bar of each running entry, and two next pings"


@pytest.mark.parametrize(
    ("name", "size"), [*BOARDS, *((name, (60, 40)) for name in ("cache", "found", "days", "budget"))]
)
async def test_nothing_is_repainted_where_nothing_changed(
    name: str, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    one = gallery(name)
    async with showing(one, name, *size) as pilot:
        await _second(one, pilot, 1)
        watched = Watched(one, monkeypatch)
        for _ in range(3):
            await _second(one, pilot, 0)
            await one.poll(pilot)
        assert watched.lines == set()


async def test_the_same_board_read_again_moves_no_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """The store changes at every request of any session; most of it is not on this screen."""
    one = gallery()
    async with showing(one, "board", 60, 40) as pilot:
        watched, before = Watched(one, monkeypatch), _looks(one)
        one.feed.show(one.feed.view)
        await one.poll(pilot)
        assert _looks(one) == before
        assert watched.sent, "it was laid out anew"
