"""One upstream that speaks for three providers: messages, responses, generated content. It keeps what arrived."""

from __future__ import annotations

import json
import socket
import threading
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.fixed_upstream import TIMEOUT, FixedUpstream, Message, read_message, sized
from tests.e2e.waiting import PATIENCE

ANSWER = "A made-up answer."
Body = dict[str, Any]


def _events(*events: Body) -> bytes:
    text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)
    return _whole(text, "text/event-stream")


def _whole(text: str, kind: str = "application/json") -> bytes:
    return sized(f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\n".encode(), text.encode())


def _anthropic(body: Body) -> bytes:
    usage = {"input_tokens": 9, "output_tokens": 5, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 2000}
    # Told apart by the model: titles are asked of another one, and a message's name counts once.
    message = {"id": f"msg_{body['model']}", "type": "message", "role": "assistant", "model": body["model"]}
    if not body.get("stream"):
        content = [{"type": "text", "text": ANSWER}]
        return _whole(json.dumps({**message, "content": content, "stop_reason": "end_turn", "usage": usage}))
    return _events(
        {"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "usage": usage}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": ANSWER}},
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": usage},
        {"type": "message_stop"},
    )


def _responses() -> bytes:
    item = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": ANSWER}]}
    usage = {
        "input_tokens": 1000,
        "input_tokens_details": {"cached_tokens": 600},
        "output_tokens": 5,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 1005,
    }
    return _events(
        {"type": "response.created", "response": {"id": "resp_1"}},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": {"id": "resp_1", "usage": usage}},
    )


def _gemini(body: Body, *, stream: bool) -> bytes:
    # Without tools it asks which model is to answer, and wants that as JSON.
    text = ANSWER if body.get("tools") else json.dumps({"complexity_reasoning": "x", "complexity_score": 10})
    content = {"role": "model", "parts": [{"text": text}]}
    usage = {"promptTokenCount": 1000, "candidatesTokenCount": 5, "totalTokenCount": 1005}
    answer = {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}
    return _whole(f"data: {json.dumps(answer)}\n\n", "text/event-stream") if stream else _whole(json.dumps(answer))


@dataclass
class Provider(FixedUpstream):
    """All three of them. Answers wait until `may_answer`: so a client is seen while it works."""

    answer: bytes = b""
    may_answer: threading.Event = field(default_factory=threading.Event)

    def _serve(self, connection: socket.socket) -> None:
        connection.settimeout(TIMEOUT)
        with connection, connection.makefile("rb") as stream:
            try:
                while message := read_message(stream):
                    self.received.append(message)
                    self.may_answer.wait(PATIENCE)
                    connection.sendall(self._answer_to(message))
            except OSError:
                return  # the other side has left

    def _answer_to(self, message: Message) -> bytes:
        path = message.start.split(b" ")[1].partition(b"?")[0]
        if path.endswith(b"/messages"):
            return _anthropic(json.loads(message.body))
        if path.endswith(b"/responses"):
            return _responses()
        if b"enerateContent" in path:
            return _gemini(json.loads(message.body), stream=b"stream" in path)
        return b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
