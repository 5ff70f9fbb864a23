"""Reading the file of gaps: what it means, and what is said of a wrong one."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from keepalive.simulate.gaps import GapsError, read
from tests.keepalive.simulate.made_gaps import COLUMNS, REAL, gap, line, needs_real, write

NEEDED = ("session", "kind", "request_to_request_seconds", "prefix_tokens", "ttl_before")


def refused(path: Path) -> str:
    with pytest.raises(GapsError) as caught:
        read(path)
    text = str(caught.value)
    assert "\n" not in text
    return text


def test_a_row_is_what_its_columns_say(tmp_path: Path) -> None:
    path = write(tmp_path / "gaps.csv", [line(last_of_session=1), line(session="x", kind="tool", ttl_after="1h")])
    assert read(path) == [gap(last_of_session=True), gap(session="x", kind="tool", ttl_after="1h")]


def test_unknown_columns_blank_lines_and_a_byte_order_mark_are_fine(tmp_path: Path) -> None:
    path = write(tmp_path / "gaps.csv", [line()], (*COLUMNS, "mood"))
    path.write_text("\ufeff" + path.read_text(encoding="utf-8") + "\n\n", encoding="utf-8")
    assert read(path) == [gap()]


def test_needed_columns_are_enough(tmp_path: Path) -> None:
    rows = read(write(tmp_path / "gaps.csv", [line(session="a"), line(session="b"), line(session="a")], NEEDED))
    usual = gap(read=50_000, written=0, uncached=0, model_before="", model_after="", at=0.0)
    assert rows == [
        usual._replace(session="a"),
        usual._replace(session="b", last_of_session=True),
        usual._replace(session="a", last_of_session=True),
    ]


def test_times_with_and_without_a_zone(tmp_path: Path) -> None:
    lines = [line(at_utc="2026-01-27T10:19:05+01:00"), line(at_utc="2026-01-27T09:19:05Z")]
    assert {row.at for row in read(write(tmp_path / "gaps.csv", lines))} == {
        datetime(2026, 1, 27, 9, 19, 5, tzinfo=UTC).timestamp()
    }


def test_no_class_is_none(tmp_path: Path) -> None:
    (row,) = read(write(tmp_path / "gaps.csv", [line(ttl_before="", ttl_after="")]))
    assert (row.ttl_before, row.ttl_after) == (None, None)


@pytest.mark.parametrize(
    ("column", "value", "said"),
    [
        ("session", "", "session is empty"),
        ("kind", "person", "kind must be user, tool, notification, not 'person'"),
        ("request_to_request_seconds", "soon", "request_to_request_seconds must be seconds, 0 or more, not 'soon'"),
        ("request_to_request_seconds", "-1", "request_to_request_seconds must be seconds, 0 or more, not '-1'"),
        ("request_to_request_seconds", "nan", "request_to_request_seconds must be seconds, 0 or more, not 'nan'"),
        ("request_to_request_seconds", "inf", "request_to_request_seconds must be seconds, 0 or more, not 'inf'"),
        ("prefix_tokens", "1.5", "prefix_tokens must be a whole number of tokens, not '1.5'"),
        ("prefix_tokens", "1_0", "prefix_tokens must be a whole number of tokens, not '1_0'"),
        ("prefix_tokens", "9" * 40, f"prefix_tokens must be a whole number of tokens, not '{'9' * 29}…'"),
        ("next_input", "\x1b[31m", "next_input must be a whole number of tokens, not '\\x1b[31m'"),
        ("ttl_before", "10m", "ttl_before must be 5m, 1h, empty, not '10m'"),
        ("compacted", "yes", "compacted must be 0, 1, not 'yes'"),
        ("at_utc", "yesterday", "at_utc must be a time such as 2026-01-27T09:19:05, not 'yesterday'"),
    ],
)
def test_a_wrong_field_is_named_with_its_line(tmp_path: Path, column: str, value: str, said: str) -> None:
    path = write(tmp_path / "gaps.csv", [line(), line(**{column: value})])
    assert refused(path) == f"gaps.csv: line 3: {said}"


def test_a_short_row(tmp_path: Path) -> None:
    path = write(tmp_path / "gaps.csv", [line()])
    path.write_text(path.read_text(encoding="utf-8") + "1,user,1,60\n", encoding="utf-8")
    assert refused(path) == "gaps.csv: line 3: prefix_tokens is missing"


def test_columns_that_are_not_there(tmp_path: Path) -> None:
    path = write(tmp_path / "gaps.csv", [line()], ("session", "kind", "ttl_before"))
    assert refused(path) == "gaps.csv: line 1: no column request_to_request_seconds, prefix_tokens"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "gaps.csv: line 1: no column session, kind, request_to_request_seconds, prefix_tokens, ttl_before"),
        ((",".join(COLUMNS) + "\n").encode(), "gaps.csv: no row after the header"),
        (b"session\xff,kind\n", "gaps.csv: not a text file in UTF-8 (byte 7)"),
        ((",".join(COLUMNS) + '\n"' + "x" * 200_000).encode(), "gaps.csv: not a CSV file: field larger than"),
    ],
)
def test_files_that_are_no_gaps(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "gaps.csv"
    path.write_bytes(content)
    assert refused(path).startswith(said)


def test_no_file(tmp_path: Path) -> None:
    assert refused(tmp_path / "gone.csv") == f"cannot read {tmp_path / 'gone.csv'}: No such file or directory"
    assert refused(tmp_path) == f"cannot read {tmp_path}: Is a directory"


@needs_real
def test_the_real_file() -> None:
    rows = read(REAL)
    assert (len(rows), len({row.session for row in rows})) == (8_993, 142)
    assert sum(row.last_of_session for row in rows) == 142
