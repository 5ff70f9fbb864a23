"""Where Gemini CLI's chats are, and what their paths say."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.transcripts.clients import Claim
from store.transcripts.gemini import GeminiReader
from store.transcripts.gemini_client import GEMINI

CHATS = Path("/home/ana/.gemini/tmp/shop/chats")
SESSION = "11111111-aaaa-4bbb-8ccc-000000000001"


def test_where_the_chats_are() -> None:
    home = Path("/home/ana")
    assert GEMINI.roots({}, home) == (home / ".gemini/tmp",)
    assert GEMINI.roots({"GEMINI_CLI_HOME": "/elsewhere"}, home) == (Path("/elsewhere/.gemini/tmp"),)


@pytest.mark.parametrize(
    ("path", "claim"),
    [
        (CHATS / "session-2026-11-26T10-00-11111111.jsonl", Claim("")),
        (CHATS / SESSION / "22222222.jsonl", Claim(SESSION, "22222222")),
        (CHATS / "session-2026-11-26T10-00-11111111.json", None),
        (CHATS / "session-2026-11-26T10-00-11111111.jsonl.unreadable-17956", None),
        (CHATS / "11111111.jsonl", None),
        (CHATS.parent / "logs" / f"session-{SESSION}.jsonl", None),
        (CHATS.parent / "logs.json", None),
    ],
)
def test_which_files_are_chats(path: Path, claim: Claim | None) -> None:
    assert GEMINI.claim(path) == claim


def test_its_reader() -> None:
    assert isinstance(GEMINI.reader(), GeminiReader)
    assert GEMINI.sessions_in is None
    assert GEMINI.lines is None
