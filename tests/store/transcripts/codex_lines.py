"""Lines of a rollout for tests, and what a reader makes of them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TypeVar

from store.transcripts.codex import CodexReader
from store.transcripts.events import Event

FIXTURES = Path(__file__).with_name("fixtures") / "codex"
THREAD = "019e0000-0000-7000-8000-000000000001"
PARENT = "019d0000-0000-7000-8000-000000000002"
AT = 1_795_514_400.0
"""2026-11-24T10:00:00Z."""

_E = TypeVar("_E", bound=Event)


def line(kind: str, payload: object, *, after: float = 0.0, **values: object) -> bytes:
    """One record, so many seconds after AT."""
    minutes, seconds = divmod(after, 60)
    stamp = f"2026-11-24T10:{int(minutes):02}:{seconds:06.3f}Z"
    return json.dumps({"timestamp": stamp, "type": kind, "payload": payload} | values).encode()


def event(kind: str, *, after: float = 0.0, **values: object) -> bytes:
    return line("event_msg", {"type": kind} | values, after=after)


def item(kind: str, *, after: float = 0.0, **values: object) -> bytes:
    return event("item_completed", item={"type": kind} | values, after=after)


def head(thread: str = THREAD, *, after: float = 0.0, **values: object) -> bytes:
    plain: dict[str, object] = {"id": thread, "cwd": "/home/ann/harbour", "cli_version": "0.145.0", "source": "cli"}
    return line("session_meta", plain | values, after=after)


def tokens(total: int, **values: int) -> dict[str, int]:
    plain = {"input_tokens": 100, "cached_input_tokens": 60, "output_tokens": 10, "reasoning_output_tokens": 4}
    return plain | {"total_tokens": total} | values


def count(total: int, *, after: float = 0.0, **values: int) -> bytes:
    """A token_count with this running total."""
    info = {"total_token_usage": {"total_tokens": total}, "last_token_usage": tokens(110, **values)}
    return event("token_count", info=info, after=after)


def usage_record(total: int, *, after: float = 0.0, **values: int) -> bytes:
    payload = {"usage": tokens(110, **values), "thread_token_usage": {"total_tokens": total}}
    return line("token_usage_record", payload, after=after)


def call(call_id: str, name: str, arguments: object, *, after: float = 0.0) -> bytes:
    text = arguments if isinstance(arguments, str) else json.dumps(arguments)
    payload = {"type": "function_call", "name": name, "arguments": text, "call_id": call_id}
    return line("response_item", payload, after=after)


def output(call_id: str, text: object, *, kind: str = "function_call_output", after: float = 0.0) -> bytes:
    return line("response_item", {"type": kind, "call_id": call_id, "output": text}, after=after)


def read(*lines: bytes) -> list[Event]:
    return list(CodexReader().feed(lines))


def only(kind: type[_E], events: Iterable[Event]) -> list[_E]:
    return [found for found in events if isinstance(found, kind)]


def fixture(name: str) -> list[bytes]:
    return (FIXTURES / f"{name}.jsonl").read_bytes().splitlines()
