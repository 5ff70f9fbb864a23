"""What one provider response says: tokens, why it stopped, what went wrong, how near the rate limits are.

It exists so that the observer and the pinger read responses in one way. Everything here is pure and total: a body that
was cut off (the client left), is malformed or has a coding we cannot read gives fewer facts, never an exception. The
two helpers at the end read any HTTP message and serve the request side too.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from keepalive.coding import decode_body
from store.models import TTLClass, Usage

Headers = Sequence[tuple[bytes, bytes]]
"""Header names and values as they were on the wire, in order."""

_COUNTERS = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")


@dataclass(frozen=True, slots=True)
class Bucket:
    """One rate limit: `limit` and `remaining` in requests or tokens, `reset_at` in seconds since the epoch."""

    limit: int | None = None
    remaining: int | None = None
    reset_at: float | None = None

    @property
    def used(self) -> float:
        """Share that is used up, 0..1; 0 when the provider did not say."""
        if self.limit is None or self.remaining is None or self.limit <= 0:
            return 0.0
        return min(1.0, max(0.0, 1.0 - self.remaining / self.limit))


@dataclass(frozen=True, slots=True)
class RateLimits:
    """The limits that a ping counts against; `retry_after` in seconds, None when absent (the spend cap sends none)."""

    requests: Bucket = Bucket()
    tokens: Bucket = Bucket()
    input_tokens: Bucket = Bucket()
    retry_after: float | None = None

    @property
    def near_limit(self) -> float:
        """Share used of the fullest bucket, 0..1."""
        return max(self.requests.used, self.tokens.used, self.input_tokens.used)


@dataclass(frozen=True, slots=True)
class ResponseFacts:
    """One response. `usage` is None when none was reported."""

    status: int
    message_id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    replay_prefix: int = 0
    """Tokens that a replay of the request should read: what the first iteration read from and wrote to the cache."""
    stop_reason: str | None = None
    error_type: str | None = None
    """The provider's error word (`overloaded_error`), never its text: that may quote the request."""
    complete: bool = False
    """The whole message came: `message_stop` was seen, or the JSON was whole."""
    limits: RateLimits = RateLimits()


def parse_response(status: int, headers: Headers, body: bytes, *, unsplit: TTLClass = "5m") -> ResponseFacts:
    """Read a whole response, streamed or not; a stream may end anywhere.

    `unsplit` is the class of written tokens that the provider reported without a split by lifetime. Never raises.
    """
    facts = _Collected()
    try:
        text, whole = decode_body(body, headers)
    except ValueError:
        text, whole = b"", False
    if _is_stream(headers, text):
        stopped = False
        for event in sse_events(text):
            facts.add(event)
            stopped = stopped or event.get("type") == "message_stop"
    else:
        answer = _json_object(text)
        stopped = answer is not None
        if answer is not None:
            facts.add(answer if answer.get("type") == "error" else {"type": "message_start", "message": answer})
    return ResponseFacts(
        status=status,
        message_id=facts.message_id,
        model=facts.model,
        usage=_usage(facts.usage, unsplit) if facts.usage else None,
        replay_prefix=_replay_prefix(facts.usage, unsplit),
        stop_reason=facts.stop_reason,
        error_type=facts.error_type,
        complete=whole and stopped,
        limits=parse_limits(headers),
    )


def sse_events(text: bytes) -> Iterator[dict[str, object]]:
    """The JSON objects of an event stream's finished events, in order.

    An event counts once its blank line came. Comments, unknown fields and data that is no JSON object are skipped.
    """
    data: list[bytes] = []
    for line in text.splitlines(keepends=True):
        bare = line.rstrip(b"\r\n")
        if not line.endswith(b"\n"):
            continue  # a lone \r ends no line here: at the end of a cut stream it is half of \r\n
        if bare:
            name, _, value = bare.partition(b":")
            if name == b"data":
                data.append(value.removeprefix(b" "))
            continue
        event = _json_object(b"\n".join(data))
        data.clear()
        if event is not None:
            yield event


def parse_limits(headers: Headers) -> RateLimits:
    """The rate limits that a response's headers tell; an unreadable value counts as absent."""

    def bucket(name: bytes) -> Bucket:
        prefix = b"anthropic-ratelimit-" + name
        return Bucket(
            limit=_count(header_value(headers, prefix + b"-limit")),
            remaining=_count(header_value(headers, prefix + b"-remaining")),
            reset_at=_epoch(header_value(headers, prefix + b"-reset")),
        )

    return RateLimits(
        requests=bucket(b"requests"),
        tokens=bucket(b"tokens"),
        input_tokens=bucket(b"input-tokens"),
        retry_after=_seconds(header_value(headers, b"retry-after")),
    )


class _Collected:
    """What the events said so far; the last value of each counter wins."""

    def __init__(self) -> None:
        self.message_id: str | None = None
        self.model: str | None = None
        self.stop_reason: str | None = None
        self.error_type: str | None = None
        self.usage: dict[str, object] = {}

    def add(self, event: Mapping[str, object]) -> None:
        message = _mapping(event.get("message"))
        delta = _mapping(event.get("delta"))
        match event.get("type"):
            case "message_start":
                self.message_id = _word(message.get("id"))
                self.model = _word(message.get("model"))
                self.stop_reason = _word(message.get("stop_reason"))
                self._add_usage(message.get("usage"))
            case "message_delta":
                self.stop_reason = _word(delta.get("stop_reason")) or self.stop_reason
                self._add_usage(event.get("usage"))
            case "error":
                self.error_type = _word(_mapping(event.get("error")).get("type"))

    def _add_usage(self, usage: object) -> None:
        self.usage.update({key: value for key, value in _mapping(usage).items() if value is not None})


def _usage(raw: Mapping[str, object], unsplit: TTLClass) -> Usage:
    """Tokens of one response: the sum over its iterations (the top level leaves a compaction out), else its own."""
    parts = [_one_usage(part, unsplit) for part in _iterations(raw)] or [_one_usage(raw, unsplit)]
    return Usage(
        input=sum(part.input for part in parts),
        output=sum(part.output for part in parts),
        cache_read=sum(part.cache_read for part in parts),
        cache_write_5m=sum(part.cache_write_5m for part in parts),
        cache_write_1h=sum(part.cache_write_1h for part in parts),
    )


def _replay_prefix(raw: Mapping[str, object], unsplit: TTLClass) -> int:
    """Later iterations (server tools) read a prompt that the request does not hold; a replay is the first one only."""
    messages = [part for part in _iterations(raw) if part.get("type") != "compaction"]
    first = _one_usage(messages[0] if messages else raw, unsplit)
    return first.cache_read + first.cache_write


def _iterations(raw: Mapping[str, object]) -> list[Mapping[str, object]]:
    iterations = raw.get("iterations")
    return [_mapping(part) for part in iterations] if isinstance(iterations, list) else []


def _one_usage(raw: Mapping[str, object], unsplit: TTLClass) -> Usage:
    counts = {name: _tokens(raw.get(name)) for name in _COUNTERS}
    split = _mapping(raw.get("cache_creation"))
    written = {
        "5m": _tokens(split.get("ephemeral_5m_input_tokens")),
        "1h": _tokens(split.get("ephemeral_1h_input_tokens")),
    }
    # Only the total may be repeated (and have grown) in a later event: what the split does not explain is unsplit.
    written[unsplit] += max(0, counts["cache_creation_input_tokens"] - sum(written.values()))
    return Usage(
        input=counts["input_tokens"],
        output=counts["output_tokens"],
        cache_read=counts["cache_read_input_tokens"],
        cache_write_5m=written["5m"],
        cache_write_1h=written["1h"],
    )


def _is_stream(headers: Headers, text: bytes) -> bool:
    kind = header_value(headers, b"content-type")
    if kind is None:
        return not text.lstrip().startswith(b"{")
    return kind.strip().lower().startswith("text/event-stream")


def _json_object(text: bytes) -> dict[str, object] | None:
    try:
        value: object = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def _mapping(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _word(value: object) -> str | None:
    """An id or a code word. Anything that could not be stored or shown as it is (half a surrogate) is none."""
    return value if isinstance(value, str) and 0 < len(value) <= 200 and value.isprintable() else None


def _tokens(value: object) -> int:
    return value if isinstance(value, int) and not isinstance(value, bool) and value > 0 else 0


def _count(text: str | None) -> int | None:
    return int(text) if text is not None and text.isascii() and text.isdigit() and len(text) < 16 else None


def _seconds(text: str | None) -> float | None:
    try:
        value = float(text or "")
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def _epoch(text: str | None) -> float | None:
    try:
        moment = datetime.fromisoformat(text or "")
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return None


def header_value(headers: Headers, name: bytes) -> str | None:
    """A header's value, or its values joined by a comma; None when absent. `name` in lower case."""
    values = [value for key, value in headers if key.lower() == name]
    return b", ".join(values).decode("latin-1").strip() if values else None
