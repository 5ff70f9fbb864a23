"""What the answer to a ping means: for its own row, for its lineage, and for its account. Pure.

It errs on the side of money: what may have been billed and is not known stays reserved, and what failed is not tried
again by itself. It must not know how long a stop is obeyed; that is the policy's part.
"""

from __future__ import annotations

from dataclasses import dataclass

from keepalive.ping import MIN_READ_PERCENT, verify
from keepalive.warmer import WarmAnswer
from store.models import ReasonArgs, Usage

LEAST_WAIT = 5.0
"""Seconds that a rate limit is left alone, also where the provider says "at once"."""
FORK_EXTRA = 64
"""Tokens that frame the last reply and a fork's prompt, and the prompt itself, should the client come to mark it."""


@dataclass(frozen=True, slots=True)
class ForkTerms:
    """What judging a fork takes besides the prefix. A fork sends the last reply as prompt, which no request had before:
    the first fork of an idle period writes it, the next ones read it."""

    reply_tokens: int | None
    """Output of the lineage's last real request; None when that is not known."""
    assumed: bool = False
    """A 1h entry, and no real request has shown yet that a fork renews one (`store.fork_trial.proven`)."""


@dataclass(frozen=True, slots=True)
class Result:
    """A ping's outcome in the store, and the stop that follows, if any."""

    outcome: str
    stop: str = ""
    """Reason code; "" goes on."""
    args: ReasonArgs | None = None
    until: float | None = None
    """When the stop ends by itself (wall clock); None: with the next real request, or the account's next 200."""
    whole_account: bool = False
    cost_known: bool = True
    """False: the reservation stands."""
    assumed: bool = False
    """A hit, of which only the next real request can tell whether it keeps the entry."""


def judge(answer: WarmAnswer, prefix_tokens: int, now: float, fork: ForkTerms | None = None) -> Result:
    """Judge one ping of a lineage with `prefix_tokens`; `fork` when it was one."""
    never_left = answer.sent_at is None
    match answer.outcome:
        case "busy":
            return Result("busy")
        case "silent":
            return Result("silent", "plugin_silent")
        case "nothing_to_fork":
            return Result("nothing_to_fork", "nothing_to_fork")
        case "plan_login":
            return Result("plan_login", "plan_login")
        case "answered" if answer.tried_tool:
            return Result("fault", "fork_tool", {"requests": 1}, cost_known=answer.usage is not None)
        case "answered" if answer.usage is not None and fork is not None:
            return _judge_fork(answer.usage, prefix_tokens, fork)
        case "answered" if answer.usage is not None:
            verdict = verify(prefix_tokens, answer.usage)
            if verdict.hit:
                return Result("hit")
            return Result("miss", "missed", {"read_percent": round(verdict.read_percent)})
        case "answered":
            return Result("unread", "missed", {"read_percent": 0}, cost_known=False)
        case "too_late":
            return Result("too_late")
        case "refused" if answer.status in (None, 401, 403):
            return Result("refused", "refused", {"status": answer.status or 401}, whole_account=True)
        case "refused":
            # The provider does not want this request; other lineages of the account are none the worse.
            return Result("refused", "provider", {"status": answer.status or 400})
        case "limited":
            until = _limited_until(answer, now)
            args: ReasonArgs = {} if until is None else {"until": until}
            return Result("limited", "limited", args, until, whole_account=True)
        case "timeout":
            return Result("timeout", "provider", {"status": "timeout"}, cost_known=never_left)
        case "unreachable":
            return Result("unreachable", "provider", {"status": "unreachable"}, cost_known=never_left)
        case _:
            # An error is not billed; a good status with an answer that could not be read is.
            status = answer.status or 0
            return Result("provider_error", "provider", {"status": status}, cost_known=never_left or status >= 300)


def _judge_fork(usage: Usage, prefix: int, fork: ForkTerms) -> Result:
    """A hit reads at least 95 % of the prefix and writes no more than the last reply and what frames it.

    Where the reply's size is not known, at most 10 % of the prefix may be written, as by a replay. The usage of two
    requests comes as one sum: more than a single one can have read, and at least twice what a hit reads.
    """
    twice = usage.cache_read * 100 >= 2 * MIN_READ_PERCENT * prefix > 0
    if fork.reply_tokens is not None:
        twice = twice and usage.cache_read > prefix + fork.reply_tokens + FORK_EXTRA
    if twice:
        return Result("fault", "fork_tool", {"requests": 2})
    verdict = verify(prefix, usage)
    hit = verdict.hit
    if fork.reply_tokens is not None:
        read_enough = 100 * usage.cache_read >= MIN_READ_PERCENT * prefix > 0
        hit = read_enough and usage.cache_write <= fork.reply_tokens + FORK_EXTRA
    if hit:
        return Result("hit", assumed=fork.assumed)
    return Result("miss", "missed", {"read_percent": round(verdict.read_percent)})


def _limited_until(answer: WarmAnswer, now: float) -> float | None:
    """When a rate limit ends; None when the provider did not say (a spend cap): then until the next good answer."""
    if answer.retry_after is not None:
        return now + max(LEAST_WAIT, answer.retry_after)
    limits = answer.limits
    if limits is None:
        return None
    resets = [
        bucket.reset_at
        for bucket in (limits.requests, limits.tokens, limits.input_tokens)
        if bucket.remaining == 0 and bucket.reset_at is not None and bucket.reset_at > now
    ]
    return max(LEAST_WAIT + now, *resets) if resets else None
