"""A simulated agent's conversation as Claude Code would send it, and its provider's answer as it streams back.

Pure and standard library only. The wire matters here, the words do not: what counts is that the prefix grows at its
end, carries the client's breakpoints, and has the size of a real one.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias

from keepalive.demo_script import Call, Script, Turn

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Body: TypeAlias = "dict[str, Json]"

VERSION = "2.1.331"
"""The client version whose requests these are shaped like."""
BYTES_A_TOKEN = 4
_SYSTEM_TOKENS = 7_000
_TOOL_TOKENS = 900
_TOOLS = ("Bash", "Write", "Read", "Grep", "Edit", "Agent")
_HISTORY_MESSAGES = 16


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back."""

    message_id: str
    stop_reason: str
    usage: Body
    call_id: str
    """Id of the tool call, "" when none was made."""


class Conversation:
    """All messages so far. Only ever grows at its end."""

    def __init__(self, script: Script) -> None:
        self._script = script
        project = script.cwd.rpartition("/")[2]
        fixed = _SYSTEM_TOKENS + _TOOL_TOKENS * len(_TOOLS)
        self._tools: list[Json] = [_tool(name) for name in _TOOLS]
        self._system = filler(f"{project}: instructions", _SYSTEM_TOKENS)
        self._messages: list[tuple[str, list[Json]]] = [
            ("assistant" if n % 2 else "user", [_text(filler(f"{project}: message {n}", size))])
            for n, size in enumerate(_split(max(0, script.prefix_tokens - fixed), _HISTORY_MESSAGES))
        ]

    def prompt(self, turn: Turn) -> None:
        """A person's prompt, and behind it in a block of its own what the stand-in shall do about it."""
        self._messages.append(("user", [_text(turn.prompt), _text(orders(turn, self._script.cwd))]))

    def called(self, answer: Answer, call: Call, result: str, failed: bool) -> None:
        """A tool call and its result."""
        use: Body = {
            "type": "tool_use",
            "id": answer.call_id,
            "name": tool_name(call),
            "input": tool_input(call, self._script.cwd),
        }
        back: Body = {
            "type": "tool_result",
            "tool_use_id": answer.call_id,
            "content": result,
            "is_error": failed,
        }
        self._messages += [("assistant", [use]), ("user", [back])]

    def answered(self, text: str) -> None:
        """The turn's final text."""
        self._messages.append(("assistant", [_text(text)]))

    def body(self) -> bytes:
        """The next request: breakpoints behind the system prompt and on the last block, as the client sets them."""
        mark: Body = {"type": "ephemeral"} if self._script.ttl == "5m" else {"type": "ephemeral", "ttl": "1h"}
        messages: list[Json] = [{"role": role, "content": content} for role, content in self._messages[:-1]]
        role, content = self._messages[-1]
        last = content[-1]
        assert isinstance(last, dict)  # noqa: S101 - built above
        messages.append({"role": role, "content": [*content[:-1], {**last, "cache_control": mark}]})
        user = {"device_id": "demo", "account_uuid": "", "session_id": self._script.session_id}
        request: Body = {
            "model": self._script.model,
            "max_tokens": 64_000,
            "system": [
                _text(f"x-anthropic-billing-header: cc_version={VERSION}; cc_entrypoint=cli;"),
                {**_text("You are a simulated agent of the warmside demo."), "cache_control": mark},
                {**_text(self._system), "cache_control": mark},
            ],
            "tools": self._tools,
            "messages": messages,
            "thinking": {"type": "adaptive"},
            "metadata": {"user_id": json.dumps(user)},
            "stream": True,
        }
        return json.dumps(request, separators=(",", ":")).encode()


def headers(script: Script) -> dict[str, str]:
    """The client's headers."""
    return {
        "Accept": "application/json",
        "Content-Type": "application/json",
        "User-Agent": f"claude-cli/{VERSION} (external, cli)",
        "X-Claude-Code-Session-Id": script.session_id,
        "anthropic-beta": "claude-code-20250219,context-management-2025-06-27",
        "anthropic-version": "2023-06-01",
        "x-api-key": script.key,
        "x-app": "cli",
    }


def orders(turn: Turn, cwd: str) -> str:
    """The turn in the words that the stand-in follows: one call a line, then how long the answer takes."""
    lines = [f"{call.tool}: {call.what if call.tool == 'run' else _path(call, cwd)}" for call in turn.calls]
    return "\n".join([*lines, f"slow: {turn.answer_seconds:.2f}"])


def tool_name(call: Call) -> str:
    """The client's name of the tool."""
    return "Bash" if call.tool == "run" else "Write"


def tool_input(call: Call, cwd: str) -> Body:
    """The tool's input as the transcript and the next request carry it."""
    if call.tool == "run":
        return {"command": call.what}
    return {"file_path": _path(call, cwd), "content": "made up\n"}


def read_stream(lines: Iterable[bytes]) -> Answer:
    """The answer from the lines of an event stream.

    Raises:
        EOFError: the stream ended before the message did.
    """
    message_id = stop_reason = call_id = ""
    usage: Body = {}
    for line in lines:
        if not line.startswith(b"data: "):
            continue
        event = json.loads(line[6:])
        match event["type"]:
            case "message_start":
                message_id, usage = event["message"]["id"], event["message"]["usage"]
            case "content_block_start" if event["content_block"]["type"] == "tool_use":
                call_id = event["content_block"]["id"]
            case "message_delta":
                stop_reason, usage = event["delta"]["stop_reason"], event["usage"]
            case "message_stop":
                return Answer(message_id, stop_reason, usage, call_id)
    raise EOFError("the answer was cut off")


def filler(name: str, tokens: int) -> str:
    """Text of this many tokens, the same each time and different for each name."""
    size = tokens * BYTES_A_TOKEN
    line = f"{name}, a line that stands for what a real conversation holds at this place\n"
    lines = (f"{n:06d} {line}" for n in range(size // len(line) + 1))
    return "".join(lines)[:size]


def _text(text: str) -> Body:
    return {"type": "text", "text": text}


def _path(call: Call, cwd: str) -> str:
    return f"{cwd}/{call.what}"


def _split(tokens: int, parts: int) -> list[int]:
    return [tokens // parts] * parts


def _tool(name: str) -> Body:
    return {
        "name": name,
        "description": filler(f"tool {name}", _TOOL_TOKENS),
        "input_schema": {"type": "object", "properties": {}},
    }
