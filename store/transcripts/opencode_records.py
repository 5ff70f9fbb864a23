"""How a row of OpenCode's database, given as a line, becomes a typed record.

The client keeps messages and parts as JSON in a column `data`; a line holds one row. What has several shapes, or what
only some parts have, stays undecoded until it is asked for. Nothing here knows which records count.
"""

from __future__ import annotations

from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from store.transcripts.decoding import MISFIT, NOTHING, decode, line_decoder, load_json, salvage

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Tokens. A figure outside of this range is damage and would not fit the store."""
Millis = Annotated[float, Meta(gt=0, lt=1e14)]
"""Milliseconds since the epoch."""
ExitCode = Annotated[int, Meta(ge=-(2**31), lt=2**32)]


class Original(Struct):
    """The message that a fork's message was copied from."""

    id: str | None = None
    session: str | None = None


class Row(Struct):
    """One line. `session` is the main thread's id where the row is a subagent's session."""

    table: str = ""
    id: str | None = None
    session: str | None = None
    message: str | None = None
    original: Original | None = None
    data: Raw = NOTHING


class Session(Struct):
    """A row of `session`: plain columns."""

    id: str | None = None
    parent_id: str | None = None
    directory: str | None = None
    title: str | None = None
    version: str | None = None
    time_created: Millis | None = None
    time_updated: Millis | None = None


class Cache(Struct):
    """Tokens read from and written to the cache."""

    read: Count | None = None
    write: Count | None = None


class Tokens(Struct):
    """Usage of one message. `input` excludes cached tokens, `output` excludes reasoning, for every provider."""

    input: Count | None = None
    output: Count | None = None
    reasoning: Count | None = None
    cache: Cache | None = None


class Span(Struct):
    """When something began and ended: messages and parts name it differently."""

    created: Millis | None = None
    completed: Millis | None = None
    start: Millis | None = None
    end: Millis | None = None


class Failure(Struct):
    """Why a message came to nothing."""

    name: str | None = None
    data: Raw = NOTHING


class Message(Struct, rename={"parent_id": "parentID", "model_id": "modelID"}):
    """`data` of a message."""

    role: str = ""
    parent_id: str | None = None
    model_id: str | None = None
    tokens: Tokens | None = None
    time: Span | None = None
    finish: str | None = None
    error: Failure | None = None
    summary: Raw = NOTHING


class ToolState(Struct):
    """What became of a tool call."""

    status: str = ""
    input: Raw = NOTHING
    metadata: Raw = NOTHING
    time: Span | None = None


class Part(Struct, rename={"call_id": "callID"}):
    """`data` of a part."""

    type: str = ""
    text: str | None = None
    prompt: str | None = None
    synthetic: bool | None = None
    ignored: bool | None = None
    auto: bool | None = None
    tool: str | None = None
    call_id: str | None = None
    state: ToolState | None = None
    time: Span | None = None


class ToolInput(Struct, rename="camel"):
    """The fields of a tool's input that are used."""

    command: str | None = None
    file_path: str | None = None


class FileDiff(Struct):
    """`filediff` of an edit."""

    file: str | None = None


class Metadata(Struct):
    """What a tool knows beside its text. Only `edit` has a diff of one file, only `apply_patch` has `files`."""

    exit: ExitCode | None = None
    diff: str | None = None
    filediff: FileDiff | None = None
    filepath: str | None = None
    exists: bool | None = None
    files: Raw = NOTHING


class PatchedFile(Struct, rename="camel"):
    """One of the `files` of a patch."""

    file_path: str | None = None
    move_path: str | None = None
    type: str = ""


class _Said(Struct):
    message: str | None = None


_S = TypeVar("_S", bound=Struct)
_patched = msgspec.json.Decoder(list[PatchedFile] | None).decode


decode_row = line_decoder(Row)
"""The row in a line, or None when the line is no JSON object."""


def decode_files(raw: Raw) -> list[PatchedFile]:
    """The files of a patch."""
    try:
        return _patched(raw) or []
    except MISFIT:
        loaded = load_json(bytes(raw))
    return [salvage(PatchedFile, one) for one in loaded if isinstance(one, dict)] if isinstance(loaded, list) else []


def is_summary(message: Message) -> bool:
    """Whether an assistant's message is the summary of a compaction (a person's has an object of that name)."""
    return bytes(message.summary).strip() == b"true"


def failure_text(failure: Failure) -> str:
    """An error in words; its name when there are none."""
    return decode(_Said, failure.data).message or failure.name or ""


def seconds(millis: float | None) -> float | None:
    """Seconds since the epoch."""
    return None if millis is None else millis / 1000
