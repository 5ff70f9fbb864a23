"""What the real Codex client writes into its rollouts is what our reader reads out of them.

The client talks to a scripted provider on loopback: what it was told (tokens, commands, patches) is known, and the
rollout must say the same. Two turns, a resumed one, a fork; a failing command, a patch, a compaction.
"""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from store.transcripts.codex_client import CODEX
from store.transcripts.events import Event, MetaEvent
from store.transcripts.turns import TurnBuilder
from tests.e2e.installed import installed

pytestmark = pytest.mark.e2e

REPOSITORY = Path(__file__).resolve().parents[2]
CLOSED = "http://127.0.0.1:9"
SECONDS = 60.0
PATCH = """*** Begin Patch
*** Add File: new.txt
+new
*** Update File: old.txt
*** Move to: moved.txt
@@
-a
+b
*** Delete File: gone.txt
*** End Patch
"""
Answer = tuple[list[dict[str, Any]], dict[str, Any]]


def _says(text: str) -> dict[str, Any]:
    return {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": text}]}


def _runs(call_id: str, command: str) -> dict[str, Any]:
    return {
        "type": "function_call",
        "name": "exec_command",
        "arguments": json.dumps({"cmd": command}),
        "call_id": call_id,
    }


def _usage(n: int, *, cached: int = 0, written: int = 0, prompt: int = 1000) -> dict[str, Any]:
    return {
        "input_tokens": prompt + n,
        "input_tokens_details": {"cached_tokens": cached, "cache_write_tokens": written},
        "output_tokens": 50 + n,
        "output_tokens_details": {"reasoning_tokens": 7},
        "total_tokens": prompt + 50 + 2 * n,
    }


FIRST: list[Answer] = [
    ([_says("I look first."), _runs("call_a", "echo no; exit 3")], _usage(1, cached=500)),
    ([{"type": "custom_tool_call", "name": "apply_patch", "input": PATCH, "call_id": "call_b"}], _usage(2, written=30)),
    ([_says("Mended.")], _usage(3, cached=900)),
]
SECOND: list[Answer] = [([_says("Lit.")], _usage(4))]
FORKED: list[Answer] = [([_says("Lit another way.")], _usage(5))]
COMPACTED: list[Answer] = [
    ([_runs("call_c", "exit 4")], _usage(6, prompt=250_000)),
    ([_says("A summary of it all.")], _usage(7)),
    ([_says("Counted.")], _usage(8)),
]


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    answers: Iterator[Answer]

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""

    def do_GET(self) -> None:
        """No websocket here, and no list of models."""
        self._reply(426 if self.headers.get("Upgrade") else 404, b"")

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length") or 0))
        items, usage = next(self.answers)
        done = {"type": "response.completed", "response": {"id": f"resp_{usage['output_tokens']}", "usage": usage}}
        events: list[dict[str, Any]] = [{"type": "response.created", "response": {"id": "resp"}}]
        events += [{"type": "response.output_item.done", "output_index": n, "item": i} for n, i in enumerate(items)]
        text = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in [*events, done])
        self._reply(200, text.encode(), "text/event-stream")

    def _reply(self, status: int, body: bytes, kind: str = "text/plain") -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def _provider(answers: list[Answer]) -> Iterator[str]:
    handler = type("Scripted", (_Handler,), {"answers": iter(answers)})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        finally:
            server.shutdown()
            thread.join()


class _Codex:
    """The client in a home of its own; nothing of it leaves the machine."""

    def __init__(self, binary: Path, root: Path) -> None:
        self.binary, self.home, self.work = binary, root / "codex", root / "work"
        for folder in (self.home, self.work):
            folder.mkdir()
        (self.work / "old.txt").write_text("a\n")
        (self.work / "gone.txt").write_text("x\n")

    def exec(self, answers: list[Answer], *arguments: str) -> None:
        """One run of `codex exec` against these answers."""
        with _provider(answers) as base_url:
            (self.home / "config.toml").write_text(
                'model = "gpt-5.5"\nmodel_provider = "scripted"\napproval_policy = "never"\n'
                'sandbox_mode = "danger-full-access"\ncheck_for_update_on_startup = false\n'
                f'[model_providers.scripted]\nname = "scripted"\nbase_url = "{base_url}"\nenv_key = "MADE_UP_KEY"\n'
                'wire_api = "responses"\nrequest_max_retries = 0\nstream_max_retries = 0\n'
            )
            proxies = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"), CLOSED)
            subprocess.run(
                [self.binary, "exec", *arguments],
                cwd=self.work,
                env={
                    "PATH": os.environ["PATH"],
                    "HOME": str(self.home.parent),
                    "CODEX_HOME": str(self.home),
                    "MADE_UP_KEY": "made-up",
                    "NO_PROXY": "127.0.0.1",
                    **proxies,
                },
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=True,
            )

    def rollouts(self) -> list[Path]:
        """Its transcripts where our client entry looks for them, oldest first."""
        roots = CODEX.roots({"CODEX_HOME": str(self.home)}, self.home.parent)
        return sorted(path for root in roots for path in root.rglob("*") if path.is_file() and CODEX.claim(path))


@pytest.fixture
def codex(tmp_path: Path) -> _Codex:
    """The real client, or a skip with the reason."""
    return _Codex(installed("codex"), tmp_path)


def _read(path: Path) -> tuple[TurnBuilder, list[Event]]:
    events = list(CODEX.reader().feed(path.read_bytes().splitlines(keepends=True)))
    builder = TurnBuilder()
    builder.feed(events)
    return builder, events


def _spent(answers: list[Answer]) -> list[tuple[int, int, int, int, int]]:
    """TokenCounts as the provider gave it: input alone, cached, written, output, reasoning."""
    spent = []
    for _, usage in answers:
        details = usage["input_tokens_details"]
        cached, written = details["cached_tokens"], details["cache_write_tokens"]
        spent.append((usage["input_tokens"] - cached - written, cached, written, usage["output_tokens"], 7))
    return spent


def _told(builder: TurnBuilder) -> list[tuple[int, int, int, int, int]]:
    usages = [request.usage for request in builder.requests]
    return [(u.input, u.cache_read, u.cache_write_5m, u.output, u.reasoning) for u in usages]


def test_turns_a_resumed_one_and_a_fork(codex: _Codex) -> None:
    codex.exec(FIRST, "--skip-git-repo-check", "Mend the gate.")
    (parent,) = codex.rollouts()
    claim = CODEX.claim(parent)
    assert claim is not None
    codex.exec(SECOND, "resume", "--skip-git-repo-check", claim.session_id, "Light the lantern.")
    codex.exec(FORKED, "fork", "--skip-git-repo-check", claim.session_id, "Light another.")

    builder, events = _read(parent)
    first, second = builder.turns
    assert (first.prompt, first.answer, second.prompt, second.answer) == (
        "Mend the gate.",
        "Mended.",
        "Light the lantern.",
        "Lit.",
    )
    assert [tuple(failed) for failed in first.failed_commands] == [("echo no; exit 3", 3)]
    assert sorted((Path(path).name, kind) for path, kind in first.files_changed) == [
        ("gone.txt", "D"),
        ("new.txt", "A"),
        ("old.txt", "R"),
    ]
    assert not second.memory
    assert _told(builder) == _spent([*FIRST, *SECOND])
    assert {request.model for request in builder.requests} == {"gpt-5.5"}
    (meta,) = [event for event in events if isinstance(event, MetaEvent)]
    assert (meta.session_id, meta.cwd) == (claim.session_id, str(codex.work))

    (child,) = set(codex.rollouts()) - {parent}
    builder, events = _read(child)
    (turn,) = builder.turns
    assert (turn.prompt, turn.answer, _told(builder)) == ("Light another.", "Lit another way.", _spent(FORKED))
    (meta,) = [event for event in events if isinstance(event, MetaEvent)]
    assert meta.forked_from == claim.session_id
    assert not {r.message_id for r in builder.requests} & {r.message_id for r in _read(parent)[0].requests}


def test_a_compaction(codex: _Codex) -> None:
    codex.exec(COMPACTED, "--skip-git-repo-check", "Count the nets.")
    (path,) = codex.rollouts()
    builder, _ = _read(path)
    (turn,) = builder.turns
    assert (turn.prompt, turn.answer, turn.compactions) == ("Count the nets.", "Counted.", 1)
    assert [tuple(failed) for failed in turn.failed_commands] == [("exit 4", 4)]
    assert _told(builder) == _spent(COMPACTED)
