"""The plugin, its client and the provider behind it: answers an ask as the real ones do, and notes whatever must not
have been asked, or must not have left.

Two parts keep a fork safe. At the last moment the plugin refuses: while a turn runs, at the deadline, when what would
be sent is not what is cached, under a plan's login that the ask does not allow, after the end. That is done here as it
does it, and is no fault of the keeper's. The keeper's part is all the rest: whom it asks and when, what the deadline
is, that the money is on record, what the person said, and that nobody is asked again after a failure.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Literal

from msgspec.structs import replace

from keepalive.clock import ManualClock
from keepalive.usage import RateLimits
from keepalive.warmer import Outcome, WarmAnswer, WarmRequest
from store.ledger import local_date
from store.models import BudgetMode, Usage, WaitingFor
from tests.keepalive.safety_books import Bill
from tests.keepalive.safety_client import FRAME, Client
from tests.keepalive.safety_judge import at_entry
from tests.keepalive.safety_oracle import BrokenWarmer, Oracle, asked_by_a_person
from tests.keepalive.safety_subject import TICK, prompt, usd_of

DOT = 2
"""Tokens of a fork's answer."""
ForkTrouble = Literal["", "tool", "silent", "nothing", "broken word"]
FORK_TROUBLES: tuple[ForkTrouble, ...] = ("tool", "silent", "nothing", "broken word")
_ERRORS: dict[str, tuple[Outcome, int | None]] = {
    "401": ("refused", 401),
    "429": ("limited", 429),
    "429 wait": ("limited", 429),
    "400": ("refused", 400),
    "500": ("provider_error", 500),
    "unreachable": ("unreachable", None),
}


class ForkOracle:
    """Implements `Warmer` for the clients of one course."""

    name: Literal["replay", "fork"] = "fork"

    def __init__(self, oracle: Oracle, clients: list[Client], clock: ManualClock) -> None:
        self._oracle, self._clock = oracle, clock
        self.clients = {client.talk.session: client for client in clients}
        self.consent = False
        """What the person says now."""
        self.trouble: ForkTrouble = ""
        self.announced_turn: Callable[[str], bool] = lambda session_id: False
        """Whether the keeper has heard that a turn runs."""

    async def prepare(self) -> None: ...

    async def close(self) -> None: ...

    async def warm(self, request: WarmRequest) -> WarmAnswer:
        oracle, client = self._oracle, self.clients[request.session_id]
        mine, self.trouble = self.trouble, ""
        trouble, oracle.trouble = oracle.trouble, ""
        stage, oracle.stops_at = oracle.stops_at, ""
        manual, delayed = asked_by_a_person.get(), oracle.delayed or stage == "connecting"
        bill, tokens = self._enter(client, request, manual), client.tokens
        oracle._note(self._keepers_part(client, request, manual))
        if stage == "connecting":
            await oracle._wait()  # the ask lies in the folder, and the plugin looks once a second
        if not request.still_wanted():
            oracle._check(delayed, "the warmer was asked for what is no longer wanted")
            bill.usage, bill.left = Usage(), False
            oracle.counts["fork withdrawn"] += 1
            return WarmAnswer("too_late")
        if refused := self._refuses(client, request, mine):
            oracle.counts[f"fork {refused}"] += 1
            if refused == "too_late":
                bill.usage, bill.left = Usage(), False
                return WarmAnswer("too_late")
            oracle.books.bills.remove(bill)
            if refused == "plan_login":
                client.login = "subscription"
            if refused in ("silent", "nothing_to_fork") or (refused == "plan_login" and request.plan_login):
                client.stopped = refused
            return WarmAnswer(refused)
        answer = self._send(client, request, bill, mine or trouble, tokens, answering=stage == "answering")
        return await answer

    # --- the keeper's part ----------------------------------------------------------------------------------------

    def _enter(self, client: Client, request: WarmRequest, manual: bool) -> Bill:
        """The money is reserved: open the bill."""
        oracle, now, at = self._oracle, self._clock.wall(), self._oracle.on_record(request.lineage_id)
        oracle._check(at is not None, "a fork was asked for that is not on record")
        at = now if at is None else at
        oracle._note(
            at_entry(
                client,
                oracle.allowed(client),
                oracle.books,
                day=local_date(at),
                max_day_usd=oracle.max_day_usd,
                now=now,
                not_after=request.not_after,
                manual=manual,
                paused=now < oracle.paused_until,
            )
        )
        bill = self.reserve(client, request.lineage_id, at)
        hit_before = any(one.period is bill.period and one.left for one in oracle.books.bills[:-1])
        if client.ttl == "1h" and hit_before and not manual and not self._proven() and self._auto(client):
            oracle.violations.append("a second fork on an hour's entry before one was seen to keep it")
        return bill

    def reserve(self, client: Client, lineage_id: int, at: float) -> Bill:
        books, session = self._oracle.books, client.talk.session
        bill = books.enter(session, lineage_id, at, client.prompt_tokens, client.ttl)
        if bill is None:
            self._oracle.violations.append("a fork was asked for that no idle period counts")
            raise LookupError(session)
        return bill

    def _auto(self, client: Client) -> bool:
        return self._oracle.allowed(client).mode is BudgetMode.AUTO

    def _proven(self) -> bool:
        return any(
            bill.hit
            and bill.session in self.clients
            and bill.period.ttl == "1h"
            and bill.period.closed_by == "request"
            and (bill.period.closed_at or 0.0) > bill.period.cold_at
            and bill.period.read >= 0.95 * bill.period.tokens
            for bill in self._oracle.books.bills
        )

    def _keepers_part(self, client: Client, request: WarmRequest, manual: bool) -> Iterator[str]:
        """Faults of an ask, whatever the plugin will say to it."""
        allowed = self._oracle.allowed(client)
        wrong = {
            "a client that is known to have ended was asked": client.ended,
            "a dead client was asked": client.dead,
            "a client was asked while a tool or a question waits": client.waits is not WaitingFor.YOU,
            "a client was asked that has said that a turn runs": self.announced_turn(client.talk.session),
            "a fork was asked for after one request": client.answered < 2,
            "a stopped session was asked": client.stopped not in ("", "silent"),
            "a fork was asked for after a paid write": client.paid_writes > 0,
            "a fork was asked for though the clock was set back": not client.age_known,
            "an ask allows a plan's login without consent": request.plan_login and not self.consent,
            "a plan's login was asked without consent": client.login == "subscription" and not self.consent,
            "two pings at a time": client.pinging[request.lineage_id] > 0,
            "a fork was asked for though pings are off": not manual and allowed.mode is BudgetMode.OFF,
            "an ask carries somebody's request": bool(request.body or request.headers),
        }
        yield from (fault for fault, is_so in wrong.items() if is_so)

    # --- the plugin's part ----------------------------------------------------------------------------------------

    def _refuses(self, client: Client, request: WarmRequest, trouble: ForkTrouble) -> Outcome | None:
        if client.ended or client.dead or client.left or client.plugin != "there" or trouble == "silent":
            return "silent"
        if self._clock.wall() >= request.not_after:
            return "too_late"
        if client.running:
            return "busy"
        if client.changed or trouble == "nothing":
            return "nothing_to_fork"
        if trouble == "broken word" or (client.plan and not request.plan_login):
            return "plan_login"
        return None

    # --- the provider's part --------------------------------------------------------------------------------------

    async def _send(
        self, client: Client, request: WarmRequest, bill: Bill, trouble: str, tokens: int, *, answering: bool
    ) -> WarmAnswer:
        """`tokens`: size of the prefix that the keeper knows of."""
        oracle, now = self._oracle, self._clock.wall()
        oracle._check(not client.plan or self.consent or request.plan_login, "a fork left under a plan's login")
        oracle.counts["forks"] += 1
        oracle.counts[f"fork trouble {trouble}" if trouble else "fork answered"] += 1
        turns, error = client.turns, _ERRORS.get(trouble)
        client.pinging[request.lineage_id] += 1
        try:
            usage = Usage() if error else self._serve(client, bill)
            if answering:
                await oracle._wait()
        finally:
            client.pinging[request.lineage_id] -= 1
        still_last = turns == client.turns
        if error:
            if error[1] is not None:  # else something was sent, and nobody knows what became of it
                bill.usage = usage
            if still_last:
                client.stopped = trouble
            return WarmAnswer(error[0], status=error[1], sent_at=now, limits=RateLimits())
        match trouble:
            case "timeout" | "raises" | "no usage":
                if still_last:
                    client.stopped = trouble
                if trouble == "raises":
                    raise BrokenWarmer
                return WarmAnswer("timeout", sent_at=now)
            case "reads less" if not usage.cache_write > client.reply + FRAME:
                part = tokens * 94 // 100
                usage = replace(usage, input=usage.input + usage.cache_read - part, cache_read=part)
            case "writes more" if usage.cache_write <= client.reply + FRAME:
                more = {"cache_write_5m" if client.ttl == "5m" else "cache_write_1h": client.reply + FRAME + 1}
                usage = replace(usage, **more)
        bill.usage = usage
        good = usage.cache_read >= 0.95 * tokens and usage.cache_write <= client.reply + FRAME
        bill.hit = good and trouble != "tool"
        if bill.hit and still_last:
            client.touched = max(client.touched, now)
        elif still_last:
            client.stopped = trouble or "miss"
        # Of which class it wrote, the client does not say.
        told = replace(usage, cache_write_5m=usage.cache_write, cache_write_1h=0)
        return WarmAnswer("answered", usage=told, sent_at=now, tried_tool=trouble == "tool")

    def _serve(self, client: Client, bill: Bill) -> Usage:
        """Let the cache answer, and bill it."""
        oracle, body, headers = self._oracle, client.fork_body(), client.talk.headers()
        in_a_moment = deepcopy(oracle.cache)
        oracle._truth.lead = client.reserve - TICK
        late = in_a_moment.begin(prompt(body, headers)).read < client.tokens
        oracle._truth.lead = 0.0
        oracle._check(client.evicted or not late, "a fork left in its entry's last seconds, or later")
        claim = oracle.begin(body, headers)
        oracle.cache.answer_began(claim)
        usage = Usage(
            input=claim.input,
            output=DOT,
            cache_read=claim.read,
            cache_write_5m=claim.write_5m,
            cache_write_1h=claim.write_1h,
        )
        oracle.billed[local_date(bill.at)] += usd_of(usage)
        if claim.read < client.tokens:
            oracle.counts["fork misses"] += 1
            oracle._check(client.evicted, "a fork came after its entry's expiry and was billed as a write")
            client.evicted = False
            client.paid_writes += 1
        return usage
