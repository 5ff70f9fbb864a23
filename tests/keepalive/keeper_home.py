"""A machine of our own for tests with real keepers: temporary folders, a loopback upstream, and an end to every
process that was started in it. Nothing here can reach the network: the only upstream is the one below.
"""

from __future__ import annotations

import http.client
import json
import os
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TypeVar

import psutil
import pytest

from keepalive import keeper
from keepalive.paths import CLAUDE_HOME, HOME, Paths, find_paths
from store import launches
from store.models import KeeperView
from store.rows import LaunchRow
from tests.fresh_store import fresh_store

PATIENCE_S = 60.0
KEY = "sk-ant-test-0001"
"""A credential, made up."""
T = TypeVar("T")


def eventually(look: Callable[[], T | None], seconds: float = PATIENCE_S) -> T:
    """Until `look` gives something true; for what other processes do in their own time."""
    deadline = time.monotonic() + seconds
    while not (found := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s"
        time.sleep(0.02)
    return found


def ended(pid: int) -> bool:
    """Whether a process is gone (or only its remains are left)."""
    try:
        return psutil.Process(pid).status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True


class Upstream:
    """A provider on loopback that answers every POST with one small message, and remembers what it got."""

    def __init__(self) -> None:
        self.requests: list[tuple[str, bytes]] = []
        seen = self.requests

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
                seen.append((self.path, body))
                answer = json.dumps(
                    {
                        "id": f"msg_{len(seen)}",
                        "type": "message",
                        "role": "assistant",
                        "model": "claude-opus-5-5",
                        "content": [{"type": "text", "text": "made-up answer"}],
                        "stop_reason": "end_turn",
                        "usage": {"input_tokens": 3, "output_tokens": 2, "cache_read_input_tokens": 30_000},
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(answer)))
                self.end_headers()
                self.wfile.write(answer)

            def log_message(self, format: str, *args: object) -> None:
                """Silent."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


@dataclass
class Home:
    """The folders, the store and the provider of one test."""

    root: Path
    paths: Paths
    connection: sqlite3.Connection
    upstream: Upstream
    pids: set[int] = field(default_factory=set)

    def config(self, extra: str = "") -> None:
        """Write config.toml: always with our upstream."""
        self.paths.config_file.write_text(
            f'[providers.anthropic]\nupstream = "{self.upstream.url}"\n{extra}', encoding="utf-8"
        )

    def ensure(self) -> KeeperView:
        """A keeper, remembered so that the test's end ends it."""
        found = keeper.ensure(self.connection, self.paths)
        self.pids |= {found.pid, found.worker_pid}
        return found

    def status(self) -> KeeperView | None:
        found = keeper.status(self.connection)
        if found is not None:
            self.pids |= {found.pid, found.worker_pid}
        return found

    def launch(self, token: str, pid: int | None = None) -> str:
        """A launch of this process (or another) whose requests go to our upstream; returns its id."""
        pid = os.getpid() if pid is None else pid
        row = LaunchRow(
            id=f"launch-{len(token):08x}",
            token_hash=launches.token_hash(token),
            agent="claude",
            pid=pid,
            pid_started_at=psutil.Process(pid).create_time(),
            cwd="/src/made-up",
            upstream=self.upstream.url,
            proxy=None,
            ca_file=None,
            started_at=time.time(),
            ended_at=None,
        )
        launches.record(self.connection, row)
        return row.id

    def stop(self) -> None:
        """End every keeper that was seen, kindly first."""
        self.status()
        for pid in self.pids:
            with suppress(psutil.Error):
                psutil.Process(pid).terminate()
        for pid in self.pids:
            eventually(lambda pid=pid: ended(pid))  # type: ignore[misc]


@contextmanager
def made_home(root: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    """Point this process and its children at folders under `root` and at an upstream on loopback."""
    for name in list(os.environ):
        if name.upper().endswith("_PROXY") or name.startswith(("ANTHROPIC_", "CLAUDE", "WARMSIDE")):
            monkeypatch.delenv(name)
    monkeypatch.setenv("HOME", str(root))
    monkeypatch.setenv(HOME, str(root / "warmside"))
    monkeypatch.setenv(CLAUDE_HOME, str(root / "claude"))
    paths = find_paths()
    upstream = Upstream()
    home = Home(root, paths, fresh_store(paths.store_file), upstream)
    home.config()
    try:
        yield home
    finally:
        home.stop()
        home.connection.close()
        upstream.close()


def ask(port: int, path: str = "/v1/messages", body: bytes = b"{}", **headers: str) -> tuple[int, bytes]:
    """One POST to a keeper's port; waits as an agent would."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    try:
        connection.request("POST", path, body, {"Content-Type": "application/json", **headers})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()
