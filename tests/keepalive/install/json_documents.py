"""JSON objects as people and programs write them, for property tests."""

from __future__ import annotations

import json

from hypothesis import strategies as st

NAMES = st.text(max_size=6) | st.sampled_from(["statusLine", "command", "a,b", 'q"{'])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(NAMES, VALUES, max_size=5)
BLANKS = st.text(" \t\n\r", max_size=4)


@st.composite
def documents(draw: st.DrawFn) -> str:
    """An object as anybody may have written it: one line, indented, or with white space all over."""
    value = draw(OBJECTS)
    form = draw(st.sampled_from(["plain", "compact", "indented", "crlf", "wild"]))
    ascii_only = draw(st.booleans())
    if form == "wild":
        members = [
            draw(BLANKS) + json.dumps(k, ensure_ascii=ascii_only) + draw(BLANKS) + ":" + draw(BLANKS)
            + json.dumps(v, ensure_ascii=ascii_only) + draw(BLANKS)
            for k, v in value.items()
        ]  # fmt: skip
        text = draw(BLANKS) + "{" + (",".join(members) or draw(BLANKS)) + "}"
    else:
        separators = (",", ":") if form == "compact" else None
        indent: str | None = draw(st.sampled_from(["  ", "\t", "    ", ""])) if form in ("indented", "crlf") else None
        text = json.dumps(value, ensure_ascii=ascii_only, indent=indent, separators=separators)
    text = text.replace("\n", "\r\n") if form == "crlf" else text
    return draw(st.sampled_from(["", "\ufeff"])) + text + draw(st.sampled_from(["", "\n", "\r\n\r\n"]))
