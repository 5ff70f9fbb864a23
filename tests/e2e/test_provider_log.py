"""The witness has to notice each broken promise, or the end-to-end tests prove nothing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from tests.e2e.provider_log import FORK_EXTRA, Body, Consent, Gone, Json, ProviderLog, Record, marks, violations

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


def judged(
    *records: Record, budget: int | None = None, gone: tuple[Gone, ...] = (), consents: tuple[Consent, ...] = ()
) -> str:
    return "; ".join(violations(records, ttl_seconds=TTL, max_idle_pings=budget, gone=gone, consents=consents))


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
        "usage": {
            "cache_read_input_tokens": 3,
            "cache_creation_input_tokens": 4,
            "input_tokens": 5,
            "output_tokens": 6,
        },
        "body_text": json.dumps(PING),
    }
    hello = json.dumps({**entry, "method": "HEAD", "path": "/api/hello"})
    line = json.dumps(entry)
    path.write_text(f"{hello}\n{line[:20]}", encoding="utf-8")
    log = ProviderLog(path)
    assert log.records() == []
    path.write_text(f"{hello}\n{line}\n", encoding="utf-8")
    assert [(r.n, r.prefix, r.input, r.output, r.is_ping) for r in log.pings("s")] == [(1, 7, 5, 6, True)]
    assert log.requests() == []


PROMPT = "(warmside keep-alive) Reply with one dot."
PLAN = ("Anthropic-Beta", "claude-code-20250219, oauth-2025-04-20")


def fork(at: float = 135.0, n: int = 2) -> Record:
    """As the client sends it: streamed, with its own headers, the last reply and our prompt behind the conversation."""
    reply: Json = {"role": "assistant", "content": [{"type": "text", "text": "hi"}]}
    body: Body = {**BODY, "messages": [*messages(BODY), reply, {"role": "user", "content": PROMPT}]}
    return replace(REQUEST, n=n, at=at, ended_at=at + 0.1, headers=(("Host", "b"),), body=body, read=1000, written=20)


def messages(body: Body) -> list[Json]:
    found = body["messages"]
    assert isinstance(found, list)
    return found


def with_last(record: Record, *more: Json) -> Record:
    """The record with these messages instead of its last one."""
    return replace(record, body={**record.body, "messages": [*messages(record.body)[:-1], *more]})


def of_plan(record: Record) -> Record:
    return replace(record, headers=(*record.headers, PLAN))


def test_pings_are_told_from_requests_and_from_each_other() -> None:
    assert [(one.is_ping, one.is_replay, one.is_fork) for one in (REQUEST, ping(), fork())] == [
        (False, False, False),
        (True, True, False),
        (True, False, True),
    ]


def test_a_fork_is_known_by_its_prompt_in_either_form_and_by_what_goes_on_from_it() -> None:
    block: Json = {"type": "text", "text": PROMPT}
    asked: Json = {"role": "user", "content": PROMPT}
    tool: Json = {"role": "assistant", "content": [{"type": "tool_use", "name": "Bash"}]}
    denied: Json = {"role": "user", "content": [{"type": "tool_result", "content": "no"}]}
    for last in (
        [{"role": "user", "content": [block]}],
        [{"role": "user", "content": [{"type": "text", "text": "a note"}, block]}],
        [asked, tool, denied],
        [asked, {"role": "system", "content": ""}],
    ):
        assert with_last(fork(), *last).is_fork, last
    for other in (
        [{"role": "user", "content": f"what does {PROMPT} mean"}],
        [{"role": "assistant", "content": PROMPT}],
        [{"role": "user", "content": []}],
        [{"role": "user", "content": [PROMPT]}],
        [asked, tool, denied, tool],
        [PROMPT],
    ):
        assert not with_last(fork(), *other).is_fork, other
    assert not replace(REQUEST, body={}).is_fork
    assert not replace(REQUEST, body={"messages": PROMPT}).is_fork


def test_forks_have_bodies_and_headers_of_their_own() -> None:
    assert not judged(REQUEST, fork())


def test_the_first_fork_of_an_idle_period_may_write_the_last_reply_and_no_more() -> None:
    answered = replace(REQUEST, output=300)
    first = replace(fork(), written=300 + FORK_EXTRA)
    assert not judged(answered, first)
    assert "wrote 365 tokens" in judged(answered, replace(first, written=301 + FORK_EXTRA))
    assert "wrote 365 tokens" in judged(replace(answered, output=299), replace(first, written=301 + FORK_EXTRA))
    assert "wrote 1 tokens" in judged(answered, replace(ping(), written=1)), "a replay sends nothing new"


def test_the_next_fork_reads_what_the_first_one_wrote() -> None:
    second = replace(fork(170.0, n=3), read=1020, written=0)
    assert not judged(REQUEST, fork(), second)
    assert "ping 3 of session s: wrote 1 tokens" in judged(REQUEST, fork(), replace(second, written=1))
    failed = replace(fork(120.0), status=529, written=0)
    assert not judged(REQUEST, failed, fork(n=3)), "one that was refused has written nothing"
    assert not judged(REQUEST, ping(), fork(170.0, n=3)), "nor has a replay"
    again = replace(REQUEST, n=3, at=150.0, ended_at=151.0)
    assert not judged(REQUEST, fork(), again, fork(180.0, n=4)), "another idle period, another reply"


def test_a_fork_is_held_to_time_reads_and_budget_like_a_replay() -> None:
    assert "after the expiry" in judged(REQUEST, fork(140.0))
    assert not judged(REQUEST, fork(), replace(ping(170.0, n=3), read=1000)), "it renews the entry"
    assert "read 949 of 1000" in judged(REQUEST, replace(fork(), read=949))
    assert "number 2" in judged(REQUEST, fork(), replace(fork(170.0, n=3), written=0), budget=1)
    assert "after /exit" in judged(REQUEST, fork(), gone=(Gone("s", 120.0, "/exit"),))
    beside = judged(REQUEST, replace(ping(), ended_at=136.0), fork(135.5, n=3))
    assert beside == "ping 3 of session s: was sent while another ping was in flight"


def test_a_fork_while_its_client_works_is_noticed() -> None:
    late = replace(REQUEST, ended_at=136.0)
    assert "real request was in flight" in judged(late, fork())
    subagent = replace(late, n=2, at=130.0, agent_id="a1")
    assert "a request of another thread was in flight" in judged(REQUEST, subagent, fork(n=3))
    assert not judged(REQUEST, subagent, ping(n=3)), "a replay asks no client"
    assert not judged(REQUEST, replace(subagent, session_id="other"), fork(n=3))
    assert not judged(REQUEST, replace(subagent, ended_at=134.0), fork(n=3))


def test_the_login_is_read_from_the_betas() -> None:
    assert of_plan(REQUEST).of_plan
    assert not REQUEST.of_plan
    assert not replace(REQUEST, headers=(("X-Other", "oauth-2025-04-20"),)).of_plan


def test_a_replay_under_a_subscription_is_noticed_whatever_was_allowed() -> None:
    broken = judged(of_plan(REQUEST), of_plan(ping()), consents=(Consent(0.0, yes=True),))
    assert broken == "ping 2 of session s: is a replay under a subscription's login"


def test_a_fork_under_a_subscription_needs_the_consent_of_that_moment() -> None:
    def allowed(*consents: Consent) -> bool:
        broken = judged(of_plan(REQUEST), of_plan(fork()), consents=consents)
        assert broken in ("", "ping 2 of session s: is a fork under a subscription's login without consent")
        return not broken

    yes, no = Consent(120.0, yes=True), Consent(130.0, yes=False)
    assert not allowed()
    assert allowed(yes)
    assert not allowed(yes, no)
    assert allowed(yes, no, Consent(132.0, yes=True))
    assert not allowed(Consent(135.1, yes=True)), "too late for this one"
    assert not judged(REQUEST, fork()), "an API key needs none"
