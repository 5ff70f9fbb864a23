"""An independent witness of every ping: what must never happen, judged without the keeper's own books.

It knows the sessions as a bystander would: which requests ran and were answered, which entries the provider's cache
(the stand-in's model, on a clock that nobody sets) still holds, and what each ping was billed. It asks neither the
store nor the policy, so that a mistake in them cannot hide itself here.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter, defaultdict
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Literal

from keepalive.clock import ManualClock
from keepalive.exchange import Exchange, RawHeaders
from keepalive.ping import equal_but_for_ping_fields
from keepalive.standin_cache import Body, Claim, Prompt, PromptCache, read_prompt
from keepalive.standin_requests import workspace_of
from keepalive.warmer import WarmAnswer, WarmRequest
from store.ledger import local_date
from store.models import BudgetMode, Usage
from tests.keepalive.money_harness import INPUT, READ, WRITE_1H, WRITE_5M, Talk

Trouble = Literal["", "401", "429 wait", "429", "500", "timeout", "unreachable", "raises"]
TROUBLES: tuple[Trouble, ...] = ("401", "429 wait", "429", "500", "timeout", "unreachable", "raises")
EPSILON = 1e-9
LEAST_MARGIN = 1.99
"""Seconds before an entry's expiry within which nothing is sent, less what adding up floats may cost."""


@dataclass(eq=False)
class Call:
    """One real request on its way."""

    exchange: Exchange
    claim: Claim
    main: bool
    generation: int
    age_known: bool = True
    evicted: bool = False


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
    tokens: int = 0
    ended: bool = False
    dead: bool = False
    stopped: bool = False
    """A ping failed or missed since the last answered request."""
    age_known: bool = True
    evicted: bool = False
    mode: BudgetMode = BudgetMode.AUTO
    until: float | None = None
    max_pings: int | None = None
    max_usd: float | None = None
    idle_pings: int = 0
    usd: float = 0.0
    """What its pings cost, as far as anybody can know."""
    pinging: Counter[int] = field(default_factory=Counter)
    """Pings on their way, by lineage."""


class BrokenWarmer(Exception):
    """What no warmer should raise."""


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


class Oracle:
    """Implements `Warmer`: answers as the provider would, and notes whatever must not have been asked."""

    name: Literal["replay", "fork"] = "replay"

    def __init__(self, clock: ManualClock, truth: ManualClock, subjects: list[Subject], max_day_usd: float) -> None:
        self._clock = clock
        self._truth = LeadClock(truth)
        self.cache = PromptCache(self._truth, minimum_tokens=512)
        self.subjects = {subject.talk.session: subject for subject in subjects}
        self.max_day_usd = max_day_usd
        self.day_usd: dict[str, float] = defaultdict(float)
        self.account_stops: dict[str, float | None] = {}
        """By key: until when (keeper's clock), or None for "until its next 200"."""
        self.violations: list[str] = []
        self.counts: dict[str, int] = defaultdict(int)
        self.trouble: Trouble = ""
        self.manual = False
        self.hold = False
        self.holding = asyncio.Event()
        self.gate = asyncio.Event()

    # --- the provider ---------------------------------------------------------------------------------------------

    def begin(self, body: bytes, headers: RawHeaders) -> Claim:
        return self.cache.begin(_prompt(body, headers))

    def evict(self) -> None:
        """The provider dropped everything before its time."""
        self.cache = PromptCache(self._truth, minimum_tokens=512)
        for subject in self.subjects.values():
            subject.evicted = True
            for call in subject.running:
                call.evicted = True

    def answered(self, subject: Subject, call: Call) -> None:
        """A real request was answered with 200."""
        self.cache.answer_began(call.claim)
        self.account_stops.pop(subject.talk.key, None)
        if not call.main:
            return
        last = subject.last
        if last is not None and call.exchange.started_monotonic < last.exchange.started_monotonic:
            return
        # A new worker, or a session that comes back, has only what is stored: the provider's answer tells what goes on.
        stored_goes_on = call.claim.read >= 0.5 * subject.tokens
        goes_on = stored_goes_on if last is None else last.generation == call.generation
        subject.answered = subject.answered + 1 if goes_on else 1
        subject.tokens = call.claim.read + call.claim.write_5m + call.claim.write_1h
        subject.last = None if subject.ended else call
        subject.stopped = False
        subject.age_known = call.age_known
        subject.evicted = call.evicted
        subject.idle_pings = 0

    # --- the warmer -----------------------------------------------------------------------------------------------

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...

    async def warm(self, request: WarmRequest) -> WarmAnswer:
        try:
            return await self._warm(request)
        except BrokenWarmer:
            raise
        except Exception as error:
            # Who asked would take it for a broken warmer: a request that the witness cannot read is no less wrong.
            self.violations.append(f"the ping could not be read: {error!r}")
            raise

    async def _warm(self, request: WarmRequest) -> WarmAnswer:
        trouble, self.trouble = self.trouble, ""
        headers = {name.lower(): value.decode() for name, value in request.headers}
        subject = self.subjects[headers[b"x-claude-code-session-id"]]
        prefix = _prompt(request.body, request.headers).tokens
        self._judge(subject, request, headers, prefix)
        self.counts["pings"] += 1
        self.counts[trouble or "answered"] += 1
        subject.idle_pings += 1
        subject.pinging[request.lineage_id] += 1
        asked = subject.last
        sent = None if trouble == "unreachable" else self._clock.wall()
        usage = None
        try:
            if trouble in ("", "timeout", "raises"):
                usage = self._serve(subject, request, prefix)
            if self.hold:
                self.hold = False
                self.holding.set()
                await self.gate.wait()
        finally:
            subject.pinging[request.lineage_id] -= 1
        replaced = asked is None or subject.last is None or asked.generation != subject.last.generation
        return replace(self._answer(subject, trouble, usage, replaced), sent_at=sent)

    def _serve(self, subject: Subject, request: WarmRequest, prefix: int) -> Usage:
        """Let the cache answer, and bill it."""
        in_a_moment = deepcopy(self.cache)
        self._truth.lead = LEAST_MARGIN
        late = in_a_moment.begin(_prompt(request.body, request.headers)).read < prefix
        self._truth.lead = 0.0
        self._check(subject.evicted or not late, "a ping came in its entry's last two seconds, or later")
        claim = self.begin(request.body, request.headers)
        self.cache.answer_began(claim)
        usage = Usage(
            input=claim.input, cache_read=claim.read, cache_write_5m=claim.write_5m, cache_write_1h=claim.write_1h
        )
        self.day_usd[local_date(self._clock.wall())] += _usd(usage)
        # Until its answer is known, and for good when none comes, nobody can know more than the price of a hit.
        subject.usd += min(_usd(usage), READ * prefix / 1e6)
        if usage.cache_write:
            self.counts["misses"] += 1
            self._check(subject.evicted, "a ping came after its entry's expiry and was billed as a write")
            subject.evicted = False
        return usage

    def _answer(self, subject: Subject, trouble: Trouble, usage: Usage | None, replaced: bool) -> WarmAnswer:
        """What the provider says, and what it means for those who asked."""
        match trouble:
            case "401":
                self.account_stops[subject.talk.key] = None
                return WarmAnswer("refused", status=401)
            case "429 wait":
                self.account_stops[subject.talk.key] = self._clock.wall() + 40.0
                return WarmAnswer("limited", status=429, retry_after=40.0)
            case "429":
                self.account_stops[subject.talk.key] = None
                return WarmAnswer("limited", status=429)
        if usage is not None and not trouble:
            subject.usd += max(0.0, _usd(usage) - READ * usage.prefix / 1e6)
        if not replaced:
            subject.stopped = subject.stopped or bool(trouble) or (usage is not None and usage.cache_write > 0)
        match trouble:
            case "500":
                return WarmAnswer("provider_error", status=500)
            case "unreachable":
                return WarmAnswer("unreachable")
            case "raises":
                raise BrokenWarmer
            case "timeout":
                return WarmAnswer("timeout")
        return WarmAnswer("answered", status=200, usage=usage)

    # --- the judge ------------------------------------------------------------------------------------------------

    def _judge(self, subject: Subject, request: WarmRequest, headers: dict[bytes, str], prefix: int) -> None:
        now = self._clock.wall()
        self._check(b"x-claude-code-agent-id" not in headers, "a subagent was pinged")
        self._check(not subject.ended, "an ended session was pinged")
        self._check(not subject.dead, "a dead process was pinged")
        self._check(not subject.talk.oauth, "a subscription login was pinged")
        self._check(b"enabled" not in request.body, "a request that thinks was pinged")
        self._check(prefix >= 512, "a prefix was pinged that is too small to be cached")
        self._check(subject.answered >= 2, "a lineage with one request was pinged")
        self._check(not any(call.main for call in subject.running), "a ping was sent beside a real request")
        self._check(not subject.pinging[request.lineage_id], "two pings at a time")
        self._check(not subject.stopped, "a stopped lineage was pinged")
        self._check(subject.age_known, "a ping was sent though the clock was set back")
        if subject.talk.key in self.account_stops:
            until = self.account_stops[subject.talk.key]
            self._check(until is not None and now >= until, "a stopped account was pinged")
        self._check(now < request.not_after, "the warmer was asked after its own deadline")

        last = subject.last
        self._check(last is not None, "a request was pinged that this worker never saw")
        if last is not None:
            same = equal_but_for_ping_fields(last.exchange.body, request.body)
            self._check(same, "the body is not the last request's")
            self._check(request.headers == last.exchange.headers, "the headers are not the last request's")

        read, write = READ * prefix / 1e6, (WRITE_1H if subject.talk.ttl == "1h" else WRITE_5M) * prefix / 1e6
        today = self.day_usd[local_date(now)]
        self._check(
            today + min(write, WRITE_5M * prefix / 1e6) <= self.max_day_usd + EPSILON, "the day's cap is broken"
        )
        if subject.max_usd is not None:
            self._check(subject.usd + read <= subject.max_usd + EPSILON, "the session's cap is broken")
        if self.manual:
            return
        self._check(subject.mode is not BudgetMode.OFF, "a ping was sent though pings are off")
        if subject.max_pings is not None:
            self._check(subject.idle_pings < subject.max_pings, "the idle period's cap is broken")
        if subject.until is not None:
            self._check(now < subject.until, "a ping was sent after the budget's end")

    def _check(self, good: bool, otherwise: str) -> None:
        if not good:
            self.violations.append(otherwise)


def _prompt(body: bytes, headers: RawHeaders) -> Prompt:
    parsed: Body = json.loads(body)
    key = next(value for name, value in headers if name.lower() in (b"x-api-key", b"authorization"))
    return read_prompt(parsed, workspace=workspace_of(key.decode()))


def _usd(usage: Usage) -> float:
    return (
        usage.input * INPUT
        + usage.cache_read * READ
        + usage.cache_write_5m * WRITE_5M
        + usage.cache_write_1h * WRITE_1H
    ) / 1e6
