"""One simulated agent of the demo, as its own small process: behaves on disk and on the wire like Claude Code.

It reads its script as the first line of stdin and plays it: a session file whose status changes, a transcript, and
growing requests through its own launch's URL. Standard library only, so that several of them are light. It runs no
command, writes no file of a project and talks to nobody but the URL that it was given. When stdin closes, whoever
started it is gone, and it leaves.
"""

from __future__ import annotations

import http.client
import json
import os
import re
import select
import sys
import time
import uuid
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO
from urllib.parse import urlsplit

from keepalive.demo_script import Call, Script, Turn, from_line
from keepalive.demo_wire import VERSION, Answer, Body, Conversation, Json, headers, read_stream, tool_input, tool_name

RETRY_SECONDS = 1.0
REQUEST_TIMEOUT = 60.0


class Gone(Exception):
    """Whoever started the agent is gone."""


class SessionFile:
    """`sessions/<pid>.json`, rewritten whole and replaced at once, as a reader may look at any moment."""

    def __init__(self, script: Script) -> None:
        pid = os.getpid()
        self._path = Path(script.claude_dir) / "sessions" / f"{pid}.json"
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._fixed: Body = {
            "pid": pid,
            "sessionId": script.session_id,
            "cwd": script.cwd,
            "startedAt": _now_ms(),
            "procStart": _process_start(),
            "version": VERSION,
            "kind": "interactive",
            "entrypoint": "cli",
        }

    def write(self, status: str, waiting_for: str = "") -> None:
        """Status: busy, idle or waiting (for what)."""
        said: Body = {**self._fixed, "status": status, "statusUpdatedAt": _now_ms()}
        if waiting_for:
            said["waitingFor"] = waiting_for
        draft = self._path.with_name(f".{self._path.name}.draft")
        draft.write_text(json.dumps(said), encoding="utf-8")
        draft.replace(self._path)

    def remove(self) -> None:
        """The client has left."""
        self._path.unlink(missing_ok=True)


class Transcript:
    """`projects/<cwd>/<session>.jsonl`: one record a line, only ever appended to."""

    def __init__(self, script: Script) -> None:
        self._script = script
        folder = Path(script.claude_dir) / "projects" / re.sub(r"[^A-Za-z0-9]", "-", script.cwd)
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / f"{script.session_id}.jsonl"
        self._parent: str | None = None

    def title(self) -> None:
        """The client names a conversation after its first prompt."""
        self._append({"type": "ai-title", "aiTitle": self._script.title, "sessionId": self._script.session_id})

    def prompt(self, text: str) -> None:
        """A person's prompt."""
        self._record("user", origin={"kind": "human"}, message={"role": "user", "content": text})

    def assistant(self, answer: Answer, block: Body) -> None:
        """One block of the model's."""
        message: Body = {
            "id": answer.message_id,
            "type": "message",
            "role": "assistant",
            "model": self._script.model,
            "content": [block],
            "stop_reason": answer.stop_reason,
            "usage": answer.usage,
        }
        self._record("assistant", message=message)

    def result(self, answer: Answer, call: Call, text: str, failed: bool) -> None:
        """What came of a tool call; a written file brings its patch."""
        block: Body = {
            "type": "tool_result",
            "tool_use_id": answer.call_id,
            "content": text,
            "is_error": failed,
        }
        self._record(
            "user", message={"role": "user", "content": [block]}, toolUseResult=tool_use_result(call, self._script.cwd)
        )

    def turn_ended(self, seconds: float) -> None:
        """The client's own note at the end of a turn."""
        self._record("system", subtype="turn_duration", durationMs=round(1000 * seconds))

    def _record(self, kind: str, **fields: Json) -> None:
        record_id = str(uuid.uuid4())
        self._append(
            {
                "type": kind,
                "uuid": record_id,
                "parentUuid": self._parent,
                "sessionId": self._script.session_id,
                "timestamp": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
                "version": VERSION,
                "cwd": self._script.cwd,
                "gitBranch": "main",
                "isSidechain": False,
                **fields,
            }
        )
        self._parent = record_id

    def _append(self, record: Body) -> None:
        with self.path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")


class Agent:
    """Plays one script."""

    def __init__(self, script: Script, stdin: TextIO) -> None:
        self._script = script
        self._stdin = stdin
        self._session = SessionFile(script)
        self._transcript = Transcript(script)
        self._conversation = Conversation(script)

    def run(self) -> None:
        """All turns, over and over where the script says so.

        Raises:
            Gone: stdin was closed.
        """
        script, started = self._script, time.monotonic()
        self._session.write("idle")
        try:
            self._wait(script.starts_after)
            self._transcript.title()
            n = 0
            while time.monotonic() - started < script.at_most:
                self._turn(script.turns[n])
                n += 1
                if n == len(script.turns):
                    if script.again is None:
                        break
                    n = script.again
        finally:
            self._session.remove()

    def _turn(self, turn: Turn) -> None:
        started = time.monotonic()
        self._session.write("busy")
        self._transcript.prompt(turn.prompt)
        self._conversation.prompt(turn)
        for call in turn.calls:
            answer = self._ask()
            self._call(call, answer)
        answer = self._ask()
        self._transcript.assistant(answer, {"type": "text", "text": turn.answer})
        self._conversation.answered(turn.answer)
        self._transcript.turn_ended(time.monotonic() - started)
        self._session.write("idle")
        self._wait(turn.pause)

    def _call(self, call: Call, answer: Answer) -> None:
        used: Body = {
            "type": "tool_use",
            "id": answer.call_id,
            "name": tool_name(call),
            "input": tool_input(call, self._script.cwd),
        }
        self._transcript.assistant(answer, used)
        if call.asks_for:
            self._session.write("waiting", "permission prompt")
            self._wait(call.asks_for)
            self._session.write("busy")
        self._wait(call.seconds)
        text, failed = result_text(call)
        self._transcript.result(answer, call, text, failed)
        self._conversation.called(answer, call, text, failed)

    def _ask(self) -> Answer:
        """Send the conversation until it is answered; a provider or gateway that is away is asked again."""
        body = self._conversation.body()
        while True:
            try:
                return self._send(body)
            except (OSError, EOFError, http.client.HTTPException):
                self._wait(RETRY_SECONDS)

    def _send(self, body: bytes) -> Answer:
        url = urlsplit(self._script.url)
        connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=REQUEST_TIMEOUT)
        try:
            connection.request("POST", f"{url.path}/v1/messages?beta=true", body, headers(self._script))
            response = connection.getresponse()
            if response.status != 200:
                raise http.client.HTTPException(f"status {response.status}")
            return read_stream(response)
        finally:
            connection.close()

    def _wait(self, seconds: float) -> None:
        """Sleep, but leave as soon as stdin is closed."""
        ready, _, _ = select.select([self._stdin], [], [], seconds)
        if ready:
            raise Gone


def result_text(call: Call) -> tuple[str, bool]:
    """What the model is told of a call, in the client's words, and whether that is an error."""
    if call.tool == "write":
        return ("File created successfully" if call.creates else "The file has been updated."), False
    if call.exit_code:
        return f"Exit code {call.exit_code}\n{call.result}", True
    return call.result, False


def tool_use_result(call: Call, cwd: str) -> Json:
    """The client's own copy of a result: a patch for a written file, the output of a command."""
    if call.tool == "run":
        text, failed = result_text(call)
        return f"Error: {text}" if failed else {"stdout": text, "stderr": "", "interrupted": False}
    patch: Body = {
        "oldStart": 1,
        "oldLines": 1,
        "newStart": 1,
        "newLines": 1,
        "lines": ["-before", "+made up"],
    }
    return {
        "type": "create" if call.creates else "update",
        "filePath": f"{cwd}/{call.what}",
        "content": "made up\n",
        "structuredPatch": [] if call.creates else [patch],
    }


def _process_start() -> str:
    """This process's start as the client notes it: clock ticks since boot on Linux, a text elsewhere."""
    try:
        text = Path("/proc/self/stat").read_text(encoding="utf-8")
    except OSError:
        return time.ctime()
    return text[text.rfind(")") + 2 :].split()[19]


def _now_ms() -> int:
    return round(1000 * time.time())


def main() -> None:
    """Entry point: play the script on stdin's first line."""
    line = sys.stdin.readline()
    if not line:
        return
    try:
        Agent(from_line(line), sys.stdin).run()
    except Gone:
        return


if __name__ == "__main__":
    main()
