"""What one simulated agent is told to do: plain data that travels to its process as one line of JSON.

Standard library only: each agent of the demo is a process of its own and has to stay light. Times are seconds.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Call:
    """One tool call of a turn. Nothing is run or written: the agent waits and reports what the script says."""

    tool: Literal["run", "write"]
    what: str
    """The command, or the file's path below the project's folder."""
    seconds: float
    """How long it takes."""
    result: str = ""
    """What a command printed."""
    exit_code: int = 0
    creates: bool = False
    """The written file is new."""
    asks_for: float = 0.0
    """How long a person is asked for permission before."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One prompt, what is done about it, its answer, and how long nobody says anything afterwards."""

    prompt: str
    calls: tuple[Call, ...]
    answer: str
    answer_seconds: float
    pause: float


@dataclass(frozen=True, slots=True)
class Script:
    """One session. `url` holds the launch's token, so a script is passed on a pipe and never on a command line."""

    url: str
    key: str
    session_id: str
    cwd: str
    claude_dir: str
    title: str
    model: str
    ttl: Literal["5m", "1h"]
    prefix_tokens: int
    """Size of the conversation that the session opens with, by the stand-in's measure (four bytes a token)."""
    starts_after: float
    turns: tuple[Turn, ...]
    again: int | None
    """The turn with which the session goes on after the last one; None: it ends there."""
    at_most: float
    """No new turn starts when the session is this old: a forgotten demo comes to rest."""


def to_line(script: Script) -> str:
    """The script as one line."""
    return json.dumps(asdict(script)) + "\n"


def from_line(line: str) -> Script:
    """The script that `to_line` wrote."""
    raw = json.loads(line)
    turns = tuple(Turn(**{**turn, "calls": tuple(Call(**call) for call in turn["calls"])}) for turn in raw["turns"])
    return Script(**{**raw, "turns": turns})
