"""What the provider stand-in says: a scripted agent that follows simple orders in the prompt.

An order is a line of the newest prompt: `run: COMMAND`, `write: PATH`, `agent: PROMPT` or `slow: SECONDS`. The first
three become one tool call each, in their order, one per answer; when all of them have their result, or the client
offers no such tool, a plain text ends the turn. Pure; it must never need more than the request it is shown.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

from keepalive.standin_cache import Body, Json
from keepalive.standin_wire import Reply, ToolCall

Responder: TypeAlias = Callable[[Body], Reply]

DEFAULT_TEXT = "Hello from the stand-in."
WRITTEN_TEXT = "Written by the stand-in.\n"
TITLE = "A session with the stand-in"

_ORDER = re.compile(r"^\s*(run|write|agent|slow): *(\S.*?)\s*$", re.MULTILINE)
_SUMMARY_WANTED = "<summary>"
"""Stands in the prompt with which a client asks for a compaction; it asks again when the answer lacks the tags."""
_SUBAGENT_TOOLS = ("Agent", "Task")


@dataclass(frozen=True, slots=True)
class ScriptedAgent:
    """A responder: shown a request's body, it says what to answer."""

    text: str = DEFAULT_TEXT

    def __call__(self, body: Body) -> Reply:
        prompt, results = _newest_prompt(body)
        if _SUMMARY_WANTED in prompt:
            return Reply(text=f"<summary>\n{self.text}\n</summary>")
        orders = _ORDER.findall(prompt)
        calls = [call for order, value in orders if (call := _tool_call(order, value, _tool_names(body)))]
        if results < len(calls):
            return Reply(tools=(calls[results],))
        slow = next((value for order, value in orders if order == "slow"), "")
        return Reply(text=self.text, seconds=_seconds(slow))


def structured_reply(body: Body) -> Reply | None:
    """The answer to a request that demands JSON of a schema (the client's title call), or None for any other."""
    output = body.get("output_config")
    wanted = output.get("format") if isinstance(output, dict) else None
    if not isinstance(wanted, dict) or wanted.get("type") != "json_schema":
        return None
    return Reply(text=json.dumps(_example(wanted.get("schema"))))


def _example(schema: Json) -> Json:
    """The smallest value that fits a schema."""
    if not isinstance(schema, dict):
        return TITLE
    if isinstance(choices := schema.get("enum"), list) and choices:
        return choices[0]
    match schema.get("type"):
        case "object":
            properties = schema.get("properties")
            if not isinstance(properties, dict):
                return {}
            return {name: _example(inner) for name, inner in properties.items()}
        case "array":
            return []
        case "boolean":
            return False
        case "integer" | "number":
            return 0
        case _:
            return TITLE


def _newest_prompt(body: Body) -> tuple[str, int]:
    """(text of the last prompt, tool results since). Reminders that the client adds by itself are no prompt."""
    prompt, results = "", 0
    for message in _dicts(body.get("messages")):
        if message.get("role") != "user":
            continue
        content = message.get("content")
        for block in [{"type": "text", "text": content}] if isinstance(content, str) else _dicts(content):
            text = block.get("text")
            if block.get("type") == "tool_result":
                results += 1
            elif isinstance(text, str) and not text.lstrip().startswith("<system-reminder"):
                prompt, results = text, 0
    return prompt, results


def _tool_call(order: str, value: str, tools: list[str]) -> ToolCall | None:
    subagent = next((name for name in _SUBAGENT_TOOLS if name in tools), None)
    if order == "run" and "Bash" in tools:
        return ToolCall("Bash", {"command": value, "description": "Run an ordered command"})
    if order == "write" and "Write" in tools:
        return ToolCall("Write", {"file_path": value, "content": WRITTEN_TEXT})
    if order == "agent" and subagent:
        return ToolCall(
            subagent,
            {"description": "Do an ordered task", "prompt": value, "subagent_type": "general-purpose"},
        )
    return None


def _tool_names(body: Body) -> list[str]:
    return [str(tool.get("name")) for tool in _dicts(body.get("tools"))]


def _seconds(text: str) -> float:
    try:
        return max(0.0, float(text))
    except ValueError:
        return 0.0


def _dicts(value: Json) -> list[Body]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
