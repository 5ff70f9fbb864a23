"""A session as a bystander sees it, and the provider's rules as far as a witness needs them.

Nothing here comes from the code under test: prices, margins, lifetimes and what a ping may change in a request are
stated once more, from the contract.
"""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from dataclasses import dataclass, field

from keepalive.clock import ManualClock
from keepalive.exchange import Exchange, RawHeaders
from keepalive.standin_cache import Body, Claim, Prompt, read_prompt
from keepalive.standin_requests import workspace_of
from store.models import BudgetMode, TTLClass, Usage
from tests.keepalive.money_harness import INPUT, MODEL, OTHER_MODEL, READ, WRITE_1H, WRITE_5M, Talk

UNPRICED = "our-own-opus-5"
"""A model that no price table knows; the provider caches it like its family."""
MINIMUM = {MODEL: 512, OTHER_MODEL: 1_024, UNPRICED: 512}
LIFETIME: dict[TTLClass, float] = {"5m": 300.0, "1h": 3_600.0}
WRITE: dict[TTLClass, float] = {"5m": WRITE_5M, "1h": WRITE_1H}
OUTPUT = 25.0
"""$ per million tokens that a model answers."""
HOLD_SECONDS = 7_200.0
EPSILON = 1e-9
TICK = 0.01
"""Seconds that adding up floats may cost."""
NOT_REPEATED = {
    *(b"connection", b"keep-alive", b"proxy-connection", b"proxy-authenticate", b"proxy-authorization", b"te"),
    *(b"trailer", b"transfer-encoding", b"upgrade", b"expect", b"host"),
    *(b"content-length", b"content-encoding", b"accept-encoding"),
}
"""Headers of one hop, of lengths and of encodings; those that `connection` names join them."""


@dataclass(eq=False)
class Call:
    """One real request on its way."""

    exchange: Exchange
    claim: Claim
    main: bool
    generation: int
    model: str
    ttl: TTLClass
    age_known: bool = True
    evicted: bool = False
    tool: bool = False
    """Its answer asks for a tool."""


@dataclass(frozen=True)
class Allowance:
    """What a person set, for one session or as the default."""

    mode: BudgetMode = BudgetMode.AUTO
    pings: int | None = None
    usd: float | None = None
    until: float | None = None


@dataclass(eq=False)
class Subject:
    """One session, as seen from outside."""

    talk: Talk
    generation: int = 0
    """Counts changes of the prefix; a request carries the one that it was made with."""
    running: list[Call] = field(default_factory=list)
    last: Call | None = None
    """The newest answered request of the main thread that this worker saw and still holds."""
    answered: int = 0
    """How many of them in a row share a prefix."""
    turns: int = 0
    """How many there were at all: whether one came while a ping was on its way."""
    tokens: int = 0
    model: str = ""
    ttl: TTLClass = "5m"
    """The class that the entry was written with."""
    first_bytes: deque[float] = field(default_factory=lambda: deque(maxlen=50))
    touched: float = 0.0
    """Start of the last request or verified ping, on the keeper's clock."""
    active: float = 0.0
    """Start of the last request of any kind, on the keeper's clock."""
    ended: bool = False
    dead: bool = False
    stopped: str = ""
    """How a ping failed or missed since the last answered request."""
    paid_writes: int = 0
    """Pings that were billed as a write since then."""
    age_known: bool = True
    evicted: bool = False
    compacts: bool = False
    """Its client compacts an idle conversation by itself."""
    own: Allowance | None = None
    beside: bool = False
    """Another worker may be pinging it in this very moment."""
    pinging: Counter[int] = field(default_factory=Counter)
    """Pings on their way, by lineage."""

    @property
    def expiry(self) -> float:
        return self.touched + LIFETIME[self.ttl]

    @property
    def usual_first_byte(self) -> float:
        """The least value that 95 % of them do not exceed, seconds."""
        ordered = sorted(self.first_bytes)
        return ordered[math.ceil(0.95 * len(ordered)) - 1] if ordered else 0.0

    @property
    def earliest(self) -> float:
        """No ping is due before: a margin ahead of the expiry."""
        lifetime = LIFETIME[self.ttl]
        return self.expiry - min(60.0, max(5.0, lifetime / 20)) - max(self.first_bytes, default=0.0)

    @property
    def latest_plan(self) -> float:
        """No ping that is planned ahead is planned later."""
        lifetime = LIFETIME[self.ttl]
        return self.expiry - min(60.0, max(5.0, lifetime / 20)) - self.usual_first_byte

    @property
    def reserve(self) -> float:
        """Seconds before the expiry from which on nothing may leave."""
        return max(2.0, self.usual_first_byte)

    @property
    def read_usd(self) -> float:
        return READ * self.tokens / 1e6

    @property
    def write_usd(self) -> float:
        return WRITE[self.ttl] * self.tokens / 1e6

    @property
    def break_even(self) -> int:
        return math.floor((WRITE[self.ttl] - READ) / READ + EPSILON)

    def learn(self, call: Call) -> bool:
        """The newest request of the main thread was answered; returns whether it goes on from the one before."""
        # A new worker, or a session that comes back, has only what is stored: the provider's answer tells what goes on.
        stored_goes_on = call.claim.read >= 0.5 * self.tokens and self.model == call.model
        goes_on = stored_goes_on if self.last is None else self.last.generation == call.generation
        goes_on = goes_on and self.turns > 0
        written = call.claim.write_5m + call.claim.write_1h
        self.turns += 1
        self.answered = self.answered + 1 if goes_on else 1
        self.tokens = call.claim.read + written
        self.model = call.model
        if written or not goes_on:
            self.ttl = call.ttl
        if not goes_on:
            self.first_bytes.clear()
        self.touched = call.exchange.started_wall
        self.last = None if self.ended else call
        self.stopped, self.paid_writes = "", 0
        self.age_known, self.evicted = call.age_known, call.evicted
        return goes_on


class LeadClock:
    """The provider's clock, which may look ahead: would an entry still be there in a moment?"""

    def __init__(self, truth: ManualClock) -> None:
        self._truth = truth
        self.lead = 0.0

    def wall(self) -> float:
        return self._truth.wall() + self.lead

    def monotonic(self) -> float:
        return self._truth.monotonic() + self.lead

    def __deepcopy__(self, memo: object) -> LeadClock:
        return self  # a copied cache stays on this clock


def minimum_tokens(model: str) -> int:
    return MINIMUM[model]


def prompt(body: bytes, headers: RawHeaders) -> Prompt:
    parsed: Body = json.loads(body)
    key = next(value for name, value in headers if name.lower() in (b"x-api-key", b"authorization"))
    return read_prompt(parsed, workspace=workspace_of(key.decode()))


def usd_of(usage: Usage) -> float:
    """What the provider bills, $."""
    return (
        usage.input * INPUT
        + usage.output * OUTPUT
        + usage.cache_read * READ
        + usage.cache_write_5m * WRITE_5M
        + usage.cache_write_1h * WRITE_1H
    ) / 1e6


def same_but_for_ping_fields(captured: bytes, sent: bytes) -> bool:
    """Whether a ping's body is the captured one with `max_tokens` 0 and no `stream`, member by member in order."""
    before: list[tuple[str, object]] = json.loads(captured, object_pairs_hook=list)
    after: list[tuple[str, object]] = json.loads(sent, object_pairs_hook=list)
    kept = [pair for pair in before if pair[0] not in ("max_tokens", "stream")]
    asked = [value for name, value in after if name == "max_tokens"]
    return kept == [pair for pair in after if pair[0] != "max_tokens"] and asked == [0]


def headers_of_a_ping(captured: RawHeaders) -> RawHeaders:
    """What is left of a request's headers when its ping goes another way."""
    named = {
        name.strip().lower()
        for header, value in captured
        if header.lower() == b"connection"
        for name in value.split(b",")
    }
    return tuple((name, value) for name, value in captured if name.lower() not in NOT_REPEATED | named)
