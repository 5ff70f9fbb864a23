"""What is said through the plugin's folder, as shapes: announcement, ask, answer.

Every value comes from a file that anything of the same user may have written, so each has a bound. Times are seconds
since the epoch, UTC. Types only: no I/O.
"""

from __future__ import annotations

from typing import Annotated, Literal

import msgspec

_Time = Annotated[float, msgspec.Meta(ge=0, le=1e11)]
_Word = Annotated[str, msgspec.Meta(max_length=64)]
_Tokens = Annotated[int, msgspec.Meta(ge=0, le=1_000_000_000)]
_Share = Annotated[float, msgspec.Meta(ge=0, le=1_000)]


class Context(msgspec.Struct, frozen=True):
    """How full the conversation's window is, in tokens; None: not known yet."""

    tokens: _Tokens | None = None
    window: _Tokens | None = None


class Limit(msgspec.Struct, frozen=True):
    """One of the account's rate-limit windows, as the client shows it: `five_hour`, `seven_day`."""

    kind: _Word
    used: _Share
    """0 to 1; past 1 on an exceeded spend limit."""
    resets_at: _Time | None = None


class Announcement(msgspec.Struct, frozen=True):
    """A session with a plugin, and the newest of what it reported."""

    v: Literal[1]
    session: _Word
    instance: _Word
    """Of the module in its process: another one after a reload, and in a second process on the same session."""
    plugin: _Word
    client: _Word
    at: _Time
    """When this was written; a plugin that lives renews it."""
    running: bool | None = None
    """Whether a turn runs; None when the module has not seen one begin or end yet."""
    turn_started_at: _Time | None = None
    turn_ended_at: _Time | None = None
    ended: _Word = ""
    """The client's word for why the session ended (`clear`, `prompt_input_exit`, `resume`, `logout`, `other`)."""
    context: Context | None = None
    limits: Annotated[tuple[Limit, ...], msgspec.Meta(max_length=16)] = ()


class Ask(msgspec.Struct, frozen=True, rename={"not_after": "notAfter"}):
    """One fork that is wanted of one instance. `id`: hexadecimal digits and dashes."""

    id: _Word
    to: _Word
    not_after: float
    plan: bool = False
    """Whether it may leave under a plan's login too; only the client sees which login it is."""


class ForkUsage(msgspec.Struct, frozen=True):
    """Tokens of all requests of a fork together."""

    input: _Tokens = 0
    output: _Tokens = 0
    cache_read: _Tokens = 0
    cache_write: _Tokens = 0


class Answer(msgspec.Struct, frozen=True):
    """What became of an ask. `forking` is written before anything is sent: from then on money may be spent."""

    v: Literal[1]
    id: _Word
    at: _Time
    state: Literal["refused", "forking", "done"]
    reason: _Word = ""
    """Refused: `late`, `busy`, `nothing-to-fork`, `changed` (model, effort, a compaction: a fork would not send what
    is cached), `plan` (it would have left under a plan's login, or under one that cannot be told), `unavailable`,
    `broken`. Done: '' for an answer with text, the client's `api-error`, `empty-reply`, `aborted`, or why the fork's
    next request was held back: `late`, `tool`, `cut` (an answer had begun), `changed` (another request than the first),
    `plan`, `broken`."""
    status: Annotated[int, msgspec.Meta(ge=0, le=999)] | None = None
    """The provider's, where it answered with an error."""
    usage: ForkUsage | None = None
    sends: _Tokens | None = None
    """Requests that were let go. 0: the client does not show them to plugins."""
    tool: bool = False
    """The model tried a tool; the request that would have reported the denial was held back."""
    sent_at: _Time | None = None
    """When the last of them left."""
