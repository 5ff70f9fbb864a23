"""The palette finds by any word that it shows, ends with a whole entry, and ctrl+q beside it names the key to leave."""

from __future__ import annotations

import pytest
from textual.command import CommandList
from textual.widgets import Input

from tests.tui import gallery as g
from tui.palette import AROUND_ROWS, ENTRY_ROWS, list_rows, score


@pytest.mark.parametrize("height", range(10, 80))
def test_whole_entries_fit(height: int) -> None:
    assert list_rows(height) % ENTRY_ROWS == 0
    assert height < 12 or list_rows(height) + AROUND_ROWS <= height


def test_a_name_comes_before_a_word_of_the_help() -> None:
    by_name, by_word, inside = (
        score("cost", name, told)
        for name, told in (("cost", "by day"), ("ledger", "cost and savings by day"), ("sort", "by lowcost"))
    )
    assert by_name > by_word > inside == score("ost", "cost", "") > 0 == score("cost x", "cost", "by day")
    assert score("SAVINGS led", "ledger", "cost and savings") > 0


async def test_every_word_that_stands_there_finds() -> None:
    one = g.gallery("palette")
    async with g.showing(one, "palette", 32, 24) as pilot:
        found = one.app.screen.query_one(CommandList)
        assert found.size.height == list_rows(24)
        listed_rows = [line.strip("│ ") for line in g.rows(one) if line.startswith("│")]
        assert not any(line.endswith("…") for line in listed_rows), "every help has its line"
        for word, names in (
            ("cost", {"sort", "ledger"}),
            ("until", {"budget"}),
            ("warm", {"hold"}),
            ("pause", {"off"}),
        ):
            one.app.screen.query_one(Input).value = word
            for _ in range(g.ROUNDS):
                await one.settle(pilot)
                listed = {str(option.prompt).split("\n")[0] for option in found.options}
                if listed == names:
                    break
            assert listed == names, word
        await one.press(pilot, "escape", "ctrl+q")
        assert one.app.is_running
        assert one.text("footer") == [" q quits; the keeper goes on"]
