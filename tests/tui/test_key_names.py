"""Keys as people write them, as they arrive, and as they are shown."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.keys import _character_to_key

from tui.key_names import arrived, canonical, shown


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("k", "k"),
        ("K", "K"),
        ("/", "/"),
        ("ö", "ö"),
        (" ", "space"),
        ("Space", "space"),
        ("esc", "escape"),
        ("ENTER", "enter"),
        ("pgdn", "pagedown"),
        ("s-tab", "shift+tab"),
        ("shift+k", "K"),
        ("Ctrl+K", "ctrl+k"),
        ("^k", "ctrl+k"),
        ("shift+up", "shift+up"),
        ("ctrl+home", "ctrl+home"),
        ("f12", "f12"),
        ("", None),
        ("\n", None),
        ("\x1b", None),
        ("\u202e", None),
        ("kk", None),
        ("f13", None),
        ("slash", None),
        ("ctrl+c", None),
        ("ctrl+q", None),
        ("ctrl+i", None),
        ("ctrl+", None),
        ("ctrl+shift+k", None),
        ("alt+k", None),
        ("shift+enter", None),
        ("shift+1", None),
        ("+", "+"),
    ],
)
def test_what_is_a_key(text: str, key: str | None) -> None:
    assert canonical(text) == key


@given(st.text(max_size=12))
def test_a_keys_name_is_a_key_of_that_name(text: str) -> None:
    key = canonical(text)
    if key is not None:
        assert canonical(key) == key
        assert shown(key)
        assert canonical(shown(key, ascii_only=True)) == key


@given(st.characters(exclude_categories=["Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp", "Zs"]))
def test_what_prints_arrives_as_itself(character: str) -> None:
    assert arrived(_character_to_key(character), character) == canonical(character) == character


@pytest.mark.parametrize(
    ("key", "character", "name"),
    [
        ("space", " ", "space"),
        ("enter", "\r", "enter"),
        ("tab", "\t", "tab"),
        ("escape", "\x1b", "escape"),
        ("up", None, "up"),
        ("ctrl+k", "\x0b", "ctrl+k"),
        ("alt+k", "k", "alt+k"),
        ("plus", "+", "+"),
    ],
)
def test_what_does_not_print_arrives_by_its_name(key: str, character: str | None, name: str) -> None:
    assert arrived(key, character) == name


def test_shown_in_few_cells_and_in_ascii_where_it_must_be() -> None:
    keys = ("up", "enter", "escape", "pagedown", "shift+tab", "ctrl+k", "K", "shift+left", "+", "ctrl+up")
    assert [shown(key) for key in keys] == ["↑", "↵", "esc", "pgdn", "s-tab", "^k", "K", "s-←", "+", "^↑"]
    plain = [shown(key, ascii_only=True) for key in keys]
    assert plain == ["up", "enter", "esc", "pgdn", "s-tab", "^k", "K", "s-left", "+", "^up"]
    assert all(unicodedata.category(letter) != "Cc" for text in plain for letter in text)
