"""Glyphs, and their forms where there is no Unicode."""

from __future__ import annotations

import pytest
from rich.cells import cell_len

from tui.glyphs import ASCII, enter_key, needs_ascii


@pytest.mark.parametrize(
    ("environ", "ascii_only"),
    [
        ({"LANG": "en_US.UTF-8"}, False),
        ({"LANG": "C.utf8"}, False),
        ({"LANG": "de_DE.ISO-8859-1"}, True),
        ({"LC_ALL": "C", "LANG": "en_US.UTF-8"}, True),
        ({"LC_CTYPE": "UTF-8", "LANG": "C"}, False),
        ({}, True),
    ],
)
def test_ascii_where_the_locale_promises_no_more(environ: dict[str, str], ascii_only: bool) -> None:
    assert needs_ascii(environ) is ascii_only


def test_every_glyph_has_an_ascii_form_of_the_same_width() -> None:
    for glyph, plain in ASCII.items():
        assert cell_len(chr(glyph)) == 1
        assert isinstance(plain, int)
        assert 32 < plain < 127
    assert enter_key(True) == "enter"
