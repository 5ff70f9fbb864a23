"""A made-up Claude Code folder: session files, transcripts and the processes that wrote them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

T0 = 1_790_000_000.0
CWD = "/src/made-up"
MODEL = "claude-opus-5-5"


def iso(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


@dataclass
class FakeProcesses:
    """A process table to write down: pid to start ticks; `since` for programs that count no ticks."""

    ticks: dict[int, int] = field(default_factory=dict)

    def start_ticks(self, pid: int) -> int | None:
        return self.ticks.get(pid)

    def created_at(self, pid: int) -> float | None:
        return T0 + self.ticks[pid] if pid in self.ticks else None


@dataclass
class ClaudeFolder:
    """Writes what the client would."""

    root: Path
    processes: FakeProcesses = field(default_factory=FakeProcesses)

    def file(self, pid: int) -> Path:
        return self.root / "sessions" / f"{pid}.json"

    def session(
        self,
        pid: int,
        session_id: str,
        status: str = "idle",
        *,
        waiting_for: str | None = None,
        start: int | None = None,
        name: str | None = None,
        at: float = T0,
        cwd: str = CWD,
    ) -> None:
        """A running client's own note of itself."""
        start = self.processes.ticks.setdefault(pid, pid * 10) if start is None else start
        self.file(pid).parent.mkdir(parents=True, exist_ok=True)
        self.file(pid).write_text(
            json.dumps(
                {
                    "pid": pid,
                    "sessionId": session_id,
                    "cwd": cwd,
                    "startedAt": (T0 + start) * 1000,
                    "procStart": str(start),
                    "version": "2.1.331",
                    "kind": "interactive",
                    "entrypoint": "cli",
                    "name": name,
                    "status": status,
                    "waitingFor": waiting_for,
                    "statusUpdatedAt": at * 1000,
                    "tmux": "work:@3.%17",
                }
            ),
            encoding="utf-8",
        )

    def leaves(self, pid: int) -> None:
        """The client ends by itself and takes its file away."""
        self.file(pid).unlink()
        del self.processes.ticks[pid]

    def killed(self, pid: int) -> None:
        """The client dies and its file stays."""
        del self.processes.ticks[pid]

    def transcript(self, session_id: str, *records: dict[str, object], cwd: str = CWD) -> Path:
        """Append records to a session's transcript."""
        path = self.root / "projects" / cwd.replace("/", "-") / f"{session_id}.jsonl"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)
        return path


def prompt(at: float, text: str) -> dict[str, object]:
    return {
        "type": "user",
        "uuid": f"u-{at}",
        "timestamp": iso(at),
        "cwd": CWD,
        "message": {"role": "user", "content": text},
    }


def answer(
    at: float,
    message_id: str,
    *,
    text: str = "made-up answer",
    read: int = 20_000,
    written_5m: int = 0,
    written_1h: int = 0,
    model: str = MODEL,
    stop: str | None = "end_turn",
    tool: str | None = None,
) -> dict[str, object]:
    content: list[dict[str, object]] = [{"type": "text", "text": text}]
    if tool is not None:
        content.append({"type": "tool_use", "id": f"call-{message_id}", "name": tool, "input": {"command": "true"}})
    return {
        "type": "assistant",
        "uuid": f"a-{message_id}",
        "timestamp": iso(at),
        "cwd": CWD,
        "message": {
            "id": message_id,
            "model": model,
            "role": "assistant",
            "content": content,
            "stop_reason": stop,
            "usage": {
                "input_tokens": 3,
                "output_tokens": 50,
                "cache_read_input_tokens": read,
                "cache_creation_input_tokens": written_5m + written_1h,
                "cache_creation": {
                    "ephemeral_5m_input_tokens": written_5m,
                    "ephemeral_1h_input_tokens": written_1h,
                },
            },
        },
    }


def tool_result(at: float, message_id: str) -> dict[str, object]:
    return {
        "type": "user",
        "timestamp": iso(at),
        "message": {
            "role": "user",
            "content": [{"type": "tool_result", "tool_use_id": f"call-{message_id}", "content": "ok"}],
        },
    }


def compaction(at: float) -> dict[str, object]:
    return {
        "type": "system",
        "subtype": "compact_boundary",
        "timestamp": iso(at),
        "compactMetadata": {"trigger": "manual"},
    }


def title(text: str) -> dict[str, object]:
    return {"type": "ai-title", "aiTitle": text}
