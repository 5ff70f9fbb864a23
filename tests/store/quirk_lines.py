"""Writes the lines of made-up transcripts, record by record, as the two clients lay them out."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

Tree = dict[str, bytes]
Record = dict[str, Any]

START = 1_780_000_000.0
"""2026-05-28 20:26:40 UTC, the time of a file's first record unless it says otherwise."""

PROJECT = "claude/-home-x-harbour"

CWD = "/home/x/harbour"

OPUS = "claude-opus-4-8"

HAIKU = "claude-haiku-4-5"

QUIRKS: dict[str, Callable[[], Tree]] = {}


def quirk(build: Callable[[], Tree]) -> Callable[[], Tree]:
    """Note a quirk by its name."""
    QUIRKS[build.__name__] = build
    return build


def stamp(at: float) -> str:
    """ISO, milliseconds, Z."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def uuid(number: int, kind: int = 0) -> str:
    """A session's id that sorts like its number."""
    return f"{number:08x}-0000-4000-8000-{kind:012x}"


def claude_path(session: int) -> str:
    """A main transcript below the root."""
    return f"{PROJECT}/{uuid(session)}.jsonl"


def rollout_path(session: int) -> str:
    """A rollout below the root."""
    return f"codex/2026/05/28/rollout-2026-05-28T20-26-40-{uuid(session)}.jsonl"


class _Lines:
    """Lines of one file; the clock goes on by a second a record."""

    def __init__(self, at: float = START) -> None:
        self.at = at
        self.lines: list[bytes] = []

    def tick(self) -> str:
        self.at += 1.0
        return stamp(self.at)

    def raw(self, line: bytes) -> None:
        self.lines.append(line)

    def record(self, record: Record) -> None:
        self.raw(json.dumps(record, ensure_ascii=False).encode())

    def bytes(self) -> bytes:
        return b"".join(line + b"\n" for line in self.lines)


class Claude(_Lines):
    """Writes a Claude Code transcript."""

    def __init__(self, session: int = 1, *, at: float = START, agent: str | None = None) -> None:
        super().__init__(at)
        self.session = session
        self.agent = agent
        self.calls = 0

    def add(self, kind: str, **fields: Any) -> None:
        """One record with the common fields."""
        common: Record = {
            "parentUuid": None,
            "isSidechain": self.agent is not None,
            "cwd": CWD,
            "sessionId": uuid(self.session),
            "version": "2.1.150",
            "gitBranch": "main",
            "type": kind,
            "uuid": uuid(self.session, len(self.lines) + 1),
            "timestamp": self.tick(),
        }
        if self.agent is not None:
            common["agentId"] = self.agent
        self.record(common | fields)

    def user(self, content: object, **fields: Any) -> None:
        self.add("user", message={"role": "user", "content": content}, **fields)

    def answer(
        self,
        message_id: str,
        *blocks: Record,
        model: object = OPUS,
        usage: object = None,
        **fields: Any,
    ) -> None:
        """One record of a request's answer, with one text block unless told."""
        message = {
            "id": message_id,
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": list(blocks) or [{"type": "text", "text": f"An answer, {message_id}."}],
            "stop_reason": None,
            "usage": usage if usage is not None else tokens(),
        }
        self.add("assistant", message=message, requestId=f"req_{message_id}", **fields)

    def bash(self, message_id: str, command: str) -> str:
        """A call of the shell tool; returns its id."""
        self.calls += 1
        call_id = f"toolu_{self.session}_{self.calls}"
        self.answer(message_id, {"type": "tool_use", "id": call_id, "name": "Bash", "input": {"command": command}})
        return call_id

    def result(
        self, call_id: str, content: object, *, error: bool | None = None, detail: object = None, **fields: Any
    ) -> None:
        """A tool's result; `detail` becomes toolUseResult."""
        block: Record = {"type": "tool_result", "tool_use_id": call_id, "content": content}
        if error is not None:
            block["is_error"] = error
        if detail is not None:
            fields["toolUseResult"] = detail
        self.user([block], **fields)

    def edit(self, message_id: str, path: str, *, error: bool | None = None, **detail: Any) -> None:
        """An edit and its result, with a patch of one hunk unless told."""
        self.calls += 1
        call_id = f"toolu_{self.session}_{self.calls}"
        given = {"file_path": path, "old_string": "a", "new_string": "b"}
        self.answer(message_id, {"type": "tool_use", "id": call_id, "name": "Edit", "input": given})
        hunk = {"oldStart": 1, "oldLines": 1, "newStart": 1, "newLines": 1, "lines": ["-a", "+b"]}
        result = {"filePath": path, "oldString": "a", "newString": "b", "structuredPatch": [hunk]} | detail
        self.result(call_id, f"The file {path} has been updated.", error=error, detail=result)


def tokens(
    plain: int = 3, read: int = 1000, five: int = 0, hour: int = 200, output: int = 40, *, classes: bool = True
) -> Record:
    """A usage object of Claude Code."""
    usage: Record = {
        "input_tokens": plain,
        "cache_read_input_tokens": read,
        "cache_creation_input_tokens": five + hour,
        "output_tokens": output,
        "service_tier": "standard",
    }
    if classes:
        usage["cache_creation"] = {"ephemeral_5m_input_tokens": five, "ephemeral_1h_input_tokens": hour}
    return usage


def conversation(lines: Claude, turns: int = 3, name: str = "msg") -> Claude:
    """Plain turns: a prompt, a failed command, an edit, an answer in two records."""
    for turn in range(1, turns + 1):
        lines.user(f"Please look at part {turn}.")
        call = lines.bash(f"{name}_{turn}_a", f"make part-{turn}")
        lines.result(call, f"Exit code {turn}\nno rule", error=True, detail=f"Error: Exit code {turn}\nno rule")
        lines.edit(f"{name}_{turn}_b", f"{CWD}/part_{turn}.py")
        lines.answer(f"{name}_{turn}_c", {"type": "thinking", "thinking": "So."}, usage=tokens(output=1))
        lines.answer(f"{name}_{turn}_c", usage=tokens(output=100 + turn))
    return lines


class Codex(_Lines):
    """Writes a Codex rollout."""

    def __init__(self, session: int = 1, *, at: float = START) -> None:
        super().__init__(at)
        self.session = session
        self.running = 0
        self.calls = 0

    def add(self, kind: str, payload: object, *, at: float | None = None) -> None:
        """One record; `at` does not move the clock."""
        self.record({"timestamp": stamp(at) if at is not None else self.tick(), "type": kind, "payload": payload})

    def event(self, what: str, *, at: float | None = None, **fields: Any) -> None:
        self.add("event_msg", {"type": what} | fields, at=at)

    def meta(self, session: int, *, at: float | None = None, **fields: Any) -> None:
        given = {"id": uuid(session), "timestamp": stamp(self.at), "cwd": CWD, "cli_version": "0.145.0"}
        self.add("session_meta", given | fields, at=at)

    def context(self, model: str = "gpt-5.5") -> None:
        self.add("turn_context", {"cwd": CWD, "model": model, "effort": "medium"})

    def prompt(self, text: str, *, at: float | None = None) -> None:
        self.event("user_message", at=at, message=text, images=[])

    def request(
        self,
        plain: int = 100,
        cached: int = 1000,
        output: int = 50,
        reasoning: int = 20,
        *,
        at: float | None = None,
        **more: int,
    ) -> None:
        """A token_count whose running total grew."""
        spent = plain + cached + output
        last = {
            "input_tokens": plain + cached,
            "cached_input_tokens": cached,
            "output_tokens": output,
            "reasoning_output_tokens": reasoning,
            "total_tokens": spent,
        }
        self.running += spent
        info = {"last_token_usage": last | more, "total_token_usage": {"total_tokens": self.running}}
        self.event("token_count", at=at, info=info, rate_limits=None)

    def call(self, name: str, arguments: object, *, custom: bool = False, at: float | None = None) -> str:
        """A tool call; returns its id."""
        self.calls += 1
        call_id = f"call_{self.session}_{self.calls}"
        text = arguments if isinstance(arguments, str) else json.dumps(arguments)
        kind, key = ("custom_tool_call", "input") if custom else ("function_call", "arguments")
        self.add("response_item", {"type": kind, "name": name, key: text, "call_id": call_id}, at=at)
        return call_id

    def output(self, call_id: str, output: object, *, custom: bool = False, at: float | None = None) -> None:
        kind = "custom_tool_call_output" if custom else "function_call_output"
        self.add("response_item", {"type": kind, "call_id": call_id, "output": output}, at=at)

    def ended(self, call_id: str, code: object, command: str, *, at: float | None = None) -> None:
        shell = ["/bin/zsh", "-lc", command]
        self.event("exec_command_end", at=at, call_id=call_id, command=shell, exit_code=code, stdout="", stderr="")


def rollout(session: int = 1, turns: int = 2, *, model: str = "gpt-5.5") -> Codex:
    """Plain turns: a prompt, a failed command, two requests."""
    lines = Codex(session)
    lines.meta(session)
    for turn in range(1, turns + 1):
        lines.context(model)
        lines.prompt(f"Look at part {turn}.")
        lines.output(
            lines.call("exec_command", {"cmd": f"make part-{turn}"}),
            f"Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code {turn}\nOutput:\nno rule\n",
        )
        lines.request(output=10 + turn)
        lines.request(cached=2000 + turn)
        lines.event("agent_message", message="Done.")
        lines.event("task_complete", last_agent_message="Done.")
    return lines
