"""The money path without a network: requests as the gateway hands them over, a warmer that follows a script, an
alarm clock that fires by hand. Time moves only when a test moves it.
"""

from __future__ import annotations

import asyncio
import json
import sqlite3
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeVar

from keepalive.clock import ManualClock
from keepalive.clock_guard import ClockGuard
from keepalive.config import Config
from keepalive.exchange import Exchange, Outcome, RawHeaders, Route
from keepalive.flights import Flights
from keepalive.observer import Observer
from keepalive.pinger import Pinger
from keepalive.plugin_folder import PluginFolder
from keepalive.plugin_sessions import PluginSessions
from keepalive.standin_cache import Claim
from keepalive.standin_wire import Answer, Reply, ToolCall, error_json, sse
from keepalive.store_thread import StoreThread
from keepalive.vault import Vault
from keepalive.warmer import WarmAnswer, Warmer, WarmRequest
from store import budgets, launches, lineages, pings, prices, sessions
from store.models import BudgetMode, TTLClass, Usage
from store.rows import LaunchRow, LineageRow, PriceRow, SessionRow
from tests.fresh_store import fresh_store

T = TypeVar("T")

MODEL = "claude-opus-5"
OTHER_MODEL = "claude-sonnet-5"
LAUNCH, PLAIN_LAUNCH = "launch-0001", "launch-0002"
"""A launch of Claude Code, and one of a client that names no session."""
KEY, OTHER_KEY = "sk-ant-test-0001", "sk-ant-other-0002"
INPUT, READ, WRITE_5M, WRITE_1H = 5.0, 0.5, 6.25, 10.0
"""$ per million tokens of both models."""
PREFIX = 50_000
UPSTREAM = "http://127.0.0.1:9"
SSE: RawHeaders = ((b"content-type", b"text/event-stream; charset=utf-8"),)
JSON: RawHeaders = ((b"content-type", b"application/json"),)


def price(model: str) -> PriceRow:
    return PriceRow(
        model=model,
        valid_from=0.0,
        above_tokens=0,
        input=INPUT,
        output=25.0,
        cache_read=READ,
        cache_write_5m=WRITE_5M,
        cache_write_1h=WRITE_1H,
        source="test",
    )


def launch(launch_id: str, agent: str, pid: int = 4242) -> LaunchRow:
    return LaunchRow(
        id=launch_id,
        token_hash=launches.token_hash("token of " + launch_id),
        agent=agent,
        pid=pid,
        pid_started_at=None,
        cwd="/home/someone/project",
        upstream=UPSTREAM,
        proxy=None,
        ca_file=None,
        started_at=1.0,
        ended_at=None,
    )


def furnish(connection: sqlite3.Connection) -> None:
    """Prices and launches as the tests know them."""
    prices.put(connection, [price(MODEL), price(OTHER_MODEL), price("claude-haiku-5-5")])
    launches.record(connection, launch(LAUNCH, "claude"))
    launches.record(connection, launch(PLAIN_LAUNCH, "other"))


@dataclass
class Talk:
    """One thread of a conversation; `body` is its next request, `go_on` lets it grow."""

    session: str = "session-1"
    agent: str = ""
    key: str = KEY
    model: str = MODEL
    ttl: TTLClass = "5m"
    launch: str = LAUNCH
    tool: str = "Read"
    system: str = "Be brief."
    said: list[str] = field(default_factory=lambda: ["Hello"])
    oauth: bool = False
    extra: dict[str, object] = field(default_factory=dict)
    more_headers: RawHeaders = ()

    def go_on(self) -> None:
        """The answer came, and somebody spoke again."""
        self.said += [f"answer {len(self.said)}", f"prompt {len(self.said)}"]

    def body(self) -> bytes:
        mark = {"type": "ephemeral", "ttl": self.ttl}
        messages: list[dict[str, object]] = [
            {"role": "assistant" if n % 2 else "user", "content": [{"type": "text", "text": text}]}
            for n, text in enumerate(self.said)
        ]
        messages[-1]["content"] = [{"type": "text", "text": self.said[-1], "cache_control": mark}]
        return json.dumps(
            {
                "model": self.model,
                "max_tokens": 32_000,
                "stream": True,
                "tools": [{"name": self.tool, "input_schema": {"type": "object"}}],
                "system": [{"type": "text", "text": self.system, "cache_control": mark}],
                "messages": messages,
                **self.extra,
            }
        ).encode()

    def headers(self) -> RawHeaders:
        found: list[tuple[bytes, bytes]] = [(b"Content-Type", b"application/json")]
        if self.oauth:
            found.append((b"Authorization", b"Bearer " + self.key.encode()))
            found.append((b"anthropic-beta", b"oauth-2025-04-20,claude-code-20250219"))
        else:
            found.append((b"x-api-key", self.key.encode()))
        if self.session:
            found.append((b"X-Claude-Code-Session-Id", self.session.encode()))
        if self.agent:
            found.append((b"x-claude-code-agent-id", self.agent.encode()))
        return (*found, *self.more_headers)


def side_body() -> bytes:
    """A title call: no mark, no tools."""
    messages = [{"role": "user", "content": "Give this a title"}]
    return json.dumps({"model": "claude-haiku-5-5", "max_tokens": 64, "messages": messages}).encode()


def answer_body(read: int, write: int, *, ttl: TTLClass = "5m", uncached: int = 3, tool: bool = False) -> bytes:
    """A streamed answer with these figures, tokens."""
    claim = Claim(0.0, uncached, read, write if ttl == "5m" else 0, write if ttl == "1h" else 0, ())
    reply = Reply(text="Done.", tools=(ToolCall("Read", {"path": "a"}),) if tool else ())
    return b"".join(sse(event) for event in Answer(MODEL, reply, claim).events())


class HandAlarm:
    """Remembers what it was asked; a test fires it."""

    def __init__(self) -> None:
        self.at: dict[int, float] = {}

    def schedule(self, lineage_id: int, at: float) -> None:
        self.at[lineage_id] = at

    def cancel(self, lineage_id: int) -> None:
        self.at.pop(lineage_id, None)


Step = WarmAnswer | Exception | Callable[[WarmRequest], Awaitable[WarmAnswer]]


class ScriptedWarmer:
    """Answers from `script`, and with a hit of `prefix` tokens when that is used up."""

    name: Literal["replay", "fork"] = "replay"

    def __init__(self, clock: ManualClock) -> None:
        self._clock = clock
        self.asked: list[WarmRequest] = []
        self.was_asked = asyncio.Event()
        self.script: deque[Step] = deque()
        self.prefix = PREFIX
        self.prepared = 0
        self.closed = False

    async def prepare(self) -> None:
        self.prepared += 1

    async def warm(self, request: WarmRequest) -> WarmAnswer:
        self.asked.append(request)
        self.was_asked.set()
        step = self.script.popleft() if self.script else self.answer(read=self.prefix)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, WarmAnswer) else await step(request)

    async def close(self) -> None:
        self.closed = True

    def answer(self, read: int = 0, write: int = 0) -> WarmAnswer:
        now = self._clock.wall()
        usage = Usage(cache_read=read, cache_write_5m=write)
        return WarmAnswer("answered", status=200, usage=usage, sent_at=now, answered_at=now)


class HookedStore(StoreThread):
    """Lets a test act in the moment between a ping's reservation and its sending, or before the next write."""

    after_reserve: Callable[[], Awaitable[None]] | None = None
    before_write: Callable[[], Awaitable[None]] | None = None

    async def write(self, function: Callable[[sqlite3.Connection], T]) -> T:
        first, self.before_write = self.before_write, None
        if first is not None:
            await first()
        hook = self.after_reserve
        if hook is None:
            return await super().write(function)
        before = await self.read(_newest_ping)
        result = await super().write(function)
        if await self.read(_newest_ping) != before and self.after_reserve is hook:
            self.after_reserve = None
            await hook()
        return result


def _newest_ping(connection: sqlite3.Connection) -> int | None:
    found: int | None = connection.execute("SELECT max(id) FROM pings").fetchone()[0]
    return found


class World:
    """One worker's money path on one store. `restart` is a new worker on the same store."""

    def __init__(
        self,
        path: Path,
        config: Config | None = None,
        warmer: Warmer | None = None,
        clock: ManualClock | None = None,
        store: Callable[[Path], HookedStore] = HookedStore,
    ) -> None:
        self.clock = clock or ManualClock()
        self.config = config or Config()
        self.path = path
        self.store = store(path)
        self.script = ScriptedWarmer(self.clock)
        self.warmer: Warmer = warmer or self.script
        self.forker: Warmer = self.script
        self.plugin_folder = PluginFolder(path.parent / "plugin", self.clock)
        self.routes = {name: Route(name, UPSTREAM) for name in (LAUNCH, PLAIN_LAUNCH)}
        self.agents = {LAUNCH: "claude", PLAIN_LAUNCH: "other"}
        self.dead: set[str] = set()
        self.changed: list[str] = []
        self._new_worker()

    def _new_worker(self) -> None:
        self.vault = Vault()
        self.flights = Flights()
        self.alarm = HandAlarm()
        self.guard = ClockGuard(self.clock)
        self.plugins = PluginSessions(self.plugin_folder, self.clock)
        self.pinger = Pinger(
            store=self.store,
            vault=self.vault,
            flights=self.flights,
            config=self.config,
            clock=self.clock,
            guard=self.guard,
            warmers={"replay": self.warmer, "fork": self.forker},
            plugins=self.plugins,
            alive=lambda session: session.ended_at is None and session.id not in self.dead,
        )
        self.pinger.use(self.alarm)
        self.observer = Observer(
            store=self.store,
            vault=self.vault,
            flights=self.flights,
            config=self.config,
            clock=self.clock,
            route_of=lambda launch_id: self.routes[launch_id],
            agent_of=lambda launch_id: self.agents[launch_id],
            changed=self._has_changed,
        )

    async def restart(self) -> None:
        """As after a crash: nothing in memory is left, what was not answered is given up."""
        await self.store.write(lineages.release_all)
        await self.store.write(pings.abandon_unanswered)
        self._new_worker()
        await self.pinger.replan_all()

    async def _has_changed(self, session_id: str) -> None:
        self.changed.append(session_id)
        await self.pinger.replan(session_id)

    # --- requests -------------------------------------------------------------------------------------------------

    def start(self, talk: Talk, *, side: bool = False, body: bytes | None = None) -> Exchange:
        """A request's headers are there."""
        exchange = Exchange(
            launch_id=talk.launch,
            method="POST",
            target="/v1/messages?beta=true",
            headers=talk.headers(),
            started_wall=self.clock.wall(),
            started_monotonic=self.clock.monotonic(),
        )
        self.observer.started(exchange)
        exchange.body = side_body() if side else talk.body() if body is None else body
        return exchange

    async def finish(
        self,
        exchange: Exchange,
        response: bytes = b"",
        *,
        status: int | None = 200,
        headers: RawHeaders = SSE,
        outcome: Outcome = "complete",
        first_byte: float = 0.5,
    ) -> None:
        """The request is over; `first_byte`: seconds after its start."""
        exchange.status, exchange.outcome = status, outcome
        if status is not None:
            exchange.response_headers, exchange.response_body = headers, response
            exchange.first_byte_monotonic = exchange.started_monotonic + first_byte
            self.observer.first_byte(exchange)
        exchange.ended_wall, exchange.ended_monotonic = self.clock.wall(), self.clock.monotonic()
        await self.observer.finished(exchange)

    async def ask(
        self, talk: Talk, read: int = 0, write: int = 0, *, tool: bool = False, uncached: int = 3
    ) -> Exchange:
        """A whole request that takes two seconds."""
        exchange = self.start(talk)
        self.clock.advance(2.0)
        await self.finish(exchange, answer_body(read, write, ttl=talk.ttl, tool=tool, uncached=uncached))
        return exchange

    async def fail(self, talk: Talk, status: int) -> None:
        """A whole request that the provider refused."""
        exchange = self.start(talk)
        self.clock.advance(1.0)
        body = json.dumps(error_json(status, "no", "req_test")).encode()
        await self.finish(exchange, body, status=status, headers=JSON)

    async def noted(self) -> None:
        """Wait until the starts of the running requests are in the store."""
        await self.observer.close()

    async def settled(self, talk: Talk) -> LineageRow:
        """Two requests, so that the lineage may be pinged; returns it."""
        await self.ask(talk, write=PREFIX - 1_000)
        talk.go_on()
        self.clock.advance(10.0)
        await self.ask(talk, read=PREFIX - 1_000, write=1_000)
        return await self.lineage(talk.session, talk.agent)

    async def resume(self, talk: Talk) -> LineageRow:
        """The next real request of a settled session, which reads all of it."""
        talk.go_on()
        await self.ask(talk, read=PREFIX)
        return await self.lineage(talk.session)

    # --- what came of it ------------------------------------------------------------------------------------------

    async def lineage(self, session_id: str = "session-1", agent_id: str = "") -> LineageRow:
        row = await self.store.read(lambda connection: lineages.current(connection, session_id, agent_id))
        assert row is not None
        return row

    async def plan(self, session_id: str = "session-1") -> tuple[str, float | None]:
        """The plan's reason code, and when the alarm rings."""
        row = await self.lineage(session_id)
        return row.why, self.alarm.at.get(row.id)

    async def session(self, session_id: str = "session-1") -> SessionRow:
        row = await self.store.read(lambda connection: sessions.get(connection, session_id))
        assert row is not None
        return row

    async def rows(self, query: str, *values: object) -> list[tuple[object, ...]]:
        return await self.store.read(lambda connection: connection.execute(query, values).fetchall())

    async def one(self, query: str, *values: object) -> tuple[object, ...]:
        (row,) = await self.rows(query, *values)
        return row

    async def fire(self, lineage_id: int, *, late: float = 0.0) -> None:
        """Let time pass to the lineage's alarm (and `late` seconds more), and fire it."""
        at = self.alarm.at.pop(lineage_id)
        # A real alarm does not ring early; adding up floats may.
        self.clock.advance(max(0.0, at - self.clock.wall()) + late + 1e-6)
        await self.pinger.fire(lineage_id)

    async def budget(
        self,
        session_id: str,
        mode: BudgetMode,
        *,
        pings: int | None = None,
        usd: float | None = None,
        until: float | None = None,
    ) -> None:
        """A person sets a budget, and the keeper sees it."""
        now = self.clock.wall()
        await self.store.write(
            lambda connection: budgets.put(
                connection, session_id, mode=mode, pings=pings, usd=usd, until=until, now=now
            )
        )
        await (self.pinger.replan(session_id) if session_id else self.pinger.replan_all())


@asynccontextmanager
async def opened(folder: Path, config: Config | None = None) -> AsyncIterator[World]:
    """A worker's money path on a new store in this folder."""
    world = World(folder / "warmside.db", config)
    fresh_store(folder / "warmside.db").close()
    await world.store.open()
    await world.store.write(furnish)
    try:
        yield world
    finally:
        await world.observer.close()
        await world.pinger.close()
        await world.store.close()
