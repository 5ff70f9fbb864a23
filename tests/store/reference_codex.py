"""The reference counter for Codex rollouts, naive on purpose: two passes, no state but the loop's."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tests.store.reference_model import (
    FileCount,
    Record,
    RequestCount,
    Tokens,
    as_count,
    as_object,
    as_text,
    as_time,
    flat_text,
    read_records,
)

_SHELL_TOOLS = frozenset({"exec_command", "shell", "shell_command", "local_shell", "container.exec"})


_UPDATED = "Success. Updated the following files:"


FORK_SECONDS = 0.5
"""Of a forked rollout, what is stamped less than this after the file's first record is its parent's."""


def count_codex(path: Path, data: bytes) -> FileCount:
    """Count a Codex rollout."""
    file = FileCount(path, "codex", session=path.stem[-36:])
    records = read_records(file, data)
    payloads = [as_object(record.get("payload")) for record in records]
    metas = [p for r, p in zip(records, payloads, strict=True) if r.get("type") == "session_meta"]
    until = None
    start = as_time(records[0].get("timestamp")) if records else None
    if metas and as_text(metas[0].get("forked_from_id")) and start is not None:
        until = start + FORK_SECONDS
    calls = {
        payload["call_id"]: payload
        for record, payload in zip(records, payloads, strict=True)
        if record.get("type") == "response_item" and payload.get("type") in ("function_call", "custom_tool_call")
        if isinstance(payload.get("call_id"), str) and isinstance(payload.get("name"), str)
    }
    events = [p for r, p in zip(records, payloads, strict=True) if r.get("type") == "event_msg"]
    ended = {
        as_text(p.get("call_id")): _code(p.get("exit_code")) for p in events if p.get("type") == "exec_command_end"
    }
    patched = {as_text(p.get("call_id")) for p in events if p.get("type") == "patch_apply_end"}
    model: str | None = None
    running: Any = None
    counted = 0
    seen: set[str] = set()
    for record, payload in zip(records, payloads, strict=True):
        at = as_time(record.get("timestamp"))
        file.saw(at)
        copied = until is not None and at is not None and at < until
        kind, what = record.get("type"), payload.get("type")
        if kind == "turn_context" and isinstance(payload.get("model"), str):
            model = payload["model"]
        elif kind == "event_msg" and what == "token_count":
            info = as_object(payload.get("info"))
            now = as_object(info.get("total_token_usage")).get("total_tokens")
            if not isinstance(now, int) or isinstance(now, bool) or now == running:
                continue
            running = now
            request = _codex_request(str(counted), file.turn, info, at, model)
            counted += 1
            (file.parents if copied else file.requests)[request.id] = request
            if not copied:
                file.turns[file.turn].requests.append(request.id)
        elif copied:
            seen.add(as_text(payload.get("call_id")))
        elif kind == "compacted":
            file.compactions.append("")
        elif kind == "event_msg" and what == "turn_aborted":
            file.interrupts += 1
        elif kind == "event_msg" and what == "user_message":
            file.add_prompt(as_text(payload.get("message")))
        elif isinstance(payload.get("call_id"), str) and kind in ("event_msg", "response_item"):
            _codex_call(file, payload, calls, ended, patched, seen)
    return file


def _codex_request(request_id: str, turn: int, info: Record, at: float | None, model: str | None) -> RequestCount:
    last = as_object(info.get("last_token_usage"))
    cached, written = as_count(last.get("cached_input_tokens")), as_count(last.get("cache_write_input_tokens"))
    tokens = Tokens(
        input=max(0, as_count(last.get("input_tokens")) - cached - written),  # all three are apart, as everywhere
        read=cached,
        write_5m=written,
        output=as_count(last.get("output_tokens")),
        reasoning=as_count(last.get("reasoning_output_tokens")),
    )
    spent = as_count(last.get("total_tokens"))
    return RequestCount(request_id, turn, at, model, tokens, "unknown" if written else None, spent)


def _codex_call(
    file: FileCount,
    payload: Record,
    calls: Mapping[str, Record],
    ended: Mapping[Any, Any],
    patched: set[Any],
    seen: set[str],
) -> None:
    call_id, what = payload["call_id"], payload.get("type")
    call = calls.get(call_id, {})
    output = _codex_output(payload.get("output"))
    paths: list[str] = []
    if what == "patch_apply_end" and payload.get("success") is True:
        paths = list(as_object(payload.get("changes")))
    elif what in ("function_call_output", "custom_tool_call_output") and call.get("name") == "apply_patch":
        paths = _updated(output) if call_id not in patched else []
    if paths and call_id not in seen:
        seen.add(call_id)
        file.turns[file.turn].files.extend(paths)
    if what == "exec_command_end":
        code = _code(payload.get("exit_code"))
        if code:
            file.add_failed(call_id, _codex_command(call), code)
    elif what == "function_call_output" and f"output of {call_id}" not in seen:  # a call has one result: the first
        seen.add(f"output of {call_id}")
        found = re.match(r"Exit code: (-?\d+)", output) or re.search(
            r"^Process exited with code (-?\d+)", output.split("\nOutput:", 1)[0], re.MULTILINE
        )
        if found and int(found[1]) and call.get("name") in _SHELL_TOOLS:
            told = ended.get(call_id)
            code = (
                int(found[1]) if told is None else told
            )  # the event is the better witness, the place is the first one
            if code:
                file.add_failed(call_id, _codex_command(call), code)
        elif found and int(found[1]) and call.get("name") == "write_stdin":
            file.polled.append((call_id, int(found[1])))


def _updated(output: str) -> list[str]:
    paths: list[str] = []
    for line in output.partition(_UPDATED)[2].split("\n")[1:]:
        if not re.match(r"[AMD] ", line):
            break
        paths.append(line[2:])
    return paths


def _codex_command(call: Record) -> str:
    try:
        arguments = as_object(json.loads(as_text(call.get("arguments"))))
    except ValueError:
        return ""
    command = arguments.get("cmd", arguments.get("command"))
    if isinstance(command, list):
        return as_text(command[-1]) if command else ""
    return as_text(command)


def _codex_output(output: object) -> str:
    text = flat_text(output)
    try:
        inner = json.loads(text)
    except (ValueError, RecursionError):
        return text
    return as_text(as_object(inner).get("output")) or text


def _code(value: object) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None
