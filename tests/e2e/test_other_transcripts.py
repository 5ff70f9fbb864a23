"""What OpenCode and Gemini CLI record is what they did: the real clients against a provider on this machine.

Each has two turns in one session: a command that fails, a new file, and a plain answer. The provider counts what it
told them, and our readers have to find the same in what the clients wrote, byte for byte as they wrote it.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from store.transcripts.clients import Client
from store.transcripts.events import TokenCounts
from store.transcripts.gemini_client import GEMINI
from store.transcripts.opencode_client import OPENCODE
from store.transcripts.reading import Reading
from store.transcripts.turns import Request, Turn
from store.turn_memory import ChangedFile, FailedCommand
from tests.e2e.home import CLOSED, KEY
from tests.e2e.installed import installed

pytestmark = pytest.mark.e2e

Body = dict[str, Any]
COMMAND = "echo made up; exit 3"
WORK, TALK = "Please work", "Please talk"
PATIENCE_SECONDS = 120


@dataclass
class Provider:
    """Answers both clients. Tokens differ from request to request, so that none can be taken for another."""

    new_file: Path
    url: str = ""
    told: list[TokenCounts] = field(default_factory=list)
    """Usage of each answer to a request that offered tools: the others (titles, routing) are in no transcript."""

    def call(self, prompt: str, results: int) -> str | None:
        """The tool that is to be called now."""
        return ("command", "file")[results] if WORK in prompt and results < 2 else None

    def next_tokens(self, has_tools: bool) -> int:
        tokens = 1000 + len(self.told)
        if has_tools:
            self.told.append(TokenCounts())
        return tokens

    def anthropic(self, body: Body) -> list[Body]:
        blocks = [block for message in body["messages"] for block in _blocks(message)]
        prompts = [
            n for n, block in enumerate(blocks) if WORK in block.get("text", "") or TALK in block.get("text", "")
        ]
        since = blocks[prompts[-1] :] if prompts else []
        results = sum(block["type"] == "tool_result" for block in since)
        has_tools = bool(body.get("tools"))
        tool = self.call(since[0]["text"] if since else "", results) if has_tools else None
        tokens = self.next_tokens(has_tools)
        if has_tools:
            self.told[-1] = TokenCounts(input=tokens, output=50, cache_read=200, cache_write_5m=30)
        usage = {"input_tokens": tokens, "output_tokens": 50}
        usage |= {"cache_read_input_tokens": 200, "cache_creation_input_tokens": 30}
        block: Body = {"type": "text", "text": ""}
        delta: Body = {"type": "text_delta", "text": "A made-up answer."}
        if tool:
            given = {"command": COMMAND, "description": "x"}
            if tool == "file":
                given = {"filePath": str(self.new_file), "content": "a\n"}
            name = "bash" if tool == "command" else "write"
            block = {"type": "tool_use", "id": f"toolu_{tokens}", "name": name, "input": {}}
            delta = {"type": "input_json_delta", "partial_json": json.dumps(given)}
        message = {"id": f"msg_{tokens}", "type": "message", "role": "assistant", "model": body["model"], "content": []}
        return [
            {"type": "message_start", "message": {**message, "stop_reason": None, "usage": usage}},
            {"type": "content_block_start", "index": 0, "content_block": block},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {
                "type": "message_delta",
                "delta": {"stop_reason": "tool_use" if tool else "end_turn", "stop_sequence": None},
                "usage": usage,
            },
            {"type": "message_stop"},
        ]

    def gemini(self, body: Body) -> Body:
        parts = [part for content in body["contents"] if content.get("role") == "user" for part in content["parts"]]
        prompts = [n for n, part in enumerate(parts) if WORK in part.get("text", "") or TALK in part.get("text", "")]
        since = parts[prompts[-1] :] if prompts else []
        results = sum("functionResponse" in part for part in since)
        has_tools = bool(body.get("tools"))
        tool = self.call(since[0]["text"] if since else "", results) if has_tools else None
        tokens = self.next_tokens(has_tools)
        if has_tools:
            self.told[-1] = TokenCounts(input=tokens - 400 + 3, output=57, cache_read=400, reasoning=7)
        answer: Body = {"text": "A made-up answer."}
        if tool == "command":
            answer = {"functionCall": {"name": "run_shell_command", "args": {"command": COMMAND}}}
        elif tool == "file":
            args = {"file_path": str(self.new_file), "content": "a\n"}
            answer = {"functionCall": {"name": "write_file", "args": args}}
        elif not has_tools:
            answer = {"text": json.dumps({"complexity_reasoning": "x", "complexity_score": 10})}
        usage = {"promptTokenCount": tokens, "cachedContentTokenCount": 400, "candidatesTokenCount": 50}
        usage |= {"thoughtsTokenCount": 7, "toolUsePromptTokenCount": 3, "totalTokenCount": tokens + 60}
        content = {"role": "model", "parts": [answer]}
        return {"candidates": [{"content": content, "finishReason": "STOP", "index": 0}], "usageMetadata": usage}


def _blocks(message: Body) -> list[Body]:
    content = message["content"] if message["role"] == "user" else []
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


@contextmanager
def serving(provider: Provider) -> Iterator[None]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: object) -> None:
            """Nothing to the terminal."""

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            if self.path.split("?")[0].endswith("/messages"):
                events = [
                    f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in provider.anthropic(body)
                ]
                self._send("text/event-stream", "".join(events))
            elif "stream" in self.path:
                self._send("text/event-stream", f"data: {json.dumps(provider.gemini(body))}\n\n")
            else:
                self._send("application/json", json.dumps(provider.gemini(body)))

        def _send(self, kind: str, text: str) -> None:
            self.send_response(200)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            self.end_headers()
            self.wfile.write(text.encode())

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    provider.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@dataclass(frozen=True)
class Place:
    """Where a client lives for one test; nothing that it does may leave the machine."""

    home: Path
    work: Path
    provider: Provider

    def run(self, program: Path, *arguments: str, **environ: str) -> None:
        closed = {name: CLOSED for proxy in ("http_proxy", "https_proxy") for name in (proxy, proxy.upper())}
        direct = {"no_proxy": "127.0.0.1", "NO_PROXY": "127.0.0.1"}
        kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
        done = subprocess.run(
            [str(program), *arguments],
            cwd=self.work,
            env=kept | closed | direct | {"HOME": str(self.home)} | environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    home, work = tmp_path / "home", tmp_path / "work"
    home.mkdir()
    work.mkdir()
    provider = Provider(work / "new.txt")
    with serving(provider):
        yield Place(home, work, provider)


def judge(place: Place, turns: tuple[Turn, ...], requests: tuple[Request, ...], typed: Callable[[str], str]) -> None:
    """What was read is what the provider saw and the person typed."""
    assert [request.usage for request in requests] == place.provider.told
    assert len(requests) == 4
    work, talk = turns
    assert (work.prompt, talk.prompt) == (typed(WORK), typed(TALK))
    assert (work.answer, talk.answer) == ("A made-up answer.", "A made-up answer.")
    assert work.failed_commands == (FailedCommand(COMMAND, 3),)
    assert work.files_changed == (ChangedFile(str(place.provider.new_file), "A"),)
    assert (talk.failed_commands, talk.files_changed) == ((), ())
    assert place.provider.new_file.read_text(encoding="utf-8") == "a\n"


def root(client: Client, environ: Mapping[str, str], home: Path) -> Path:
    [only] = client.roots(environ, home)
    return only


def test_opencode(place: Place) -> None:
    program = installed("opencode")
    model = "claude-sonnet-4-5"
    options = {"baseURL": f"{place.provider.url}/v1", "apiKey": KEY}
    config = {
        "model": f"anthropic/{model}",
        "small_model": f"anthropic/{model}",
        "autoupdate": False,
        "share": "disabled",
        "permission": {"bash": "allow", "edit": "allow"},
        "provider": {"anthropic": {"options": options, "models": {model: {}}}},
    }
    (place.work / "opencode.json").write_text(json.dumps(config), encoding="utf-8")
    quiet = {"OPENCODE_DISABLE_AUTOUPDATE": "1", "OPENCODE_DISABLE_MODELS_FETCH": "1"}
    place.run(program, "run", WORK, **quiet)
    place.run(program, "run", "--continue", TALK, **quiet)

    assert OPENCODE.sessions_in
    assert OPENCODE.lines
    database = root(OPENCODE, {}, place.home)
    assert OPENCODE.claim(database) is not None
    [found] = OPENCODE.sessions_in(database)
    reading = Reading(OPENCODE)
    reading.feed(OPENCODE.lines(found))
    changes = reading.take_changes()
    assert reading.facts.cwd == str(place.work)
    assert reading.facts.client_version
    # The client puts arguments with spaces in quotes before it joins them to a prompt.
    judge(place, changes.turns, changes.requests, lambda text: f'"{text}"')


def test_gemini(place: Place) -> None:
    program = installed("gemini")
    settings = {
        "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": False}},
        "general": {"enableAutoUpdate": False},
        "privacy": {"usageStatisticsEnabled": False},
    }
    (place.home / ".gemini").mkdir()
    (place.home / ".gemini" / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    environ = {"GEMINI_API_KEY": KEY, "GOOGLE_GEMINI_BASE_URL": place.provider.url}
    place.run(program, "--yolo", "-p", WORK, **environ)
    place.run(program, "--yolo", "--resume", "latest", "-p", TALK, **environ)

    chats = [path for path in root(GEMINI, {}, place.home).rglob("*.jsonl") if GEMINI.claim(path) is not None]
    # To resume a session makes a second file, of the same id and without a message.
    chats.sort(key=lambda path: path.stat().st_size)
    readings = [Reading(GEMINI) for _ in chats]
    for reading, path in zip(readings, chats, strict=True):
        with path.open("rb") as file:
            reading.feed(file)
    assert [reading.take_changes().turns for reading in readings[:-1]] == [()] * (len(readings) - 1)
    assert len({reading.facts.session_id for reading in readings}) == 1
    assert readings[-1].facts.cwd == str(place.work)
    changes = readings[-1].take_changes()
    judge(place, changes.turns, changes.requests, lambda text: text)
