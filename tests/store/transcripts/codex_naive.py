"""A second count of a rollout, slow and straight from the rules: `json.loads`, everything in memory, no fork."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

SHELLS = ("exec_command", "shell", "shell_command", "local_shell", "container.exec")


@dataclass
class Counted:
    """What one file holds. A request is (input with what was cached, cached, output, reasoning)."""

    requests: list[tuple[int, int, int, int]] = field(default_factory=list)
    models: list[str] = field(default_factory=list)
    final_total: int = 0
    prompts: list[str] = field(default_factory=list)
    answers: list[str] = field(default_factory=list)
    failed: list[tuple[str, int]] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    calls: list[str] = field(default_factory=list)
    compactions: int = 0
    interruptions: int = 0
    times: tuple[float, float] = (0.0, 0.0)


def naive(lines: Sequence[bytes]) -> Counted:
    """Count a file in which every line is whole."""
    records: list[dict[str, Any]] = [json.loads(data) for data in lines]
    counted = Counted()
    model = ""
    names: dict[str, str] = {}
    ended: dict[str, int] = {}
    printed: dict[str, int] = {}
    patched: dict[str, list[str]] = {}
    named: dict[str, list[str]] = {}
    for record in records:
        payload = record["payload"]
        kind = payload.get("type", record["type"])
        if record["type"] == "turn_context":
            model = payload["model"]
        elif kind == "token_count" and payload["info"]:
            total = payload["info"]["total_token_usage"]["total_tokens"]
            if total != counted.final_total:
                counted.final_total = total
                last = payload["info"]["last_token_usage"]
                figures = ("input_tokens", "cached_input_tokens", "output_tokens", "reasoning_output_tokens")
                counted.requests.append(tuple(last[name] for name in figures))
                counted.models.append(model)
        elif kind == "user_message":
            counted.prompts.append(payload["message"])
        elif kind == "agent_message":
            counted.answers.append(payload["message"])
        elif kind == "compacted":
            counted.compactions += 1
        elif kind == "turn_aborted":
            counted.interruptions += 1
        elif kind in ("function_call", "custom_tool_call"):
            names[payload["call_id"]] = payload["name"]
            counted.calls.append(payload["call_id"])
        elif kind == "exec_command_end":
            ended[payload["call_id"]] = payload["exit_code"]
        elif kind == "patch_apply_end":
            patched[payload["call_id"]] = list(payload["changes"]) if payload["success"] else []
        elif kind in ("function_call_output", "custom_tool_call_output"):
            text: str = payload["output"]
            if text.startswith("{"):
                text = json.loads(text)["output"]
            before = text.split("\nOutput:")[0].split("\n")
            codes = [re.fullmatch(r"Process exited with code (\d+)", part) for part in before]
            codes.append(re.fullmatch(r"Exit code: (\d+)", before[0]))
            for code in codes:
                if code and names[payload["call_id"]] in SHELLS:
                    printed[payload["call_id"]] = int(code[1])
            if names[payload["call_id"]] == "apply_patch" and "Updated the following files:\n" in text:
                listed = text.split("Updated the following files:\n")[1].split("\n")
                named[payload["call_id"]] = [part[2:] for part in listed if part]
    counted.failed = sorted((call_id, code) for call_id, code in (printed | ended).items() if code)
    counted.files = sorted(path for paths in (named | patched).values() for path in paths)
    times = [datetime.fromisoformat(record["timestamp"]).timestamp() for record in records]
    counted.times = (min(times), max(times))
    return counted
