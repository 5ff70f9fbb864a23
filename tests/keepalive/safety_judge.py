"""What must never be true of a ping, clause by clause of the invariants; each fault is one sentence.

Judged twice: when its money is reserved (is it due, is it paid for) and when it leaves (may it still be sent).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from keepalive.warmer import WarmRequest
from store.models import BudgetMode
from tests.keepalive.money_harness import UPSTREAM
from tests.keepalive.safety_books import Books
from tests.keepalive.safety_subject import (
    EPSILON,
    HOLD_SECONDS,
    LIFETIME,
    MINIMUM,
    TICK,
    UNPRICED,
    Allowance,
    Subject,
    headers_of_a_ping,
    prompt,
    same_but_for_ping_fields,
)

NEAR_LIMIT = 0.9


@dataclass
class Accounts:
    """What the provider said of each key, and whoever heard it."""

    refused: set[str] = field(default_factory=set)
    """Until the key's next good answer."""
    capped: set[str] = field(default_factory=set)
    """Over a limit without a known end: until then as well."""
    limited: dict[str, float] = field(default_factory=dict)
    """Over a limit until this time on the keeper's clock."""
    limits: dict[str, tuple[float, float]] = field(default_factory=dict)
    """Share used of the fullest limit, and when it is filled up again."""

    def works(self, key: str) -> None:
        self.refused.discard(key)
        self.capped.discard(key)

    def forget(self) -> None:
        for known in (self.refused, self.capped, self.limited, self.limits):
            known.clear()

    def refuses(self, key: str) -> None:
        """Until a good answer, which shows that the key works: what is said of limits until then is over by then."""
        self.refused.add(key)
        self.limited.pop(key, None)

    def limits_until(self, key: str, until: float | None) -> None:
        if until is None:
            self.capped.add(key)
            self.limited.pop(key, None)
        elif key not in self.refused | self.capped:
            self.limited[key] = until

    def faults(self, key: str, now: float) -> Iterator[str]:
        if key in self.refused or key in self.capped or now < self.limited.get(key, now):
            yield "a stopped account was pinged"
        used, reset = self.limits.get(key, (0.0, 0.0))
        if used >= NEAR_LIMIT and now < reset:
            yield "a ping was sent though a rate limit is near its end"


def at_entry(
    subject: Subject,
    allowed: Allowance,
    books: Books,
    *,
    day: str,
    max_day_usd: float,
    now: float,
    not_after: float,
    manual: bool,
    paused: bool,
) -> Iterator[str]:
    """Faults of a ping whose money has just been reserved, its own bill not yet among the books."""
    session = subject.talk.session
    read, write = subject.read_usd, subject.write_usd
    if books.day_usd(day) + write > max_day_usd + EPSILON:
        yield "the day's cap is broken"
    if allowed.usd is not None and books.session_usd(session) + read > allowed.usd + EPSILON:
        yield "the session's cap is broken"
    if not_after > subject.expiry - subject.reserve + TICK:
        yield "a ping may leave in its entry's last seconds"
    if paused:
        yield "a ping was sent in a pause"
    if _compacts(subject, now):
        yield "a ping was sent to a client about to compact"
    if manual:
        return
    end = _end(subject, allowed)
    if end is not None and now >= end:
        yield "a ping was sent after the budget's end"
    sent = books.idle_pings(session)
    if allowed.pings is not None and sent >= allowed.pings:
        yield "the idle period's cap is broken"
    if subject.beside:
        return  # what another worker sends in this moment was not known when this ping was decided on
    if now < subject.earliest - TICK:
        yield "a ping was sent before it was due"
    if allowed.mode is BudgetMode.AUTO and sent >= subject.break_even:
        yield "the pings of an idle period cost more than the rewrite that they avoid"
    if allowed.mode is BudgetMode.HOLD and end is not None and subject.expiry >= end:
        yield "a ping was sent for a hold that needs none"


def at_departure(subject: Subject, request: WarmRequest, allowed: Allowance, *, manual: bool) -> Iterator[str]:
    """Faults of a ping that is about to leave."""
    headers = {name.lower(): value for name, value in request.headers}
    found = prompt(request.body, request.headers)
    last = subject.last
    wrong = {
        "a subagent was pinged": b"x-claude-code-agent-id" in headers,
        "an ended session was pinged": subject.ended,
        "a dead process was pinged": subject.dead,
        "a subscription login was pinged": b"authorization" in headers,
        "a request that thinks was pinged": b'"enabled"' in request.body,
        "a prefix was pinged that is too small to be cached": found.tokens < MINIMUM[found.model],
        "a ping was sent without a known price": found.model == UNPRICED,
        "a lineage with one request was pinged": subject.answered < 2,
        "a ping was sent beside a real request": any(call.main for call in subject.running),
        "two pings at a time": subject.pinging[request.lineage_id] > 0,
        "a stopped lineage was pinged": subject.stopped != "",
        "a ping was sent after a paid write": subject.paid_writes > 0,
        "a ping was sent though the clock was set back": not subject.age_known,
        "a request was pinged that this worker never saw": last is None,
        "a ping goes another way than its request": request.upstream != UPSTREAM or request.proxy is not None,
    }
    yield from (fault for fault, is_so in wrong.items() if is_so)
    if last is not None:
        if not same_but_for_ping_fields(last.exchange.body, request.body):
            yield "the body is not the last request's"
        if request.headers != headers_of_a_ping(last.exchange.headers):
            yield "the headers are not the last request's"
        if request.target != last.exchange.target:
            yield "a ping goes another way than its request"
    if not manual and allowed.mode is BudgetMode.OFF:
        yield "a ping was sent though pings are off"


def _end(subject: Subject, allowed: Allowance) -> float | None:
    """When a budget ends; a hold always does."""
    if allowed.until is None and allowed.mode is BudgetMode.HOLD and subject.last is not None:
        return subject.last.exchange.started_wall + HOLD_SECONDS
    return allowed.until


def _compacts(subject: Subject, now: float) -> bool:
    """Whether the client will summarise this conversation in its idle hour: at nine tenths of it, or a bit later."""
    waits = not subject.running and subject.last is not None and not subject.last.tool
    active = max(subject.active, subject.last.exchange.started_wall) if subject.last else 0.0
    return subject.compacts and subject.ttl == "1h" and waits and now < active + 0.95 * LIFETIME["1h"] - TICK
