"""Reads the rollouts of Codex: lines of bytes in, events out.

The counting rules are those of the format's field study. Three things set a rollout apart:

- **Requests have no id.** A request is a usage record whose running total differs from the last counted one; its id
  is made of the thread and its number in the file.
- **A fork's file begins with its parent's records**, in the clients that write the whole history into each file (the
  newer ones name a base and copy nothing). They move the running total, and they are nobody's news: no event.
- **Two vocabularies.** Older clients record `event_msg`s of many types, newer ones one type with items of many types.
  A file holds one of them.

The reader opens no file and never raises on any line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from store.transcripts.codex_calls import Calls
from store.transcripts.codex_records import (
    Payload,
    Record,
    Tokens,
    decode_item,
    decode_record,
    decode_string,
    decode_text,
)
from store.transcripts.codex_thread import Thread
from store.transcripts.counting import Counting
from store.transcripts.events import (
    AnswerEvent,
    CompactionEvent,
    Event,
    MalformedLine,
    MetaEvent,
    NoticeEvent,
    PromptEvent,
    RequestEvent,
    TokenCounts,
    TurnEndedEvent,
)

_NO_RELEASE = frozenset(
    {"function_call_output", "custom_tool_call_output", "exec_command_end", "patch_apply_end", "item_completed"}
)
"""Records that may stand between a patch's output and its event."""


@dataclass(slots=True)
class Copied:
    """What of a parent was left out."""

    requests: int = 0
    prompts: int = 0


class CodexReader(Counting):
    """Reads one file. Feed it the lines in order, in as many pieces as they come."""

    def __init__(self) -> None:
        super().__init__()
        self.records = 0
        """Non-empty lines seen, malformed ones included."""
        self.copied = Copied()
        self._begun_at: float | None = None
        self._thread = Thread()
        self._model: str | None = None
        self._total: int | None = None
        self._recorded: tuple[Tokens, int | None] | None = None
        """TokenCounts that came by its own record and that no token_count has repeated yet, and the total before it."""
        self._requests = 0
        self._prompted: tuple[str, str] | None = None
        self._speaks = False
        self._calls = Calls()

    def feed(self, lines: Iterable[bytes]) -> Iterator[Event]:
        """The events of some lines (with or without their newline). Lazy: lines count once they are iterated."""
        thread, calls = self._thread, self._calls
        for line in lines:
            self.line_no += 1
            if not line or line.isspace():
                continue
            self.records += 1
            if self.records == 1:
                thread.begins(line)
            record = decode_record(line)
            if record is None:
                self.malformed += 1
                yield MalformedLine(self.line_no)
                continue
            at = self._note_time(record)
            payload = record.payload
            if payload is None:
                continue
            handle = _HANDLERS.get((record.type, payload.type)) or _BY_TYPE.get(record.type)
            if handle is None:
                continue
            if calls.held and payload.type not in _NO_RELEASE:
                yield from calls.release()
            if thread.forked and thread.is_copy(record, payload, at):
                yield from self._leave_out(handle(self, payload, at))
            else:
                yield from handle(self, payload, at)
        yield from calls.release()

    def _note_time(self, record: Record) -> float | None:
        if record.timestamp is None:
            return None
        at = record.timestamp.timestamp()
        if self._begun_at is None:
            self._begun_at = at
        self.note_time(at)
        return at

    def _leave_out(self, events: Iterable[Event]) -> Iterator[Event]:
        for event in events:
            if isinstance(event, MetaEvent):
                yield event
            elif isinstance(event, RequestEvent):
                self.copied.requests += 1
            elif isinstance(event, PromptEvent):
                self.copied.prompts += 1
        for _ in self._calls.release():
            pass

    def _session_meta(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._thread.head(payload, self.records, self._begun_at)

    def _turn_context(self, payload: Payload, at: float | None) -> Iterable[Event]:
        self._model = payload.model or self._model
        return ()

    def _renamed(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._thread.renamed(payload)

    def _token_count(self, payload: Payload, at: float | None) -> Iterable[Event]:
        info = payload.info
        if info is None or info.total_token_usage is None:
            return ()
        total, last = info.total_token_usage.total_tokens, info.last_token_usage
        if self._recorded is not None and total is not None:
            usage, before = self._recorded
            if total == before:
                return ()  # the figures from before the response, once more
            self._recorded = None
            if usage == last:
                self._total = total  # the response that its own record told already
        if total is None or total == self._total:
            return ()
        return self._count(total, last, at)

    def _token_usage_record(self, payload: Payload, at: float | None) -> Iterable[Event]:
        """One response's usage, as soon as it is there. The token_count follows when its tools are through."""
        if payload.usage is None or payload.thread_token_usage is None:
            return ()
        total = payload.thread_token_usage.total_tokens
        if total is None or total == self._total:
            return ()
        self._recorded = (payload.usage, self._total)
        return self._count(total, payload.usage, at)

    def _count(self, total: int, last: Tokens | None, at: float | None) -> Iterable[Event]:
        self._total = total
        self._requests += 1
        self._prompted = None
        request = RequestEvent(
            message_id=f"codex:{self._thread.key}:{self._requests}",
            at=at,
            model=self._model,
            usage=_usage(last),
            written="unknown" if last and last.cache_write_input_tokens else None,
            text="",
            stop_reason=None,
            sidechain=False,
            agent_id=None,
        )
        return (request,)

    def _user_message(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._prompt("event", decode_string(payload.message), None, at)

    def _prompt(self, source: str, text: str, record_id: str | None, at: float | None) -> Iterable[Event]:
        before, self._prompted = self._prompted, (source, text)
        if before is not None and before[0] != source and before[1] == text:
            return ()  # told in both vocabularies
        return (PromptEvent(at, text, self.line_no, record_id),)

    def _agent_message(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._answer(decode_string(payload.message), at)

    def _answer(self, text: str, at: float | None) -> Iterable[Event]:
        self._speaks = True
        return (AnswerEvent(text, at),) if text.strip() else ()

    def _message(self, payload: Payload, at: float | None) -> Iterable[Event]:
        """The model's own form of a message. Where the client tells what it showed, that alone counts: the summary
        of a compaction is a message too."""
        if payload.role != "assistant" or self._speaks:
            return ()
        text = decode_text(payload.content)
        return (AnswerEvent(text, at),) if text.strip() else ()

    def _called(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._calls.called(payload, at)

    def _answered(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._calls.answered(payload, at)

    def _command_ended(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._calls.command_ended(payload, payload.call_id, at)

    def _patch_ended(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return self._calls.patch_ended(payload, payload.call_id, at)

    def _item_completed(self, payload: Payload, at: float | None) -> Iterable[Event]:
        item = decode_item(payload.item)
        if item is None:
            return ()
        if item.type == "CommandExecution":
            return self._calls.command_ended(item, item.id, at)
        if item.type == "FileChange":
            return self._calls.patch_ended(item, item.id, at)
        if item.type == "AgentMessage":
            return self._answer(decode_text(item.content), at)
        if item.type == "UserMessage":
            return (*self._calls.release(), *self._prompt("item", decode_text(item.content), item.id, at))
        return ()

    def _compacted(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return (CompactionEvent(payload.trigger or "unknown", at),)

    def _turn_aborted(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return (NoticeEvent("interrupt", payload.reason or "", at),)

    def _task_complete(self, payload: Payload, at: float | None) -> Iterable[Event]:
        return (TurnEndedEvent(at),)


def _usage(tokens: Tokens | None) -> TokenCounts | None:
    if tokens is None:
        return None
    cached, written = tokens.cached_input_tokens or 0, tokens.cache_write_input_tokens or 0
    return TokenCounts(
        input=max(0, (tokens.input_tokens or 0) - cached - written),
        output=tokens.output_tokens or 0,
        cache_read=cached,
        cache_write_5m=written,  # no class is ever named; `written` says so
        reasoning=tokens.reasoning_output_tokens or 0,
    )


_Handler = Callable[[CodexReader, Payload, float | None], Iterable[Event]]
_BY_TYPE: dict[str, _Handler] = {
    "session_meta": CodexReader._session_meta,
    "turn_context": CodexReader._turn_context,
    "token_usage_record": CodexReader._token_usage_record,
    "compacted": CodexReader._compacted,
}
_HANDLERS: dict[tuple[str, str], _Handler] = {
    ("event_msg", "token_count"): CodexReader._token_count,
    ("event_msg", "user_message"): CodexReader._user_message,
    ("event_msg", "agent_message"): CodexReader._agent_message,
    ("event_msg", "item_completed"): CodexReader._item_completed,
    ("event_msg", "exec_command_end"): CodexReader._command_ended,
    ("event_msg", "patch_apply_end"): CodexReader._patch_ended,
    ("event_msg", "task_complete"): CodexReader._task_complete,
    ("event_msg", "turn_aborted"): CodexReader._turn_aborted,
    ("event_msg", "thread_name_updated"): CodexReader._renamed,
    ("response_item", "message"): CodexReader._message,
    ("response_item", "function_call"): CodexReader._called,
    ("response_item", "custom_tool_call"): CodexReader._called,
    ("response_item", "local_shell_call"): CodexReader._called,
    ("response_item", "function_call_output"): CodexReader._answered,
    ("response_item", "custom_tool_call_output"): CodexReader._answered,
}
"""What is read of a record. Every other one is passed over."""
