"""The stand-in as a process: its URL first, a line per request, a clean end on SIGTERM."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from keepalive.standin_main import main

ROOT = Path(__file__).parents[2]
BODY = {
    "model": "claude-opus-5-5",
    "max_tokens": 10,
    "messages": [
        {"role": "user", "content": [{"type": "text", "text": "hello", "cache_control": {"type": "ephemeral"}}]}
    ],
}


def test_a_process_serves_logs_and_ends(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    command = [sys.executable, "-m", "keepalive.standin", "--log", str(log), "--reply", "Said.", "--minimum", "1"]
    with subprocess.Popen([*command, "--ttl", "5m=40"], stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            for _ in range(2):
                request = urllib.request.Request(  # noqa: S310 - our own loopback address
                    url + "/v1/messages", json.dumps(BODY).encode(), {"x-api-key": "sk-ant-test-0001"}
                )
                with urllib.request.urlopen(request, timeout=10) as response:  # noqa: S310
                    answer = json.load(response)
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
    assert answer["content"][0]["text"] == "Said."
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["n"] for line in lines] == [1, 2]
    assert [line["usage"]["cache_read_input_tokens"] > 0 for line in lines] == [False, True]
    assert json.loads(lines[0]["body_text"]) == BODY


def test_it_says_when_a_stream_begins_not_when_it_ends() -> None:
    command = [sys.executable, "-m", "keepalive.standin", "--tell-streams"]
    slow = {**BODY, "stream": True, "messages": [{"role": "user", "content": "slow: 30"}]}
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT, text=True) as process:
        try:
            assert process.stdout
            url = process.stdout.readline().strip()
            request = urllib.request.Request(  # noqa: S310 - our own loopback address
                url + "/v1/messages", json.dumps(slow).encode(), {"x-api-key": "sk-ant-test-0001"}
            )
            with urllib.request.urlopen(request, timeout=10):  # noqa: S310
                assert process.stdout.readline() == "1\n"
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0


def test_a_lifetime_of_an_unknown_class_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--ttl", "2h=1"])
    assert ended.value.code == 2
    assert "5m=SECONDS" in capsys.readouterr().err
