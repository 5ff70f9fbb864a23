"""Where Claude Code's transcripts are, and whose conversation a path says a file holds."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from store.transcripts.claude import ClaudeReader
from store.transcripts.claude_client import CLAUDE
from store.transcripts.clients import Claim

SESSION = "0b1c2d3e-0000-4000-8000-00000000abcd"


@pytest.mark.parametrize(
    ("environ", "root"),
    [
        ({}, "/home/x/.claude/projects"),
        ({"CLAUDE_CONFIG_DIR": ""}, "/home/x/.claude/projects"),
        ({"CLAUDE_CONFIG_DIR": "/etc/claude"}, "/etc/claude/projects"),
    ],
)
def test_where_they_are(environ: dict[str, str], root: str) -> None:
    assert CLAUDE.roots(environ, Path("/home/x")) == (Path(root),)


@pytest.mark.parametrize(
    ("path", "claim"),
    [
        (f"/p/-src/{SESSION}.jsonl", Claim(SESSION)),
        (f"{SESSION}.jsonl", Claim(SESSION)),
        (f"/p/-src/{SESSION}/subagents/agent-7.jsonl", Claim(SESSION, "7")),
        (f"/p/-src/{SESSION}/subagents/workflows/run/agent-7.jsonl", Claim(SESSION, "7")),
        (f"/p/subagents/-src/{SESSION}/subagents/agent-7.jsonl", Claim(SESSION, "7")),
        ("/p/-src/agent-7.jsonl", Claim("", "7")),
        (f"/p/-src/{SESSION}/subagents/journal.jsonl", None),
        (f"/p/-src/{SESSION}/subagents/agent-7.meta.json", None),
        ("subagents/agent-7.jsonl", None),
        ("/p/-src/agent-.jsonl", Claim("agent-")),
        (f"/p/-src/{SESSION}.jsonl.bak", None),
        (f"/p/-src/{SESSION}.json", None),
        ("/p/-src/.jsonl", None),
    ],
)
def test_whose_conversation_a_path_is(path: str, claim: Claim | None) -> None:
    assert CLAUDE.claim(Path(path)) == claim


@given(st.lists(st.sampled_from(["subagents", "agent-7", "agent-", SESSION, "-src"]), max_size=5), st.booleans())
def test_a_claim_names_a_session_or_an_agent(parts: list[str], rooted: bool) -> None:
    claim = CLAUDE.claim(Path("/" if rooted else "", *parts, "x.jsonl" if not parts else f"{parts[-1]}.jsonl"))
    assert claim is None or claim.session_id or claim.agent_id


def test_each_file_has_a_reader_of_its_own() -> None:
    first, second = CLAUDE.reader(), CLAUDE.reader()
    assert isinstance(first, ClaudeReader)
    assert first is not second
    assert (CLAUDE.sessions_in, CLAUDE.lines) == (None, None)
