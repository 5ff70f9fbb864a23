"""The witness has to notice each broken promise, or the end-to-end tests prove nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.e2e.provider_log import Body, Gone, ProviderLog, Record, marks, violations

TTL = {"5m": 40.0, "1h": 480.0}
BODY: Body = {
    "model": "claude-opus-5-5",
    "max_tokens": 128000,
    "stream": True,
    "system": [{"type": "text", "text": "s", "cache_control": {"type": "ephemeral"}}],
    "messages": [{"role": "user", "content": "hello"}],
}
PING: Body = {**{key: value for key, value in BODY.items() if key != "stream"}, "max_tokens": 0}
REQUEST = Record(
    n=1,
    at=100.0,
    ended_at=101.0,
    target="/v1/messages?beta=true",
    session_id="s",
    agent_id="",
    status=200,
    headers=(("Host", "a"), ("X-Api-Key", "sha256:1"), ("anthropic-beta", "b")),
    body=BODY,
    read=0,
    written=1000,
)


def ping(at: float = 135.0, n: int = 2) -> Record:
    return replace(REQUEST, n=n, at=at, ended_at=at + 0.1, body=PING, read=1000, written=0)


def judged(*records: Record, budget: int | None = None, gone: tuple[Gone, ...] = ()) -> str:
    return "; ".join(violations(records, ttl_seconds=TTL, max_idle_pings=budget, gone=gone))


def test_good_pings_pass_and_each_renews_the_entry() -> None:
    assert not judged(REQUEST, ping(135.0), ping(170.0, n=3), budget=2)


def test_a_write_is_noticed() -> None:
    assert "wrote 7 tokens" in judged(REQUEST, replace(ping(), written=7))


def test_a_miss_is_noticed() -> None:
    assert "read 10 of 1000" in judged(REQUEST, replace(ping(), read=10))


def test_a_late_ping_is_noticed_on_the_second() -> None:
    assert not judged(REQUEST, ping(139.9))
    assert "after the expiry" in judged(REQUEST, ping(140.0))


def test_a_refused_ping_renews_nothing() -> None:
    assert "after the expiry" in judged(REQUEST, replace(ping(), status=500), ping(141.0, n=3))


def test_the_lifetime_is_that_of_the_marks() -> None:
    long: Body = {**BODY, "system": [{"type": "text", "cache_control": {"type": "ephemeral", "ttl": "1h"}}]}
    probe: Body = {**{key: value for key, value in long.items() if key != "stream"}, "max_tokens": 0}
    assert not judged(replace(REQUEST, body=long), replace(ping(500.0), body=probe))
    assert marks(long) == ["1h"]


def test_another_body_is_noticed() -> None:
    changes: list[Body] = [{"temperature": 0}, {"messages": []}, {"stream": True}]
    for change in changes:
        assert judged(REQUEST, replace(ping(), body={**PING, **change})), change
    turned: Body = dict(reversed(PING.items()))
    assert "order of its members" in judged(REQUEST, replace(ping(), body=turned))


def test_other_headers_or_path_are_noticed_but_not_those_of_the_connection() -> None:
    assert not judged(REQUEST, replace(ping(), headers=(*REQUEST.headers[1:], ("Host", "c"), ("Connection", "close"))))
    assert "other headers" in judged(REQUEST, replace(ping(), headers=REQUEST.headers[:2]))
    assert "instead of" in judged(REQUEST, replace(ping(), target="/v1/messages"))


def test_a_ping_of_an_older_prefix_is_noticed() -> None:
    newer = replace(REQUEST, n=2, at=110.0, ended_at=111.0, body={**BODY, "messages": [{"role": "user"}]})
    assert "differs from the session's last request in ['messages']" in judged(REQUEST, newer, ping(n=3))


def test_a_ping_beside_a_request_or_a_ping_is_noticed() -> None:
    assert "real request was in flight" in judged(replace(REQUEST, ended_at=136.0), ping())
    assert "another ping was in flight" in judged(REQUEST, replace(ping(), ended_at=136.0), ping(135.5, n=3))


def test_a_ping_without_a_request_or_for_a_subagent_is_noticed() -> None:
    assert "no request before it" in judged(replace(REQUEST, session_id="other"), ping())
    assert "subagent" in judged(REQUEST, replace(ping(), agent_id="a1"))


def test_a_budget_is_counted_by_idle_period() -> None:
    again = replace(REQUEST, n=4, at=171.0, ended_at=172.0)
    assert "number 2" in judged(REQUEST, ping(), ping(170.0, n=3), budget=1)
    assert not judged(REQUEST, ping(), again, ping(200.0, n=5), budget=1)


def test_a_ping_after_the_end_is_noticed_until_the_session_speaks_again() -> None:
    end = Gone("s", 120.0, "/exit")
    back = replace(REQUEST, n=2, at=125.0, ended_at=126.0)
    assert "15.00 s after /exit" in judged(REQUEST, ping(), gone=(end,))
    assert not judged(REQUEST, back, ping(n=3), gone=(end,))
    assert not judged(REQUEST, ping(119.0), gone=(end,))


def test_the_log_is_followed_line_by_line(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    entry = {
        "n": 1,
        "at": 100.0,
        "ended_at": 101.0,
        "method": "POST",
        "path": "/v1/messages?beta=true",
        "headers": [["Host", "a"]],
        "session_id": "s",
        "agent_id": None,
        "status": 200,
        "stop_reason": "max_tokens",
        "client_gone": False,
        "response_bytes": 9,
        "usage": {"cache_read_input_tokens": 3, "cache_creation_input_tokens": 4},
        "body_text": json.dumps(PING),
    }
    hello = json.dumps({**entry, "method": "HEAD", "path": "/api/hello"})
    line = json.dumps(entry)
    path.write_text(f"{hello}\n{line[:20]}", encoding="utf-8")
    log = ProviderLog(path)
    assert log.records() == []
    path.write_text(f"{hello}\n{line}\n", encoding="utf-8")
    assert [(r.n, r.prefix, r.is_ping) for r in log.pings("s")] == [(1, 7, True)]
    assert log.requests() == []
