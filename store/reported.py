"""What Claude Code says of its own prompt cache: the JSON that it hands to its status line, made safe to keep.

Pure. The bytes are foreign: every value is checked, bounded and cleaned, and whatever does not fit counts as not said.
Nothing but the standard library's small modules is imported: the status line's whole budget is a few milliseconds.
"""

from __future__ import annotations

import json
import math
import re
from typing import NamedTuple

from store.plain_text import one_line

MAX_BYTES = 1_000_000
"""Longer input is no report: a real one has a few kilobytes."""
_ID_LENGTH, _NAME_LENGTH, _CAUSES_LENGTH = 200, 200, 200
_CODE = re.compile(r"[\w.:-]{1,200}", re.ASCII)
_LAST_MOMENT = 1e11
"""Seconds since the epoch; beyond this lie milliseconds and nonsense."""
_MOST_TOKENS = 10**12


class Report(NamedTuple):
    """The client's own view of its main thread's cache; None and "" where it says nothing."""

    warm: bool | None = None
    ttl_class: str | None = None
    """`5m` or `1h`."""
    expires_at: float | None = None
    """By the client's clock, which runs from the answer and cannot see a gateway's pings."""
    misses: int | None = None
    last_miss_at: float | None = None
    last_miss_cause: str = ""
    """The client's own codes, joined by commas (`tools_changed`, `ttl_expired_5m`, ...)."""
    cold_tokens: int | None = None
    """What it expects a cold resume to write; None while it expects a compaction's drop."""

    def is_warm(self, now: float) -> bool | None:
        """What the client would say now, had it been asked; None where it says nothing of an entry."""
        return None if self.expires_at is None else self.warm is not False and now < self.expires_at


class Told(NamedTuple):
    """One call of the status line."""

    session_id: str
    model: str
    report: Report | None
    """None when the client has nothing to report: before the first request, after /clear, after a resume."""


def read(data: bytes) -> Told | None:
    """The input of one call, or None where it names no session."""
    if len(data) > MAX_BYTES:
        return None
    try:
        loaded: object = json.loads(data)
    except (ValueError, RecursionError):
        return None
    said = _members(loaded)
    session_id = _text(said.get("session_id"), _ID_LENGTH + 1)
    if not session_id or len(session_id) > _ID_LENGTH or session_id != said["session_id"]:
        return None  # (an id that had to be cleaned is another id)
    cache = said.get("prompt_cache")
    model = _members(said.get("model")).get("id")
    return Told(session_id, _text(model, _NAME_LENGTH), _report(cache) if isinstance(cache, dict) else None)


def _report(cache: dict[str, object]) -> Report:
    warm, ttl = cache.get("warm"), cache.get("ttl")
    # A client that has seen nothing cached calls that not warm; it is not known.
    observed = cache.get("caching_observed") is not False
    cause = cache.get("last_miss_cause")
    causes = _members(cause).get("causes") if isinstance(cause, dict) else [cause]
    return Report(
        warm=warm if isinstance(warm, bool) and observed else None,
        ttl_class=ttl if ttl in ("5m", "1h") and isinstance(ttl, str) else None,
        expires_at=_moment(cache.get("expires_at")) if observed else None,
        misses=_count(cache.get("misses")),
        last_miss_at=_moment(cache.get("last_miss_at")),
        last_miss_cause=_joined(causes),
        cold_tokens=_count(cache.get("recache_tokens_if_cold")),
    )


def _members(value: object) -> dict[str, object]:
    return value if isinstance(value, dict) else {}


def _text(value: object, length: int) -> str:
    return one_line(value[:length]) if isinstance(value, str) else ""


def _joined(causes: object) -> str:
    """As many whole codes as there is room for."""
    joined = ""
    for cause in causes[:20] if isinstance(causes, list) else ():
        if not isinstance(cause, str) or not _CODE.fullmatch(cause):
            continue  # (text may be content)
        longer = f"{joined},{cause}" if joined else cause
        if len(longer) <= _CAUSES_LENGTH:
            joined = longer
    return joined


def _moment(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _LAST_MOMENT:
        return None
    return float(value)


def _count(value: object) -> int | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _MOST_TOKENS:
        return None
    return int(value) if math.isfinite(value) else None
