"""Whole lines of a file, some at a time. A last line without its newline may be half written and waits."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO


def read_lines(file: BinaryIO, offset: int, chunk_bytes: int) -> bytes:
    """The whole lines that begin at `offset`, as they stand in the file: about a chunk of them, or one line when that
    is longer; empty when there is no whole one."""
    file.seek(offset)
    pieces: list[bytes] = []
    while True:
        piece = file.read(chunk_bytes)
        end = piece.rfind(b"\n")
        if end >= 0:
            pieces.append(piece[: end + 1])
            return b"".join(pieces)
        if not piece:
            return b""
        pieces.append(piece)


def whole_lines(file: BinaryIO, chunk_bytes: int) -> Iterator[tuple[list[bytes], int]]:
    """All whole lines from the file's start, some at a time and without their newline, each time with the offset
    behind the last of them. (Each byte is copied twice and no more: this is how an import reads.)"""
    begun: list[bytes] = []
    offset = 0
    while piece := file.read(chunk_bytes):
        lines = piece.split(b"\n")
        begun.append(lines[0])
        if len(lines) == 1:
            continue  # in the middle of a long line
        lines[0] = b"".join(begun)
        begun = [lines.pop()]
        offset += sum(map(len, lines)) + len(lines)
        yield lines, offset
