"""Judges what reached the provider, from the stand-in's log alone.

It is the independent witness of the end-to-end tests: every rule is derived here again from raw bodies, headers and
times. It must not import anything of the product, nor trust the product's own word on what it sent.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeAlias
from urllib.parse import urlsplit

Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"
Body: TypeAlias = "dict[str, Json]"

PING_FIELDS = ("max_tokens", "stream")
"""All that a ping may change in a captured body."""
FORK_PROMPT = "(warmside keep-alive)"
FORK_EXTRA = 64
"""Tokens that frame the last reply and the prompt of a fork."""
CONNECTION_HEADERS = frozenset(
    {
        "accept-encoding",
        "connection",
        "content-encoding",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
"""Headers that belong to one connection or one encoding, and so may differ between a request and its ping."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request to the Messages API. Times are wall-clock seconds, token counts the stand-in's usage."""

    n: int
    at: float
    ended_at: float
    target: str
    session_id: str
    agent_id: str
    status: int | None
    headers: tuple[tuple[str, str], ...]
    body: Body
    read: int
    written: int
    input: int = 0
    """What was billed as plain input: no entry covers it."""
    output: int = 0
    stop_reason: str = ""
    cut: bool = False
    """The client (or what stands between) left in the middle of the answer."""

    @property
    def is_replay(self) -> bool:
        return self.body.get("max_tokens") == 0

    @property
    def is_fork(self) -> bool:
        """The client's own request for the shortest answer: one of its last messages is our prompt."""
        messages = self.body.get("messages")
        return isinstance(messages, list) and any(
            isinstance(message, dict) and message.get("role") == "user" and _asks_for_a_fork(message.get("content"))
            for message in messages[-3:]
        )

    @property
    def of_plan(self) -> bool:
        """Sent with a subscription's token: the client names the beta of that login with it."""
        betas = [value for name, value in self.headers if name.lower() == "anthropic-beta"]
        return any(beta.strip().startswith("oauth-") for value in betas for beta in value.split(","))

    @property
    def is_ping(self) -> bool:
        return self.is_replay or self.is_fork

    @property
    def prefix(self) -> int:
        """Tokens that a later request can read."""
        return self.read + self.written

    @property
    def prompt(self) -> Body:
        """What a ping has to leave alone."""
        return {key: value for key, value in self.body.items() if key not in PING_FIELDS}


@dataclass(frozen=True, slots=True)
class Gone:
    """From `at` on the session, or the prefix that it had then, is no longer worth a ping."""

    session_id: str
    at: float
    why: str


@dataclass(frozen=True, slots=True)
class Consent:
    """From `at` on the person allows forks under a subscription's login, or does not (any more)."""

    at: float
    yes: bool


def _asks_for_a_fork(content: Json) -> bool:
    """Whether a message's content is the prompt of a fork, in either of the two forms that a content may have. The
    client may come to set a note of its own beside it."""
    if isinstance(content, str):
        return content.startswith(FORK_PROMPT)
    blocks = content if isinstance(content, list) else []
    return any(isinstance(block, dict) and str(block.get("text")).startswith(FORK_PROMPT) for block in blocks)


def parse(line: str) -> Record | None:
    """One line of the stand-in's log; None for anything but a request to the Messages API."""
    entry = json.loads(line)
    if entry["method"] != "POST" or urlsplit(entry["path"]).path != "/v1/messages" or "body_text" not in entry:
        return None
    usage = entry["usage"] or {}
    return Record(
        n=entry["n"],
        at=entry["at"],
        ended_at=entry["ended_at"],
        target=entry["path"],
        session_id=entry["session_id"] or "",
        agent_id=entry["agent_id"] or "",
        status=entry["status"],
        headers=tuple((name, value) for name, value in entry["headers"]),
        body=json.loads(entry["body_text"]),
        read=usage.get("cache_read_input_tokens", 0),
        written=usage.get("cache_creation_input_tokens", 0),
        input=usage.get("input_tokens", 0),
        output=usage.get("output_tokens", 0),
        stop_reason=entry["stop_reason"] or "",
        cut=entry["client_gone"] and entry["response_bytes"] > 0,
    )


class ProviderLog:
    """Follows the log file; `records` are in the order of arrival."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self._records: list[Record] = []

    def records(self) -> list[Record]:
        with self._path.open(encoding="utf-8") as file:
            file.seek(self._offset)
            while (line := file.readline()).endswith("\n"):  # the last one may be half written
                self._offset = file.tell()
                if record := parse(line):
                    self._records.append(record)
        return sorted(self._records, key=lambda record: record.n)

    def pings(self, session_id: str | None = None) -> list[Record]:
        return [r for r in self.records() if r.is_ping and session_id in (None, r.session_id)]

    def requests(self, session_id: str | None = None, agent_id: str | None = None) -> list[Record]:
        """Real requests, of one session and thread ("" is the main one) or of all."""
        return [
            r
            for r in self.records()
            if not r.is_ping and session_id in (None, r.session_id) and agent_id in (None, r.agent_id)
        ]


def violations(
    records: Iterable[Record],
    *,
    ttl_seconds: Mapping[str, float],
    max_idle_pings: int | None = None,
    gone: Iterable[Gone] = (),
    consents: Iterable[Consent] = (),
) -> list[str]:
    """Every broken promise, as a sentence each; empty when all pings were right.

    `max_idle_pings` is the largest budget that any session had; `gone` and `consents` (in their order) are what the
    driver of the clients knows and the wire does not show.
    """
    ordered, ends, answers = list(records), list(gone), list(consents)
    found: list[str] = []
    for position, ping in enumerate(ordered):
        if ping.is_ping:
            before = ordered[:position]
            problems = [*_unpermitted(ping, answers), *_problems(ping, before, ttl_seconds, max_idle_pings, ends)]
            found += [f"ping {ping.n} of session {ping.session_id}: {problem}" for problem in problems]
    return found


def _unpermitted(ping: Record, consents: list[Consent]) -> Iterator[str]:
    """A subscription's login is the client's to use: never for a request of ours, for a fork when it was allowed."""
    if not ping.of_plan:
        return
    if ping.is_replay:
        yield "is a replay under a subscription's login"
    elif not next((consent.yes for consent in reversed(consents) if consent.at <= ping.at), False):
        yield "is a fork under a subscription's login without consent"


def _problems(
    ping: Record, before: list[Record], ttl_seconds: Mapping[str, float], max_idle_pings: int | None, gone: list[Gone]
) -> Iterator[str]:
    if ping.agent_id:
        yield "was sent for a subagent"
        return
    thread = [r for r in before if r.session_id == ping.session_id and not r.agent_id]
    if any(not r.is_ping and r.ended_at > ping.at for r in thread):
        yield "was sent while a real request was in flight"
    elif ping.is_fork and any(_flies_beside(r, ping) for r in before):
        yield "asked a client at work: a request of another thread was in flight"
    if any(r.is_ping and r.ended_at > ping.at for r in thread):
        yield "was sent while another ping was in flight"
    captured = next((r for r in reversed(thread) if not r.is_ping and r.status == 200 and marks(r.body)), None)
    if captured is None:
        yield "has no request before it"
        return
    if ping.is_replay:
        yield from _differences(ping, captured)

    since = [r for r in thread if r.is_ping and r.n > captured.n]
    touched = max([captured.at, *(r.at for r in since if r.status == 200)])
    classes = set(marks(captured.body))
    expiry = touched + min(ttl_seconds[name] for name in classes)
    if ping.at >= expiry:
        yield f"came {ping.at - expiry:.2f} s after the expiry"
    # The first fork of an idle period writes the last reply, which no request has sent before.
    first = not any(r.is_fork and r.status == 200 for r in since)
    reply = captured.output + FORK_EXTRA if ping.is_fork and first else 0
    if ping.status == 200 and ping.written > reply:
        yield f"wrote {ping.written} tokens"
    if ping.status == 200 and ping.read < 0.95 * captured.prefix:
        yield f"read {ping.read} of {captured.prefix} tokens"
    if max_idle_pings is not None and len(since) >= max_idle_pings:
        yield f"is number {len(since) + 1} of an idle period with a budget of {max_idle_pings}"
    for end in gone:
        if end.session_id == ping.session_id and captured.at <= end.at <= ping.at:
            yield f"came {ping.at - end.at:.2f} s after {end.why}"


def _flies_beside(request: Record, fork: Record) -> bool:
    """A client with a subagent at work does not rest, though its main thread does."""
    return not request.is_ping and request.session_id == fork.session_id and request.ended_at > fork.at


def _differences(ping: Record, captured: Record) -> Iterator[str]:
    if ping.body.get("stream") not in (None, False):
        yield "asks for a stream"
    # Written out, so that the order of members and 1 against 1.0 count.
    if json.dumps(ping.prompt) != json.dumps(captured.prompt):
        keys = sorted({*ping.prompt, *captured.prompt})
        wrong = [key for key in keys if ping.prompt.get(key) != captured.prompt.get(key)]
        yield f"differs from the session's last request in {wrong or 'the order of its members'}"
    if ping.target != captured.target:
        yield f"went to {ping.target} instead of {captured.target}"
    ours, theirs = _headers(ping), _headers(captured)
    if ours != theirs:
        yield f"has other headers: {sorted(ours ^ theirs)}"


def _headers(record: Record) -> set[tuple[str, str]]:
    return {(name.lower(), value) for name, value in record.headers if name.lower() not in CONNECTION_HEADERS}


def marks(value: Json) -> list[str]:
    """The lifetimes that a body's breakpoints ask for, wherever they stand in it."""
    if isinstance(value, list):
        return [mark for inner in value for mark in marks(inner)]
    if not isinstance(value, dict):
        return []
    own: list[str] = []
    control = value.get("cache_control")
    if isinstance(control, dict):
        own.append(str(control.get("ttl", "5m")))
    return own + [mark for key, inner in value.items() if key != "cache_control" for mark in marks(inner)]
