"""The tailer: complete lines once, in order, whatever the writer does to the file."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.tailer import Tailer, TailResult, TailState


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "session.jsonl"


def append(path: Path, data: bytes) -> None:
    with path.open("ab") as file:
        file.write(data)


def test_a_missing_file_is_no_error_and_is_read_when_it_comes(path: Path) -> None:
    tailer = Tailer(path)
    assert tailer.poll() == TailResult(missing=True)
    append(path, b"a\n")
    assert tailer.poll() == TailResult(lines=(b"a",))


def test_appended_lines_come_once_and_empty_ones_count(path: Path) -> None:
    tailer = Tailer(path)
    append(path, b"a\n\nb\r\n")
    assert tailer.poll().lines == (b"a", b"", b"b\r")
    assert tailer.poll() == TailResult()
    append(path, b"c\n")
    assert tailer.poll() == TailResult(lines=(b"c",))
    assert (tailer.state.lines, tailer.state.offset) == (4, 8)


def test_a_torn_last_line_waits_for_its_end(path: Path) -> None:
    tailer = Tailer(path)
    append(path, b'a\n{"half')
    assert tailer.poll().lines == (b"a",)
    append(path, b" and more")
    assert tailer.poll().lines == ()
    append(path, b'"}\n')
    assert tailer.poll().lines == (b'{"half and more"}',)


def test_a_shrunk_file_is_read_again(path: Path) -> None:
    tailer = Tailer(path)
    append(path, b"one\ntwo\n")
    tailer.poll()
    path.write_bytes(b"new\n")
    assert tailer.poll() == TailResult(lines=(b"new",), reset=True)
    assert tailer.state.lines == 1


def test_a_replaced_file_is_read_again_even_when_longer(path: Path, tmp_path: Path) -> None:
    tailer = Tailer(path)
    append(path, b"one\ntwo\n")
    tailer.poll()
    other = tmp_path / "other"
    other.write_bytes(b"uno\ndue\ntre\n")
    other.replace(path)
    assert tailer.poll() == TailResult(lines=(b"uno", b"due", b"tre"), reset=True)


def test_a_file_rewritten_in_place_is_read_again(path: Path) -> None:
    tailer = Tailer(path)
    append(path, b"one\ntwo\n")
    tailer.poll()
    path.write_bytes(b"uno\ndue\ntre\n")
    assert tailer.poll().reset


def test_a_copy_that_went_on_is_no_other_file(path: Path, tmp_path: Path) -> None:
    tailer = Tailer(path)
    append(path, b"one\n")
    tailer.poll()
    other = tmp_path / "other"
    other.write_bytes(b"one\ntwo\n")
    other.replace(path)
    assert tailer.poll() == TailResult(lines=(b"two",))


def test_the_place_is_kept_while_the_file_is_gone(path: Path) -> None:
    tailer = Tailer(path)
    append(path, b"one\n")
    tailer.poll()
    path.unlink()
    assert tailer.poll().missing
    append(path, b"one\ntwo\n")
    assert tailer.poll() == TailResult(lines=(b"two",))


def test_a_large_file_comes_in_bounded_pieces_without_waiting_for_a_change(path: Path) -> None:
    append(path, b"".join(b"%04d\n" % n for n in range(100)))
    tailer = Tailer(path, chunk_bytes=52)
    first = tailer.poll()
    assert len(first.lines) == 10
    assert first.more
    lines = list(first.lines)
    while (result := tailer.poll()).lines:
        lines += result.lines
    assert lines == [b"%04d" % n for n in range(100)]


def test_a_line_longer_than_a_piece_comes_whole(path: Path) -> None:
    append(path, b"x" * 1000 + b"\n" + b"y" * 100 + b"\n")
    tailer = Tailer(path, chunk_bytes=64)
    assert tailer.poll().lines == (b"x" * 1000,)
    assert tailer.poll().lines == (b"y" * 100,)


def test_a_stored_state_goes_on_where_it_stopped(path: Path) -> None:
    tailer = Tailer(path)
    append(path, b"one\ntwo\n")
    tailer.poll()
    unchanged = Tailer(path, tailer.state)
    assert unchanged.poll() == TailResult()
    append(path, b"three\n")
    assert unchanged.poll().lines == (b"three",)
    path.write_bytes(b"another\nstory\naltogether\n")
    assert Tailer(path, tailer.state).poll().reset


def test_a_state_stored_without_a_digest_still_notices_a_shrunk_file(path: Path) -> None:
    append(path, b"new\n")
    assert Tailer(path, TailState(offset=100, lines=9)).poll() == TailResult(lines=(b"new",), reset=True)


def test_an_unchanged_file_is_not_opened(path: Path) -> None:
    append(path, b"one\n")
    tailer = Tailer(path)
    tailer.poll()
    before = path.stat()
    path.write_bytes(b"uno\n")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert tailer.poll() == TailResult()


def test_errors_other_than_absence_reach_the_caller(tmp_path: Path) -> None:
    with pytest.raises(IsADirectoryError):
        Tailer(tmp_path).poll()


@settings(max_examples=60, deadline=None)
@given(
    st.lists(st.binary(max_size=40).map(lambda data: data.replace(b"\r", b"\n")), max_size=12),
    st.integers(1, 30),
)
def test_pieces_add_up_to_the_complete_lines(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[bytes], chunk_bytes: int
) -> None:
    path = tmp_path_factory.mktemp("tail") / "file"
    tailer = Tailer(path, chunk_bytes=chunk_bytes)
    lines: list[bytes] = []
    for piece in pieces:
        append(path, piece)
        while (result := tailer.poll()).lines:
            assert not result.reset
            lines += result.lines
    assert lines == b"".join(pieces).split(b"\n")[:-1]
    assert tailer.state.lines == len(lines)
