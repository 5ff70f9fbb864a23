"""A second, naive reading of the gaps in Claude Code's transcripts, to hold the store's rows against.

Straight from the lines with `json.loads`, in the file's own order, from the format's rules alone: it shares no code
with the readers, and nothing but tests may import it. Unlike the store it knows what each request answered.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

_NO_PROMPT = (
    "<command-name",
    "<command-message",
    "<local-command",
    "<bash-input",
    "<bash-stdout",
    "<bash-stderr",
    "<system-reminder",
    "[Request interrupted",
)


@dataclass
class RawRequest:
    """One request of a main thread as its lines have it."""

    message_id: str
    at: float
    """Time of what it answers; where it follows another request directly, of its own first line."""
    answers: str
    """prompt, tool, notice, or other: a command of the person's own, and what the client says by itself."""
    after_compaction: bool
    usage: dict[str, int]
    model: str

    @property
    def prompt_tokens(self) -> int:
        """The whole prompt."""
        return self.usage["input"] + self.usage["read"] + self.usage["5m"] + self.usage["1h"]


def raw_requests(path: Path) -> list[RawRequest]:
    """The requests of a file in its own order."""
    found: dict[str, RawRequest] = {}
    asked: tuple[str, float] | None = None
    compacted = False
    for record in _records(path):
        at = _time(record)
        if record.get("subtype") == "compact_boundary":
            compacted = True
        kind = _asks(record)
        if kind and at is not None:
            asked = (kind, at)
        message = record.get("message")
        if record.get("type") != "assistant" or record.get("isSidechain") or not isinstance(message, dict):
            continue
        name, usage = message.get("id"), message.get("usage")
        if not name or message.get("model") == "<synthetic>" or not isinstance(usage, dict):
            continue
        if name not in found:
            answers, sent = asked or ("", at)
            assert sent is not None
            found[name] = RawRequest(name, sent, answers, compacted, {}, "")
            asked, compacted = None, False
        found[name].usage, found[name].model = _usage(usage), str(message.get("model"))
    return list(found.values())


def _records(path: Path) -> Iterator[dict[str, Any]]:
    for line in path.read_bytes().split(b"\n"):
        try:
            record = json.loads(line)
        except ValueError:
            continue
        if isinstance(record, dict):
            yield record


def _time(record: dict[str, Any]) -> float | None:
    stamp = record.get("timestamp")
    return datetime.fromisoformat(stamp).timestamp() if isinstance(stamp, str) else None


def _usage(usage: dict[str, Any]) -> dict[str, int]:
    written = usage.get("cache_creation_input_tokens") or 0
    hour = (usage.get("cache_creation") or {}).get("ephemeral_1h_input_tokens") or 0
    read = usage.get("cache_read_input_tokens") or 0
    return {"input": usage.get("input_tokens") or 0, "read": read, "5m": written - hour, "1h": hour}


def _asks(record: dict[str, Any]) -> str:
    """What this record asks the model for, or '' where it asks for nothing."""
    attachment = record.get("attachment")
    if isinstance(attachment, dict) and attachment.get("type") == "queued_command":
        return "other" if attachment.get("commandMode") == "prompt" else "notice"
    if record.get("type") != "user":
        return ""
    content = (record.get("message") or {}).get("content")
    blocks = [{"type": "text", "text": content}] if isinstance(content, str) else content or []
    if any(block.get("type") == "tool_result" for block in blocks):
        return "tool"
    if record.get("isCompactSummary") or record.get("isSidechain"):
        return ""
    text = "\n".join(block["text"] for block in blocks if block.get("type") == "text" and block.get("text"))
    origin = (record.get("origin") or {}).get("kind")
    if origin == "task-notification" or text.startswith("<task-notification"):
        return "notice"
    if record.get("isMeta") or origin not in (None, "human") or text.startswith(_NO_PROMPT):
        return ""
    return "prompt" if text or any(block.get("type") == "image" for block in blocks) else ""
