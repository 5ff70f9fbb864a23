"""Whole lines alone, whatever the size of the pieces that a file comes in."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from store.ingest.lines import read_lines, whole_lines


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\x00", b"\n")), st.integers(1, 20))
def test_all_of_it_is_everything_up_to_the_last_newline(data: bytes, chunk_bytes: int) -> None:
    file, read = io.BytesIO(data), b""
    while piece := read_lines(file, len(read), chunk_bytes):
        assert piece.endswith(b"\n")
        read += piece
    assert read == data[: data.rfind(b"\n") + 1]


def test_a_chunk_is_about_what_was_asked_for_and_a_long_line_is_whole() -> None:
    data = b"a" * 3 + b"\n" + b"b" * 50 + b"\n" + b"c\n"
    assert read_lines(io.BytesIO(data), 0, 10) == b"aaa\n"
    assert read_lines(io.BytesIO(data), 4, 10) == b"b" * 50 + b"\nc\n", "and what came with its end"
    assert read_lines(io.BytesIO(data), 55, 10) == b"c\n"
    assert read_lines(io.BytesIO(data), 57, 10) == b""


@given(st.binary(max_size=60).map(lambda data: data.replace(b"\x00", b"\n")), st.integers(1, 20))
def test_lines_and_offsets_of_a_whole_file(data: bytes, chunk_bytes: int) -> None:
    file, lines, seen = io.BytesIO(data), list[bytes](), 0
    for some, offset in whole_lines(file, chunk_bytes):
        assert some
        lines += some
        assert data[:offset] == b"".join(line + b"\n" for line in lines)
        seen = offset
    assert data[:seen] == data[: data.rfind(b"\n") + 1]
