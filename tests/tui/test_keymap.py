"""Which key does what: any choice is either one line that says why not, or keys that each do one thing."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tui.actions import BY_NAME, CATALOGUE, DEFAULT_SHOWN
from tui.key_names import canonical
from tui.keymap import DEFAULT, NEEDED, Keymap, KeysError, faults, keymap

NAMES = st.sampled_from(sorted(BY_NAME)) | st.text(max_size=8)
KEYS = st.sampled_from(
    ["k", "K", "x", "z", "1", "/", "esc", "enter", "f2", "f3", "^k", "s-tab", "up", "q", "?", "", "slash"]
)
CHOICES = st.dictionaries(NAMES, st.lists(KEYS | st.text(max_size=5), max_size=3).map(tuple), max_size=6)


def refusal(chosen: dict[str, tuple[str, ...]]) -> tuple[str, str]:
    with pytest.raises(KeysError) as caught:
        keymap(chosen)
    return caught.value.action, str(caught.value)


def test_nothing_chosen_is_the_catalogue() -> None:
    assert DEFAULT.keys == {action.name: action.keys for action in CATALOGUE}
    assert DEFAULT.first() == DEFAULT_SHOWN
    assert (DEFAULT.by_key["K"], DEFAULT.by_key["k"], DEFAULT.by_key["?"]) == ("keeper", "up", "help")


def test_chosen_keys_take_the_place_of_the_catalogues() -> None:
    made = keymap({"ping": ("P", "^k"), "sort": ()})
    assert (made.by_key["P"], made.by_key["ctrl+k"]) == ("ping", "ping")
    assert not {"p", "s"} & made.by_key.keys()
    assert (made.first()["ping"], made.listed("ping")) == ("P", "P ^k")
    assert "sort" not in made.first()
    assert made.listed("sort") == ""


def test_keys_may_change_places() -> None:
    made = keymap({"hold": ("H",), "history": ("h",)})
    assert (made.by_key["H"], made.by_key["h"]) == ("hold", "history")


def test_esc_leads_back_whatever_is_chosen() -> None:
    assert keymap({"back": ("x",)}).keys["back"] == ("x", "escape")
    assert refusal({"quit": ("esc",)}) == ("quit", "'escape' is already the key of back")


def test_listed_side_by_side_as_far_as_there_is_room() -> None:
    assert [DEFAULT.listed(name) for name in ("up", "page_down", "tab", "open")] == ["↑ k", "pgdn", "tab ]", "↵"]
    assert (DEFAULT.listed("tab_at"), DEFAULT.listed("last"), DEFAULT.listed("palette")) == ("1-4", "end G", "^p :")
    assert keymap({"tab_at": ("f1", "2", "x")}).listed("tab_at") == "f1 2"
    assert [DEFAULT.unprinted(name) for name in ("up", "find", "palette")] == ["↑", "", "^p"]
    assert [DEFAULT.listed(name, ascii_only=True) for name in ("up", "open")] == ["up k", "enter"]


@pytest.mark.parametrize(
    ("chosen", "action", "what"),
    [
        ({"pnig": ("x",)}, "pnig", "no such action; did you mean ping?"),
        ({"zzzz": ("x",)}, "zzzz", "no such action"),
        ({"ping": ("slash",)}, "ping", "no such key: 'slash'; a key is one character, or a name like up, enter, f2"),
        ({"ping": ("\x1b[2J",)}, "ping", "no such key: '\\x1b[2J'"),
        ({"ping": ("x" * 500,)}, "ping", "no such key: '" + "x" * 20 + "'…; a key"),
        ({"ping": ("s",)}, "ping", "'s' is already the key of sort"),
        ({"ping": ("z",), "hold": ("x", "z")}, "hold", "'z' is already the key of ping"),
        ({"help": ()}, "help", "needs a key"),
        ({"quit": ()}, "quit", "needs a key"),
        ({"back": ()}, "back", "needs a key"),
    ],
)
def test_what_cannot_be_meant_is_said(chosen: dict[str, tuple[str, ...]], action: str, what: str) -> None:
    where, said = refusal(chosen)
    assert where == action
    assert said.startswith(what)


def _tried(chosen: dict[str, tuple[str, ...]]) -> tuple[Keymap | None, KeysError | None]:
    try:
        return keymap(chosen), None
    except KeysError as error:
        return None, error


@given(CHOICES)
def test_any_choice_is_refused_in_a_line_or_gives_every_key_one_meaning(chosen: dict[str, tuple[str, ...]]) -> None:
    made, refused = _tried(chosen)
    wrong = faults(chosen)
    assert [(one.action, str(one)) for one in wrong[:1]] == ([(refused.action, str(refused))] if refused else [])
    if refused is not None:
        assert refused.action in chosen
        assert str(refused).isprintable()
        assert len(str(refused)) <= 120
    if made is None:
        return
    assert chosen.keys() <= BY_NAME.keys()
    keys = [key for keys in made.keys.values() for key in keys]
    assert len(keys) == len(set(keys)), "each key does one thing"
    assert made.by_key == {key: name for name, keys in made.keys.items() for key in keys}
    assert all(made.keys[name] for name in NEEDED)
    assert made.by_key["escape"] == "back"
    for name, texts in chosen.items():
        assert {canonical(text) for text in texts} <= set(made.keys[name])


def test_every_mistake_is_found_and_each_is_told_once() -> None:
    found = faults({"zzzz": ("x",), "ping": ("slash", "s"), "hold": ("f2",), "off": ("f2", "f2"), "quit": ()})
    assert [(one.action, str(one)[:12]) for one in found] == [
        ("zzzz", "no such acti"),
        ("ping", "no such key:"),
        ("quit", "needs a key"),
        ("ping", "'s' is alrea"),
        ("off", "'f2' is alre"),
    ]
