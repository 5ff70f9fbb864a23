"""Writes what one finished exchange says into the store: session, lineage, idle period, request, whose turn it is.

Runs in the store's thread, inside a transaction of the caller's. It must not see a body or a credential: what it gets
is facts and fingerprints.
"""

from __future__ import annotations

import sqlite3
from dataclasses import dataclass

from keepalive import pricing
from keepalive.break_check import READ_SHARE, Paid, check
from keepalive.config import Config
from keepalive.exchange import Exchange, Route
from keepalive.flights import Flights, flight_key
from keepalive.ping import pingable
from keepalive.prefix import RequestFacts, compare
from keepalive.usage import ResponseFacts
from keepalive.vault import Captured, Trace
from store import asides, idle, launches, lineages, requests, sessions
from store.models import Evidence, Status, TTLClass, Usage, WaitingFor
from store.rows import LineageRow

_CAUSES = {
    "model": "model_changed",
    "tools": "tools_changed",
    "system": "system_changed",
    "messages": "messages_changed",
    "shrunk": "messages_changed",
}
"""Reason code of a lineage that another prefix took over."""
MOST_UNCACHED, FEW_UNCACHED = 0.01, 256
"""Share of the prefix, and tokens in any case, that may follow the last mark in a body that is pinged: each ping pays
them in full, and neither plan nor reservation counts them."""
_YOURS = (Status.IDLE, WaitingFor.YOU)


@dataclass(frozen=True, slots=True)
class Seen:
    """One parsed exchange on its way into the store."""

    exchange: Exchange
    route: Route
    facts: RequestFacts
    response: ResponseFacts
    session_id: str
    account: str
    aside: bool = False
    """Asked beside the conversation (`fork_mark.is_aside`): on its thread's prefix, and no part of what comes next."""

    @property
    def beside(self) -> bool:
        """Whether it is paid, and neither moves a lineage on nor says whose turn it is."""
        return self.aside or self.facts.kind == "side"

    @property
    def first_byte_seconds(self) -> float | None:
        """Seconds from the request's start to the answer's headers; None when there were none."""
        first = self.exchange.first_byte_monotonic
        return None if first is None else first - self.exchange.started_monotonic


class Recorder:
    """Knows which lineage a request continues and what a session waits for. Not thread-safe: one store thread."""

    def __init__(self, config: Config, flights: Flights) -> None:
        self._config = config
        self._flights = flights
        self._settled: dict[str, tuple[Status, WaitingFor | None]] = {}

    def began(self, connection: sqlite3.Connection, session_id: str, exchange: Exchange) -> None:
        """A request of the main thread has started: the session works."""
        row = sessions.get(connection, session_id)
        if row is not None and row.waiting_for is not None:
            self._settled[session_id] = (row.status, row.waiting_for)
        _know_session(connection, session_id, exchange)
        sessions.set_state(connection, session_id, Status.BUSY, None, exchange.started_wall)

    def learned(
        self,
        connection: sqlite3.Connection,
        seen: Seen,
        before: tuple[int, Captured] | None,
        last: Trace | None,
    ) -> int | None:
        """A request is over; `before` is what is held of its thread, `last` what is remembered of the request before
        it. Returns the lineage to hold it for, or None."""
        facts, response, exchange = seen.facts, seen.response, seen.exchange
        still_open = _know_session(connection, seen.session_id, exchange)
        if seen.session_id != exchange.launch_id:
            sessions.adopt_launch_name(connection, exchange.launch_id, seen.session_id)
        pricing.ensure(connection, facts.model)
        usage = response.usage if response.status == 200 else None
        newest = before is None or before[1].started_monotonic <= exchange.started_monotonic
        lineage_id = None
        if usage is not None and seen.aside and before is not None:
            _note_aside(connection, seen, usage, *before)
        if usage is not None and not seen.beside and newest:
            row = lineages.current(connection, seen.session_id, facts.agent_id)
            if response.message_id:
                ttl_class: TTLClass | None = "1h" if usage.cache_write_1h > usage.cache_write_5m else "5m"
                paid = Paid(
                    response.message_id,
                    facts.shape,
                    exchange.started_wall,
                    exchange.started_monotonic,
                    usage,
                    ttl_class,
                )
                check(connection, paid, row, last)
            lineage_id = self._continue_lineage(connection, seen, usage, row, before, still_open)
        if usage is not None and response.message_id:
            requests.record(
                connection,
                message_id=response.message_id,
                session_id=seen.session_id,
                agent_id=facts.agent_id,
                lineage_id=lineage_id,
                evidence=Evidence.GATEWAY,
                model=facts.model,
                started_at=exchange.started_wall,
                usage=usage,
                status=response.status,
                first_byte_seconds=seen.first_byte_seconds,
                ended_at=exchange.ended_wall,
            )
        if seen.beside or (response.status != 200 and exchange.outcome != "client_gone"):
            self.rest(connection, exchange, seen.session_id, side=seen.beside)
        elif facts.kind == "main" and newest:
            self._know_turn(connection, seen)
        return lineage_id if still_open else None

    def _continue_lineage(
        self,
        connection: sqlite3.Connection,
        seen: Seen,
        usage: Usage,
        row: LineageRow | None,
        before: tuple[int, Captured] | None,
        still_open: bool,
    ) -> int:
        facts, prefix, at = seen.facts, seen.response.replay_prefix, seen.exchange.started_wall
        ttl_class = facts.ttl_class
        lineage_id = None
        if row is not None:
            reason = row.replaced or _break(row, before, facts, usage.cache_read)
            if reason:
                lineages.replace(connection, row.id, reason, usage.cache_write)
                idle.close_unreturned(connection, row.id, at=at, by="replaced")
            else:
                lineage_id = row.id
                if not usage.cache_write and row.ttl_class is not None:
                    ttl_class = row.ttl_class  # a read renews an entry for the lifetime that it was written with
                idle.close_by_request(connection, row.id, at=at, read_tokens=usage.cache_read)
        if lineage_id is None:
            lineage_id = lineages.start(
                connection,
                seen.session_id,
                facts.agent_id,
                model=facts.model,
                evidence=Evidence.GATEWAY,
                at=at,
            )
        ttl_seconds = self._config.ttl(ttl_class)
        long_tail = usage.input > max(FEW_UNCACHED, MOST_UNCACHED * prefix)
        lineages.touch_by_request(
            connection,
            lineage_id,
            at=at,
            prefix_tokens=prefix,
            ttl_class=ttl_class,
            ttl_seconds=ttl_seconds,
            model=facts.model,
            evidence=Evidence.GATEWAY,
            held=still_open,
            thinking=facts.thinking == "enabled",
            replayable=pingable(facts) or ("uncached" if long_tail else ""),
        )
        if ttl_seconds is not None:
            idle.open_period(
                connection,
                lineage_id,
                seen.session_id,
                at=at,
                ttl_class=ttl_class,
                ttl_seconds=ttl_seconds,
                prefix_tokens=prefix,
            )
        return lineage_id

    def _know_turn(self, connection: sqlite3.Connection, seen: Seen) -> None:
        """After a main request: model, size, login, and what the session waits for now."""
        known: dict[str, str | int | float | None] = {"login": seen.facts.login, "model": seen.facts.model}
        if seen.response.usage is not None:
            known["context_tokens"] = seen.response.usage.prefix
        sessions.save(connection, seen.session_id, agent=_agent(connection, seen.exchange), **known)
        runs_tool = seen.response.stop_reason == "tool_use"
        waiting = WaitingFor.TOOL if runs_tool else WaitingFor.YOU
        status = Status.BUSY if runs_tool else Status.IDLE
        self._settled[seen.session_id] = (status, waiting)
        sessions.set_state(connection, seen.session_id, status, waiting, seen.exchange.ended_wall)
        idle.note_waiting(connection, seen.session_id, waiting)

    def rest(self, connection: sqlite3.Connection, exchange: Exchange, session_id: str, *, side: bool) -> None:
        """Undo the "busy" that a request's start looked like: a call beside the conversation (`side`) says nothing
        about the session, and after a failure the client asks again or it is the person's turn."""
        key = flight_key(exchange)
        if key[1] or self._flights.others(key):
            return
        state = self._settled.get(session_id, _YOURS) if side else _YOURS
        sessions.set_state(connection, session_id, *state, exchange.ended_wall)
        idle.note_waiting(connection, session_id, state[1])


def _break(row: LineageRow, before: tuple[int, Captured] | None, facts: RequestFacts, cache_read: int) -> str:
    """Why this request does not continue the lineage, or ''."""
    if before is not None and before[0] == row.id:
        change = compare(before[1].facts, facts)
        return "" if change.continues else _CAUSES.get(change.cause, "replaced")
    # This worker has not seen the request before (it was started since): the provider's own answer decides.
    if row.model != facts.model:
        return "model_changed"
    return "" if cache_read >= 0.5 * row.prefix_tokens else "replaced"


def _note_aside(connection: sqlite3.Connection, seen: Seen, usage: Usage, lineage_id: int, held: Captured) -> None:
    """Keep the thread's clocks right after a request beside it, which neither ends the wait nor is held.

    It has read the thread's entry like any request, and the provider lets an entry live on from its last read, whoever
    reads it: so the next ping may come later. That is the claim of a ping's hit, and it needs more proof here, since
    this is another body. It holds for the held request's own entry if that request is all in it and all of it was
    read, under the same settings, which entries are keyed by: a second aside of another effort reads as much, of an
    entry of its own. (A ping may read 95 %: what it misses it writes again itself.) The lifetime that was asked for has
    to be the entry's, too: that a read of the other class renews it is only assumed. What is not proven leaves the
    clock alone; a ping then comes earlier than it had to, and never after the expiry.
    """
    row = lineages.current(connection, seen.session_id, seen.facts.agent_id)
    at = seen.exchange.started_wall
    if row is None or row.id != lineage_id or row.replaced or row.ttl_seconds is None:
        return
    change = compare(held.facts, seen.facts)
    if not change.continues:
        return
    read = usage.cache_read >= READ_SHARE * row.prefix_tokens
    asides.postpone_expiry(connection, row.id, at=at, ttl_seconds=row.ttl_seconds, read=read)
    renewed = (
        change.first_differing_position is None
        and not change.settings
        and held.facts.shape.settings == seen.facts.shape.settings
        and seen.facts.ttl_class == row.ttl_class
        and 0 < row.prefix_tokens <= usage.cache_read
        # else a sum of several reads, each of which was shorter
        and usage.cache_read + usage.cache_write == seen.response.replay_prefix
    )
    if renewed:
        lineages.touch_by_ping(connection, row.id, at)


def _know_session(connection: sqlite3.Connection, session_id: str, exchange: Exchange) -> bool:
    """Make sure that the session is there and tied to its launch; returns whether it is open.

    A request that began before the session's end and is over after it does not open it again.
    """
    row = sessions.get(connection, session_id)
    launch = launches.get(connection, exchange.launch_id)
    ended = row is not None and row.ended_at is not None
    if row is not None and row.ended_at is not None and exchange.started_wall <= row.ended_at:
        return False
    known: dict[str, str | int | float | None] = {
        "launch_id": exchange.launch_id,
        "last_activity_at": exchange.started_wall,
        "ended_at": None,
        "end_reason": "",
    }
    if row is None:
        known["opened_at"] = exchange.started_wall
    if launch is not None and not (row and row.cwd):
        known["cwd"] = launch.cwd
    if launch is not None and (row is None or row.pid is None):
        known["pid"] = launch.pid
    elif launch is not None and row is not None and ended and row.launch_id != launch.id:
        known |= {"pid": launch.pid, "pid_started": None}  # resumed in a process of its own
    sessions.save(connection, session_id, agent=launch.agent if launch else "other", **known)
    return True


def _agent(connection: sqlite3.Connection, exchange: Exchange) -> str:
    launch = launches.get(connection, exchange.launch_id)
    return launch.agent if launch else "other"
