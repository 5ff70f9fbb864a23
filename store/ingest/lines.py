"""Whole lines of a file, some at a time. A last line without its newline may be half written and waits."""

from __future__ import annotations

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
