"""Real transcripts multiplied to any size: each copy gets ids of its own, so that nothing in it counts as a copy.

What is not an id stays byte for byte, the malformed lines and the clock's steps included.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

_ID = re.compile(
    rb"[0-9a-z]{8}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{4}-[0-9a-z]{12}|(?:msg|toolu|req)_01[0-9A-Za-z]{20,}|call_[0-9A-Za-z]{20,}"
)
_PLACES = {"claude": "projects", "codex": "codex/sessions"}
_TOKENS = ("input", "output", "cache_read", "cache_write")


class _Original(NamedTuple):
    place: str
    """Where its copies go, below the corpus."""
    data: bytes
    mtime_ns: int
    counts: dict[str, int]


def rewrite(source: Path, folder: Path, megabytes: float, seed: int) -> dict[str, Any]:
    """Write copies until the size is reached; returns what is known of them (requests, tokens, malformed lines)."""
    originals = list(_originals(source))
    if not originals:
        raise FileNotFoundError(f"no transcripts in {source}/claude or {source}/codex")
    totals: dict[str, int] = {}
    number = 0
    while totals.get("bytes", 0) < megabytes * 1e6:
        renamer = _Renamer(f"{seed}/{number}")
        for original in originals:
            path = folder / renamer(original.place.encode()).decode()
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(renamer(original.data))
            os.utime(path, ns=(original.mtime_ns, original.mtime_ns))
            for name, count in original.counts.items():
                totals[name] = totals.get(name, 0) + count
        number += 1
    tokens = {name: totals.pop(f"tokens_{name}") for name in _TOKENS}
    return {"totals": {**totals, "tokens": tokens, "copies_of_each": number}, "files": []}


class _Renamer:
    """Gives every id another one of the same kind and length, the same one wherever it occurs."""

    def __init__(self, salt: str) -> None:
        self._salt = salt.encode()
        self._known: dict[bytes, bytes] = {}

    def __call__(self, data: bytes) -> bytes:
        return _ID.sub(self._rename, data)

    def _rename(self, match: re.Match[bytes]) -> bytes:
        old = match[0]
        if (new := self._known.get(old)) is None:
            digest = blake2b(old, key=self._salt, digest_size=32).hexdigest().encode()
            if b"_" in old:
                head = old[: old.index(b"_") + 3]
                new = head + (digest * 4)[: len(old) - len(head)]
            else:
                new = b"-".join((digest[:8], digest[8:12], digest[12:16], digest[16:20], digest[20:32]))
            self._known[old] = new
        return new


def _originals(source: Path) -> Iterator[_Original]:
    for client, place in _PLACES.items():
        top = source / client
        for path in sorted(top.rglob("*.jsonl")):
            data = path.read_bytes()
            counts = _counts(client, data)
            yield _Original(f"{place}/{path.relative_to(top).as_posix()}", data, path.stat().st_mtime_ns, counts)


def _counts(client: str, data: bytes) -> dict[str, int]:
    """A plain count of one file: the last record of a message id wins, a total that repeats is no request."""
    lines = [line for line in data.split(b"\n")[:-1] if line.strip()]
    requests: dict[str, dict[str, int]] = {}
    malformed = 0
    running: object = None
    for line in lines:
        try:
            record = json.loads(line)
        except ValueError:
            malformed += 1
            continue
        message = record.get("message")
        payload = record.get("payload")
        if client == "claude" and record.get("type") == "assistant" and isinstance(message, dict):
            if message.get("model") != "<synthetic>":
                requests[message["id"]] = _claude_usage(message["usage"])
        elif client == "codex" and isinstance(payload, dict) and payload.get("type") == "token_count":
            info = payload.get("info")
            if info and info["total_token_usage"]["total_tokens"] != running:
                running = info["total_token_usage"]["total_tokens"]
                requests[str(len(requests))] = _codex_usage(info["last_token_usage"])
    tokens = {f"tokens_{name}": sum(one[name] for one in requests.values()) for name in _TOKENS}
    whole = data.rfind(b"\n") + 1
    return {"files": 1, "bytes": whole, "requests": len(requests), "malformed": malformed, **tokens}


def _claude_usage(usage: dict[str, int]) -> dict[str, int]:
    names = ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation_input_tokens")
    return {name: usage.get(key, 0) for name, key in zip(_TOKENS, names, strict=True)}


def _codex_usage(usage: dict[str, int]) -> dict[str, int]:
    cached = usage["cached_input_tokens"]
    return {
        "input": usage["input_tokens"] - cached,
        "output": usage["output_tokens"],
        "cache_read": cached,
        "cache_write": usage.get("cache_write_input_tokens", 0),
    }
