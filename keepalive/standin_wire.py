"""The shapes that the provider stand-in puts on the wire: answers, their events, errors, usage.

Pure: what an answer looks like as JSON and as server-sent events. When it is sent, and whether its prompt hit the
cache, is decided elsewhere.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

from keepalive.standin_cache import Body, Claim, Json

Kind = Literal["message", "ping", "count_tokens", "models", "hello", "other"]

_DELTA_CHARS = 24
_ERROR_TYPES: Mapping[int, str] = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    529: "overloaded_error",
}


@dataclass(frozen=True, slots=True)
class ToolCall:
    """A tool that the stand-in asks the client to run."""

    name: str
    input: Body


@dataclass(frozen=True, slots=True)
class Reply:
    """What the stand-in answers: thinking, then text, then tool calls; each may be empty."""

    text: str = ""
    tools: tuple[ToolCall, ...] = ()
    thinking: str = ""
    seconds: float = 0.0
    """Time over which a streamed answer is spread, besides the stand-in's own delays."""
    stop_reason: str | None = None
    """None: `tool_use` when a tool is called, else `end_turn`."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply with the ids, the model and the usage of one request."""

    model: str
    reply: Reply
    claim: Claim
    id: str = field(default_factory=lambda: _new_id("msg_"))

    @property
    def output_tokens(self) -> int:
        """Estimated from the length of the reply; zero only when nothing is said."""
        said = self.reply.thinking + self.reply.text + "".join(_input_json(tool) for tool in self.reply.tools)
        return -(-len(said) // 4)

    @property
    def usage(self) -> Body:
        """The usage of the finished answer."""
        return usage_json(self.claim, self.output_tokens)

    def message(self) -> Body:
        """The answer without streaming."""
        return self._envelope(self._content(), self.stop_reason, self.usage)

    def events(self) -> Iterator[Body]:
        """The events of the streamed answer, first to last."""
        yield {
            "type": "message_start",
            "message": self._envelope([], None, usage_json(self.claim, min(1, self.output_tokens))),
        }
        yield {"type": "ping"}
        for index, block in enumerate(self._content()):
            yield {"type": "content_block_start", "index": index, "content_block": _opened(block)}
            for delta in _deltas(block):
                yield {"type": "content_block_delta", "index": index, "delta": delta}
            yield {"type": "content_block_stop", "index": index}
        yield {
            "type": "message_delta",
            "delta": {"stop_reason": self.stop_reason, "stop_sequence": None},
            "usage": self.usage,
        }
        yield {"type": "message_stop"}

    def _envelope(self, content: list[Json], stop_reason: str | None, usage: Body) -> Body:
        return {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": usage,
        }

    @property
    def stop_reason(self) -> str:
        """Why the finished answer ends."""
        return self.reply.stop_reason or ("tool_use" if self.reply.tools else "end_turn")

    def _content(self) -> list[Json]:
        content: list[Json] = []
        if self.reply.thinking:
            content.append({"type": "thinking", "thinking": self.reply.thinking, "signature": "c3RhbmQtaW4="})
        if self.reply.text:
            content.append({"type": "text", "text": self.reply.text})
        for n, tool in enumerate(self.reply.tools):
            # Derived from the message's id: the content is built more than once and must stay the same.
            tool_id = f"toolu_{self.id.removeprefix('msg_')}{n}"
            content.append({"type": "tool_use", "id": tool_id, "name": tool.name, "input": tool.input})
        return content


def usage_json(claim: Claim, output_tokens: int) -> Body:
    """The provider's usage object for one request."""
    return {
        "input_tokens": claim.input,
        "cache_read_input_tokens": claim.read,
        "cache_creation_input_tokens": claim.write_5m + claim.write_1h,
        "cache_creation": {
            "ephemeral_5m_input_tokens": claim.write_5m,
            "ephemeral_1h_input_tokens": claim.write_1h,
        },
        "output_tokens": output_tokens,
        "service_tier": "standard",
    }


def error_json(status: int, message: str, request_id: str, error_type: str | None = None) -> Body:
    """The provider's error body; the type follows from the status unless it is given."""
    kind = error_type or _ERROR_TYPES.get(status, "api_error")
    return {"type": "error", "error": {"type": kind, "message": message}, "request_id": request_id}


def sse(event: Body) -> bytes:
    """One server-sent event."""
    return f"event: {event['type']}\ndata: {json.dumps(event, separators=(',', ':'))}\n\n".encode()


def new_request_id() -> str:
    """An id for the `request-id` header."""
    return _new_id("req_")


def _new_id(prefix: str) -> str:
    return prefix + uuid.uuid4().hex[:24]


def _input_json(tool: ToolCall) -> str:
    return json.dumps(tool.input, separators=(",", ":"))


def _opened(block: Json) -> Body:
    """The block as it is announced: present, but still empty."""
    assert isinstance(block, dict)  # noqa: S101 - built above
    empty: Body = {"text": "", "thinking": "", "signature": "", "input": {}}
    return {key: empty.get(key, value) for key, value in block.items()}


def _deltas(block: Json) -> Iterator[Body]:
    assert isinstance(block, dict)  # noqa: S101 - built above
    match block["type"]:
        case "text":
            for part in _parts(str(block["text"])):
                yield {"type": "text_delta", "text": part}
        case "thinking":
            for part in _parts(str(block["thinking"])):
                yield {"type": "thinking_delta", "thinking": part}
            yield {"type": "signature_delta", "signature": block["signature"]}
        case _:
            for part in _parts(json.dumps(block["input"], separators=(",", ":"))):
                yield {"type": "input_json_delta", "partial_json": part}


def _parts(text: str) -> Iterator[str]:
    for start in range(0, len(text), _DELTA_CHARS):
        yield text[start : start + _DELTA_CHARS]
