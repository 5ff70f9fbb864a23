"""The last request of each lineage, in memory and nowhere else.

Bodies and credentials live here while the worker lives; a restart forgets them, which is honest and cheap. Accounts
are told apart by a hash keyed with a secret of this process, so that nothing that leaves here can be matched to a
key.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field

from keepalive.exchange import Route
from keepalive.prefix import RequestFacts
from keepalive.shape import Shape
from keepalive.usage import RateLimits

MOST_TRACES = 64
"""Threads whose last request is remembered by its outline: the ones that spoke last. One is about 50 to 500 KB."""
_CREDENTIALS = frozenset({b"authorization", b"x-api-key"})


@dataclass(frozen=True, slots=True)
class Captured:
    """One request as the client sent it; its repr shows neither headers nor body."""

    session_id: str
    agent_id: str
    account: str
    route: Route
    target: str
    facts: RequestFacts
    started_monotonic: float
    """Orders requests, also when the wall clock is set."""
    headers: tuple[tuple[bytes, bytes], ...] = field(repr=False)
    body: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class Trace:
    """The outline of a thread's last answered request; it outlives the request's bytes."""

    shape: Shape
    at: float
    """Its start, wall seconds: the lineage's `last_request_at` while nothing else was learned of the thread."""
    started_monotonic: float
    answered_monotonic: float
    """When its answer began: whatever was sent before could not read what it wrote."""


@dataclass(slots=True)
class AccountStop:
    """Why nothing is sent with a credential, and until when (None: until its next good answer)."""

    reason: str
    args: dict[str, str | int | float]
    until: float | None


class Vault:
    """Captured requests by lineage id, and what is known about their accounts."""

    def __init__(self) -> None:
        self._secret = secrets.token_bytes(32)
        self._held: dict[int, Captured] = {}
        self._current: dict[tuple[str, str], int] = {}
        self._stops: dict[tuple[str, bool], AccountStop] = {}
        """By credential, and whether the stop ends by itself: a refused key may have run into a rate limit, too."""
        self._limits: dict[str, RateLimits] = {}
        self._traces: OrderedDict[tuple[str, str], Trace] = OrderedDict()

    def account(self, headers: Iterable[tuple[bytes, bytes]]) -> str:
        """A name for the credential in these headers, meaningless outside this process."""
        digest = hmac.new(self._secret, digestmod=hashlib.sha256)
        for name, value in sorted((n.lower(), v) for n, v in headers if n.lower() in _CREDENTIALS):
            digest.update(name + b"\0" + value + b"\0")
        return digest.hexdigest()[:16]

    def hold(self, lineage_id: int, captured: Captured) -> None:
        """Keep this request as its lineage's last one; a lineage that it takes over from is dropped."""
        thread = (captured.session_id, captured.agent_id)
        before = self._current.get(thread)
        if before is not None and before != lineage_id:
            self._held.pop(before, None)
        self._current[thread] = lineage_id
        self._held[lineage_id] = captured

    def get(self, lineage_id: int) -> Captured | None:
        """The lineage's last request, if this worker saw it."""
        return self._held.get(lineage_id)

    def of_thread(self, session_id: str, agent_id: str) -> tuple[int, Captured] | None:
        """The last request of a thread of a session, with its lineage's id."""
        lineage_id = self._current.get((session_id, agent_id))
        captured = self._held.get(lineage_id) if lineage_id is not None else None
        return (lineage_id, captured) if lineage_id is not None and captured is not None else None

    def remember(self, session_id: str, agent_id: str, trace: Trace) -> None:
        """Keep the outline of a thread's last answered request, also when its session ends: it may be resumed."""
        thread = (session_id, agent_id)
        known = self._traces.get(thread)
        if known is not None and known.started_monotonic > trace.started_monotonic:
            return
        self._traces[thread] = trace
        self._traces.move_to_end(thread)
        if len(self._traces) > MOST_TRACES:
            self._traces.popitem(last=False)

    def last_of(self, session_id: str, agent_id: str) -> Trace | None:
        """The outline of a thread's last answered request, if this worker saw it and it was not too long ago."""
        return self._traces.get((session_id, agent_id))

    def sessions_of(self, account: str) -> set[str]:
        """Sessions whose last request carried this credential."""
        return {captured.session_id for captured in self._held.values() if captured.account == account}

    def drop_session(self, session_id: str) -> None:
        """The session is over: forget its bytes and credentials."""
        for thread in [thread for thread in self._current if thread[0] == session_id]:
            self._held.pop(self._current.pop(thread), None)

    def stop_account(self, account: str, stop: AccountStop) -> None:
        """Nothing more is sent with this credential until the stop ends; one of the other kind goes on beside it."""
        self._stops[account, stop.until is not None] = stop

    def clear_account(self, account: str) -> bool:
        """A real request of this credential was answered: it works; returns whether it had been stopped. (A rate limit
        lasts until its reset, whatever still gets through.)"""
        return self._stops.pop((account, False), None) is not None

    def account_stop(self, account: str, now: float) -> AccountStop | None:
        """The stop in force for a credential."""
        lasting = self._stops.get((account, False))
        if lasting is not None:
            return lasting
        # Asked from more than one thread, so nothing is tidied up here: the stop may be a new one by then.
        timed = self._stops.get((account, True))
        return timed if timed is not None and timed.until is not None and now < timed.until else None

    def note_limits(self, account: str, limits: RateLimits) -> None:
        """What the provider last said about a credential's rate limits; silence changes nothing."""
        if limits != RateLimits():
            self._limits[account] = limits

    def limits(self, account: str) -> RateLimits:
        """The last known rate limits of a credential."""
        return self._limits.get(account, RateLimits())
