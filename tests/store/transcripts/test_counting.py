"""Least and greatest time, whatever the order."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from store.transcripts.counting import Counting


@given(st.lists(st.none() | st.floats(0, 1e10)))
def test_times(times: list[float | None]) -> None:
    counting = Counting()
    for at in times:
        counting.note_time(at)
    known = [at for at in times if at is not None]
    assert (counting.first_at, counting.last_at) == (min(known, default=None), max(known, default=None))
    assert (counting.line_no, counting.malformed) == (0, 0)
