"""How a line of a Gemini CLI chat becomes a typed record.

A line is one of four things, told apart by a field: the head of the file, a message, `$set` with new values for the
head (or a whole new list of messages), or `$rewindTo`. What has several shapes stays undecoded until it is asked for.
Nothing here knows which records count.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

from store.transcripts.decoding import MISFIT, NOTHING, decode, line_decoder, load_json, salvage

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Tokens. A figure outside of this range is damage and would not fit the store."""
Time = Annotated[datetime, Meta(tz=True)]


class Tokens(Struct):
    """Tokens of one answer. `input` includes what was `cached`; `output` excludes `thoughts`; `tool` (the results of
    tools that the provider runs itself) is in none of the others."""

    input: Count | None = None
    output: Count | None = None
    cached: Count | None = None
    thoughts: Count | None = None
    tool: Count | None = None


class Head(Struct, rename="camel"):
    """The head's values, at the start of the file or in a `$set`."""

    session_id: str | None = None
    project_hash: str | None = None
    start_time: Time | None = None
    last_updated: Time | None = None
    kind: str | None = None
    summary: str | None = None
    directories: Raw = NOTHING
    messages: Raw = NOTHING


_NAMES = {
    "changes": "$set",
    "rewind_to": "$rewindTo",
    "display_content": "displayContent",
    "tool_calls": "toolCalls",
}


class Record(Head, rename=_NAMES):
    """One line."""

    changes: Raw = NOTHING
    rewind_to: str | None = None
    id: str | None = None
    type: str = ""
    timestamp: Time | None = None
    content: Raw = NOTHING
    display_content: Raw = NOTHING
    model: str | None = None
    tokens: Tokens | None = None
    tool_calls: Raw = NOTHING


class Part(Struct, rename="camel"):
    """One part of a message's content."""

    text: str | None = None
    thought: bool | None = None
    function_response: Raw = NOTHING
    inline_data: Raw = NOTHING
    file_data: Raw = NOTHING


class Arguments(Struct):
    """The fields of a tool's arguments that are used."""

    command: str | None = None
    file_path: str | None = None


class Display(Struct, rename="camel"):
    """`resultDisplay` of a tool that changed a file."""

    file_diff: str | None = None
    file_name: str | None = None
    file_path: str | None = None
    is_new_file: bool | None = None


class ToolCall(Struct, rename="camel"):
    """A tool call that has ended, with its result."""

    id: str | None = None
    name: str | None = None
    status: str | None = None
    timestamp: Time | None = None
    args: Raw = NOTHING
    result: Raw = NOTHING
    result_display: Raw = NOTHING


class _Response(Struct):
    output: str | None = None
    error: str | None = None


class _FunctionResponse(Struct):
    response: Raw = NOTHING


_EXIT_CODE = re.compile(
    r"^Exit Code: (-?\d{1,10})"
    r"(?:\n(?:Signal|Background PIDs|Process Group PGID): [^\n]*)*(?:\n</untrusted_context>)?\s*\Z",
    re.MULTILINE,
)
"""Stands in the last lines that the shell tool writes below a command's output; the output may say the same."""

_S = TypeVar("_S", bound=Struct)


decode_record = line_decoder(Record)
"""The record in a line, or None when the line is no JSON object."""


def decode_list(cls: type[_S], raw: Raw) -> list[_S]:
    """The objects of a list, each as far as it fits. One object alone is a list of one."""
    try:
        return msgspec.json.decode(raw, type=list[cls])  # type: ignore[valid-type]
    except MISFIT:
        loaded = load_json(bytes(raw))
    found = loaded if isinstance(loaded, list) else [loaded]
    return [salvage(cls, one) for one in found if isinstance(one, dict)]


def decode_parts(raw: Raw) -> list[Part]:
    """A message's content, which is a text, a part, or a list of texts and parts."""
    try:
        return msgspec.json.decode(raw, type=list[Part])
    except MISFIT:
        loaded = load_json(bytes(raw))
    found = loaded if isinstance(loaded, list) else [loaded]
    return [
        Part(text=one) if isinstance(one, str) else salvage(Part, one) for one in found if isinstance(one, str | dict)
    ]


def decode_strings(raw: Raw) -> list[str]:
    """The strings of a list."""
    loaded = load_json(bytes(raw))
    return [one for one in loaded if isinstance(one, str)] if isinstance(loaded, list) else []


def exit_code_in(raw: Raw) -> int | None:
    """The code that the shell tool's result names; it names none but those of failures."""
    for part in decode_parts(raw):
        response = decode(_Response, decode(_FunctionResponse, part.function_response).response)
        match = _EXIT_CODE.search(response.output or response.error or "")
        if match:
            return int(match[1])
    return None
