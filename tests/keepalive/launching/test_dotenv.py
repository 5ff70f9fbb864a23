"""Variables in files as clients read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from keepalive.launching.dotenv import first_set, value_in


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("X=a b", "a"),
        ("export X = 'a b' # c", "a b"),
        ('  X="a"', "a"),
        ("X=first\nX=last\n", "last"),
        ("# X=a", None),
        ("XX=a\nAX=b", None),
        ("X=", None),
        ("", None),
    ],
)
def test_a_variable(tmp_path: Path, text: str, value: str | None) -> None:
    file = tmp_path / ".env"
    file.write_text(text, encoding="utf-8")
    assert value_in(file, "X") == value


def test_what_cannot_be_read_sets_nothing(tmp_path: Path) -> None:
    (tmp_path / "broken").write_bytes(b"X=\xff\n")
    assert first_set([tmp_path, tmp_path / "missing", tmp_path / "broken"], "X") is None
    (tmp_path / "good").write_text("X=1")
    assert first_set([tmp_path / "missing", tmp_path / "good"], "X") == tmp_path / "good"
