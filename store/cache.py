"""What state a prompt cache is in at a moment: a pure function of the lineage's row, its session's and the time.

Nothing here is stored: an entry that nobody touches goes cold by the clock alone, so every reader works it out from
the same expiry. Where the provider promises no lifetime there is a probability and never an expiry.
"""

from __future__ import annotations

from typing import NamedTuple

from store import idle_compaction, likely
from store.client_version import resumes_miss
from store.expectation import Waiting, predict
from store.models import CacheStateName, CacheView, Evidence, WaitingFor
from store.prices import write_price
from store.rows import LineageRow, PriceRow, SessionRow

COSTLY_USD = 1.0
"""Default of the threshold from which on a cold resume is worth a warning."""
RESUMED = "resumed"
"""Stop of a lineage whose session was opened again by another process, until its next request."""


class Known(NamedTuple):
    """What a state depends on besides the rows."""

    history: likely.History = likely.History()
    """The user's own requests to providers without a promise."""
    compaction: idle_compaction.Rule = idle_compaction.Rule()
    costly_usd: float = COSTLY_USD
    broke: tuple[float, str, int] | None = None
    """When, why and with how many tokens written again the gateway last saw this session's prefix break."""
    turn_requests: int = 1
    """Requests of the session's last turn."""
    extra_seconds: float | None = None
    """How much later a cold answer of this model and size begins."""


NOTHING_KNOWN = Known()


class _State(NamedTuple):
    name: CacheStateName
    reason: str = ""
    expires_at: float | None = None
    ttl_seconds: float | None = None
    probability: float | None = None
    evidence: Evidence | None = None
    """Where it is another one than the lineage's."""


def view(
    lineage: LineageRow | None,
    price: PriceRow | None,
    now: float,
    session: SessionRow | None = None,
    known: Known = NOTHING_KNOWN,
) -> CacheView:
    """The cache of a session's main thread, with its evidence and what a resume costs, cold and warm."""
    if lineage is None:
        return CacheView(reason="no_request")
    state = _state(lineage, session, now, known.history)
    if state.name is CacheStateName.WARM:
        state = state._replace(probability=_expected(lineage, session, now, known.turn_requests))
    tokens = resumed_tokens(lineage, session)
    cold_usd = None if price is None else tokens * write_price(price, lineage.ttl_class) / 1e6
    broke_at, broke_by, broke_tokens = known.broke or (None, "", None)
    by_token = session is None or session.login != "subscription"
    return CacheView(
        state=state.name,
        ttl=lineage.ttl_class,
        ttl_seconds=state.ttl_seconds,
        expires_at=state.expires_at,
        evidence=state.evidence or lineage.evidence,
        reason=state.reason,
        probability=state.probability,
        cold_tokens=tokens,
        cold_usd=cold_usd,
        warm_usd=None if price is None else tokens * price.cache_read / 1e6,
        cold_extra_seconds=known.extra_seconds,
        costly=by_token and cold_usd is not None and cold_usd > known.costly_usd,
        broke_at=broke_at,
        broke_by=broke_by,
        broke_tokens=broke_tokens,
        compacts_at=None if session is None else idle_compaction.compacts_at(known.compaction, session, lineage, now),
    )


def _expected(lineage: LineageRow, session: SessionRow | None, now: float, turn_requests: int) -> float | None:
    """The chance that the next prompt reads the entry that is warm now: sessions are left and opened again too."""
    if lineage.last_touch_at is None or session is None:
        return None
    return predict(
        Waiting(
            gap=max(0.0, now - lineage.last_touch_at),
            lifetime=lineage.ttl_seconds,
            waited="tool" if session.waiting_for == WaitingFor.TOOL else "user",
            turn_requests=turn_requests,
            client_version=session.client_version,
        )
    )


def _state(lineage: LineageRow, session: SessionRow | None, now: float, history: likely.History) -> _State:
    expires_at, lifetime = lineage.expires_at, lineage.ttl_seconds
    if lineage.replaced:
        return _State(CacheStateName.CHANGED, lineage.replaced, expires_at, lifetime)
    if expires_at is not None and now >= expires_at:
        return _State(CacheStateName.EXPIRED, "expired", expires_at, lifetime)
    if lineage.stop == RESUMED:
        return _State(_after_resume(session.client_version if session else ""), RESUMED)
    if expires_at is not None:
        return _State(CacheStateName.WARM, "", expires_at, lifetime)
    kind = likely.family(lineage.model)
    if kind is not None and lineage.last_touch_at is not None:
        return _unpromised(kind, lineage.last_touch_at, lineage.evidence, now, history)
    if not lineage.prefix_tokens:
        return _State(CacheStateName.UNKNOWN, "nothing_cached")
    return _State(CacheStateName.UNKNOWN, "unseen_ttl")


def _unpromised(kind: likely.Family, touched: float, seen: Evidence, now: float, history: likely.History) -> _State:
    idle = max(0.0, now - touched)
    if idle < kind.promised:
        # Which lifetime the client asked for is not in its records: the shorter one is certain.
        return _State(CacheStateName.WARM, "", touched + kind.promised, kind.promised, evidence=Evidence.ASSUMED)
    learned = likely.is_learned(kind, idle, history)
    return _State(
        CacheStateName.LIKELY,
        probability=likely.probability(kind, idle, history),
        evidence=seen if learned else Evidence.ASSUMED,
    )


def _after_resume(client_version: str) -> CacheStateName:
    return CacheStateName.CHANGED if resumes_miss(client_version) else CacheStateName.UNKNOWN


def resumed_tokens(lineage: LineageRow, session: SessionRow | None) -> int:
    """Tokens of a resume that are read when warm and written when cold. Providers without a promise cache the whole
    prompt and report no writes."""
    if lineage.ttl_class is None and session is not None and likely.family(lineage.model) is not None:
        return max(lineage.prefix_tokens, session.context_tokens or 0)
    return lineage.prefix_tokens
