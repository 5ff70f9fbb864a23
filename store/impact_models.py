"""Turn memory against full history: what a cold resume of a session writes again, and what would do instead."""

from __future__ import annotations

from store.row import Row


class Impact(Row, frozen=True, kw_only=True):
    """One session, or the sum of many. Tokens; US dollars at the prices of the day it is asked for."""

    full_tokens: int = 0
    """What a cold resume writes again: as the session's last request was, system prompt and tools included."""
    start_tokens: int = 0
    """Of these what any session of its kind begins with, fresh ones too: at most the smallest request it ever sent."""
    memory_tokens: int = 0
    """Every turn's prompt, final answer and record (files changed, failed commands): estimated from their bytes."""
    fresh_tokens: int = 0
    """What a fresh session with the turn memory writes: `start_tokens` and `memory_tokens`."""
    full_usd: float | None = None
    """Writing `full_tokens`; None without a known price (in a sum: of those with one)."""
    fresh_usd: float | None = None
    full_read_usd: float | None = None
    """Reading them from the cache, once for each request that follows."""
    fresh_read_usd: float | None = None


class SessionImpact(Impact, frozen=True, kw_only=True):
    """One session."""

    session: str
    agent: str
    project: str
    model: str
    turns: int
    text_stored: bool
    """Without it (`store_text = false`) the turn memory is of file paths alone, and looks smaller than it is."""
    last_activity_at: float | None


class BriefImpact(SessionImpact, frozen=True, kw_only=True):
    """One session, with its resume brief (`warmside brief`), which is bounded, beside the whole turn memory."""

    brief_tokens: int
    """Estimated; a fresh session writes its start, too."""
    brief_usd: float | None
    """Writing start and brief; `brief_read_usd` is reading them."""
    brief_read_usd: float | None


class Impacts(Impact, frozen=True, kw_only=True):
    """All of them."""

    sessions: tuple[SessionImpact, ...] = ()
    """Those with most to spare first."""
    unpriced: int = 0
    """Sessions whose model has no known price: in the tokens, not in the money."""
    without_text: int = 0
    """Sessions whose text is not stored."""
    without_requests: int = 0
    """Sessions of which nothing is known to compare."""
