"""Where Claude Code keeps its transcripts, and what their paths say."""

from __future__ import annotations

from pathlib import Path

from store.transcripts.clients import Claim, Client, Environ, Reader

_SUBAGENT = "agent-"
_SUBAGENTS = "subagents"


def _roots(environ: Environ, home: Path) -> tuple[Path, ...]:
    configured = environ.get("CLAUDE_CONFIG_DIR")
    return ((Path(configured) if configured else home / ".claude") / "projects",)


def _claim(path: Path) -> Claim | None:
    """`<session>.jsonl`, and below `<session>/subagents/` one `agent-<id>.jsonl` for each subagent. Older clients
    wrote the latter beside the session's file: then only its records name the session."""
    if path.suffix != ".jsonl":
        return None
    agent_id = path.stem.removeprefix(_SUBAGENT) if path.stem.startswith(_SUBAGENT) else ""
    parts = path.parts[:-1]
    if _SUBAGENTS in parts:
        place = len(parts) - 1 - parts[::-1].index(_SUBAGENTS)
        return Claim(parts[place - 1], agent_id) if agent_id and place > 0 else None
    return Claim("", agent_id) if agent_id else Claim(path.stem)


def _reader() -> Reader:
    from store.transcripts.claude import ClaudeReader

    return ClaudeReader()


CLAUDE = Client(name="claude", roots=_roots, claim=_claim, reader=_reader)
