"""Where the terminal has no Unicode, every sign of ours has another form: on every screen, at every width."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import tui
from tests.tui.gallery import EVERY, gallery, rows, showing
from tui.glyphs import ASCII

FOR_PIPES = {"json_out.py", "install_text.py", "status_text.py", "themes.py"}
"""Not painted by the sidebar; and where the forms themselves stand."""


@pytest.mark.parametrize(("name", "width"), EVERY)
async def test_nothing_but_ascii_is_painted(name: str, width: int) -> None:
    one = gallery(name, ascii_only=True)
    async with showing(one, name, width, 50):
        said = rows(one)
        assert [line for line in said if not line.isascii()] == []
        assert {len(line) for line in said} == {width}
        assert "".join(said).strip()


@pytest.mark.parametrize("name", ["board", "days", "cache"])
async def test_what_is_wide_in_unicode_stays_in_its_column(name: str) -> None:
    plain, full = gallery(name, ascii_only=True), gallery(name)
    async with showing(full, name, 40, 50):
        drawn = rows(full)
    async with showing(plain, name, 40, 50):
        said = rows(plain)
    # Letters and digits stand where they stood; the footer's key for enter is longer.
    for before, after in zip(drawn[:-1], said[:-1], strict=True):
        words = [(x, letter) for x, letter in enumerate(before) if letter.isascii() and letter.isalnum()]
        if "enter" not in after and name != "days":
            assert [(x, after[x]) for x, _ in words] == words


def _literals() -> set[tuple[str, str]]:
    """(file, character) of every sign beyond ASCII in the sidebar's own words."""
    found = set()
    for path in sorted(Path(tui.__file__).parent.rglob("*.py")):
        if path.name in FOR_PIPES or path.name.startswith("cli"):
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found |= {(path.name, letter) for letter in node.value if not letter.isascii()}
    return found


def test_every_sign_in_the_source_has_a_form() -> None:
    assert {(name, letter) for name, letter in _literals() if ord(letter) not in ASCII} == set()
    assert len(_literals()) > 20
