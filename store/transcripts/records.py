"""The records of a Claude Code transcript, as far as they are used. Nothing here knows what a record means."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import Meta, Raw, Struct

from store.transcripts.decoding import MISFIT, NOTHING, line_decoder, load_json, object_decoder, salvage


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


_content = msgspec.json.Decoder(str | list[Block] | None).decode

decode_record = line_decoder(Record)
"""The record in a line, or None when the line is no JSON object."""
decode_tool_result = object_decoder(ToolResult)
"""`toolUseResult` when it is an object."""


def decode_content(raw: Raw) -> str | list[Block]:
    """A message's content: its text, or its blocks. Content of any other shape is an empty list."""
    try:
        return _content(raw) or []
    except MISFIT:
        loaded = load_json(bytes(raw))
    if isinstance(loaded, list):
        return [salvage(Block, block) for block in loaded if isinstance(block, dict)]
    return loaded if isinstance(loaded, str) else []
