"""Small made-up transcripts, one function for each quirk of real ones; `QUIRKS` has them all by name.

A quirk is a `Tree`: paths below a root (laid out as the clients lay them) with the bytes of each file. What the files
should count to is not said here: the reference counter and the tests say it.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from tests.store import quirks_codex, quirks_requests, quirks_turns
from tests.store.quirk_lines import (
    HAIKU,
    OPUS,
    QUIRKS,
    START,
    Claude,
    Codex,
    Tree,
    claude_path,
    rollout_path,
    tokens,
    uuid,
)

__all__ = [
    "FILES",
    "HAIKU",
    "OPUS",
    "QUIRKS",
    "START",
    "Claude",
    "Codex",
    "Tree",
    "claude_path",
    "rollout_path",
    "tokens",
    "uuid",
    "write",
]

FILES = (quirks_requests, quirks_turns, quirks_codex)
"""Where they are; importing a module notes its quirks."""


def write(tree: Mapping[str, bytes], root: Path) -> list[Path]:
    """Put a tree on disk; its paths in the order of the tree."""
    for name, data in tree.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return [root / name for name in tree]
