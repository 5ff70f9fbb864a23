"""The status line's text: a state and a moment in, one line out."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.statusline_row import Shown, StatusRow
from tui.reasons import CODES
from tui.status_text import status_text, wants_colour

NOW = 1_790_000_000.0
KEPT = StatusRow(login="api_key", attached=1, why="kept", idle_pings=1, max_idle_pings=3, keeper_on=True)
WATCHED = StatusRow(evidence="transcript")
WARM = Shown("warm", "", "gateway", NOW + 191.2, 84_000, 0.42)
COLD = Shown("expired", "", "gateway", NOW - 18 * 60, 84_000, 0.42)


@pytest.mark.parametrize(
    ("row", "shown", "expected"),
    [
        (KEPT, WARM, "◆ warm 3:12 · 1 of 3 pings · cold $0.42"),
        (WATCHED, WARM, "◆ warm 3:12 · cold $0.42"),
        (WATCHED, COLD, "◇ cold 18m · next prompt $0.42"),
        (KEPT._replace(why="pings_spent", idle_pings=3), COLD, "◇ cold 18m · 3 of 3 pings · next prompt $0.42"),
        (KEPT._replace(why="held", max_idle_pings=1, idle_pings=0), WARM, "◆ warm 3:12 · 0 of 1 ping · cold $0.42"),
        (KEPT._replace(why="day_cap"), WARM, "◆ warm 3:12 · no pings: day cap · cold $0.42"),
        (KEPT._replace(mode="off"), WARM, "◆ warm 3:12 · pings off · cold $0.42"),
        (KEPT._replace(keeper_on=False), WARM, "◆ warm 3:12 · no keeper · cold $0.42"),
        (KEPT._replace(why="working", idle_pings=0), WARM, "◆ warm 3:12 · cold $0.42"),
        (KEPT._replace(why="expired"), COLD, "◇ cold 18m · 1 ping · next prompt $0.42"),
        (WATCHED._replace(login="subscription"), WARM, "◆ warm 3:12 · cold 84k"),
        (WATCHED, WARM._replace(cold_usd=None), "◆ warm 3:12 · cold 84k"),
        (WATCHED, WARM._replace(cold_tokens=None, cold_usd=None), "◆ warm 3:12"),
        (WATCHED, WARM._replace(evidence="assumed"), "◆ warm 3:12? · cold $0.42"),
        (WATCHED, WARM._replace(expires_at=NOW + 3000), "◆ warm 50m · cold $0.42"),
        (KEPT, Shown("changed", "tools_changed", "gateway", None, 84_000, 0.42), "◇ tools changed · next prompt $0.42"),
        (KEPT, Shown("changed", "compacted", "gateway", None, 84_000, 0.42), "◇ compacted"),
        (KEPT, Shown(), ""),
        (KEPT, WARM._replace(expires_at=None), ""),
    ],
)
def test_what_it_says(row: StatusRow, shown: Shown, expected: str) -> None:
    assert status_text(row, shown, NOW) == expected


@pytest.mark.parametrize(
    ("row", "shown", "expected"),
    [
        (WATCHED, WARM, "\x1b[32m◆ warm 3:12\x1b[0m · cold $0.42"),
        (WATCHED, WARM._replace(expires_at=NOW + 59), "\x1b[33m◆ warm 0:59\x1b[0m · cold $0.42"),
        (KEPT, WARM._replace(expires_at=NOW + 59), "\x1b[32m◆ warm 0:59\x1b[0m · 1 of 3 pings · cold $0.42"),
        (WATCHED, COLD, "\x1b[31m◇ cold 18m\x1b[0m · next prompt $0.42"),
        (WATCHED, Shown(), ""),
    ],
)
def test_the_state_has_a_colour(row: StatusRow, shown: Shown, expected: str) -> None:
    assert status_text(row, shown, NOW, colour=True) == expected


def test_the_environment_says_whether_colours_are_wanted() -> None:
    assert wants_colour({"TERM": "xterm-256color"})
    assert wants_colour({"NO_COLOR": ""})
    assert not wants_colour({"NO_COLOR": "1"})
    assert not wants_colour({"TERM": "dumb"})


@given(
    st.builds(
        StatusRow,
        login=st.sampled_from([None, "api_key", "subscription"]),
        attached=st.sampled_from([0, 1]),
        why=st.sampled_from(sorted(CODES)) | st.text(),
        idle_pings=st.integers(0, 20),
        max_idle_pings=st.none() | st.integers(0, 20),
        mode=st.sampled_from([None, "off", "auto", "hold"]),
        keeper_on=st.booleans(),
    ),
    st.sampled_from(["warm", "expired", "changed", "unknown"]),
    st.text() | st.sampled_from(sorted(CODES)),
    st.none() | st.floats(-1e6, 1e11),
    st.none() | st.integers(0, 10**12),
    st.none() | st.floats(0, 1e9),
)
def test_it_is_one_short_printable_line(
    row: StatusRow, state: str, reason: str, expires_at: float | None, tokens: int | None, usd: float | None
) -> None:
    shown = Shown(state, reason, "gateway", expires_at, tokens, usd)
    plain = status_text(row, shown, NOW)
    assert plain.isprintable()
    assert len(plain) <= 130
    assert re.sub(r"\x1b\[\d+m", "", status_text(row, shown, NOW, colour=True)) == plain
