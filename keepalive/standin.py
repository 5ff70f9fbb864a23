"""A stand-in for the provider on loopback: the Messages API as agent clients use it, with a prompt cache.

The demo and the tests run the whole loop against it, real clients included. It listens on 127.0.0.1 by default,
reaches nothing, and keeps what it saw in memory. What it says about cache hits follows standin_cache and proves
nothing beyond the provider's published rules.
"""

from __future__ import annotations

import asyncio
import json
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from aiohttp import web

from keepalive.clock import Clock, SystemClock
from keepalive.standin_behaviour import Behaviour, Failure
from keepalive.standin_cache import Body, Prompt, PromptCache, RequestRefused, read_prompt
from keepalive.standin_log import LogEntry, hash_key
from keepalive.standin_requests import Refusal, check_message, credential, parse_body, workspace_of
from keepalive.standin_script import ScriptedAgent, structured_reply
from keepalive.standin_wire import Answer, Kind, Reply, ToolCall, new_request_id, sse

__all__ = ["Behaviour", "Failure", "LogEntry", "Reply", "StandIn", "ToolCall"]

MAX_BODY = 64 << 20
_MODELS = ("claude-opus-5-5", "claude-sonnet-5-5", "claude-haiku-5-5")
_MODEL_LIST: Body = {
    "data": [
        {"type": "model", "id": name, "display_name": name, "created_at": "2026-01-01T00:00:00Z"} for name in _MODELS
    ],
    "has_more": False,
    "first_id": _MODELS[0],
    "last_id": _MODELS[-1],
}


@dataclass(slots=True)
class _Exchange:
    """What becomes known of a request while it runs."""

    n: int
    at: float
    request: web.Request
    request_id: str = field(default_factory=new_request_id)
    raw: bytes = b""
    kind: Kind = "other"
    usage: Body | None = None
    stop_reason: str | None = None
    status: int | None = None
    sent: int = 0
    client_gone: bool = False

    def entry(self, ended_at: float) -> LogEntry:
        request = self.request
        key = credential(request.headers)
        return LogEntry(
            n=self.n,
            at=self.at,
            ended_at=ended_at,
            method=request.method,
            path=request.raw_path,
            body=self.raw,
            headers=tuple((name.decode("latin-1"), value.decode("latin-1")) for name, value in request.raw_headers),
            session_id=request.headers.get("x-claude-code-session-id"),
            agent_id=request.headers.get("x-claude-code-agent-id"),
            key_hash=hash_key(key) if key else None,
            kind=self.kind,
            usage=self.usage,
            stop_reason=self.stop_reason,
            status=self.status,
            response_bytes=self.sent,
            client_gone=self.client_gone,
        )


class StandIn:
    """The provider on an ephemeral port: `await start()`, use `url`, turn `behaviour`, read `log`, `await stop()`."""

    def __init__(
        self,
        cache: PromptCache | None = None,
        clock: Clock | None = None,
        behaviour: Behaviour | None = None,
        on_entry: Callable[[LogEntry], None] | None = None,
        on_stream: Callable[[int], None] | None = None,
    ) -> None:
        """`on_entry` gets each finished request, `on_stream` the number of each whose stream has begun."""
        self._clock = clock or SystemClock()
        self.cache = cache or PromptCache(self._clock)
        self.behaviour = behaviour or Behaviour()
        self.log: list[LogEntry] = []
        self.url = ""
        self.in_flight = 0
        self._on_entry = on_entry
        self._on_stream = on_stream
        self._arrived = 0
        self._received = 0
        self._changed = asyncio.Event()
        self._runner: web.AppRunner | None = None
        self._stopping = False

    async def start(self, host: str = "127.0.0.1", port: int = 0) -> None:
        """Listen; `url` is valid afterwards. Raises OSError when the port is taken."""
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_route("*", "/{path:.*}", self._handle)
        # Cancellation reports a client that left; bodies stay as sent so that the log shows the wire.
        runner = web.AppRunner(
            app, handler_cancellation=True, auto_decompress=False, access_log=None, shutdown_timeout=0.1
        )
        await runner.setup()
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError:
            await runner.cleanup()
            raise
        self._runner, self._stopping = runner, False
        self.url = f"http://{host}:{runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close the port and every connection."""
        self._stopping = True
        if self._runner:
            await self._runner.cleanup()
            self._runner = None

    async def entries(self, count: int, kind: Kind | None = None, timeout: float = 10.0) -> list[LogEntry]:
        """The log (of one kind) once it holds `count` entries. Raises TimeoutError."""

        def matching() -> list[LogEntry]:
            return [entry for entry in self.log if kind in (None, entry.kind)]

        await self._until(lambda: len(matching()) >= count, timeout)
        return matching()

    async def received(self, count: int, timeout: float = 10.0) -> None:
        """Wait until `count` requests have been read in full, answered or not. Raises TimeoutError."""
        await self._until(lambda: self._received >= count, timeout)

    async def _until(self, reached: Callable[[], bool], timeout: float) -> None:
        async with asyncio.timeout(timeout):
            while not reached():
                await self._changed.wait()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        self._arrived += 1
        self.in_flight += 1
        exchange = _Exchange(self._arrived, self._clock.wall(), request)
        try:
            return await self._answer(exchange)
        except Refusal as refusal:
            return self._json(exchange, refusal.body(exchange.request_id), refusal.status, refusal.headers)
        except (asyncio.CancelledError, ConnectionResetError):
            exchange.client_gone = not self._stopping
            raise
        finally:
            self.in_flight -= 1
            entry = exchange.entry(self._clock.wall())
            self.log.append(entry)
            if self._on_entry:
                self._on_entry(entry)
            self._notify()

    async def _answer(self, exchange: _Exchange) -> web.StreamResponse:
        request = exchange.request
        try:
            exchange.raw = await request.read()
        except web.HTTPRequestEntityTooLarge as error:
            raise Refusal(413, "The request is larger than the stand-in takes.") from error
        self._received += 1
        self._notify()
        match request.method, request.path:
            case "POST", "/v1/messages":
                return await self._messages(exchange)
            case "POST", "/v1/messages/count_tokens":
                exchange.kind = "count_tokens"
                workspace = self._workspace(exchange)
                prompt = _prompt(exchange, _parsed(exchange), workspace)
                return self._json(exchange, {"input_tokens": prompt.tokens})
            case "GET", "/v1/models":
                exchange.kind = "models"
                self._workspace(exchange)
                return self._json(exchange, _MODEL_LIST)
            case "HEAD", "/" | "/api/hello":
                exchange.kind = "hello"
                exchange.status = 200
                return web.Response()
            case _:
                raise Refusal(404, f"Not found: {request.method} {request.path}")

    async def _messages(self, exchange: _Exchange) -> web.StreamResponse:
        """Refuse, or read the cache at once, wait as told, and answer; entries exist when the answer begins."""
        exchange.kind = "message"
        body = _parsed(exchange)
        exchange.kind = "ping" if body.get("max_tokens") == 0 else "message"
        workspace = self._workspace(exchange)
        if self.behaviour.failures:
            failure = self.behaviour.failures.popleft()
            raise Refusal(failure.status, failure.message, failure.error_type, failure.headers)
        check_message(body)
        claim = self.cache.begin(_prompt(exchange, body, workspace))
        answer = Answer(str(body["model"]), self._reply(exchange, body), claim)
        await asyncio.sleep(self.behaviour.first_byte_delay)
        if gate := self.behaviour.first_byte_gate:
            await gate.wait()
        self.cache.answer_began(claim)
        exchange.usage, exchange.stop_reason = answer.usage, answer.stop_reason
        if body.get("stream") is True:
            return await self._stream(exchange, answer)
        return self._json(exchange, answer.message(), headers=self.behaviour.rate_limit_headers)

    async def _stream(self, exchange: _Exchange, answer: Answer) -> web.StreamResponse:
        exchange.status = 200
        headers = {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "request-id": exchange.request_id,
            **self.behaviour.rate_limit_headers,
        }
        response = web.StreamResponse(headers=headers)
        await response.prepare(exchange.request)
        events = list(answer.events())
        pause = self.behaviour.event_delay + answer.reply.seconds / (len(events) - 1)
        for n, event in enumerate(events):
            if n == self.behaviour.disconnect_after_events:
                if transport := exchange.request.transport:
                    transport.close()
                return response
            if n:
                await asyncio.sleep(pause)
            data = sse(event)
            await response.write(data)
            exchange.sent += len(data)
            if n == 0 and self._on_stream:
                self._on_stream(exchange.n)
        return response

    def _reply(self, exchange: _Exchange, body: Body) -> Reply:
        if exchange.kind == "ping":
            return Reply(stop_reason="max_tokens")
        if structured := structured_reply(body):
            return structured
        replies = self.behaviour.replies
        if not isinstance(replies, deque):
            return replies(body)
        return replies.popleft() if replies else ScriptedAgent()(body)

    def _workspace(self, exchange: _Exchange) -> str:
        """The workspace of the request's key. A missing or refused key is a 401."""
        key = credential(exchange.request.headers)
        if not key:
            raise Refusal(401, "Neither x-api-key nor a bearer token was sent.")
        if key in self.behaviour.refuse_keys:
            raise Refusal(401, "This key is refused.")
        return workspace_of(key)

    def _json(
        self, exchange: _Exchange, body: Body, status: int = 200, headers: Mapping[str, str] | None = None
    ) -> web.Response:
        data = json.dumps(body, separators=(",", ":")).encode()
        exchange.status, exchange.sent = status, len(data)
        return web.Response(
            body=data,
            status=status,
            content_type="application/json",
            headers={"request-id": exchange.request_id, **(headers or {})},
        )


def _parsed(exchange: _Exchange) -> Body:
    return parse_body(exchange.raw, exchange.request.headers.get("content-encoding", "identity"))


def _prompt(exchange: _Exchange, body: Body, workspace: str) -> Prompt:
    betas = ",".join(exchange.request.headers.getall("anthropic-beta", [])).replace(" ", "").split(",")
    try:
        return read_prompt(body, workspace=workspace, betas=[beta for beta in betas if beta])
    except RequestRefused as refused:
        raise Refusal(400, str(refused)) from refused


if __name__ == "__main__":
    from keepalive.standin_main import main

    main()
