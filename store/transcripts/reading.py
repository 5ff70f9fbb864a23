"""Everything that one transcript says: its turns, its requests, and the facts of the file as a whole.

Fed with lines as they come; asked for all of it (an import) or for what is new (a file that is followed). It opens
nothing and stores nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from store.transcripts.clients import Client
from store.transcripts.events import (
    CompactionEvent,
    Event,
    MetaEvent,
    NoticeEvent,
    NoticeKind,
    PromptEvent,
    WriteClass,
)
from store.transcripts.turns import Changes, TurnBuilder

_NOTED = frozenset({CompactionEvent, MetaEvent, NoticeEvent, PromptEvent})

_COUNTED: dict[NoticeKind, str] = {
    "background": "notifications",
    "queued": "queued",
    "interrupt": "interrupts",
    "slash_command": "slash_commands",
    "shell_command": "shell_commands",
}


@dataclass(slots=True)
class Facts:
    """What the file says beside its turns. Times are seconds since the epoch, UTC."""

    session_id: str = ""
    """As its records name it; the file's name is the better witness."""
    cwd: str = ""
    title: str = ""
    client_version: str = ""
    forked_from: str | None = None
    lines: int = 0
    malformed: int = 0
    first_at: float | None = None
    last_at: float | None = None
    last_write: WriteClass | None = None
    """TTL class of the last request that wrote anything."""
    compacted_at: list[float | None] = field(default_factory=list)
    prompts: int = 0
    queued: int = 0
    notifications: int = 0
    slash_commands: int = 0
    shell_commands: int = 0
    interrupts: int = 0


class Reading:
    """One transcript, read so far."""

    def __init__(self, client: Client) -> None:
        self._reader = client.reader()
        self._facts = Facts()
        self.builder = TurnBuilder()

    def feed(self, lines: Iterable[bytes]) -> None:
        """Take the next lines of the file."""
        take = self.builder.take
        for event in self._reader.feed(lines):
            take(event)
            if type(event) in _NOTED:
                self._note(event)

    def _note(self, event: Event) -> None:
        facts = self._facts
        match event:
            case PromptEvent():
                facts.prompts += 1
            case NoticeEvent(kind=kind):
                if name := _COUNTED.get(kind):
                    setattr(facts, name, getattr(facts, name) + 1)
            case CompactionEvent(at=at):
                facts.compacted_at.append(at)
            case MetaEvent():
                facts.session_id = event.session_id or facts.session_id
                facts.cwd = facts.cwd or event.cwd or ""  # where it began: shells wander
                facts.title = event.title or facts.title
                facts.client_version = event.version or facts.client_version
                facts.forked_from = event.forked_from or facts.forked_from

    @property
    def facts(self) -> Facts:
        """What is known of the file so far."""
        reader, facts = self._reader, self._facts
        facts.lines, facts.malformed = reader.line_no, reader.malformed
        facts.first_at, facts.last_at = reader.first_at, reader.last_at
        facts.last_write = self.builder.last_write
        return facts

    def take_changes(self) -> Changes:
        """The turns and requests that changed since the last call."""
        return self.builder.take_changes()
