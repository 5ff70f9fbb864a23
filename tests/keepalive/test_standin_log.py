"""A log line keeps the request and gives no credential away."""

from __future__ import annotations

import base64
import hashlib
import json

import pytest

from keepalive.standin_log import LogEntry, hash_key

KEY = "sk-ant-test-0001"


def entry(body: bytes) -> LogEntry:
    return LogEntry(
        n=1,
        at=1.0,
        ended_at=2.0,
        method="POST",
        path="/v1/messages",
        body=body,
        headers=(("X-Api-Key", KEY), ("authorization", f"Bearer {KEY}"), ("x-app", "cli")),
        session_id="s",
        agent_id=None,
        key_hash=hash_key(KEY),
        kind="message",
        usage={"input_tokens": 1},
        stop_reason="end_turn",
        status=200,
        response_bytes=3,
        client_gone=False,
    )


def test_a_json_body_stays_text() -> None:
    raw = '{"a": "ä"}'.encode()
    made = json.loads(entry(raw).line())
    assert made["body_text"].encode() == raw
    assert made["body_sha256"] == hashlib.sha256(raw).hexdigest()
    assert (made["usage"], made["kind"], made["status"]) == ({"input_tokens": 1}, "message", 200)
    assert made["stop_reason"] == "end_turn"


@pytest.mark.parametrize("raw", [b"\xff\x00", b"no json", b""])
def test_any_other_body_is_base64(raw: bytes) -> None:
    made = json.loads(entry(raw).line())
    assert base64.b64decode(made["body_base64"]) == raw
    assert "body_text" not in made


def test_no_credential_is_in_a_line() -> None:
    line = entry(b"{}").line()
    assert KEY not in line
    assert ["x-app", "cli"] in json.loads(line)["headers"]
    assert "\n" not in line
