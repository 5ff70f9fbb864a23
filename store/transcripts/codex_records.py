"""How a line of a Codex rollout becomes a typed record, and what its parts say in plain values.

One struct holds the fields of every payload that is used, so that a line is decoded once; what only some records
need, or what has several shapes, stays undecoded until it is asked for. A line that does not fit is kept as far as it
goes, as for the other client. Nothing here knows which records count.
"""

from __future__ import annotations

import re
import shlex
from datetime import datetime
from typing import Annotated, NamedTuple

import msgspec
from msgspec import Meta, Raw, Struct

from store.transcripts.decoding import MISFIT, NOTHING, line_decoder, load_json, object_decoder, salvage
from store.transcripts.records import decode_content
from store.turn_memory import ChangeKind

Count = Annotated[int, Meta(ge=0, le=2**53)]
"""Tokens. A figure outside of this range is damage and would not fit the store."""
ExitCode = Annotated[int, Meta(ge=-(2**31), lt=2**32)]


class Tokens(Struct, gc=False):
    """Tokens of one response, or the running total. `input_tokens` includes cached and written ones, `output_tokens`
    includes reasoning."""

    input_tokens: Count | None = None
    cached_input_tokens: Count | None = None
    cache_write_input_tokens: Count | None = None
    output_tokens: Count | None = None
    reasoning_output_tokens: Count | None = None
    total_tokens: Count | None = None


class TokenInfo(Struct, gc=False):
    """`info` of a token_count."""

    total_token_usage: Tokens | None = None
    last_token_usage: Tokens | None = None


class Git(Struct, gc=False):
    """`git` of a session_meta."""

    branch: str | None = None


class Payload(Struct, gc=False):
    """The fields in use, of payloads of every kind."""

    type: str = ""
    # session_meta, turn_context
    id: str | None = None
    cwd: str | None = None
    cli_version: str | None = None
    forked_from_id: str | None = None
    forked_from_ordinal_exclusive: int | None = None
    history_base: Raw = NOTHING
    source: Raw = NOTHING
    git: Git | None = None
    model: str | None = None
    turn_id: str | None = None
    # token_count, token_usage_record
    info: TokenInfo | None = None
    usage: Tokens | None = None
    thread_token_usage: Tokens | None = None
    # calls, their outputs and their ends
    call_id: str | None = None
    name: str | None = None
    arguments: Raw = NOTHING
    action: Raw = NOTHING
    output: Raw = NOTHING
    command: Raw = NOTHING
    exit_code: ExitCode | None = None
    success: bool | None = None
    status: Raw = NOTHING
    changes: Raw = NOTHING
    # messages and the rest
    role: str | None = None
    content: Raw = NOTHING
    message: Raw = NOTHING
    item: Raw = NOTHING
    reason: str | None = None
    trigger: str | None = None
    thread_id: str | None = None
    thread_name: str | None = None


class Record(Struct, gc=False):
    """One line."""

    type: str = ""
    timestamp: Annotated[datetime, Meta(tz=True)] | None = None
    ordinal: int | None = None
    payload: Payload | None = None


class Item(Struct, gc=False):
    """`item` of an item_completed: the newer clients' form of messages, commands and file changes."""

    type: str = ""
    id: str | None = None
    content: Raw = NOTHING
    changes: Raw = NOTHING
    command: Raw = NOTHING
    exit_code: ExitCode | None = None
    source: Raw = NOTHING
    status: Raw = NOTHING


class Change(NamedTuple):
    """A file that a patch changed."""

    path: str
    kind: ChangeKind


class _Change(Struct, gc=False):
    type: str = ""
    move_path: str | None = None


class Arguments(Struct, gc=False):
    """What a shell tool was given."""

    cmd: Raw = NOTHING
    command: Raw = NOTHING


class _Wrapped(Struct, gc=False):
    output: str | None = None


_KINDS: dict[str, ChangeKind] = {"add": "A", "delete": "D", "update": "M"}
_UPDATED = re.compile(r"^Success\. Updated the following files:\n", re.MULTILINE)
_CHANGED: dict[str, ChangeKind] = {"A ": "A", "M ": "M", "D ": "D"}
_EXIT_CODE = re.compile(r"Exit code: (-?\d{1,10})\b")
_EXITED = re.compile(r"^Process exited with code (-?\d{1,10})\b", re.MULTILINE)
_HEADER = 1024
"""Bytes of a tool's output in which its header mostly ends."""

_string = msgspec.json.Decoder(str | None).decode
_words = msgspec.json.Decoder(str | list[str] | None).decode
_changes = msgspec.json.Decoder(dict[str, _Change] | None).decode
_arguments = msgspec.json.Decoder(Arguments).decode
_wrapped = msgspec.json.Decoder(_Wrapped).decode


decode_record = line_decoder(Record)
"""The record in a line, or None when the line is no JSON object."""
decode_item = object_decoder(Item)
"""An item when it is an object."""


def decode_string(raw: Raw) -> str:
    """A string; empty when it is absent or something else."""
    try:
        return _string(raw) or ""
    except MISFIT:
        loaded = load_json(bytes(raw))
    return loaded if isinstance(loaded, str) else ""


def decode_text(raw: Raw) -> str:
    """The text of a message's content, its parts on lines of their own."""
    content = decode_content(raw)
    return content if isinstance(content, str) else "\n".join(part.text for part in content if part.text)


def decode_output(raw: Raw) -> str:
    """What a tool gave back: plain text, the text of its parts, or the `output` of a JSON object in it."""
    text = decode_text(raw)
    if text.startswith("{"):
        try:
            return _wrapped(text).output or text
        except MISFIT:
            return text
    return text


def decode_changes(raw: Raw) -> list[Change]:
    """The files of a patch, in its order, by the names that they had before it."""
    try:
        changes = _changes(raw) or {}
    except MISFIT:
        loaded = load_json(bytes(raw))
        entries = loaded.items() if isinstance(loaded, dict) else ()
        changes = {path: salvage(_Change, change if isinstance(change, dict) else {}) for path, change in entries}
    return [Change(path, "R" if change.move_path else _KINDS.get(change.type, "M")) for path, change in changes.items()]


def changes_in(output: str) -> list[Change]:
    """The files that a patch's output names."""
    success = _UPDATED.search(output)
    changes: list[Change] = []
    for line in output[success.end() :].split("\n") if success else ():
        kind = _CHANGED.get(line[:2])
        if kind is None:
            break
        changes.append(Change(line[2:], kind))
    return changes


def decode_exit_code(raw: Raw) -> int | None:
    """The code that a shell tool's output names, in either of its two forms. What the command printed is not even
    decoded: it is the greater part of a rollout."""
    begin = bytes(memoryview(raw)[:_HEADER])
    end = begin.find(b"\\nOutput:")
    if end > 0 and begin.startswith(b'"'):
        try:
            return _exit_code(_string(begin[:end] + b'"') or "")
        except MISFIT:
            pass  # the backslash was an escaped one
    return _exit_code(decode_output(raw).partition("\nOutput:")[0])


def _exit_code(header: str) -> int | None:
    match = _EXIT_CODE.match(header)
    if match is None and not header.startswith("Output:"):
        match = _EXITED.search(header)
    return int(match[1]) if match else None


def decode_command(raw: Raw) -> str:
    """A command line; of `bash -lc <script>` the script, of other lists their words."""
    try:
        words = _words(raw) or ""
    except MISFIT:
        loaded = load_json(bytes(raw))
        words = [word for word in loaded if isinstance(word, str)] if isinstance(loaded, list) else loaded
    if isinstance(words, list):
        return words[2] if len(words) == 3 and words[1] in ("-lc", "-c") else shlex.join(words)
    return words if isinstance(words, str) else ""


def command_in(raw: Raw) -> str:
    """The command in what a call was given: an object, or a string that holds one. Empty when that is no JSON (then
    nothing was run)."""
    text = decode_string(raw)
    given = decode_arguments(text.encode() if text else bytes(raw))
    return decode_command(given.cmd) or decode_command(given.command)


def decode_arguments(data: bytes) -> Arguments:
    """A call's arguments as far as they can be read."""
    try:
        return _arguments(data)
    except MISFIT:
        loaded = load_json(data)
    return salvage(Arguments, loaded) if isinstance(loaded, dict) else Arguments()


def was_applied(record: Payload | Item) -> bool:
    """Whether a patch was applied. Items have no `success` of their own."""
    success = record.success if isinstance(record, Payload) else None
    return success if success is not None else decode_string(record.status) == "completed"
