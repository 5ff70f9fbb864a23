"""Requests to compare: a conversation with tools, a system prompt and marks, changed in one place at a time."""

from __future__ import annotations

import copy
import json
from typing import Any

from keepalive.prefix import RequestFacts, parse_request
from keepalive.shape import Shape

MARK: dict[str, object] = {"type": "ephemeral"}
BETAS = "claude-code-20250219,effort-2025-11-24"


def text(value: str, mark: bool = False) -> dict[str, Any]:
    return {"type": "text", "text": value} | ({"cache_control": MARK} if mark else {})


def tool(name: str, **more: object) -> dict[str, object]:
    return {"name": name, "description": f"{name} does it", "input_schema": {"type": "object"}, **more}


def message(place: int, value: str) -> dict[str, Any]:
    return {"role": "assistant" if place % 2 else "user", "content": [text(value)]}


def conversation(count: int = 9) -> list[dict[str, Any]]:
    return [message(place, f"message {place} says something of some length") for place in range(count)]


def marked(messages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """With the breakpoint on the last block, and no other."""
    found = copy.deepcopy(messages)
    found[-1]["content"][-1]["cache_control"] = MARK
    return found


def request(**changes: object) -> dict[str, Any]:
    base: dict[str, object] = {
        "model": "claude-opus-5",
        "max_tokens": 32_000,
        "stream": True,
        "tools": [tool("Read"), tool("Bash"), tool("Write")],
        "system": [text("x-anthropic-billing-header: a"), text("You are", True), text("Rules", True)],
        "messages": marked(conversation()),
        "thinking": {"type": "adaptive"},
        "output_config": {"effort": "medium"},
    }
    return {key: value for key, value in (base | changes).items() if value is not None}


def facts(betas: str = BETAS, **changes: object) -> RequestFacts:
    return parse_request(json.dumps(request(**changes)).encode(), [(b"anthropic-beta", betas.encode())])


def shape(betas: str = BETAS, **changes: object) -> Shape:
    return facts(betas, **changes).shape


IMAGE: dict[str, Any] = {"type": "image", "source": {"type": "base64", "data": "AAAA"}}
LONG = conversation(12)


def edited(place: int, value: str = "edited") -> list[dict[str, Any]]:
    found = copy.deepcopy(LONG)
    found[place]["content"] = [text(value)]
    return found


def with_image(place: int) -> list[dict[str, Any]]:
    found = copy.deepcopy(LONG)
    found[place]["content"].append(IMAGE)
    return found


def grown(messages: list[dict[str, Any]], count: int = 2) -> list[dict[str, Any]]:
    return [*messages, *(message(len(messages) + n, f"new {n}") for n in range(count))]


TOOLS = [tool("Read"), tool("Bash"), tool("Write")]
SYSTEM = [text("You are", True), text("Rules", True)]
