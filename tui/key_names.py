"""What keys are called: as a person may write them, as they arrive, and as they are shown. Pure.

A key that prints is its character (`K`, `/`), any other one has a name (`up`, `ctrl+k`). Keys that a terminal cannot
tell from others, or that end the program whatever is set, are no names here.
"""

from __future__ import annotations

_ARROWS = {"up": "↑", "down": "↓", "left": "←", "right": "→"}
_ALIASES = {"esc": "escape", "return": "enter", "pgup": "pageup", "pgdn": "pagedown", "del": "delete", "ins": "insert"}
_SHORT = {"escape": "esc", "pageup": "pgup", "pagedown": "pgdn", "delete": "del", "insert": "ins", "backspace": "bksp"}
_PLACES = frozenset({*_ARROWS, "home", "end", "pageup", "pagedown"})
_NAMED = (
    _PLACES | {"enter", "escape", "tab", "space", "backspace", "delete", "insert"} | {f"f{n}" for n in range(1, 13)}
)
_NO_LETTERS = frozenset("chijmqz")
"""With Ctrl: end or suspend the program, or arrive as backspace, tab and enter."""
EXAMPLES = "one character, or a name like up, enter, f2 or ctrl+k"


def canonical(text: str) -> str | None:
    """The key's name; None where there is no such key."""
    if len(text) == 1:
        return "space" if text == " " else text if text.isprintable() else None
    if len(text) == 2 and text[0] == "^":
        text = f"ctrl+{text[1]}"
    name = text.lower()
    name = f"shift+{name[2:]}" if name.startswith("s-") else name
    modifier, plus, key = name.rpartition("+")
    key = _ALIASES.get(key, key)
    if not plus:
        return key if key in _NAMED else None
    if modifier == "shift" and len(key) == 1 and key.isalpha() and key.upper() != key:
        return key.upper() if len(key.upper()) == 1 else None
    letter = len(key) == 1 and "a" <= key <= "z" and key not in _NO_LETTERS
    known = (modifier == "ctrl" and (letter or key in _PLACES)) or (
        modifier == "shift" and (key == "tab" or key in _PLACES)
    )
    return f"{modifier}+{key}" if known else None


def arrived(key: str, character: str | None) -> str:
    """The name of a key that was pressed, as Textual reports it."""
    if character is None or not character.isprintable() or (len(key) > 1 and "+" in key):
        return key
    return "space" if character == " " else character


def shown(key: str, *, ascii_only: bool = False) -> str:
    """The key in as few cells as it is understood in: `↵`, `esc`, `^k`, `s-tab`."""
    modifier, plus, last = key.rpartition("+") if len(key) > 1 else ("", "", key)
    if not ascii_only:
        last = "↵" if last == "enter" else _ARROWS.get(last, last)
    last = _SHORT.get(last, last)
    if not plus:
        return last
    return f"^{last}" if modifier == "ctrl" else f"s-{last}"
