"""Which key does what: the catalogue's keys with a person's own in their place, or one line that says why not. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from tui.actions import BY_NAME, CATALOGUE
from tui.key_names import EXAMPLES, canonical, shown

NEEDED = frozenset({"help", "quit", "back"})
"""Nobody may lock himself in."""
LISTED_CELLS = 5
"""So wide several keys of an action may be together; the first is always listed."""


class KeysError(Exception):
    """Keys that cannot be meant; `action` is where they are set, the message one line."""

    def __init__(self, action: str, what: str) -> None:
        super().__init__(what)
        self.action = action


class Keymap(Struct, frozen=True):
    """Every action with its keys (there may be none), and every key with its one action."""

    keys: Mapping[str, tuple[str, ...]]
    by_key: Mapping[str, str]

    def first(self, *, ascii_only: bool = False) -> dict[str, str]:
        """The key to name for each action that has one."""
        return {name: shown(keys[0], ascii_only=ascii_only) for name, keys in self.keys.items() if keys}

    def unprinted(self, name: str, *, ascii_only: bool = False) -> str:
        """The action's first key that is no letter: what it still has while somebody types; '' where it has none."""
        return next((shown(key, ascii_only=ascii_only) for key in self.keys[name] if len(key) > 1), "")

    def listed(self, name: str, *, ascii_only: bool = False) -> str:
        """The action's keys side by side, as many as there is room for, or `1-4`; '' where it has none."""
        keys = self.keys[name]
        if len(keys) > 2 and "".join(keys) in "123456789":
            return f"{keys[0]}-{keys[-1]}"
        text = ""
        for key in keys:
            longer = f"{text} {shown(key, ascii_only=ascii_only)}".lstrip()
            text = longer if not text or len(longer) <= LISTED_CELLS else text
        return text


def keymap(chosen: Mapping[str, tuple[str, ...]]) -> Keymap:
    """`chosen`: keys by action, which take the place of the catalogue's. Esc leads back whatever is chosen.

    Raises:
        KeysError: no such action or key, a key for two actions, or none for what everybody must be able to do.
    """
    made, wrong = _made(chosen)
    if wrong:
        raise wrong[0]
    return made


def faults(chosen: Mapping[str, tuple[str, ...]]) -> tuple[KeysError, ...]:
    """All that `keymap` could refuse, the first one first."""
    return _made(chosen)[1]


def _made(chosen: Mapping[str, tuple[str, ...]]) -> tuple[Keymap, tuple[KeysError, ...]]:
    keys = {action.name: action.keys for action in CATALOGUE}
    wrong: list[KeysError] = []
    for name, texts in chosen.items():
        keys[name] = _read(name, texts, wrong)
    by_key: dict[str, str] = {}
    # What was not chosen comes first, so that the line which is told of is one that the person wrote.
    for name in [*(name for name in keys if name not in chosen), *chosen]:
        for key in keys[name]:
            if by_key.setdefault(key, name) != name:
                wrong.append(KeysError(name, f"{_said(key)} is already the key of {by_key[key]}"))
    return Keymap(keys, by_key), tuple(wrong)


def _read(name: str, texts: tuple[str, ...], wrong: list[KeysError]) -> tuple[str, ...]:
    """The keys by their names; what cannot be meant is told and left out."""
    if name not in BY_NAME:
        from difflib import get_close_matches

        near = get_close_matches(name, BY_NAME, 1)
        wrong.append(KeysError(name, "no such action" + (f"; did you mean {near[0]}?" if near else "")))
        return ()
    if not texts and name in NEEDED:
        wrong.append(KeysError(name, "needs a key"))
    found: list[str] = []
    for text in texts:
        key = canonical(text)
        if key is None:
            wrong.append(KeysError(name, f"no such key: {_said(text)}; a key is {EXAMPLES}"))
        else:
            found.append(key)
    return tuple(dict.fromkeys([*found, *(BY_NAME[name].keys if name == "back" else ())]))


def _said(key: str) -> str:
    """In quotes, in one line, and bounded, whatever it is."""
    text = ascii(key)[1:-1]
    return f"'{text}'" if len(text) <= 20 else f"'{text[:20]}'…"


DEFAULT = keymap({})
