"""The keys that a configuration file names: what is wrong with them, each mistake in one line that says where it is."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from keepalive.toml_place import line_of
from tui.keymap import faults


def mistakes(chosen: Mapping[str, tuple[str, ...]], file: Path) -> tuple[str, ...]:
    """Of the `[keys]` of `file`, in the order in which they are found; empty where they can be used."""
    found = faults(chosen)
    if not found:
        return ()
    text = file.read_text(encoding="utf-8")
    return tuple(f"{file}:{line_of(text, ('keys', one.action))}: keys.{one.action}: {one}" for one in found)
