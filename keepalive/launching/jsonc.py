"""JSON as people write it in configuration files: with comments, and a comma before a closing bracket. Pure."""

from __future__ import annotations

import json
import re

_STRING = r'"(?:[^"\\]|\\.)*"'
_COMMENT = re.compile(rf"({_STRING})|//[^\n]*|/\*.*?\*/", re.DOTALL)
_LAST_COMMA = re.compile(rf"({_STRING})|,(?=\s*[}}\]])", re.DOTALL)


def loads(text: str) -> dict[str, object]:
    """The object that the text is.

    Raises:
        ValueError: it is none.
    """
    plain = text
    for pattern in (_COMMENT, _LAST_COMMA):
        plain = pattern.sub(lambda found: found[1] or "", plain)
    try:
        loaded = json.loads(plain)
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    if not isinstance(loaded, dict):
        raise ValueError("not a JSON object")
    return loaded


def inside(value: object, *names: str) -> object:
    """What stands under these names, one in the other; None where there is nothing."""
    for name in names:
        value = value.get(name) if isinstance(value, dict) else None
    return value
