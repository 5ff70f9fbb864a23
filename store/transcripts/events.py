"""What a transcript says, in words that do not depend on the client that wrote it.

A reader yields these in the order of the file. Times (`at`) are seconds since the epoch, UTC, or None where the
record has no readable time; records are not in time order. Texts are data from elsewhere, never markup.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from msgspec import Struct

from store.turn_memory import ChangeKind
from store.words import TTLClass

WriteClass = TTLClass | Literal["unknown"]
"""TTL class of a request's cache write; `unknown` when tokens were written and no class was named."""

NoticeKind = Literal[
    "background", "queued", "queued_notification", "interrupt", "slash_command", "shell_command", "api_error"
]


class TokenCounts(NamedTuple):
    """Tokens of one request, as `store.models.Usage` has them: `input` excludes what was read from or written to the
    cache, `reasoning` is a part of `output`. (A reader makes one a record: a model that validates would cost a tenth of
    its time.)"""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0

    @property
    def cache_write(self) -> int:
        """Tokens written to the cache, both classes."""
        return self.cache_write_5m + self.cache_write_1h


class PromptEvent(Struct, frozen=True, gc=False):
    """A person asked something: a turn begins. `text` is empty for an image alone."""

    at: float | None
    text: str
    line: int
    record_id: str | None


class RequestEvent(Struct, frozen=True, gc=False):
    """One record of a request's answer. Several share a `message_id`; the last one wins for every field.

    `text` is the visible text of this record's block alone; `usage` is None when the record has none.
    """

    message_id: str
    at: float | None
    model: str | None
    usage: TokenCounts | None
    written: WriteClass | None
    text: str
    stop_reason: str | None
    sidechain: bool
    agent_id: str | None


class AnswerEvent(Struct, frozen=True, gc=False):
    """Visible text of the agent, in clients that record it apart from their requests. The turn's last one counts."""

    text: str
    at: float | None


class ToolCallEvent(Struct, frozen=True, gc=False):
    """A tool was called; it is pending until its `ToolResultEvent`."""

    call_id: str
    name: str
    at: float | None


class ToolResultEvent(Struct, frozen=True, gc=False):
    """A tool answered, was denied, or was cancelled."""

    call_id: str
    at: float | None
    is_error: bool


class FileChangedEvent(Struct, frozen=True, gc=False):
    """A tool changed a file."""

    path: str
    kind: ChangeKind
    at: float | None


class CommandFailedEvent(Struct, frozen=True, gc=False):
    """A shell command ended with a code other than 0; once per `call_id`."""

    call_id: str
    command: str
    exit_code: int
    at: float | None


class CompactionEvent(Struct, frozen=True, gc=False):
    """The conversation was replaced by its summary. `trigger` is the client's word (`auto`, `manual`)."""

    trigger: str
    at: float | None


class ResumedEvent(Struct, frozen=True, gc=False):
    """The session was left and opened again; once between two requests."""

    at: float | None


class NoticeEvent(Struct, frozen=True, gc=False):
    """Something that opens no turn: a background task's end, a prompt typed while the agent worked, an interruption,
    a slash command or `!` command, an error of the provider."""

    kind: NoticeKind
    text: str
    at: float | None


class TurnEndedEvent(Struct, frozen=True, gc=False):
    """The client says that the agent has stopped working, and how many background tasks still run."""

    at: float | None
    background_tasks: int = 0


class MetaEvent(Struct, frozen=True, gc=False):
    """What is known of the session; sent when any of it changed. The file's name is the better witness of the id:
    a forked session's file begins with its parent's records."""

    session_id: str | None
    cwd: str | None
    version: str | None
    git_branch: str | None
    title: str | None
    forked_from: str | None = None
    """The session whose records this file begins with, where the client says so."""


class MalformedLine(Struct, frozen=True, gc=False):
    """A line that is no JSON object. The first line of a file is 1, and empty lines count."""

    line: int


Event = (
    PromptEvent
    | RequestEvent
    | AnswerEvent
    | ToolCallEvent
    | ToolResultEvent
    | FileChangedEvent
    | CommandFailedEvent
    | CompactionEvent
    | ResumedEvent
    | NoticeEvent
    | TurnEndedEvent
    | MetaEvent
    | MalformedLine
)
