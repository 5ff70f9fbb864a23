"""The client gets through the gateway what it gets directly, byte for byte, and so does the provider."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import SplitResult, urlsplit

import pytest

from tests.e2e.fixed_upstream import FixedUpstream, Message, chunked, exchange, sized
from tests.e2e.harness import Stage
from tests.e2e.home import KEY, WARMSIDE

pytestmark = pytest.mark.e2e

USAGE = {"input_tokens": 3, "cache_read_input_tokens": 0, "cache_creation_input_tokens": 9, "output_tokens": 1}
MESSAGE: dict[str, object] = {
    "id": "msg_fixed",
    "type": "message",
    "role": "assistant",
    "model": "claude-opus-5-5",
    "content": [],
    "stop_reason": None,
    "stop_sequence": None,
    "usage": USAGE,
}
EVENTS: list[dict[str, object]] = [
    {"type": "message_start", "message": MESSAGE},
    {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}},
    {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "Grüße, always ☕."}},
    {"type": "content_block_stop", "index": 0},
    {"type": "message_delta", "delta": {"stop_reason": "end_turn", "stop_sequence": None}, "usage": USAGE},
    {"type": "message_stop"},
]
STREAM = [f"event: {event['type']}\ndata: {json.dumps(event, ensure_ascii=False)}\n\n".encode() for event in EVENTS]
OK = (
    b"HTTP/1.1 200 OK\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nServer: fixed\r\n"
    b"request-ID: req_1\r\nX-Odd-CASE: kept\r\n"
)
SSE = OK + b"Content-Type: text/event-stream; charset=utf-8\r\n"
ANSWERS = {
    "events": chunked(SSE, *STREAM),
    "events cut in the middle of a letter": chunked(SSE, b"".join(STREAM)[:700], b"".join(STREAM)[700:]),
    "compressed": sized(SSE + b"Content-Encoding: gzip\r\n", gzip.compress(b"".join(STREAM), mtime=0)),
    "error": sized(
        OK.replace(b"200 OK", b"529 Overloaded, really") + b"Content-Type: application/json\r\nRetry-After: 7\r\n",
        b'{"type":"error",  "error":{"type":"overloaded_error","message":"Overloaded"}}',
    ),
}
PER_CONNECTION = (b"host", b"connection", b"keep-alive", b"transfer-encoding", b"content-length")


def test_the_real_client_prints_the_same(stage: Stage) -> None:
    with FixedUpstream(ANSWERS["events"]).serving() as upstream:
        directly, through = direct(stage, upstream), stage.print_run("-p", "hello", to=upstream.url)
    assert directly.stdout == through.stdout == "Grüße, always ☕.\n"
    assert (directly.returncode, through.returncode) == (0, 0), through.stderr
    first, second = upstream.received
    # Two processes have two session ids; nothing else may differ outside the body.
    own = (*PER_CONNECTION, b"x-claude-code-session-id")
    assert second.start == first.start
    assert second.without(*own).headers == first.without(*own).headers


@pytest.mark.parametrize("kind", ANSWERS)
def test_a_replayed_request_and_its_answer_are_the_same_bytes(stage: Stage, kind: str) -> None:
    with FixedUpstream(ANSWERS["events"]).serving() as upstream:
        assert direct(stage, upstream).returncode == 0
        (recorded,) = upstream.received
        upstream.answer = ANSWERS[kind]
        with launched(stage, upstream) as base_url:
            through = exchange(base_url.port or 0, _to(recorded, base_url.path).encode())
        directly = exchange(upstream.port, recorded.encode())
    assert through.without(*PER_CONNECTION) == directly.without(*PER_CONNECTION)
    _, forwarded, original = upstream.received
    assert forwarded.without(*PER_CONNECTION) == original.without(*PER_CONNECTION)
    assert original.header(b"x-api-key") == KEY.encode()


def direct(stage: Stage, upstream: FixedUpstream) -> subprocess.CompletedProcess[str]:
    """The client without us. `ENABLE_TOOL_SEARCH` is what `run` sets too, and the proxies must not get the call."""
    return stage.command(
        str(stage.claude),
        "-p",
        "hello",
        ANTHROPIC_API_KEY=KEY,
        ANTHROPIC_BASE_URL=upstream.url,
        ENABLE_TOOL_SEARCH="true",
        NO_PROXY="127.0.0.1",
    )


@contextmanager
def launched(stage: Stage, upstream: FixedUpstream) -> Iterator[SplitResult]:
    """The base URL that a launch gets; the launch lives until the block ends."""
    command = [str(WARMSIDE), "run", "--upstream", upstream.url, "--", "sh", "-c", "echo $ANTHROPIC_BASE_URL; cat"]
    process = subprocess.Popen(
        command, cwd=stage.work, env=stage.environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        yield urlsplit(process.stdout.readline().strip())
    finally:
        process.stdin.close()
        process.stdout.close()
        process.wait(10)


def _to(request: Message, prefix: str) -> Message:
    method, target, version = request.start.split(b" ")
    return Message(b" ".join((method, prefix.encode() + target, version)), request.headers, request.body)
