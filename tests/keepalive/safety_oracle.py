"""An independent witness of every ping: what must never happen, judged without the keeper's own books.

It knows the sessions as a bystander would: which requests ran and were answered, which entries the provider's cache
(the stand-in's model, on a clock that nobody sets) still holds, and what each ping was billed. It asks neither the
policy nor the store, but for one thing: whether a ping was on record before it left.
"""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from copy import deepcopy
from dataclasses import replace
from typing import Literal

from keepalive.clock import ManualClock
from keepalive.exchange import RawHeaders
from keepalive.standin_cache import Claim, PromptCache
from keepalive.usage import Bucket, RateLimits
from keepalive.warmer import WarmAnswer, WarmRequest
from store.ledger import local_date
from store.models import Usage
from tests.keepalive.safety_books import Bill, Books
from tests.keepalive.safety_judge import Accounts, at_departure, at_entry
from tests.keepalive.safety_subject import (
    EPSILON,
    TICK,
    Allowance,
    Call,
    LeadClock,
    Subject,
    minimum_tokens,
    prompt,
    usd_of,
)

Trouble = Literal[
    "",
    "401",
    "429 wait",
    "429",
    "400",
    "500",
    "timeout",
    "unreachable",
    "raises",
    "no usage",
    "reads less",
    "writes more",
    "near limit",
]
TROUBLES: tuple[Trouble, ...] = (
    *("401", "429 wait", "429", "400", "500", "timeout", "unreachable", "raises"),
    *("no usage", "reads less", "writes more", "near limit"),
)
SERVED = ("", "timeout", "raises", "no usage", "reads less", "writes more", "near limit")
"""Troubles in which the provider's cache has answered nonetheless."""
OF_THE_ACCOUNT = ("401", "429 wait", "429")
Stage = Literal["", "connecting", "answering"]
asked_by_a_person: ContextVar[bool] = ContextVar("asked_by_a_person", default=False)


class BrokenWarmer(Exception):
    """What no warmer should raise."""


class Oracle:
    """Implements `Warmer`: answers as the provider would, and notes whatever must not have been asked."""

    name: Literal["replay", "fork"] = "replay"

    def __init__(self, clock: ManualClock, truth: ManualClock, subjects: list[Subject], max_day_usd: float) -> None:
        self._clock = clock
        self._truth = LeadClock(truth)
        self.cache = PromptCache(self._truth, minimum_tokens=minimum_tokens)
        self.subjects = {subject.talk.session: subject for subject in subjects}
        self.max_day_usd = max_day_usd
        self.default = Allowance()
        self.paused_until = 0.0
        self.accounts = Accounts()
        self.books = Books()
        self.billed: dict[str, float] = defaultdict(float)
        """By local day of the keeper's clock: what the provider really took, $."""
        self.violations: list[str] = []
        self.counts: Counter[str] = Counter()
        self.trouble: Trouble = ""
        self.stops_at: Stage = ""
        """Where the next ping is kept waiting until `gate` opens."""
        self.delayed = False
        """Time may have passed since the money was reserved."""
        self.on_record: Callable[[int], float | None] = lambda lineage_id: None
        """When the lineage's unanswered ping was reserved, as other processes see it; None without one."""
        self.holding = asyncio.Event()
        self.gate = asyncio.Event()

    def allowed(self, subject: Subject) -> Allowance:
        return subject.own or self.default

    # --- the provider ---------------------------------------------------------------------------------------------

    def begin(self, body: bytes, headers: RawHeaders) -> Claim:
        return self.cache.begin(prompt(body, headers))

    def evict(self) -> None:
        """The provider dropped everything before its time."""
        self.cache = PromptCache(self._truth, minimum_tokens=minimum_tokens)
        for subject in self.subjects.values():
            subject.evicted = True
            for call in subject.running:
                call.evicted = True

    def answered(self, subject: Subject, call: Call, first_byte: float) -> None:
        """A real request was answered with 200; `first_byte`: seconds."""
        self.cache.answer_began(call.claim)
        self.accounts.works(subject.talk.key)
        last = subject.last
        if not call.main or (last is not None and call.exchange.started_monotonic < last.exchange.started_monotonic):
            return
        goes_on = subject.learn(call)
        subject.first_bytes.append(first_byte)
        self.books.request(
            subject.talk.session,
            at=call.exchange.started_wall,
            goes_on=goes_on,
            read=call.claim.read,
            tokens=subject.tokens,
            ttl=subject.ttl,
        )

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
        stage, self.stops_at = self.stops_at, ""
        manual, delayed = asked_by_a_person.get(), self.delayed or stage == "connecting"
        headers = {name.lower(): value.decode() for name, value in request.headers}
        subject = self.subjects[headers[b"x-claude-code-session-id"]]
        bill = self._enter(subject, request, manual)
        if stage == "connecting":
            await self._wait()
        late = self._clock.wall() >= request.not_after
        if late or not request.still_wanted():
            self._check(delayed, "the warmer was asked for what is too late or no longer wanted")
            bill.usage, bill.left = Usage(), False
            self.counts["too late"] += 1
            return WarmAnswer("too_late")
        self._note(
            at_departure(
                subject,
                request,
                self.allowed(subject),
                manual=manual,
            )
        )
        self._note(self.accounts.faults(subject.talk.key, self._clock.wall()))
        self.counts["pings"] += 1
        self.counts[f"trouble {trouble}" if trouble else "answered"] += 1
        turns, sent = subject.turns, None if trouble == "unreachable" else self._clock.wall()
        subject.pinging[request.lineage_id] += 1
        try:
            usage = self._serve(subject, request, bill) if trouble in SERVED else Usage()
            if stage == "answering":
                await self._wait()
        finally:
            subject.pinging[request.lineage_id] -= 1
        return replace(self._answer(subject, trouble, usage, bill, sent, turns == subject.turns), sent_at=sent)

    async def _wait(self) -> None:
        self.holding.set()
        await self.gate.wait()

    def _enter(self, subject: Subject, request: WarmRequest, manual: bool) -> Bill:
        """The money is reserved: open the bill."""
        now, at = self._clock.wall(), self.on_record(request.lineage_id)
        self._check(at is not None, "a ping was sent that is not on record")
        at = now if at is None else at
        self._note(
            at_entry(
                subject,
                self.allowed(subject),
                self.books,
                day=local_date(at),
                max_day_usd=self.max_day_usd,
                now=now,
                not_after=request.not_after,
                manual=manual,
                paused=now < self.paused_until,
            )
        )
        return self.enter(subject, request.lineage_id, at)

    def enter(self, subject: Subject, lineage_id: int, at: float) -> Bill:
        bill = self.books.enter(subject.talk.session, lineage_id, at, subject.tokens, subject.ttl)
        if bill is None:
            self.violations.append("a ping was sent that no idle period counts")
            raise LookupError(subject.talk.session)
        return bill

    def _serve(self, subject: Subject, request: WarmRequest, bill: Bill) -> Usage:
        """Let the cache answer, and bill it."""
        asked = prompt(request.body, request.headers)
        in_a_moment = deepcopy(self.cache)
        self._truth.lead = subject.reserve - TICK
        late = in_a_moment.begin(asked).read < asked.tokens
        self._truth.lead = 0.0
        self._check(subject.evicted or not late, "a ping came in its entry's last seconds, or later")
        claim = self.begin(request.body, request.headers)
        self.cache.answer_began(claim)
        usage = Usage(
            input=claim.input, cache_read=claim.read, cache_write_5m=claim.write_5m, cache_write_1h=claim.write_1h
        )
        self.billed[local_date(bill.at)] += usd_of(usage)
        if usage.cache_write:
            self.counts["misses"] += 1
            self._check(subject.evicted, "a ping came after its entry's expiry and was billed as a write")
            subject.evicted = False
            subject.paid_writes += 1
        return usage

    def _answer(
        self, subject: Subject, trouble: Trouble, usage: Usage, bill: Bill, sent: float | None, still_last: bool
    ) -> WarmAnswer:
        """What the provider says, and what it means for those who asked."""
        answer = WarmAnswer("answered", status=200, usage=usage)
        key, now = subject.talk.key, self._clock.wall()
        whole = usage.prefix
        match trouble:
            case "401":
                self.accounts.refuses(key)
                answer = WarmAnswer("refused", status=401)
            case "429 wait":
                self.accounts.limits_until(key, now + 40.0)
                answer = WarmAnswer("limited", status=429, retry_after=40.0)
            case "429":
                self.accounts.limits_until(key, None)
                answer = WarmAnswer("limited", status=429)
            case "400":
                answer = WarmAnswer("refused", status=400)
            case "500":
                answer = WarmAnswer("provider_error", status=500)
            case "unreachable":
                answer = WarmAnswer("unreachable")
            case "timeout" | "raises":
                answer = WarmAnswer("timeout")
            case "no usage":
                answer = WarmAnswer("answered", status=200)
            case "reads less" if not usage.cache_write:
                usage = Usage(input=whole - whole * 94 // 100, cache_read=whole * 94 // 100)
                answer = replace(answer, usage=usage)
            case "writes more" if not usage.cache_write:
                usage = Usage(cache_read=whole, cache_write_5m=whole * 11 // 100)
                answer = replace(answer, usage=usage)
            case "near limit":
                bucket = Bucket(limit=100, remaining=5, reset_at=now + 700.0)
                self.accounts.limits[key] = (0.95, now + 700.0)
                answer = replace(answer, limits=RateLimits(tokens=bucket))
        if trouble not in ("timeout", "raises", "no usage"):
            bill.usage = usage
        bill.hit = answer.status == 200 and answer.usage is not None and _is_hit(usage, bill.tokens)
        if bill.hit and still_last and sent is not None:
            subject.touched = max(subject.touched, sent)
        if still_last and not bill.hit and trouble not in OF_THE_ACCOUNT:
            subject.stopped = trouble or "miss"
        if trouble == "raises":
            raise BrokenWarmer
        return answer

    # --- the judge ------------------------------------------------------------------------------------------------

    def _check(self, good: bool, otherwise: str) -> None:
        if not good:
            self.violations.append(otherwise)

    def _note(self, faults: Iterable[str]) -> None:
        self.violations += faults

    def overdrawn(self) -> bool:
        """Whether today's cap is broken, by what the provider took or by what is spent and reserved."""
        today = local_date(self._clock.wall())
        return max(self.billed[today], self.books.day_usd(today)) > self.max_day_usd + EPSILON


def _is_hit(usage: Usage, tokens: int) -> bool:
    return usage.cache_read >= 0.95 * tokens and usage.cache_write <= 0.1 * tokens
