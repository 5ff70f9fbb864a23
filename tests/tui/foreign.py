"""Text as others write it: of any script, and as somebody would write it who wants the terminal to act on it."""

from __future__ import annotations

from hypothesis import strategies as st

WIDE = (
    "日本語",
    "한국어",
    "ｱｲｳ",
    "e\u0301\u0301",
    "\u0301",
    "👨\u200d👩\u200d👧",
    "🇩🇪🇫🇷🇩",
    "❤\ufe0f",
    "1\ufe0f\u20e3",
    "👍🏽",
    "שלום",
    "مرحبا",
    "क्षि",
    "นำ",
    "\u1112\u1161\u11ab",
    "a\u200bb",
    "\u200d",
    "\ufdfa",
    "\u115f",
)
"""Wide, joined, stacked, without width, from right to left."""
ACTING = (
    "[red]",
    "\x1b[31m",
    "\x1b]0;owned\x07",
    "\x1b]52;c;b3duZWQ=\x07",
    "\x1b]8;;http://x.example\x1b\\x\x1b]8;;\x1b\\",
    "\x1bP+q544e\x1b\\",
    "\x1b",
    "\x9b2J",
    "\x9d0;owned\x9c",
    "\x90x\x9c",
    "\x7f\x08\x08",
    "\u202e\u2066",
    "\u061c\u200f",
    "\x00",
    "\ud800",
    "\U000e0041",
    "[/]",
    "[link=http://x.example]",
    "[@click=app.quit]quit[/]",
    "$primary",
    "\x85",
    "\r\n",
    "\n",
    "\t",
    "\u2028",
)
"""Markup, escape sequences, controls, direction marks, line ends."""
HOSTILE = "x" + "".join(ACTING) + "y"

texts = st.lists(
    st.one_of(st.sampled_from(WIDE), st.sampled_from(ACTING), st.text(max_size=6), st.sampled_from((" ", "/", "word"))),
    max_size=24,
).map("".join)
"""Any of it."""
