"""Foreign text in Markdown: no text ends its fence or span, and no word becomes markup."""

from __future__ import annotations

import re

from hypothesis import given
from hypothesis import strategies as st

from store.plain_text import plain
from store.quoting import escape, fence, span

HOSTILE = st.text(st.sampled_from("`~ab *_[]()<>#\n\r\t\x1b\x07\x00"), max_size=40)


@given(HOSTILE)
def test_nothing_ends_its_fence(text: str) -> None:
    first, *inside, last = fence(text).split("\n")
    assert first == last + "text"
    assert set(last) == {"`"}
    assert len(last) >= 3
    assert all(len(run) < len(last) for line in inside for run in re.findall("`+", line))
    assert "\n".join(inside) == plain(text).strip("\n")


@given(HOSTILE)
def test_a_span_is_one_line_that_ends_where_it_should(text: str) -> None:
    quoted = span(text)
    assert quoted.isprintable()
    mark = re.match("`+", quoted)
    assert mark is not None
    runs = re.findall("`+", quoted)
    assert runs[0] == runs[-1] == mark[0]
    assert mark[0] not in runs[1:-1]


def test_words_are_no_markup() -> None:
    assert escape("a_b [x](y)\n<i> www.x.org") == r"a\_b \[x\]\(y\) \<i\> www\.x.org"
    assert escape("plain words, 3.5") == "plain words, 3.5"
