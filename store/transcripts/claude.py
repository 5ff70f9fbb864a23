"""Reads the transcripts of Claude Code: lines of bytes in, events out.

The counting rules are those of the format's field study: what is a person's prompt, a changed file, a failed command.
The reader opens no file, never raises on any line, and keeps only what a later line needs: the commands of calls
without a result, and the last known facts of the session. It does not merge the records of a request; that is the
business of `turns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from store.transcripts.counting import Counting
from store.transcripts.events import (
    CommandFailedEvent,
    CompactionEvent,
    Event,
    FileChangedEvent,
    MalformedLine,
    MetaEvent,
    NoticeEvent,
    NoticeKind,
    PromptEvent,
    RequestEvent,
    ResumedEvent,
    TokenCounts,
    ToolCallEvent,
    ToolResultEvent,
    TurnEndedEvent,
    WriteClass,
)
from store.transcripts.records import (
    Block,
    Record,
    Tokens,
    decode_content,
    decode_record,
    decode_tool_result,
)
from store.turn_memory import exit_code_of

SYNTHETIC_MODEL = "<synthetic>"
"""The client's own words in the assistant's place: no request was made."""

_NOTICES: tuple[tuple[str, NoticeKind | None], ...] = (
    ("<command-name", "slash_command"),
    ("<command-message", "slash_command"),
    ("<bash-input", "shell_command"),
    ("<task-notification", "background"),
    ("[Request interrupted", "interrupt"),
    ("<local-command", None),
    ("<bash-stdout", None),
    ("<bash-stderr", None),
    ("<system-reminder", None),
)
"""How text starts that no person typed as a prompt, and what it tells (nothing: None)."""

_NOT_TYPED = tuple(start for start, _ in _NOTICES)
_LEAVES = re.compile(r"<command-name>/(?:exit|quit)</")
_HOOK_RECORDS = frozenset({"progress", "attachment"})
_OPENED_AGAIN = b"SessionStart:resume"
"""Name of the hook that runs then, where the person has one."""
_TITLES = frozenset({"custom-title", "ai-title", "summary"})
_Facts = tuple[str | None, str | None, str | None, str | None]
"""Session, folder, version and branch, as a record names them."""


class ClaudeReader(Counting):
    """Reads one file. Feed it the lines in order, in as many pieces as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.records = 0
        """Non-empty lines seen, malformed ones included."""
        self._commands: dict[str, str] = {}
        self._failed: set[str] = set()
        self._facts: _Facts = (None, None, None, None)
        self._titles: dict[str, str] = {}
        self._meta = MetaEvent(None, None, None, None, None)
        self._talked = False
        self._left = False
        """The person has left (`/exit`) and nothing has happened since."""
        self._reopened = False
        """That it was opened again is told already."""

    def feed(self, lines: Iterable[bytes]) -> Iterator[Event]:
        """The events of some lines (with or without their newline). Lazy: lines count once they are iterated."""
        for line in lines:
            self.line_no += 1
            if not line or line.isspace():
                continue
            self.records += 1
            record = decode_record(line)
            if record is None:
                self.malformed += 1
                yield MalformedLine(self.line_no)
                continue
            at = None
            if record.timestamp is not None:
                at = record.timestamp.timestamp()
                if self.first_at is None or at < self.first_at:
                    self.first_at = at
                if self.last_at is None or at > self.last_at:
                    self.last_at = at
            kind = record.type
            facts = (record.session_id, record.cwd, record.version, record.git_branch)
            if facts != self._facts or kind in _TITLES:
                yield from self._note_facts(facts, record)
            if kind == "assistant":
                yield from self._assistant(record, at)
            elif kind == "user":
                yield from self._user(record, at, may_change_file=b'"structuredPatch"' in line)
            elif kind == "system":
                yield from _system(record, at)
            elif kind in _HOOK_RECORDS and _OPENED_AGAIN in line:
                yield from self._opened_again(at)
            elif kind == "attachment":
                yield from _attachment(record, at)

    def _note_facts(self, facts: _Facts, record: Record) -> Iterator[MetaEvent]:
        self._facts = facts
        self._note_title(record)
        known = self._meta
        meta = MetaEvent(
            session_id=facts[0] or known.session_id,
            cwd=facts[1] or known.cwd,
            version=facts[2] or known.version,
            git_branch=facts[3] or known.git_branch,
            title=self._titles.get("custom") or self._titles.get("ai") or self._titles.get("summary"),
        )
        if meta != known:
            self._meta = meta
            yield meta

    def _note_title(self, record: Record) -> None:
        """Keep a title; the person's own beats the client's."""
        if record.type == "custom-title" and record.custom_title:
            self._titles["custom"] = record.custom_title
        elif record.type == "ai-title" and record.ai_title:
            self._titles["ai"] = record.ai_title
        elif record.type == "summary" and record.summary and self._talked:
            # Summaries at the head of a file name other conversations of the folder.
            self._titles["summary"] = record.summary

    def _opened_again(self, at: float | None) -> tuple[Event, ...]:
        self._left = False
        if self._reopened:
            return ()
        self._reopened = True
        return (ResumedEvent(at),)

    def _assistant(self, record: Record, at: float | None) -> Iterable[Event]:
        self._talked = True
        message = record.message
        if message is None:
            return ()
        content = decode_content(message.content)
        blocks = [Block(type="text", text=content)] if isinstance(content, str) else content
        text = "".join(block.text or "" for block in blocks if block.type == "text")
        if message.model == SYNTHETIC_MODEL:
            if record.is_api_error_message:
                return (NoticeEvent("api_error", text, at),)
            return self._opened_again(at) if self._left else ()
        events: list[Event] = list(self._opened_again(at)) if self._left else []
        if message.id:
            self._reopened = False
            usage, written = _counts(message.usage)
            events.append(
                RequestEvent(
                    message.id,
                    at,
                    message.model,
                    usage,
                    written,
                    text,
                    message.stop_reason,
                    bool(record.is_sidechain),
                    record.agent_id,
                )
            )
        for block in blocks:
            if block.type == "tool_use" and block.id:
                command = block.input.command if block.input else None
                self._commands[block.id] = command if command is not None else block.name or ""
                events.append(ToolCallEvent(block.id, block.name or "", at))
        return events

    def _user(self, record: Record, at: float | None, *, may_change_file: bool) -> Iterator[Event]:
        self._talked = True
        content = decode_content(record.message.content) if record.message else []
        blocks = [Block(type="text", text=content)] if isinstance(content, str) else content
        results = [block for block in blocks if block.type == "tool_result"]
        for block in results:
            yield from self._tool_result(block, at)
        if results:
            if may_change_file and not any(block.is_error for block in results):
                yield from _file_change(record, at)
            return
        if record.is_compact_summary or record.is_sidechain:
            return
        text = "\n".join(block.text for block in blocks if block.type == "text" and block.text)
        origin = record.origin.kind if record.origin else None
        if origin == "task-notification" or text.startswith("<task-notification"):
            yield NoticeEvent("background", text, at)
        elif record.is_meta or origin not in (None, "human"):
            return
        elif text.startswith(_NOT_TYPED):
            kind = next(kind for start, kind in _NOTICES if text.startswith(start))
            if kind is not None:
                yield NoticeEvent(kind, text, at)
            if kind == "slash_command" and _LEAVES.search(text):
                self._left = True
        elif text or any(block.type == "image" for block in blocks):
            if self._left:
                yield from self._opened_again(at)
            yield PromptEvent(at, text, self.line_no, record.uuid)

    def _tool_result(self, block: Block, at: float | None) -> Iterator[Event]:
        call_id = block.tool_use_id or ""
        command = self._commands.pop(call_id, "")
        failed = bool(block.is_error)
        yield ToolResultEvent(call_id, at, failed)
        code = exit_code_of(_result_text(block)) if failed else None
        if code is not None and call_id not in self._failed:
            self._failed.add(call_id)
            yield CommandFailedEvent(call_id, command, code, at)


def _result_text(block: Block) -> str:
    content = decode_content(block.content)
    if isinstance(content, str):
        return content
    return "\n".join(part.text for part in content if part.type == "text" and part.text)


def _file_change(record: Record, at: float | None) -> Iterator[FileChangedEvent]:
    result = decode_tool_result(record.tool_use_result)
    if result is None or not result.file_path:
        return
    patch = bytes(result.structured_patch).translate(None, b" \t\r\n")
    created = result.type == "create"
    # An empty patch that is no creation changed nothing; without a patch the result is about something else.
    if patch != b"null" and (created or patch != b"[]"):
        yield FileChangedEvent(result.file_path, "A" if created else "M", at)


def _system(record: Record, at: float | None) -> Iterator[Event]:
    if record.subtype == "compact_boundary":
        trigger = record.compact_metadata.trigger if record.compact_metadata else None
        yield CompactionEvent(trigger or "unknown", at)
    elif record.subtype == "turn_duration":
        yield TurnEndedEvent(at, record.pending_background_agent_count or 0)


def _attachment(record: Record, at: float | None) -> Iterator[NoticeEvent]:
    attachment = record.attachment
    if attachment is None or attachment.type != "queued_command":
        return
    prompt = decode_content(attachment.prompt)
    text = prompt if isinstance(prompt, str) else "\n".join(block.text for block in prompt if block.text)
    if attachment.command_mode == "prompt":
        yield NoticeEvent("queued", text, at)
    elif attachment.command_mode == "task-notification":
        yield NoticeEvent("queued_notification", text, at)


def _counts(tokens: Tokens | None) -> tuple[TokenCounts | None, WriteClass | None]:
    """What a record says of its request's tokens, and the class of what was written."""
    if tokens is None:
        return None, None
    written = tokens.cache_creation_input_tokens or 0
    five_minutes = one_hour = 0
    if classes := tokens.cache_creation:
        five_minutes = classes.ephemeral_5m_input_tokens or 0
        one_hour = classes.ephemeral_1h_input_tokens or 0
    return (
        # Tokens without a class count where the provider's default puts them; the class says that none was named.
        TokenCounts(
            tokens.input_tokens or 0,
            tokens.output_tokens or 0,
            tokens.cache_read_input_tokens or 0,
            max(five_minutes, written - one_hour),
            one_hour,
        ),
        "1h" if one_hour else "5m" if five_minutes else "unknown" if written else None,
    )
