"""What state a prompt cache is in at a moment: a pure function of the lineage's row and the time.

Nothing here is stored: an entry that nobody touches goes cold by the clock alone, so every reader works it out from
the same expiry.
"""

from __future__ import annotations

from store.models import CacheStateName, CacheView
from store.prices import write_price
from store.rows import LineageRow, PriceRow


def view(lineage: LineageRow | None, price: PriceRow | None, now: float) -> CacheView:
    """The cache of a session's main thread, with its evidence and what a cold resume would write again."""
    if lineage is None:
        return CacheView(reason="no_request")
    state, reason = _state(lineage, now)
    cold_usd = None if price is None else lineage.prefix_tokens * write_price(price, lineage.ttl_class) / 1e6
    return CacheView(
        state=state,
        ttl=lineage.ttl_class,
        ttl_seconds=lineage.ttl_seconds,
        expires_at=lineage.expires_at,
        evidence=lineage.evidence,
        reason=reason,
        cold_tokens=lineage.prefix_tokens,
        cold_usd=cold_usd,
    )


def _state(lineage: LineageRow, now: float) -> tuple[CacheStateName, str]:
    if lineage.replaced:
        return CacheStateName.CHANGED, lineage.replaced
    if lineage.expires_at is None:
        return CacheStateName.UNKNOWN, "no_ttl"
    if now >= lineage.expires_at:
        return CacheStateName.EXPIRED, "expired"
    return CacheStateName.WARM, ""
