"""What may stand where a key of `config.toml` is not known: the way out of that error, in the same line.

Loaded with that error alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Annotated, Any, get_args, get_origin

import msgspec

from keepalive.config_rules import Section
from keepalive.config_shape import Config

BETWEEN = "_"
"""Between the words of a key."""


def way_out(place: Sequence[int | str]) -> str:
    """For the place of a key that is not known: the key that was meant, else all that it could be."""
    *parents, wanted = place
    known = known_keys(parents)
    near = _nearest(str(wanted), known)
    if near is not None:
        return f"did you mean {near}?"
    return f"known: {', '.join(known)}" if known else "none is known there"


def _nearest(wanted: str, known: Sequence[str]) -> str | None:
    """Misspelt, or the same words in another order: `day_usd` is `usd_per_day`."""
    close = get_close_matches(wanted.lower(), known, 1)
    words = set(wanted.lower().split(BETWEEN))
    same = [key for key in known if len(words) > 1 and words <= set(key.split(BETWEEN))]
    return next(iter(same + close), None)


def known_keys(place: Sequence[int | str]) -> list[str]:
    """What that table may have: a section's keys, or the words that are keys of a dictionary; else nothing."""
    at: Any = Config
    for part in place:
        if _is_section(at):
            at = next((one.type for one in msgspec.structs.fields(at) if one.name == part), None)
        elif get_origin(at) is dict:
            at = get_args(at)[1]
        at = _bare(at)
    if _is_section(at):
        return [one.name for one in msgspec.structs.fields(at) if one.name not in at.OURS]
    return [str(word) for word in get_args(get_args(at)[0])] if get_origin(at) is dict else []


def _bare(kind: Any) -> Any:
    return get_args(kind)[0] if get_origin(kind) is Annotated else kind


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, Section)
