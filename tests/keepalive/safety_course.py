"""What can happen in a course of events: time, alarms, requests, crashes, other workers; how each is done, and told
to the witness. Which of them happen, and in what order, is the machine's business.

Real observer, recorder, vault, pinger, policy and store. Time moves only here.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Coroutine
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

from keepalive.clock import ManualClock
from keepalive.config import Config, section
from keepalive.exchange import RawHeaders
from keepalive.pinger import Pinger
from keepalive.standin_cache import Claim
from store import sessions
from store.database import connect
from store.ledger import local_date
from store.models import BudgetMode, TTLClass
from tests.keepalive.money_harness import SSE, Talk, World, answer_body
from tests.keepalive.safety_beside import Beside
from tests.keepalive.safety_client import Client, clients
from tests.keepalive.safety_oracle import Oracle, asked_by_a_person
from tests.keepalive.safety_plugin import ForkOracle
from tests.keepalive.safety_stage import PROMISES, AtOnce, SteppedStore, subjects
from tests.keepalive.safety_subject import LIFETIME, Allowance, Call, Subject

T = TypeVar("T")


class Course:
    """One worker's money path, four sessions, and a witness who knows the truth."""

    def __init__(self, stored: Path, max_day_usd: float, seen: Counter[str]) -> None:
        self.seen = seen
        self.runner = asyncio.Runner()
        self.runner.get_loop().set_default_executor(AtOnce(max_workers=1))
        self.folder = Path(tempfile.mkdtemp())
        path = self.folder / "warmside.db"
        shutil.copy(stored, path)
        self.clock, self.truth = ManualClock(), ManualClock()
        self.subjects, self.clients = subjects(), clients()
        self.pings: list[asyncio.Task[None]] = []
        self.oracle = Oracle(self.clock, self.truth, [*self.subjects, *self.clients], max_day_usd)
        self.forks = ForkOracle(self.oracle, self.clients, self.clock)
        self.oracle.on_record = self._on_record
        self.max_day_usd = max_day_usd
        self.world = World(path, _config(max_day_usd), self.oracle, self.clock, SteppedStore)
        self.world.forker = self.forks
        self.beside = Beside(self.world, self.oracle, self.forks)
        self.run(self.world.store.open())
        self.outside = connect(path)
        """What another process sees of the store."""
        self.rival_store: SteppedStore | None = None

    @property
    def everybody(self) -> list[Subject]:
        return [*self.subjects, *self.clients]

    def run(self, work: Coroutine[object, object, T]) -> T:
        return self.runner.run(work)

    def close(self) -> None:
        self.seen.update(self.oracle.counts + self.oracle.books.seen)
        self.run(self._close())
        self.outside.close()
        self.runner.close()
        shutil.rmtree(self.folder)

    async def _close(self) -> None:
        await self.give_up()
        await self.world.observer.close()
        await self.world.store.close()
        if self.rival_store is not None:
            await self.rival_store.close()

    def _on_record(self, lineage_id: int) -> float | None:
        query = "SELECT reserved_at FROM pings WHERE lineage_id = ? AND outcome = '' AND settled_at IS NULL"
        row = self.outside.execute(query, (lineage_id,)).fetchone()
        return None if row is None else float(row[0])

    def know_clients(self) -> None:
        """The watcher has found out which client it is: one that compacts idle conversations."""

        def know(connection: sqlite3.Connection) -> None:
            for subject in self.subjects:
                if subject.compacts:
                    sessions.save(connection, subject.talk.session, client_version="2.1.400")

        self.run(self.world.store.write(know))

    # --- time and alarms ------------------------------------------------------------------------------------------

    def pass_time(self, seconds: float) -> None:
        self.clock.advance(seconds)
        self.truth.advance(seconds)

    def suspend(self, seconds: float) -> None:
        self.clock.suspend(seconds)
        self.truth.suspend(seconds)

    def set_clock(self, seconds: float) -> None:
        self.clock.step(seconds)
        if seconds < 0:
            for subject in self.everybody:
                subject.age_known = False
                for call in subject.running:
                    call.age_known = False

    async def wait(self, seconds: float) -> None:
        """Time passes and every alarm rings as it should."""
        end = self.clock.monotonic() + seconds
        rung: Counter[tuple[int, int]] = Counter()
        while self.world.alarm.at:
            lineage_id, at = min(self.world.alarm.at.items(), key=lambda item: item[1])
            if at - self.clock.wall() > end - self.clock.monotonic():
                break
            self.reach(lineage_id, 0.0)
            await self.start(self.world.pinger.fire(lineage_id))
            rung[lineage_id, int(self.clock.monotonic())] += 1
            assert max(rung.values()) < 20, "an alarm rings again and again"
        self.pass_time(max(0.0, end - self.clock.monotonic()))
        await self.world.pinger.check_clock()

    def next_alarm(self) -> int | None:
        return min(self.world.alarm.at, key=lambda one: self.world.alarm.at[one], default=None)

    def reach(self, lineage_id: int, late: float) -> None:
        at = self.world.alarm.at.pop(lineage_id)
        self.pass_time(max(0.0, at - self.clock.wall()) + late + 1e-6)

    async def start(self, *pings: Coroutine[object, object, None]) -> None:
        """Run pings to their end, or one to where the provider keeps it waiting. A worker may die of it."""
        await self.beside.look()
        self.oracle.holding.clear()
        self.oracle.gate.clear()
        tasks = [asyncio.ensure_future(ping) for ping in pings]
        if self.oracle.stops_at:
            held = asyncio.ensure_future(self.oracle.holding.wait())
            await asyncio.wait([*tasks, held], return_when=asyncio.FIRST_COMPLETED)
            held.cancel()
        else:
            await asyncio.wait(tasks)
        self.oracle.delayed = False
        for task in tasks:
            if not task.done():
                self.pings.append(task)
            elif not task.cancelled():
                task.result()
        if any(task.cancelled() for task in tasks):
            await self.crash()

    async def answer(self) -> None:
        """The provider answers what it kept waiting."""
        self.oracle.gate.set()
        pings, self.pings = self.pings, []
        for ping in pings:
            await ping

    async def ping_now(self, session_id: str, worker: Pinger | None = None) -> None:
        asked_by_a_person.set(True)
        try:
            self.seen["result " + await (worker or self.world.pinger).ping_now(session_id)] += 1
        finally:
            asked_by_a_person.set(False)

    async def rival(self) -> Pinger:
        """Another worker on the same store, which was not told to leave yet and holds the same requests."""
        if self.rival_store is None:
            self.rival_store = SteppedStore(self.world.path)
            await self.rival_store.open()
        world = self.world
        return Pinger(
            store=self.rival_store,
            vault=world.vault,
            flights=world.flights,
            config=world.config,
            clock=world.clock,
            guard=world.guard,
            warmers={"replay": self.oracle, "fork": self.forks},
            plugins=world.plugins,
            alive=lambda session: session.ended_at is None and session.id not in world.dead,
        )

    def subject_of(self, lineage_id: int) -> Subject:
        query = "SELECT session_id FROM lineages WHERE id = ?"
        return self.oracle.subjects[self.outside.execute(query, (lineage_id,)).fetchone()[0]]

    async def leave_one_ping(self, subject: Subject, of: str) -> None:
        """A budget that allows one more ping and not two; `of`: pings, usd."""
        session, books = subject.talk.session, self.oracle.books
        pings = books.idle_pings(session) + 1 if of == "pings" else None
        usd = books.session_usd(session) + 1.5 * subject.read_usd if of == "usd" else None
        subject.own = Allowance(BudgetMode.AUTO, pings, usd)
        await self.world.budget(session, BudgetMode.AUTO, pings=pings, usd=usd)

    def cap_the_day(self, subject: Subject | None) -> None:
        """Set the day's cap so that it lets one more ping of this session through and not two; None: as it was."""
        cap = self.max_day_usd
        if subject is not None:
            left = self.oracle.books.day_usd(local_date(self.clock.wall())) + subject.write_usd + 0.5 * subject.read_usd
            cap = min(cap, left)
        self.oracle.max_day_usd = cap
        self.world.config = self.world.pinger._config = _config(cap)

    # --- requests -------------------------------------------------------------------------------------------------

    def ask(self, subject: Subject, talk: Talk, *, side: bool = False) -> Call:
        self.pass_time(0.5)
        return self.run(self.begin(subject, talk, side))

    async def begin(self, subject: Subject, talk: Talk, side: bool = False) -> Call:
        # Whoever speaks is there (again).
        subject.ended = subject.dead = False
        self.world.dead.discard(talk.session)
        exchange = self.world.start(talk, side=side)
        claim = Claim(0.0, 9, 0, 0, 0, ()) if side else self.oracle.begin(exchange.body, exchange.headers)
        main = not side and not talk.agent
        call = Call(exchange, claim, main, subject.generation, talk.model, talk.ttl)
        if not talk.agent:
            subject.active = exchange.started_wall
        subject.running.append(call)
        await self.world.noted()
        return call

    async def end(self, subject: Subject, call: Call, how: str, first_byte: float, limit: float | None = None) -> None:
        """`limit`: share used of the account's rate limit, where the answer tells it."""
        claim, finish = call.claim, self.world.finish
        ttl: TTLClass = "1h" if claim.write_1h else "5m"
        body = answer_body(claim.read, claim.write_5m + claim.write_1h, ttl=ttl, uncached=claim.input, tool=call.tool)
        headers = SSE
        if limit is not None and how in ("200", "gone"):
            reset = float(int(self.clock.wall()) + 700)
            headers += _limit_headers(limit, reset)
            self.oracle.accounts.limits[subject.talk.key] = (limit, reset)
        match how:
            case "200":
                await finish(call.exchange, body, headers=headers, first_byte=first_byte)
            case "gone":
                cut = body[: body.index(b"content_block")]
                await finish(call.exchange, cut, headers=headers, outcome="client_gone", first_byte=first_byte)
            case "gone early":
                await finish(call.exchange, status=None, outcome="client_gone")
            case "failed":
                await finish(call.exchange, status=None, outcome="upstream_failed")
            case _:
                await finish(call.exchange, b'{"type":"error"}', status=int(how), headers=())
        subject.running.remove(call)
        if how != "failed":
            subject.active = call.exchange.started_wall
        if how in ("200", "gone"):
            self.oracle.answered(subject, call, first_byte)

    def converse(self, who: int) -> None:
        """One whole request that continues the conversation."""
        subject = self.subjects[who]
        subject.talk.go_on()
        call = self.ask(subject, subject.talk)
        self.pass_time(1.0)
        self.run(self.end(subject, call, "200", 0.3))

    # --- ends -----------------------------------------------------------------------------------------------------

    async def end_session(self, subject: Subject, reason: str) -> None:
        session_id, now = subject.talk.session, self.clock.wall()
        await self.world.store.write(lambda connection: sessions.end(connection, session_id, reason, now))
        self.world.vault.drop_session(session_id)
        subject.ended, subject.last = True, None
        await self.world.pinger.replan(session_id)

    def has_ended(self, subject: Subject) -> bool:
        query = "SELECT ended_at IS NOT NULL FROM sessions WHERE id = ?"
        return bool(self.outside.execute(query, (subject.talk.session,)).fetchone()[0])

    def kill(self, subject: Subject) -> None:
        self.world.dead.add(subject.talk.session)
        subject.dead = True

    async def crash(self) -> None:
        """The worker is gone with all it held, its pings and the requests that ran through it; another one starts."""
        self.seen["crashes"] += 1
        self.world.store.after_reserve = self.world.store.before_write = None
        await self.give_up()
        for subject in self.subjects:
            subject.running.clear()
            subject.last = None
        self.oracle.accounts.forget()
        await self.world.restart()
        self.beside.restarted()
        planned = self.outside.execute("SELECT count(*) FROM lineages WHERE next_ping_at IS NOT NULL").fetchone()
        assert planned == (0,), "a new worker promises a ping of what it does not hold"

    def die_with_what_is_reserved(self) -> None:
        """Between reservation and sending: nobody will ever know that this ping has not left."""
        query = "SELECT lineage_id, session_id, reserved_at FROM pings ORDER BY id DESC LIMIT 1"
        lineage_id, session_id, at = self.outside.execute(query).fetchone()
        subject = self.oracle.subjects[session_id]
        if isinstance(subject, Client):
            self.forks.reserve(subject, lineage_id, at)
        else:
            self.oracle.enter(subject, lineage_id, at)
        raise asyncio.CancelledError

    def never_sent(self) -> list[tuple[str, float]]:
        """Pings that were on record and overtaken before anybody was asked to send them: session, when."""
        rows = self.outside.execute("SELECT session_id, reserved_at FROM pings WHERE outcome = 'too_late'")
        return [(row[0], row[1]) for row in rows]

    async def give_up(self) -> None:
        pings, self.pings = self.pings, []
        for ping in pings:
            ping.cancel()
        if pings:
            await asyncio.wait(pings)

    # --- what the store shows -------------------------------------------------------------------------------------

    def current(self) -> dict[str, sqlite3.Row]:
        """The newest lineage of each session's main thread, as another process sees it."""
        self.outside.row_factory = sqlite3.Row
        rows = self.outside.execute(
            "SELECT * FROM lineages WHERE id IN (SELECT max(id) FROM lineages WHERE agent_id = '' GROUP BY session_id)"
        ).fetchall()
        self.outside.row_factory = None
        return {row["session_id"]: row for row in rows}

    def stops(self) -> dict[int, str]:
        return dict(self.outside.execute("SELECT id, stop FROM lineages").fetchall())

    def check_late(self, lineage_id: int) -> None:
        """After an alarm rang: what is past its expiry is marked so, and nothing is promised."""
        for subject in self.everybody:
            row = self.current()[subject.talk.session]
            expiry = row["last_touch_at"] + LIFETIME[subject.ttl] if row["last_touch_at"] else 0.0
            if row["id"] == lineage_id and self.clock.wall() >= expiry:
                self.seen[f"late: {row['why']}"] += 1
                assert row["next_ping_at"] is None, "a ping of an expired entry is planned"
                assert row["why"] not in (*PROMISES, "too_late"), "an expired entry is not marked"


def _config(max_day_usd: float) -> Config:
    budget = {"usd_per_day": max_day_usd, "usd_per_ping": 1.0, "min_prefix_tokens": 0}
    return section(Config, {"budget": budget})


def _limit_headers(used: float, reset: float) -> RawHeaders:
    prefix = b"anthropic-ratelimit-tokens-"
    return (
        (prefix + b"limit", b"1000"),
        (prefix + b"remaining", b"%d" % round(1_000 * (1 - used))),
        (prefix + b"reset", datetime.fromtimestamp(reset, UTC).isoformat().encode()),
    )
