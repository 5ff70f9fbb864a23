"""How a line of a Claude Code transcript becomes a typed record, and what happens when it does not fit.

The quick path decodes only the fields that are used and skips the rest unparsed. A line that does not fit (a field
of another type, a lone surrogate) goes through the standard library, which is also the judge of what is malformed:
then every field that can be read is kept. Nothing here knows what a record means.
"""

from __future__ import annotations

import json
import typing
from datetime import datetime
from typing import Annotated, TypeVar

import msgspec
from msgspec import Meta, Raw, Struct

NOTHING = Raw(b"null")
"""A field that is absent."""


class Cached(Struct):
    """Tokens written to the cache, by class."""

    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class Tokens(Struct):
    """`message.usage`."""

    input_tokens: int | None = None
    output_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: Cached | None = None


class ToolInput(Struct):
    """The one field of a tool's input that is used."""

    command: str | None = None


class Block(Struct):
    """One block of a message's content."""

    type: str = ""
    text: str | None = None
    id: str | None = None
    name: str | None = None
    input: ToolInput | None = None
    tool_use_id: str | None = None
    is_error: bool | None = None
    content: Raw = NOTHING


class Message(Struct):
    """`message` of user and assistant records."""

    id: str | None = None
    model: str | None = None
    stop_reason: str | None = None
    usage: Tokens | None = None
    content: Raw = NOTHING


class ToolResult(Struct, rename="camel"):
    """`toolUseResult`, where it describes a changed file."""

    file_path: str | None = None
    structured_patch: Raw = NOTHING
    type: str | None = None


class Origin(Struct):
    """Who caused a user record."""

    kind: str | None = None


class Attachment(Struct, rename="camel"):
    """What the client put into the conversation by itself."""

    type: str = ""
    command_mode: str | None = None
    prompt: Raw = NOTHING


class CompactMetadata(Struct):
    """Why a compaction happened."""

    trigger: str | None = None


class Record(Struct, rename="camel"):
    """One line."""

    type: str = ""
    subtype: str | None = None
    uuid: str | None = None
    timestamp: Annotated[datetime, Meta(tz=True)] | None = None
    session_id: str | None = None
    agent_id: str | None = None
    cwd: str | None = None
    version: str | None = None
    git_branch: str | None = None
    is_meta: bool | None = None
    is_sidechain: bool | None = None
    is_compact_summary: bool | None = None
    is_api_error_message: bool | None = None
    origin: Origin | None = None
    message: Message | None = None
    attachment: Attachment | None = None
    compact_metadata: CompactMetadata | None = None
    pending_background_agent_count: int | None = None
    tool_use_result: Raw = NOTHING
    custom_title: str | None = None
    ai_title: str | None = None
    summary: str | None = None


_S = TypeVar("_S", bound=Struct)
MISFIT = (msgspec.DecodeError, RecursionError)
"""What the quick path raises for a line that does not fit, malformed or not."""
_record = msgspec.json.Decoder(Record).decode
_content = msgspec.json.Decoder(str | list[Block] | None).decode
_tool_result = msgspec.json.Decoder(ToolResult).decode


def decode_record(line: bytes) -> Record | None:
    """The record in a line, or None when the line is no JSON object."""
    if not line.isascii() and not is_utf8(line):
        return None
    try:
        return _record(line)
    except MISFIT:
        loaded = load_json(line)
    return salvage(Record, loaded) if isinstance(loaded, dict) else None


def decode_content(raw: Raw) -> str | list[Block]:
    """A message's content: its text, or its blocks. Content of any other shape is an empty list."""
    try:
        return _content(raw) or []
    except MISFIT:
        loaded = load_json(bytes(raw))
    if isinstance(loaded, list):
        return [salvage(Block, block) for block in loaded if isinstance(block, dict)]
    return loaded if isinstance(loaded, str) else []


def decode_tool_result(raw: Raw) -> ToolResult | None:
    """`toolUseResult` when it is an object."""
    try:
        return _tool_result(raw)
    except MISFIT:
        loaded = load_json(bytes(raw))
    return salvage(ToolResult, loaded) if isinstance(loaded, dict) else None


def is_utf8(line: bytes) -> bool:
    """Whether a line is text at all: strings that are skipped are not looked at by the quick path."""
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True


def load_json(data: bytes) -> object:
    """The JSON value with lone surrogates replaced (they cannot be stored), or None when it is no JSON."""
    try:
        loaded = json.loads(data)
        return json.loads(json.dumps(loaded, ensure_ascii=False).encode("utf-8", "replace"))
    except (ValueError, RecursionError):
        return None


def salvage(cls: type[_S], loaded: dict[str, object]) -> _S:
    """A struct from the fields that fit; the others keep their defaults."""
    fitting: dict[str, object] = {}
    for field in msgspec.structs.fields(cls):
        if field.encode_name not in loaded:
            continue
        value = loaded[field.encode_name]
        nested = next(part for part in typing.get_args(field.type) or (field.type,) if part is not type(None))
        if nested is Raw:
            fitting[field.name] = Raw(json.dumps(value).encode())
        elif isinstance(value, dict) and isinstance(nested, type) and issubclass(nested, Struct):
            fitting[field.name] = salvage(nested, value)
        else:
            try:
                fitting[field.name] = msgspec.convert(value, field.type)
            except msgspec.ValidationError:
                continue
    return cls(**fitting)
