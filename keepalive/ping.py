"""A replayed ping: built from a captured request, judged by the usage it reports.

It exists to keep one promise: a ping's body is the captured one but for `max_tokens` and `stream`, so that it reads
the same cache entries and writes none. Pure; it sends nothing and holds nothing.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from keepalive.coding import decode_body
from keepalive.prefix import BadRequest, RequestFacts
from keepalive.usage import Headers, header_value
from store.models import Usage

MIN_READ_PERCENT = 95
MAX_WRITTEN_PERCENT = 10

NOT_REPLAYED = frozenset(
    {
        # hop by hop
        b"connection",
        b"expect",
        b"keep-alive",
        b"proxy-authenticate",
        b"proxy-authorization",
        b"proxy-connection",
        b"te",
        b"trailer",
        b"transfer-encoding",
        b"upgrade",
        # length and encoding: the replay is plain, and its answer is one we can read
        b"content-length",
        b"content-encoding",
        b"accept-encoding",
        b"host",
    }
)
"""Captured headers that a replay does not repeat, besides those that `connection` names."""

_decoder = json.JSONDecoder()
_space = re.compile(r"[ \t\n\r]*")


@dataclass(frozen=True, slots=True)
class Replay:
    """What to send. `target` is path and query; the host, length and connection headers are the sender's."""

    body: bytes = field(repr=False)
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    target: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a ping did its job. Percentages are of the expected prefix."""

    hit: bool
    read_percent: float
    written_percent: float


def build_replay(body: bytes, headers: Headers, target: str) -> Replay:
    """Make the ping for a captured request: `max_tokens` 0, no `stream`, no body compression, all else as it was.

    The body's other members are copied byte for byte (numbers, escapes, key order), not parsed and written again.
    Raises BadRequest when the body is no JSON object.
    """
    return Replay(body=_ping_body(_plain(body, headers)), headers=_ping_headers(headers), target=target)


def pingable(facts: RequestFacts) -> str | None:
    """Why a replay of this request is pointless or would be refused by the provider: a reason code, or None."""
    if facts.thinking == "enabled":
        return "thinking"
    if facts.has_format:
        return "format"
    if facts.tool_choice_forced:
        return "tool_choice"
    if not facts.marks:
        return "no_marks"
    if facts.ttl_class is None:
        return "ttl_unknown"
    if facts.kind == "side":
        return "side"
    return None


def verify(expected_prefix: int, usage: Usage) -> Verdict:
    """Judge a ping: a hit reads at least 95 % of the prefix (tokens) and writes at most 10 % of it."""
    if expected_prefix <= 0:
        return Verdict(False, 0.0, 0.0)
    read = 100 * usage.cache_read
    written = 100 * usage.cache_write
    return Verdict(
        hit=read >= MIN_READ_PERCENT * expected_prefix and written <= MAX_WRITTEN_PERCENT * expected_prefix,
        read_percent=read / expected_prefix,
        written_percent=written / expected_prefix,
    )


def equal_but_for_ping_fields(captured: bytes, sent: bytes) -> bool:
    """Whether `sent` is `captured` (both plain JSON) with `max_tokens` 0 and no `stream`.

    Compares what the provider parses: member order and number types count, whitespace and escapes do not. It shares
    no code with `build_replay`, so that it can catch it out.
    """
    try:
        before, after = json.loads(captured), json.loads(sent)
        if not isinstance(before, dict) or not isinstance(after, dict):
            return False
        if after.get("max_tokens") is not False and after.get("max_tokens") == 0 and "stream" not in after:
            return _canonical(before) == _canonical(after)
    except (ValueError, RecursionError):
        pass
    return False


def _canonical(body: dict[str, object]) -> str:
    return json.dumps({key: value for key, value in body.items() if key not in ("max_tokens", "stream")})


def _plain(body: bytes, headers: Headers) -> str:
    try:
        plain, whole = decode_body(body, headers)
        if whole:
            # The same codec both ways keeps even half surrogates as they were.
            return plain.decode("utf-8", "surrogatepass")
    except ValueError as error:
        raise BadRequest(f"request body is not readable ({type(error).__name__})") from None
    raise BadRequest("request body is not whole")


def _ping_body(text: str) -> bytes:
    members = ['"max_tokens":0' if key == "max_tokens" else raw for key, raw in _members(text) if key != "stream"]
    if '"max_tokens":0' not in members:
        members.append('"max_tokens":0')
    return ("{" + ",".join(members) + "}").encode("utf-8", "surrogatepass")


def _members(text: str) -> Iterator[tuple[str, str]]:
    """The object's members in order: the key, and the text from key to value exactly as it stands."""
    position = _after(text, _skip(text, 0), "{")
    if text.startswith("}", position):
        return
    while True:
        try:
            key, end = _decoder.raw_decode(text, position)
            value = _after(text, _skip(text, end), ":")
            _, end = _decoder.raw_decode(text, value)
        except (ValueError, RecursionError) as error:
            raise BadRequest(f"request body is not readable JSON ({type(error).__name__})") from None
        if not isinstance(key, str):
            raise BadRequest("request body is not readable JSON (a key is no text)")
        yield key, text[position:end]
        position = _skip(text, end)
        if text.startswith("}", position):
            break
        position = _after(text, position, ",")
    if _skip(text, position + 1) != len(text):
        raise BadRequest("request body has something behind its JSON object")


def _after(text: str, position: int, mark: str) -> int:
    """Where the next token starts behind the expected mark."""
    if not text.startswith(mark, position):
        raise BadRequest("request body is no JSON object")
    return _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    match = _space.match(text, position)
    return match.end() if match else position


def _ping_headers(headers: Headers) -> tuple[tuple[bytes, bytes], ...]:
    named = (header_value(headers, b"connection") or "").lower().encode("latin-1").split(b",")
    dropped = NOT_REPLAYED | {name.strip() for name in named}
    return tuple((name, value) for name, value in headers if name.lower() not in dropped)
