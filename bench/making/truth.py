"""What a made-up corpus says, noted while it is written: an import is held against this, not against another reader."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Tokens(NamedTuple):
    """Tokens by class; input excludes cached ones, reasoning is a part of output."""

    input: int = 0
    output: int = 0
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    reasoning: int = 0


def total(tokens: list[Tokens]) -> Tokens:
    """The sum, class by class."""
    return Tokens(*(sum(column) for column in zip(*tokens, strict=True))) if tokens else Tokens()


@dataclass
class TurnTruth:
    """One turn: how many requests, which files (each once, in order), which commands failed with which code."""

    requests: int = 0
    files: list[str] = field(default_factory=list)
    failed: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class FileTruth:
    """What one file says. Turn 0 is what lies before the first prompt."""

    path: str
    """Below the corpus, with forward slashes."""
    client: str
    session: str
    agent_id: str = ""
    bytes: int = 0
    """Of whole lines: a torn last one is not in it."""
    lines: int = 0
    malformed: int = 0
    torn: bool = False
    requests: dict[str, Tokens] = field(default_factory=dict)
    """By message id, in order of appearance; of a forked rollout its own only."""
    turns: list[TurnTruth] = field(default_factory=lambda: [TurnTruth()])
    prompts: int = 0
    slash_commands: int = 0
    shell_commands: int = 0
    notifications: int = 0
    queued: int = 0
    interrupts: int = 0
    compactions: int = 0
    models: list[str] = field(default_factory=list)
    last_write: str | None = None
    first_at: float | None = None
    last_at: float | None = None

    def saw(self, at: float) -> None:
        """A record of this time was written."""
        self.first_at = at if self.first_at is None else min(self.first_at, at)
        self.last_at = at if self.last_at is None else max(self.last_at, at)

    def request(self, message_id: str, model: str, tokens: Tokens, written: str | None) -> None:
        """A request was written with all its records."""
        self.requests[message_id] = tokens
        self.turns[-1].requests += 1
        if model not in self.models:
            self.models.append(model)
        self.last_write = written or self.last_write

    def prompt(self) -> None:
        """A person's prompt was written: a turn begins."""
        self.prompts += 1
        self.turns.append(TurnTruth())

    def changed(self, path: str) -> None:
        """A file was changed in this turn."""
        if path not in self.turns[-1].files:
            self.turns[-1].files.append(path)

    def failed(self, command: str, code: int) -> None:
        """A command failed in this turn."""
        self.turns[-1].failed.append((command, code))

    @property
    def kept_turns(self) -> list[tuple[int, TurnTruth]]:
        """Its turns by number; turn 0 only when it left something. A subagent's work is the main thread's turns'."""
        if self.agent_id:
            return []
        first = self.turns[0]
        skip = 0 if first.requests or first.files or first.failed else 1
        return list(enumerate(self.turns))[skip:]


@dataclass
class TreeTruth:
    """A whole corpus."""

    files: list[FileTruth] = field(default_factory=list)

    def keepers(self) -> dict[str, str]:
        """For each request the file that keeps it: of several copies the one whose path sorts first."""
        keeper: dict[str, str] = {}
        for file in sorted(self.files, key=lambda one: one.path):
            for message_id in file.requests:
                keeper.setdefault(message_id, file.path)
        return keeper

    def totals(self) -> dict[str, Any]:
        """Sums over the tree, each request once."""
        known = {message_id: tokens for file in self.files for message_id, tokens in file.requests.items()}
        turns = [turn for file in self.files for _, turn in file.kept_turns]
        sums = {
            name: sum(getattr(file, name) for file in self.files)
            for name in (
                *("bytes", "lines", "malformed", "torn", "prompts", "slash_commands", "shell_commands"),
                *("notifications", "queued", "interrupts", "compactions"),
            )
        }
        return {
            "files": len(self.files),
            "sessions": len({file.session for file in self.files}),
            **sums,
            "requests": len(known),
            "copies": sum(len(file.requests) for file in self.files) - len(known),
            "tokens": total(list(known.values()))._asdict(),
            "turns": len(turns),
            "files_changed": sum(len(turn.files) for turn in turns),
            "failed_commands": sum(len(turn.failed) for turn in turns),
        }

    def as_json(self) -> dict[str, Any]:
        """Totals, and the facts of each file with its turns."""
        keeper = self.keepers()
        return {"totals": self.totals(), "files": [_file(file, keeper) for file in self.files]}


def _file(file: FileTruth, keeper: dict[str, str]) -> dict[str, Any]:
    kept = [tokens for message_id, tokens in file.requests.items() if keeper[message_id] == file.path]
    facts = {name: value for name, value in vars(file).items() if name not in ("requests", "turns")}
    return {
        **facts,
        "requests": len(file.requests),
        "kept_requests": len(kept),
        "tokens": total(list(file.requests.values()))._asdict(),
        "kept_tokens": total(kept)._asdict(),
        "turns": [{"n": n, **vars(turn)} for n, turn in file.kept_turns],
    }
