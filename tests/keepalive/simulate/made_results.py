"""Results of the grid on made-up gaps, for what shows them."""

from __future__ import annotations

from functools import cache

from keepalive.simulate.episodes import episodes
from keepalive.simulate.grid import Grid, policies
from keepalive.simulate.report import Source
from keepalive.simulate.results import CellResult
from keepalive.simulate.terms import cells
from store.idle_gaps import IdleGap
from tests.keepalive.simulate.made_gaps import gap

SOURCE = Source("gaps.csv", 240, 8, 248, False)


def rows() -> list[IdleGap]:
    """Eight sessions; each has waits of every length, two classes, and an end."""
    lengths = (5.0, 60.0, 320.0, 700.0, 1_000.0, 2_500.0, 4_000.0, 9_000.0, 20_000.0, 100_000.0)
    return [
        gap(
            session=f"{session}", kind=kind, seconds=seconds * (1 + session / 20), ttl_before=ttl, ttl_after=ttl,
            prefix_tokens=20_000 * (session + 1), at=1_769_505_545.0 + 86_400 * session,
            last_of_session=(kind, seconds) == ("user", 100_000.0),
        )
        for session in range(8)
        for kind in ("tool", "notification", "user")
        for ttl, seconds in zip(("5m", "1h") * 5, lengths, strict=True)
    ]  # fmt: skip


@cache
def results() -> list[CellResult]:
    """The whole grid."""
    made = rows()
    grid, scored = Grid(made, episodes(made)), policies()
    return [grid.score(cell, scored) for cell in cells()]
