"""What the reference counter counts, and how it reads a line: `json.loads`, whole files in memory."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

Record = dict[str, Any]

_LARGEST = 2**63
_TIME = re.compile(r"\d{4}-\d\d-\d\d[Tt ]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:?\d\d)", re.ASCII)
_TEXTS = ("text", "input_text", "output_text")


class Tokens(NamedTuple):
    """Tokens by class; input excludes cached ones, reasoning is a part of output."""

    input: int = 0
    read: int = 0
    write_5m: int = 0
    write_1h: int = 0
    output: int = 0
    reasoning: int = 0

    def plus(self, other: Tokens) -> Tokens:
        """The sum, class by class."""
        return Tokens(*(mine + theirs for mine, theirs in zip(self, other, strict=True)))


_NOTHING = Tokens()


@dataclass
class RequestCount:
    """One request; `turn` is the turn of the file in which it first appeared."""

    id: str
    turn: int
    at: float | None = None
    model: str | None = None
    tokens: Tokens = _NOTHING
    written: str | None = None
    total: int = 0


@dataclass
class TurnCount:
    """One turn: ids, paths and (command, exit code), each in order of appearance."""

    prompt: str | None
    requests: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    failed: list[tuple[str, int]] = field(default_factory=list)


@dataclass
class FileCount:
    """What one file says. A forked rollout's `requests` are its own; those of its parent are in `parents`."""

    path: Path
    client: str
    session: str = ""
    agent_id: str = ""
    requests: dict[str, RequestCount] = field(default_factory=dict)
    parents: dict[str, RequestCount] = field(default_factory=dict)
    turns: dict[int, TurnCount] = field(default_factory=lambda: {0: TurnCount(prompt=None)})
    prompts: int = 0
    slash_commands: int = 0
    shell_commands: int = 0
    notifications: int = 0
    queued: int = 0
    interrupts: int = 0
    compactions: list[str] = field(default_factory=list)
    failed_ids: list[str] = field(default_factory=list)
    polled: list[tuple[str, int]] = field(default_factory=list)
    malformed: list[int] = field(default_factory=list)
    lines: int = 0
    first_at: float | None = None
    last_at: float | None = None

    @property
    def tokens(self) -> Tokens:
        """Sum over the file's own requests."""
        return total(request.tokens for request in self.requests.values())

    @property
    def models(self) -> list[str]:
        """Models of its requests, in order of appearance."""
        return list(dict.fromkeys(r.model for r in self.requests.values() if r.model))

    @property
    def last_write(self) -> str | None:
        """TTL class of the last request that wrote anything."""
        written = [request.written for request in self.requests.values() if request.written]
        return written[-1] if written else None

    @property
    def files(self) -> list[str]:
        """Files changed, one entry for each change, in order."""
        return [path for turn in self.turns.values() for path in turn.files]

    @property
    def failed(self) -> list[tuple[str, int]]:
        """Failed commands in order."""
        return [command for turn in self.turns.values() for command in turn.failed]

    @property
    def kept_turns(self) -> dict[int, TurnCount]:
        """Its turns; what lies before the first prompt is one if it holds anything."""
        first = self.turns[0]
        empty = not (first.requests or first.files or first.failed)
        return {n: turn for n, turn in self.turns.items() if n or not empty}

    @property
    def turn(self) -> int:
        """Number of the turn that is going on."""
        return len(self.turns) - 1

    def saw(self, at: float | None) -> None:
        """A record of this time."""
        if at is not None:
            self.first_at = at if self.first_at is None else min(self.first_at, at)
            self.last_at = at if self.last_at is None else max(self.last_at, at)

    def add_prompt(self, text: str) -> None:
        """A person's prompt: the next turn begins."""
        self.prompts += 1
        self.turns[len(self.turns)] = TurnCount(prompt=text)

    def add_failed(self, call_id: str, command: str, code: int) -> None:
        """A failed command, listed once for each call, where it was first seen."""
        if not call_id or call_id not in self.failed_ids:
            self.failed_ids.append(call_id)
            self.turns[self.turn].failed.append((command, code))


def total(tokens: Iterable[Tokens]) -> Tokens:
    """The sum of some tokens."""
    result = _NOTHING
    for one in tokens:
        result = result.plus(one)
    return result


def read_records(file: FileCount, data: bytes) -> list[Record]:
    """The objects of a file; its lines and malformed ones are noted."""
    *whole, _torn = data.split(b"\n")  # a last line without newline is left for later, even if it reads well
    file.lines = len(whole)
    records: list[Record] = []
    for number, line in enumerate(whole, 1):
        if not line.strip():
            continue
        try:
            value = json.loads(line.decode("utf-8"), parse_constant=_no_number, parse_int=_whole)
        except (ValueError, RecursionError):
            value = None
        if isinstance(value, dict):
            records.append(value)
        else:
            file.malformed.append(number)
    return records


def _no_number(literal: str) -> NoReturn:
    raise ValueError(f"{literal} is no JSON")


def _whole(digits: str) -> int:
    return int(digits) if len(digits) < 25 else -1


def as_count(value: object) -> int:
    """A figure that a column can hold, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST else 0


def as_object(value: object) -> Record:
    """An object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_text(value: object) -> str:
    """A text, else an empty one."""
    return value if isinstance(value, str) else ""


def flat_text(content: object) -> str:
    """A text, or the text blocks of a list joined."""
    if isinstance(content, list):
        blocks = [as_object(block) for block in content]
        return "\n".join(as_text(block.get("text")) for block in blocks if block.get("type") in _TEXTS)
    return as_text(content)


def as_time(value: object) -> float | None:
    """Seconds since the epoch of a time as RFC 3339 writes it, else None. (`fromisoformat` reads far more, among it
    `20:27:060Z`.)"""
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        return None
    try:
        return datetime.fromisoformat(value).timestamp()
    except (ValueError, OverflowError):
        return None
