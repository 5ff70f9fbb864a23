"""Makes turns and requests of a transcript's events, whatever client wrote it.

A turn goes from one prompt of a person to the next, in the order of the file; what lies before the first prompt is
turn 0, if it left anything. A request is counted once per message id and its last record wins. The builder is fed as
the file grows and says what changed since it was last asked, so that the running turn can be shown live. It keeps
prompts and final answers, never what tools were given or returned, and it computes no money.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Literal

from msgspec import Struct
from msgspec.structs import replace

from store.transcripts.events import (
    AnswerEvent,
    CommandFailedEvent,
    CompactionEvent,
    Event,
    FileChangedEvent,
    NoticeEvent,
    PromptEvent,
    RequestEvent,
    ResumedEvent,
    TokenCounts,
    ToolCallEvent,
    ToolResultEvent,
    TurnEndedEvent,
    WriteClass,
)
from store.turn_memory import ChangedFile, FailedCommand, TurnMemory, TurnMemoryAccumulator
from store.words import WaitingFor

Cause = Literal["user", "tool", "notification"]
"""What a request answers: a prompt, a tool's result, the end of something in the background."""

_ASKING_TOOLS = frozenset({"AskUserQuestion", "ExitPlanMode"})
_GOES_ON = frozenset({None, "tool_use", "pause_turn"})
"""Stop reasons after which the agent works on (None: not known yet, which is most records)."""


class Request(Struct):
    """One call to the provider, as far as the transcript knows it. (Changed in place by the builder, which hands out
    copies: a request has several records, and the last one wins.)"""

    message_id: str
    turn: int
    asked_at: float | None
    """When the event that this request answers was written: the nearest to its send."""
    cause: Cause | None
    """None when it follows another request directly."""
    first_at: float | None
    last_at: float | None
    """Times of the first and the last record of its answer."""
    model: str | None
    usage: TokenCounts
    written: WriteClass | None
    stop_reason: str | None
    sidechain: bool
    agent_id: str | None


@dataclass(frozen=True, slots=True)
class Turn:
    """One turn. `ended_at` is its last activity so far; the texts are as the transcript has them."""

    n: int
    started_at: float | None
    ended_at: float | None
    prompt: str
    prompt_id: str | None
    """Id of the prompt's record: a copy of it in a fork's file carries the same one."""
    answer: str
    """The final visible text."""
    memory: TurnMemory
    failed_commands: tuple[FailedCommand, ...]
    """One entry per failed call; the memory names a command that failed twice in the same way once."""
    message_ids: tuple[str, ...]
    compactions: int
    resumed: int
    """How often the session was left and opened again before the next turn."""
    background: int
    """How many background tasks reported into this turn."""

    @property
    def files_changed(self) -> tuple[ChangedFile, ...]:
        """Files changed, each once, in the order of their first change."""
        return self.memory.files_changed


@dataclass(frozen=True, slots=True)
class Changes:
    """What is new or different since the last call, oldest first."""

    turns: tuple[Turn, ...]
    requests: tuple[Request, ...]


@dataclass(slots=True)
class _OpenTurn:
    n: int
    prompt: str = ""
    prompt_id: str | None = None
    first_at: float | None = None
    last_at: float | None = None
    answer_id: str = ""
    answer: list[str] = field(default_factory=list)
    kept: TurnMemoryAccumulator = field(default_factory=TurnMemoryAccumulator)
    failed: list[FailedCommand] = field(default_factory=list)
    message_ids: list[str] = field(default_factory=list)
    compactions: int = 0
    resumed: int = 0
    background: int = 0

    @property
    def shown(self) -> bool:
        """Whether there is such a turn: turn 0 is one only when it left something."""
        return self.n > 0 or bool(self.message_ids or self.failed or self.kept.memory)

    def seen(self, at: float | None) -> None:
        if at is None:
            return
        # A turn starts with its prompt, even where the clock stepped back; turn 0 has none to start with.
        if self.first_at is None or (self.n == 0 and at < self.first_at):
            self.first_at = at
        self.last_at = at if self.last_at is None else max(self.last_at, at)


class TurnBuilder:
    """The turns of one transcript file."""

    def __init__(self) -> None:
        self._turns: list[_OpenTurn] = [_OpenTurn(0)]
        self._requests: dict[str, Request] = {}
        self._changed_turns: set[int] = set()
        self._changed_requests: dict[str, None] = {}
        self._pending: dict[str, str] = {}
        self._asked: tuple[Cause | None, float | None] = (None, None)
        self._resting = True
        self._background_tasks = 0

    @property
    def waiting_for(self) -> WaitingFor | None:
        """What the session waits for, as far as a transcript can tell; None: it works. A permission question leaves
        no trace in a transcript and looks like a running tool: the client's session file knows better."""
        if self._pending:
            asks = not _ASKING_TOOLS.isdisjoint(self._pending.values())
            return WaitingFor.YOU if asks else WaitingFor.TOOL
        if not self._resting:
            return None
        return WaitingFor.BACKGROUND if self._background_tasks else WaitingFor.YOU

    @property
    def turns(self) -> tuple[Turn, ...]:
        """All turns so far."""
        return tuple(self._freeze(turn) for turn in self._turns if turn.shown)

    @property
    def requests(self) -> tuple[Request, ...]:
        """All requests so far, in the order of their first record."""
        return tuple(replace(known) for known in self._requests.values())

    def take_changes(self) -> Changes:
        """The turns and requests that changed since the last call."""
        turns = tuple(self._freeze(self._turns[n]) for n in sorted(self._changed_turns) if self._turns[n].shown)
        requests = tuple(replace(self._requests[message_id]) for message_id in self._changed_requests)
        self._changed_turns.clear()
        self._changed_requests.clear()
        return Changes(turns, requests)

    @property
    def last_write(self) -> WriteClass | None:
        """TTL class of the last request that wrote anything to the cache."""
        return next((known.written for known in reversed(self._requests.values()) if known.written), None)

    def feed(self, events: Iterable[Event]) -> None:
        """Take the next events of the file."""
        for event in events:
            self.take(event)

    def take(self, event: Event) -> None:
        """Take the next event of the file."""
        turn = self._turns[-1]
        match event:
            case RequestEvent():
                self._request(event, turn)
            case ToolCallEvent():
                self._pending[event.call_id] = event.name
                self._resting = False
            case ToolResultEvent():
                self._pending.pop(event.call_id, None)
                self._asked = ("tool", event.at)
            case PromptEvent():
                turn = _OpenTurn(len(self._turns), prompt=event.text, prompt_id=event.record_id)
                self._turns.append(turn)
                # A prompt only comes when the calls before it were answered or given up.
                self._pending.clear()
                self._works("user", event.at)
            case AnswerEvent():
                turn.answer_id, turn.answer = "", [event.text]
            case FileChangedEvent():
                turn.kept.file_changed(event.path, event.kind)
            case CommandFailedEvent():
                turn.failed.append(FailedCommand(event.command, event.exit_code))
                turn.kept.command_failed(event.command, event.exit_code)
            case CompactionEvent():
                turn.compactions += 1
            case ResumedEvent():
                turn.resumed += 1
            case NoticeEvent():
                self._notice(event, turn)
            case TurnEndedEvent():
                self._resting = True
                self._background_tasks = event.background_tasks
            case _:
                return
        turn.seen(event.at)
        self._changed_turns.add(turn.n)

    def _works(self, cause: Cause, at: float | None) -> None:
        self._asked = (cause, at)
        self._resting = False

    def _notice(self, event: NoticeEvent, turn: _OpenTurn) -> None:
        if event.kind in ("interrupt", "api_error"):
            self._pending.clear()
            self._resting = True
        elif event.kind == "background":
            turn.background += 1
            self._works("notification", event.at)
        elif event.kind == "queued":
            self._works("user", event.at)
        elif event.kind == "queued_notification":
            self._works("notification", event.at)

    def _request(self, event: RequestEvent, turn: _OpenTurn) -> None:
        known = self._requests.get(event.message_id)
        if known is None:
            cause, asked_at = self._asked
            self._asked = (None, None)
            turn.message_ids.append(event.message_id)
            known = Request(
                message_id=event.message_id,
                turn=turn.n,
                asked_at=asked_at,
                cause=cause,
                first_at=event.at,
                last_at=event.at,
                model=event.model,
                usage=event.usage or TokenCounts(),
                written=event.written,
                stop_reason=event.stop_reason,
                sidechain=event.sidechain,
                agent_id=event.agent_id,
            )
            self._requests[event.message_id] = known
        else:
            known.last_at = event.at if event.at is not None else known.last_at
            known.model = event.model or known.model
            known.stop_reason = event.stop_reason
            if event.usage is not None:
                known.usage, known.written = event.usage, event.written
        self._changed_requests[event.message_id] = None
        self._changed_turns.add(known.turn)
        if event.sidechain:
            return
        self._resting = event.stop_reason not in _GOES_ON
        if event.text.strip():
            if turn.answer_id != event.message_id:
                turn.answer_id = event.message_id
                turn.answer = []
            turn.answer.append(event.text)

    def _freeze(self, turn: _OpenTurn) -> Turn:
        return Turn(
            n=turn.n,
            started_at=turn.first_at,
            ended_at=turn.last_at,
            prompt=turn.prompt,
            prompt_id=turn.prompt_id,
            answer="\n\n".join(turn.answer),
            memory=turn.kept.memory,
            failed_commands=tuple(turn.failed),
            message_ids=tuple(turn.message_ids),
            compactions=turn.compactions,
            resumed=turn.resumed,
            background=turn.background,
        )
