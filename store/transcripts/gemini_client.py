"""Where Gemini CLI keeps its chats, and what their paths say."""

from __future__ import annotations

from pathlib import Path

from store.transcripts.clients import Claim, Client, Environ, Reader

_CHATS = "chats"


def _roots(environ: Environ, home: Path) -> tuple[Path, ...]:
    """The variable stands for the home folder, not for `.gemini` in it."""
    configured = environ.get("GEMINI_CLI_HOME")
    return ((Path(configured) if configured else home) / ".gemini" / "tmp",)


def _claim(path: Path) -> Claim | None:
    """`<project>/chats/session-<time>-<start of the id>.jsonl`, and `<project>/chats/<session>/<agent>.jsonl` for
    each subagent.

    Older clients wrote one JSON document, `session-*.json`, which is no file of lines; a client of today rewrites it
    to `.jsonl`, with the same ids, when its session is resumed.
    """
    if path.suffix != ".jsonl":
        return None
    folder = path.parent
    if folder.name == _CHATS:
        return Claim("") if path.name.startswith("session-") else None
    return Claim(folder.name, path.stem) if folder.parent.name == _CHATS else None


def _reader() -> Reader:
    from store.transcripts.gemini import GeminiReader

    return GeminiReader()


GEMINI = Client(name="gemini", roots=_roots, claim=_claim, reader=_reader)
