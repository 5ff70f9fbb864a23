"""The program itself on a terminal, with a transcript that wants the terminal to act: every byte that it writes."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import re
import struct
import subprocess
import sys
import termios
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from tests.keepalive.keeper_home import eventually
from tests.tui.foreign import HOSTILE, WIDE

ID = "11111111-2222-4333-8444-555555555555"
TEXT = (HOSTILE + "".join(WIDE)).encode("utf-8", "ignore").decode()
RUN = (sys.executable, "-c", "from tui.cli import main; main()")
_COMMANDS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|[]P^_X][^\x07\x1b]*(?:\x07|\x1b\\)|[ -/]*[0-~])")
OURS = re.compile(rb"\x1b(?:\[[0-?]*[ -/]*[@-~]|\]22;[a-z]+\x07|P=[12]s\x1b\\|[=>78])\Z")
"""Colours, moves of the cursor, modes, the mouse pointer's shape, synchronised output."""


def _transcript(folder: Path) -> None:
    base = {"sessionId": ID, "cwd": f"/x/{TEXT}", "gitBranch": TEXT, "version": "2.1.0", "isSidechain": False}
    usage = {"input_tokens": 5, "cache_read_input_tokens": 9000, "cache_creation_input_tokens": 90, "output_tokens": 9}
    call = {"type": "tool_use", "id": "t1", "name": "Bash", "input": {"command": f"pytest {TEXT}"}}
    wrote = {"type": "tool_use", "id": "t2", "name": "Edit", "input": {"file_path": f"/x/{TEXT}", "old_string": "a"}}
    failed = {"type": "tool_result", "tool_use_id": "t1", "is_error": True, "content": f"Exit code 1\n{TEXT}"}
    done = {"type": "tool_result", "tool_use_id": "t2", "content": TEXT}

    def answer(number: int, *content: object) -> dict[str, Any]:
        of = {"id": f"m{number}", "type": "message", "role": "assistant", "model": f"claude-opus-5-5{TEXT}"}
        return {"type": "assistant", "message": {**of, "content": list(content), "usage": usage}}

    lines: list[dict[str, Any]] = [
        {"type": "ai-title", "aiTitle": TEXT},
        {"type": "user", "message": {"role": "user", "content": f"lock {TEXT}"}},
        answer(1, {"type": "text", "text": TEXT}, call, wrote),
        {"type": "user", "message": {"role": "user", "content": [failed, done]}},
        answer(2, {"type": "text", "text": TEXT * 50}),
    ]
    folder.mkdir(parents=True)
    told = [
        json.dumps({**base, "uuid": f"u{n}", "timestamp": f"2026-11-20T10:00:0{n}.000Z", **line})
        for n, line in enumerate(lines)
    ]
    (folder / f"{ID}.jsonl").write_text("\n".join(told) + "\n", encoding="utf-8")


@contextmanager
def _on_a_terminal(environ: dict[str, str]) -> Iterator[tuple[bytearray, int]]:
    """The sidebar on a pseudo-terminal: what it has written, and where keys go."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 40, 120, 0, 0))
    running = subprocess.Popen(
        [*RUN, "--no-keeper"], stdin=slave, stdout=slave, stderr=slave, env=environ, start_new_session=True
    )
    os.close(slave)
    written = bytearray()

    def read() -> None:
        with suppress(OSError):  # the program has ended
            while data := os.read(master, 65536):
                written.extend(data)

    reader = threading.Thread(target=read, daemon=True)
    reader.start()
    try:
        yield written, master
    finally:
        running.kill()
        running.wait()
        reader.join(5)
        os.close(master)


def test_the_terminal_gets_nothing_but_our_own_commands(tmp_path: Path) -> None:
    home = {"HOME": str(tmp_path), "CLAUDE_CONFIG_DIR": str(tmp_path / "claude"), "WARMSIDE_HOME": str(tmp_path / "ws")}
    environ = {"PATH": os.environ["PATH"], "TERM": "xterm-256color", "LANG": "C.UTF-8", **home}
    (tmp_path / "ws").mkdir(mode=0o700)
    (tmp_path / "ws" / "config.toml").write_text('[providers.anthropic]\nupstream = "http://127.0.0.1:9"\n')
    _transcript(tmp_path / "claude" / "projects" / "-x")
    subprocess.run([*RUN, "import"], env=environ, check=True, capture_output=True, timeout=60)
    with _on_a_terminal(environ) as (written, keys):

        def press(typed: bytes, until: bytes) -> None:
            start = len(written)
            os.write(keys, typed)
            eventually(lambda: until in written[start:], 20)

        eventually(lambda: b"No agent session" in written, 20)
        press(b"H", b"x[red]x[/]")
        press(b"/lock", b"1 turn in 1 session")
        press(b"\r", b"open")
        press(b"\r", b"next tab")
        press(b"\t", b"Nothing broke it")
        press(b"y", b"memory")
        press(b"\x1b", b"next tab")
        data = bytes(written)
    found = _COMMANDS.findall(data)
    assert len(found) > 100
    assert [one for one in found if not OURS.match(one)] == []
    rest = _COMMANDS.sub(b"", data)
    assert not set(rest) & (set(range(32)) - {10, 13})
    assert not re.search("[\x7f-\x9f\u202a-\u202e\u2066-\u2069]", rest.decode())
