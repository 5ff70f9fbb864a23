"""Every client whose transcripts are read. The order is that of asking whose file a path is: the least particular
name (any `.jsonl` is Claude Code's) comes last."""

from __future__ import annotations

from store.transcripts.claude_client import CLAUDE
from store.transcripts.clients import Client
from store.transcripts.codex_client import CODEX
from store.transcripts.gemini_client import GEMINI
from store.transcripts.opencode_client import OPENCODE

CLIENTS: tuple[Client, ...] = (CODEX, OPENCODE, GEMINI, CLAUDE)
_BY_NAME = {known.name: known for known in CLIENTS}


def client(name: str) -> Client:
    """The client of this name.

    Raises:
        KeyError: there is none.
    """
    return _BY_NAME[name]
