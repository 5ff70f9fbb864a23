"""Reads the chats of Gemini CLI: lines of bytes in, events out.

A message is written again whole when something is added to it (an answer first, then with the tool calls that it
made), so that a line may only add to what an earlier one said. A `$set` of messages replaces the conversation, not
what happened: what it leaves out was compacted away. The reader opens no file and never raises on any line.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from hashlib import sha256

from msgspec import Raw

from store.transcripts.counting import Counting
from store.transcripts.decoding import NOTHING, decode
from store.transcripts.events import (
    CommandFailedEvent,
    CompactionEvent,
    Event,
    FileChangedEvent,
    MalformedLine,
    MetaEvent,
    NoticeEvent,
    PromptEvent,
    RequestEvent,
    TokenCounts,
    ToolCallEvent,
    ToolResultEvent,
)
from store.transcripts.gemini_records import (
    Arguments,
    Display,
    Head,
    Part,
    Record,
    Tokens,
    ToolCall,
    decode_list,
    decode_parts,
    decode_record,
    decode_strings,
    exit_code_in,
)

SHELL = "run_shell_command"
_CONTEXT = "<session_context>"
_NOT_TYPED = (
    _CONTEXT,
    "<hook_context>",
    "Here is the user's editor context",
    "Here is a summary of changes in the user's",
)
"""How text starts that the client puts into the conversation by itself."""
_GO_ON = ("Please continue.", "System: Please continue.")
"""What the client says when an answer broke off."""
_SHELL_MODE = re.compile(r"I ran the following shell command:\n```\w*\n(.*?)\n```", re.DOTALL)
_SLASH_COMMAND = re.compile(r"/[A-Za-z][\w:-]*(?=\s|\Z)")
_COMPRESS = frozenset({"/compress", "/compact", "/summarize"})
_CANCELLED = "Request cancelled"
_CONTEXT_LINES = 40
"""How far into the client's description of the session the folder is looked for."""


class GeminiReader(Counting):
    """Reads one file. Feed it the lines in order, in as many pieces as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._requests: set[str] = set()
        self._seen: set[str] = set()
        self._calls: set[tuple[str, str]] = set()
        self._conversation: list[str] = []
        """Ids of the messages that the model is shown, as far as they are known."""
        self._command = ""
        """The slash command that came last, until something else was typed."""
        self._project_hash: str | None = None
        self._subagent: str | None = None
        self._session_id: str | None = None
        self._cwd: str | None = None
        self._title: str | None = None
        self._meta = MetaEvent(None, None, None, None, None)

    def feed(self, lines: Iterable[bytes]) -> Iterator[Event]:
        """The events of some lines (with or without their newline). Lazy: lines count once they are iterated."""
        for line in lines:
            self.line_no += 1
            if not line or line.isspace():
                continue
            record = decode_record(line)
            if record is None:
                self.malformed += 1
                yield MalformedLine(self.line_no)
            elif record.rewind_to is not None:
                self._rewind(record.rewind_to)
            elif record.id is not None:
                yield from self._message(record, record.id)
            elif record.changes != NOTHING:
                yield from self._set(decode(Head, record.changes))
            else:
                yield from self._head(record)
                for message in decode_list(Record, record.messages):
                    if message.id is not None:
                        yield from self._message(message, message.id)

    def _note_time(self, time: datetime | None) -> float | None:
        if time is None:
            return None
        at = time.timestamp()
        self.note_time(at)
        return at

    def _head(self, head: Head) -> Iterator[Event]:
        self._note_time(head.start_time)
        self._note_time(head.last_updated)
        self._project_hash = head.project_hash or self._project_hash
        self._title = head.summary or self._title
        if head.kind == "subagent":
            self._subagent = head.session_id or self._subagent or ""
        if self._subagent is None:  # a subagent's head has its own id, and none of the session that it belongs to
            self._session_id = head.session_id or self._session_id
        self._look_for_folder(decode_strings(head.directories))
        meta = MetaEvent(self._session_id, self._cwd, None, None, self._title)
        if meta != self._meta:
            self._meta = meta
            yield meta

    def _look_for_folder(self, candidates: Iterable[str]) -> None:
        """Only the hash of the project's folder is recorded; a folder that is named elsewhere can be held to it."""
        if self._cwd is not None or self._project_hash is None:
            return
        for folder in candidates:
            if sha256(folder.encode("utf-8", "replace")).hexdigest() == self._project_hash:
                self._cwd = folder
                return

    def _set(self, head: Head) -> Iterator[Event]:
        if head.messages != NOTHING:
            messages = decode_list(Record, head.messages)
            for message in messages:
                if message.type == "user":
                    self._read_context(message)
            now = [message.id for message in messages if message.id is not None]
            known = self._seen.issuperset(now)
            lost = not set(now).issuperset(self._conversation)
            self._conversation = now
            self._seen.update(now)
            # What is gone without anything in its place was taken back (an interrupted turn), not summed up.
            if lost and not known:
                at = self._note_time(head.last_updated)
                yield CompactionEvent("manual" if self._command in _COMPRESS else "unknown", at)
        yield from self._head(head)

    def _rewind(self, message_id: str) -> None:
        known = self._conversation
        self._conversation = known[: known.index(message_id)] if message_id in known else []

    def _message(self, record: Record, message_id: str) -> Iterator[Event]:
        at = self._note_time(record.timestamp)
        new = message_id not in self._seen
        if new:
            self._seen.add(message_id)
            self._conversation.append(message_id)
        if record.type == "gemini":
            yield from self._answer(record, message_id, at)
        elif new and record.type == "user":
            self._read_context(record)
            yield from self._head(Head())
            yield from self._user(record, message_id, at)
        elif new and record.type in ("info", "error"):
            text = _text(decode_parts(record.content))
            if record.type == "error":
                yield NoticeEvent("api_error", text, at)
            elif text.startswith(_CANCELLED):
                yield NoticeEvent("interrupt", text, at)

    def _read_context(self, record: Record) -> None:
        if self._cwd is None and bytes(record.content).find(_CONTEXT.encode()) >= 0:
            lines = _text(decode_parts(record.content)).split("\n", _CONTEXT_LINES)[:_CONTEXT_LINES]
            self._look_for_folder(line.strip().removeprefix("- ").rpartition(": ")[2] for line in lines)

    def _user(self, record: Record, message_id: str, at: float | None) -> Iterator[Event]:
        content = decode_parts(record.content)
        if self._subagent is not None or any(part.function_response != NOTHING for part in content):
            return
        # What was typed, where the client put more into its place (the content of files that are named in it).
        typed = decode_parts(record.display_content) if record.display_content != NOTHING else content
        text = _text(typed)
        if text.startswith(_NOT_TYPED) or text.strip() in _GO_ON:
            return
        shell, slash = _SHELL_MODE.match(text), _SLASH_COMMAND.match(text)
        self._command = slash[0] if slash else ""
        if shell:
            yield NoticeEvent("shell_command", shell[1], at)
        elif slash:
            yield NoticeEvent("slash_command", text, at)
        elif text.strip() or any(part.inline_data != NOTHING or part.file_data != NOTHING for part in content):
            yield PromptEvent(at, text, self.line_no, message_id)

    def _answer(self, record: Record, message_id: str, at: float | None) -> Iterator[Event]:
        calls = decode_list(ToolCall, record.tool_calls) if record.tool_calls != NOTHING else []
        known = message_id in self._requests
        # Without a model it is the client's own; without tokens but with calls, only a place to keep them.
        if record.model and (known or record.tokens or not calls):
            self._requests.add(message_id)
            yield RequestEvent(
                message_id=f"gemini:{message_id}",
                at=at,
                model=record.model,
                usage=_usage(record.tokens),
                written=None,
                text="" if known else _text(decode_parts(record.content)),
                # Whether tools were called shows when they have ended, in the message's next line.
                stop_reason="tool_use" if calls else "end_turn",
                sidechain=self._subagent is not None,
                agent_id=self._subagent or None,
            )
        for call in calls:
            if call.id is not None and (message_id, call.id) not in self._calls:
                self._calls.add((message_id, call.id))
                ended = self._note_time(call.timestamp)
                yield from _tool(call, call.id, at, at if ended is None else ended)


def _tool(call: ToolCall, call_id: str, called: float | None, ended: float | None) -> Iterator[Event]:
    yield ToolCallEvent(call_id, call.name or "", called)
    yield ToolResultEvent(call_id, ended, call.status != "success")
    args = decode(Arguments, call.args)
    if call.name == SHELL:
        code = exit_code_in(call.result)
        if code:
            yield CommandFailedEvent(call_id, args.command or SHELL, code, ended)
    elif call.status == "success" and _is_object(call.result_display):
        display = decode(Display, call.result_display)
        path = display.file_path or args.file_path or display.file_name
        # A diff without a hunk is that of a file which was written as it was.
        if path and display.file_diff and "\n@@ " in display.file_diff:
            yield FileChangedEvent(path, "A" if display.is_new_file else "M", ended)


def _is_object(raw: Raw) -> bool:
    return bytes(raw).lstrip()[:1] == b"{"


def _text(parts: list[Part]) -> str:
    return "\n".join(part.text for part in parts if part.text and not part.thought)


def _usage(tokens: Tokens | None) -> TokenCounts | None:
    if tokens is None:
        return None
    cached, thoughts = tokens.cached or 0, tokens.thoughts or 0
    return TokenCounts(
        input=max(0, (tokens.input or 0) - cached) + (tokens.tool or 0),
        output=(tokens.output or 0) + thoughts,
        cache_read=cached,
        reasoning=thoughts,
    )
