"""A made-up ledger of one session: every outcome that an idle period can have."""

from __future__ import annotations

from typing import Any

from store.ledger_models import RESULTS, IdlePeriod, Result, SessionLedger
from store.models import LedgerLine, WaitingFor
from tests.tui.sample import at

CLOSED_BY = {"open": "", "replaced": "replaced", "never_back": "end"}


def period(result: Result = "kept", opened: float = at(14, 0), minutes: float = 12.0, **changes: Any) -> IdlePeriod:
    """A pause of a 5m entry with two pings that hit."""
    known: dict[str, Any] = {
        "session": "api-refactor",
        "project": "api-refactor",
        "agent": "claude",
        "opened_at": opened,
        "original_expires_at": opened + 300,
        "closed_at": None if result == "open" else opened + 60 * minutes,
        "closed_by": CLOSED_BY.get(result, "request"),
        "waiting_for": WaitingFor.YOU,
        "ttl": "5m",
        "prefix_tokens": 338_000,
        "warmer": "replay",
        "pings": 2,
        "hits": 2,
        "spent_usd": 0.34,
        "saved_usd": 1.94 if result == "kept" else 0.0,
        "result": result,
    }
    known |= changes
    known.setdefault("lost_usd", 0.0 if result in ("kept", "open") else known["spent_usd"])
    return IdlePeriod(**known)


DAY = 86_400.0
PERIODS = (
    period("open", at(14, 14), pings=3, hits=3, spent_usd=0.51),
    period("kept", at(13, 35), 12.1),
    period("too_late", at(12, 16), 18.7, pings=1, hits=1, spent_usd=0.17),
    period("early", at(11, 2), 4.1, waiting_for=WaitingFor.TOOL, pings=1, hits=1, spent_usd=0.17),
    period("never_back", at(18, 12) - DAY),
    period("kept", at(16, 40) - DAY, 11.3, waiting_for=WaitingFor.PERMISSION, saved_usd=1.86),
    period("replaced", at(15, 58) - DAY, 57.2, pings=2, hits=1, spent_usd=2.11),
    period("unread", at(14, 12) - DAY, 7.7, waiting_for=WaitingFor.BACKGROUND, pings=1, hits=0, spent_usd=0.004),
)


def ledger_of(*periods: IdlePeriod) -> SessionLedger:
    """The sums of these periods."""
    return SessionLedger(
        total=_line("", periods),
        by_result=tuple(
            _line(result, chosen)
            for result in RESULTS
            if (chosen := tuple(one for one in periods if one.result == result))
        ),
        periods=periods,
    )


def _line(key: str, periods: tuple[IdlePeriod, ...]) -> LedgerLine:
    spent, saved = sum(one.spent_usd for one in periods), sum(one.saved_usd or 0.0 for one in periods)
    return LedgerLine(
        key=key,
        pings=sum(one.pings for one in periods),
        hits=sum(one.hits for one in periods),
        spent_usd=spent,
        saved_usd=saved,
        lost_usd=sum(one.lost_usd for one in periods),
        net_usd=saved - spent,
        closed=sum(one.closed_at is not None for one in periods),
    )


LEDGER = ledger_of(*PERIODS)
