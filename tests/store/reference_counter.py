"""A second, naive count of transcripts, to hold the import against: whole files in memory, `json.loads`, two passes.

It is written from the counting rules alone and shares no code with the readers, so that a mistake in one of the two
shows as a disagreement. It must stay slow and obvious; nothing but tests may import it. Where the rules are silent it
takes the plainest reading; those places are named in its comments.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tests.store.reference_codex import count_codex
from tests.store.reference_model import (
    FileCount,
    Record,
    RequestCount,
    Tokens,
    as_count,
    as_object,
    as_text,
    as_time,
    flat_text,
    read_records,
    total,
)

_NO_PROMPT = (
    "<command-name",
    "<command-message",
    "<local-command",
    "<bash-input",
    "<bash-stdout",
    "<bash-stderr",
    "<task-notification",
    "<system-reminder",
    "[Request interrupted",
)


@dataclass
class TreeCount:
    """A tree of files; `keeper` names for each request id the file that keeps it: the one whose path sorts first."""

    files: list[FileCount]
    keeper: dict[str, Path] = field(default_factory=dict)

    @property
    def copies(self) -> int:
        """Requests that lie in a file without being kept by it, the parents' part of forked rollouts included."""
        return sum(len(file.requests) + len(file.parents) for file in self.files) - len(self.keeper)

    def kept(self, file: FileCount) -> list[RequestCount]:
        """The requests that this file keeps."""
        return [r for r in file.requests.values() if self.keeper[request_key(file, r.id)] == file.path]

    def session(self, session: str) -> list[RequestCount]:
        """The requests that a session's files keep, its subagents' included."""
        return [request for file in self.files if file.session == session for request in self.kept(file)]

    @property
    def tokens(self) -> Tokens:
        """Sum over the tree, each request once."""
        return total(request.tokens for file in self.files for request in self.kept(file))


def request_key(file: FileCount, request_id: str) -> str:
    """A request's name over the tree: rollouts number theirs per file."""
    return request_id if file.client == "claude" else f"{file.path}#{request_id}"


def count_tree(paths: Iterable[Path]) -> TreeCount:
    """Count files of both clients."""
    tree = TreeCount([count_file(path) for path in sorted(paths, key=str)])
    for file in tree.files:
        for request_id in file.requests:
            tree.keeper.setdefault(request_key(file, request_id), file.path)
    return tree


def count_file(path: Path) -> FileCount:
    """Count one file; a rollout is known by its name."""
    data = path.read_bytes()
    return count_codex(path, data) if path.name.startswith("rollout-") else count_claude(path, data)


def count_claude(path: Path, data: bytes) -> FileCount:
    """Count a Claude Code transcript."""
    file = FileCount(path, "claude")
    records = read_records(file, data)
    _name_claude(file, records)
    commands = {
        block["id"]: as_text(as_object(block.get("input")).get("command"))
        for record in records
        if record.get("type") == "assistant"
        for block in _blocks(record)
        if block.get("type") == "tool_use" and isinstance(block.get("id"), str)
    }
    for record in records:
        file.saw(as_time(record.get("timestamp")))
        kind = record.get("type")
        if kind == "assistant":
            _claude_request(file, record)
        elif kind == "user":
            _claude_person(file, record)
            _claude_results(file, record, commands)
        elif kind == "attachment":
            attachment = as_object(record.get("attachment"))
            if attachment.get("type") == "queued_command" and attachment.get("commandMode") == "prompt":
                file.queued += 1
        elif kind == "system" and record.get("subtype") == "compact_boundary":
            file.compactions.append(as_text(as_object(record.get("compactMetadata")).get("trigger")))
    return file


def _name_claude(file: FileCount, records: list[Record]) -> None:
    stem = file.path.stem
    if not stem.startswith("agent-"):
        file.session = stem
        return
    file.agent_id = stem.removeprefix("agent-")
    if file.path.parent.name == "subagents":
        file.session = file.path.parent.parent.name
        return
    named = [record["sessionId"] for record in records if isinstance(record.get("sessionId"), str)]
    file.session = named[0] if named else ""


def _claude_request(file: FileCount, record: Record) -> None:
    message = as_object(record.get("message"))
    message_id = message.get("id")
    if not isinstance(message_id, str) or not message_id or message.get("model") == "<synthetic>":
        return
    request = file.requests.get(message_id)
    if request is None:
        request = file.requests[message_id] = RequestCount(message_id, file.turn, as_time(record.get("timestamp")))
        file.turns[file.turn].requests.append(message_id)
    if isinstance(message.get("model"), str):
        request.model = message["model"]
    if isinstance(message.get("usage"), dict):
        request.tokens, request.written = _claude_usage(message["usage"])


def _claude_usage(usage: Record) -> tuple[Tokens, str | None]:
    classes = as_object(usage.get("cache_creation"))
    five, hour = as_count(classes.get("ephemeral_5m_input_tokens")), as_count(classes.get("ephemeral_1h_input_tokens"))
    unnamed = max(0, as_count(usage.get("cache_creation_input_tokens")) - five - hour)
    written = "1h" if hour else "5m" if five else "unknown" if unnamed else None
    tokens = Tokens(
        input=as_count(usage.get("input_tokens")),
        read=as_count(usage.get("cache_read_input_tokens")),
        write_5m=five + unnamed,
        write_1h=hour,
        output=as_count(usage.get("output_tokens")),
    )
    return tokens, written


def _claude_person(file: FileCount, record: Record) -> None:
    blocks = _blocks(record)
    if any(block.get("type") == "tool_result" for block in blocks):
        return
    if any(record.get(flag) is True for flag in ("isCompactSummary", "isSidechain")):
        return
    content = as_object(record.get("message")).get("content")
    texts = [as_text(block.get("text")) for block in blocks if block.get("type") == "text"]
    text = content if isinstance(content, str) else "\n".join(filter(None, texts))
    origin = as_text(as_object(record.get("origin")).get("kind"))
    image = any(block.get("type") == "image" for block in blocks)
    if text.startswith("<task-notification") or origin == "task-notification":
        file.notifications += 1
    elif record.get("isMeta") is True:
        return
    elif text.startswith(("<command-name", "<command-message")):
        file.slash_commands += 1
    elif text.startswith("<bash-input"):
        file.shell_commands += 1
    elif text.startswith("[Request interrupted"):
        file.interrupts += 1
    elif origin in ("", "human") and not text.startswith(_NO_PROMPT) and (text.strip() or image):
        file.add_prompt(text)


def _claude_results(file: FileCount, record: Record, commands: Mapping[str, str]) -> None:
    results = [block for block in _blocks(record) if block.get("type") == "tool_result"]
    for block in results:
        code = re.match(r"Exit code (-?\d+)", flat_text(block.get("content")))
        if block.get("is_error") is True and code:
            call_id = as_text(block.get("tool_use_id"))
            file.add_failed(call_id, commands.get(call_id, ""), int(code[1]))
    result = as_object(record.get("toolUseResult"))
    path, patch = result.get("filePath"), result.get("structuredPatch")
    if not isinstance(path, str) or not path or not isinstance(patch, list):
        return
    if not results or any(block.get("is_error") is True for block in results):  # (a change always has its result)
        return
    if patch or result.get("type") == "create":
        file.turns[file.turn].files.append(path)


def _blocks(record: Record) -> list[Record]:
    content = as_object(record.get("message")).get("content")
    return [block for block in content if isinstance(block, dict)] if isinstance(content, list) else []
