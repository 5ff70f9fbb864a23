"""Foreign text made harmless: what a transcript holds is data and may never act on a terminal or hide in a document.

Two rules. `plain` keeps a text's lines and everything a person can read in it; `one_line` makes a single line of
printable characters, whose width terminals agree on.
"""

from __future__ import annotations

import re

TAB_CELLS = 4

_ESCAPES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"  # CSI: colours, cursor moves
    r"|(?:\x1b[]P^_X]|[\x90\x98\x9d-\x9f])[^\x07\x1b\x9c]*(?:\x07|\x1b\\|\x9c)"  # OSC, DCS and their like
    r"|\x1b[ -/]*[0-~]"
)
# Controls, direction marks, invisible characters, tags and half characters. Joiners stay: Persian and Hindi need them.
_UNPRINTABLE = re.compile(
    "[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e007f]"
)
_LINE_ENDS = re.compile("\r\n|[\r\x0b\x0c\x1c-\x1e\x85\u2028\u2029]")
# Variation selectors, the enclosing keycap and skin tones change a width that terminals do not agree on; Hangul's tone
# marks and fillers, which have no shape, have no width that they agree on.
_WIDTH_CHANGERS = re.compile("[\u302e\u302f\u3164\ufe00-\ufe0f\uffa0\u20e3\U0001f3fb-\U0001f3ff\U000e0100-\U000e01ef]")


def plain(text: str) -> str:
    """The text with its lines (ended by a line feed alone) and without escapes, controls or direction marks."""
    text = _LINE_ENDS.sub("\n", _ESCAPES.sub("", text)).expandtabs(TAB_CELLS)
    return _UNPRINTABLE.sub("", text)


def one_line(text: str) -> str:
    """The text as one line of printable characters: no escapes, controls, direction marks or joiners."""
    if not (text.isascii() and text.isprintable()):
        text = _WIDTH_CHANGERS.sub("", _ESCAPES.sub("", text))
        text = "".join(ch if ch.isprintable() else " " if ch.isspace() else "" for ch in text)
    return " ".join(text.split())
