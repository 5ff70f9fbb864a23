"""What a resume brief holds: enough of a session to go on in a fresh one, and what it costs beside a cold resume."""

from __future__ import annotations

from typing import Literal

from store.row import Row

OpenEnd = Literal["running", "no_answer", "permission", "asks", "failed"]
"""`running`: the last turn goes on. `no_answer`: it ended without a final text. `permission`: it waits for one.
`asks`: the final text ends with a question. `failed`: commands failed in the last turn."""


class BriefText(Row, frozen=True, kw_only=True):
    """Something that was asked or answered; the text as the brief shows it."""

    turn: int
    at: float | None
    text: str
    cut: bool
    """Its middle was left out."""


class BriefFile(Row, frozen=True, kw_only=True):
    """A file that the session changed, and what its changes amount to."""

    path: str
    kind: Literal["A", "M", "D", "R"]
    turn: int
    """The last one that changed it."""


class BriefFailure(Row, frozen=True, kw_only=True):
    """A command that failed. Commands that succeed leave no record, so it may have succeeded since."""

    command: str
    exit_code: int
    """Of the last failure, which was in `turn`."""
    turn: int
    times: int


class LeftOut(Row, frozen=True, kw_only=True):
    """What did not fit."""

    what: Literal["prompts", "files", "commands", "characters"]
    """`characters` are those of the texts that are shown."""
    shown: int
    of: int


class Brief(Row, frozen=True, kw_only=True):
    """`brief --json`. Lists and texts are what `markdown` shows, so `left_out` holds for both."""

    session: str
    agent: str
    project: str
    cwd: str
    title: str
    model: str | None
    last_at: float | None
    turns: int
    compactions: int
    prompts: tuple[BriefText, ...]
    """The first one and the last ones, in order."""
    answers: tuple[BriefText, ...]
    """The last final text, and the ones before it where there was room, in order."""
    files_changed: tuple[BriefFile, ...]
    """Last changed first."""
    failed_commands: tuple[BriefFailure, ...]
    """Last failed first."""
    open_ends: tuple[OpenEnd, ...]
    left_out: tuple[LeftOut, ...]
    cold_tokens: int | None
    """What a cold resume writes again."""
    cold_usd: float | None
    chars: int
    tokens: int
    """Of `markdown`, estimated; `usd` is what writing them costs at the same price as a cold resume."""
    usd: float | None
    markdown: str
