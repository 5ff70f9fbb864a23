"""Reads the sessions of OpenCode: rows of its database as lines of bytes in, events out.

The lines of a session are its own row, then each message as the rows of its parts followed by the message's row: only
with the last one are all parts known. The client makes one message for each call to the provider, and says nothing of
the small call that finds a title. The provider's own message id is recorded nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from store.transcripts.counting import Counting
from store.transcripts.decoding import decode
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
from store.transcripts.opencode_records import (
    Message,
    Metadata,
    Part,
    Row,
    Session,
    Span,
    Tokens,
    ToolInput,
    ToolState,
    decode_files,
    decode_row,
    failure_text,
    is_summary,
    seconds,
)
from store.turn_memory import ChangeKind

ABORTED = "MessageAbortedError"
_STOP_REASONS = {"tool-calls": "tool_use", "stop": "end_turn", "length": "max_tokens"}
"""The client's words for why an answer ended; after any other (`unknown`) it works on or says an error."""
_ENDED = frozenset({"completed", "error"})
_KINDS: dict[str, ChangeKind] = {"add": "A", "update": "M", "delete": "D", "move": "R"}
_NEW_FILE = "\n@@ -0,0 "
"""Stands in the diff of an edit that had nothing to replace."""


class OpenCodeReader(Counting):
    """Reads one session. Feed it the lines in order, in as many pieces as they come."""

    def __init__(self) -> None:
        super().__init__()
        self._parts: list[Part] = []
        self._parts_of: str | None = None
        self._compacting: dict[str, str] = {}
        """Messages that ask for a compaction, and whose wish it was."""
        self._child: str | None = None
        """The session's own id when it is a subagent's."""
        self._meta = MetaEvent(None, None, None, None, None)

    def feed(self, lines: Iterable[bytes]) -> Iterator[Event]:
        """The events of some lines (with or without their newline). Lazy: lines count once they are iterated."""
        for line in lines:
            self.line_no += 1
            if not line or line.isspace():
                continue
            row = decode_row(line)
            if row is None:
                self.malformed += 1
                yield MalformedLine(self.line_no)
            elif row.table == "session":
                yield from self._session(row)
            elif row.table == "part":
                self._part(row)
            elif row.table == "message" and row.id:
                yield from self._message(row, row.id)

    def _note_span(self, span: Span) -> None:
        for time in (span.created, span.completed, span.start, span.end):
            self.note_time(seconds(time))

    def _session(self, row: Row) -> Iterator[Event]:
        session = decode(Session, row.data)
        if session.parent_id:
            self._child = session.id
        yield from self._tell(
            MetaEvent(
                session_id=row.session or session.parent_id or session.id,
                cwd=session.directory or None,
                version=session.version or None,
                git_branch=None,
                title=session.title or None,
                forked_from=self._meta.forked_from,
            )
        )

    def _tell(self, meta: MetaEvent) -> Iterator[Event]:
        if meta != self._meta:
            self._meta = meta
            yield meta

    def _part(self, row: Row) -> None:
        if row.message != self._parts_of:
            self._parts, self._parts_of = [], row.message
        self._parts.append(decode(Part, row.data))

    def _message(self, row: Row, message_id: str) -> Iterator[Event]:
        parts = self._parts if self._parts_of == message_id else []
        self._parts, self._parts_of = [], None
        message = decode(Message, row.data)
        for span in (message.time, *(part.time for part in parts), *(part.state.time for part in parts if part.state)):
            if span:
                self._note_span(span)
        original = row.original
        if original and original.session and self._meta.forked_from is None:
            known = self._meta
            yield from self._tell(
                MetaEvent(known.session_id, known.cwd, known.version, None, known.title, original.session)
            )
        original_id = original.id if original and original.id else message_id
        if message.role == "user":
            yield from self._user(message, message_id, original_id, parts)
        elif message.role == "assistant":
            yield from self._assistant(message, original_id, parts)

    def _user(self, message: Message, message_id: str, original_id: str, parts: list[Part]) -> Iterator[Event]:
        compaction = next((part for part in parts if part.type == "compaction"), None)
        if compaction:
            self._compacting[message_id] = "auto" if compaction.auto else "manual"
            return
        typed = [part for part in parts if not part.synthetic and not part.ignored]
        texts = [text for part in typed if (text := _typed_text(part))]
        # A subagent's prompts are written by the agent that started it.
        if self._child is None and (texts or any(part.type in ("file", "subtask") for part in typed)):
            at = seconds(message.time.created) if message.time else None
            yield PromptEvent(at, "\n".join(texts), self.line_no, original_id)

    def _assistant(self, message: Message, original_id: str, parts: list[Part]) -> Iterator[Event]:
        usage = _usage(message.tokens)
        asked = usage is not None or any(part.type == "step-start" for part in parts)
        at = _answered_at(message, parts)
        if asked:
            texts = [part.text for part in parts if part.type == "text" and part.text and not part.synthetic]
            yield RequestEvent(
                message_id=f"opencode:{original_id}",
                at=at,
                model=message.model_id or None,
                usage=usage,
                written="unknown" if usage and usage.cache_write else None,
                text="" if is_summary(message) else "\n\n".join(texts),
                stop_reason=_STOP_REASONS.get(message.finish or ""),
                sidechain=self._child is not None,
                agent_id=self._child,
            )
        for part in parts:
            if part.type == "tool" and part.state and part.call_id:
                yield from _tool(part, part.state, part.call_id, typed=not asked)
        if message.error:
            kind = "interrupt" if message.error.name == ABORTED else "api_error"
            yield NoticeEvent("interrupt" if kind == "interrupt" else "api_error", failure_text(message.error), at)
        elif is_summary(message) and message.finish:
            ended = seconds(message.time.completed) if message.time else None
            yield CompactionEvent(self._compacting.get(message.parent_id or "", "unknown"), ended)


def _typed_text(part: Part) -> str | None:
    if part.type == "text":
        return part.text
    return part.prompt if part.type == "subtask" else None


def _answered_at(message: Message, parts: list[Part]) -> float | None:
    """When the provider had answered: the message itself ends only after the tools that it called."""
    span = message.time or Span()
    starts = [part.state.time.start for part in parts if part.state and part.state.time and part.state.time.start]
    return seconds(min(starts) if starts else span.completed or span.created)


def _tool(part: Part, state: ToolState, call_id: str, *, typed: bool) -> Iterator[Event]:
    """`typed`: a command that a person ran with `!`, in a message of its own that no provider answered."""
    span = state.time or Span()
    given = decode(ToolInput, state.input)
    if typed:
        yield NoticeEvent("shell_command", given.command or "", seconds(span.start))
        return
    yield ToolCallEvent(call_id, part.tool or "", seconds(span.start))
    if state.status not in _ENDED:
        return
    at = seconds(span.end)
    yield ToolResultEvent(call_id, at, state.status == "error")
    if state.status == "error":
        return
    known = decode(Metadata, state.metadata)
    if known.exit:
        yield CommandFailedEvent(call_id, given.command or part.tool or "", known.exit, at)
    if part.tool == "write" and known.filepath:
        yield FileChangedEvent(known.filepath, "M" if known.exists else "A", at)
    elif known.filediff and known.diff:
        path = known.filediff.file or given.file_path
        if path:
            yield FileChangedEvent(path, "A" if _NEW_FILE in known.diff else "M", at)
    for file in decode_files(known.files):
        kind = _KINDS.get(file.type)
        path = file.move_path or file.file_path
        if kind and path:
            yield FileChangedEvent(path, kind, at)


def _usage(tokens: Tokens | None) -> TokenCounts | None:
    """None also where every figure is 0: the client starts each message with zeros, and an aborted one keeps them."""
    if tokens is None:
        return None
    cache = tokens.cache
    usage = TokenCounts(
        input=tokens.input or 0,
        output=(tokens.output or 0) + (tokens.reasoning or 0),
        cache_read=(cache.read or 0) if cache else 0,
        # The client names no class; the store puts those where the provider's default is.
        cache_write_5m=(cache.write or 0) if cache else 0,
        reasoning=tokens.reasoning or 0,
    )
    return usage if usage != TokenCounts() else None
