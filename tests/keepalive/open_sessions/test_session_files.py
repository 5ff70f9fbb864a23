"""Which files are opened, and that a bad one is told and harms no other."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from keepalive.open_sessions.session_files import MAX_FILE_BYTES, digits, seconds, session_files, text


def write(folder: Path, name: str, **values: object) -> None:
    (folder / name).write_text(json.dumps(values), encoding="utf-8")


def test_only_files_named_by_a_process_are_ever_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("12.json", "12.abcdef.key", "12.json.tmp", "x12.json", "012.json", "12.JSON", ".12.json", "12.json.k"):
        write(tmp_path, name, sessionId=name)
    opened: list[str] = []
    real_open = os.open

    def watched(path: str | Path, flags: int, mode: int = 0o777) -> int:
        opened.append(Path(path).name)
        return real_open(path, flags, mode)

    monkeypatch.setattr(os, "open", watched)
    assert list(session_files(tmp_path)) == [(12, {"sessionId": "12.json"})]
    assert opened == ["12.json"]


def test_bad_files_are_told_and_the_others_read(tmp_path: Path) -> None:
    write(tmp_path, "1.json", sessionId="a")
    (tmp_path / "2.json").write_bytes(b'{"pid": 2, "sess')
    (tmp_path / "3.json").write_bytes(b"[]")
    (tmp_path / "4.json").write_bytes(b'{"sessionId": "x"}' + b" " * MAX_FILE_BYTES)
    (tmp_path / "5.json").symlink_to(tmp_path / "1.json")
    os.mkfifo(tmp_path / "6.json")
    (tmp_path / "7.json").write_bytes(b'{"sessionId": "\xff"}')
    (tmp_path / "8.json").write_bytes(b"[" * 50_000)
    (tmp_path / "9.json").mkdir()
    found = dict(session_files(tmp_path))
    assert found.pop(1) == {"sessionId": "a"}
    assert found == dict.fromkeys(range(2, 10))


def test_no_folder_is_no_file(tmp_path: Path) -> None:
    assert list(session_files(tmp_path / "absent")) == []
    (tmp_path / "file").touch()
    assert list(session_files(tmp_path / "file")) == []


@pytest.mark.parametrize(
    ("value", "read"), [(1500, 1.5), (True, None), ("soon", None), (-1, None), (1e17, None), (None, None)]
)
def test_milliseconds_become_seconds(value: object, read: float | None) -> None:
    assert seconds({"at": value}, "at") == read


def test_what_has_another_shape_is_none() -> None:
    assert (text({"a": "x"}, "a"), text({"a": ""}, "a"), text({"a": 1}, "a"), text({}, "a")) == ("x", None, None, None)
    assert (digits(7), digits(True), digits("7")) == ("7", None, None)
