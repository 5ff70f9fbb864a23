"""The keeper's worker: gateway, watcher, scheduler and pinger on one event loop, until told to stop.

Everything that costs money or holds a secret lives here, in memory. The worker may die at any moment without harm:
the parent holds the socket, the store holds what was spent.
"""

from __future__ import annotations

import asyncio
import logging
import os
import socket
import sqlite3
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path

from keepalive import catch_up
from keepalive.bus import Bus
from keepalive.client_settings import ClientSettings
from keepalive.clock import Clock
from keepalive.clock_guard import ClockGuard
from keepalive.config import Config
from keepalive.flights import Flights
from keepalive.follower import Follower
from keepalive.fork import ForkWarmer
from keepalive.gateway import Gateway
from keepalive.habits import Habits
from keepalive.keeper import front_ends_alive
from keepalive.liveness import SystemProcesses
from keepalive.observer import Observer
from keepalive.open_sessions.look import Folders, OpenSessions
from keepalive.paths import Paths
from keepalive.pinger import Pinger
from keepalive.plugin_folder import PluginFolder
from keepalive.plugin_sessions import PluginSessions
from keepalive.plugin_signals import PluginSignals
from keepalive.presence import Presence
from keepalive.router import StoreRouter
from keepalive.scheduler import PingScheduler
from keepalive.sender import ReplayWarmer
from keepalive.store_thread import StoreThread
from keepalive.supervisor import PORT, STATUS
from keepalive.vault import Vault
from keepalive.watcher import Watcher
from store import idle, idle_compaction, launches, lineages, pings, settings
from store.database import StoreError

log = logging.getLogger("warmside.worker")

BUS_SECONDS = 0.2
"""How often budgets and intents are looked for; an intent is taken within 250 ms."""
LOOK_SECONDS = 1.0
FOLLOW_SECONDS = 0.5
"""A new line of a transcript is on the screen within a second, the sidebar's own look included."""
LEAVE_AFTER = 600.0
"""Seconds without a live launch or a front end after which the keeper leaves."""
HOUSE_SECONDS = 30.0


class Worker:
    """Wires the parts together; `run` returns when `stop` was called or nobody needs a keeper any more."""

    def __init__(
        self,
        *,
        paths: Paths,
        config: Config,
        clock: Clock,
        sock: socket.socket,
        upstream: str | None = None,
        parent: int | None = None,
        stay: bool = False,
        reads_missed: bool = False,
        environ: Mapping[str, str] = os.environ,
        leave_after: float = LEAVE_AFTER,
        house_seconds: float = HOUSE_SECONDS,
    ) -> None:
        """`sock` listens already; `parent`: the supervisor's pid, None when there is none; `reads_missed`: read
        what was written while no keeper ran; `stay`: never leave by itself, else it does so `leave_after` seconds
        after anybody needed it, as seen every `house_seconds`."""
        self._clock = clock
        self._sock = sock
        self._parent = parent
        self._stay = stay
        self._reads_missed = reads_missed
        self._leave_after = leave_after
        self._house_seconds = house_seconds
        self._upstream = upstream or config.providers.anthropic.upstream
        self._stopping = asyncio.Event()
        self._store_file = paths.store_file
        self._store = StoreThread(paths.store_file)
        self._vault = Vault()
        self._needed_at = clock.wall()
        self._client_settings = ClientSettings(paths.claude_dir, environ)
        processes = SystemProcesses()
        flights = Flights()
        presence = Presence(paths.claude_dir, processes)
        self._router = StoreRouter(self._store)
        self._habits = Habits(config)
        self._plugin_folder = PluginFolder(paths.plugin_dir, clock)
        self._plugins = PluginSessions(self._plugin_folder, clock)
        self.pinger = Pinger(
            store=self._store,
            vault=self._vault,
            flights=flights,
            config=config,
            clock=clock,
            guard=ClockGuard(clock),
            warmers={"replay": ReplayWarmer(clock), "fork": ForkWarmer(self._plugin_folder, clock)},
            plugins=self._plugins,
            alive=presence.session_alive,
            habits=self._habits,
        )
        self._scheduler = PingScheduler(self.pinger.fire)
        self.pinger.use(self._scheduler)
        self._bus = Bus(self._store, self.pinger, clock)
        self._observer = Observer(
            store=self._store,
            vault=self._vault,
            flights=flights,
            config=config,
            clock=clock,
            route_of=self._router.of_launch,
            agent_of=self._router.agent_of,
            changed=self.pinger.replan,
        )
        self._gateway = Gateway(
            router=self._router,
            observer=self._observer,
            default_upstream=self._upstream,
            clock=clock,
            logger=logging.getLogger("warmside.gateway"),
        )
        self._watcher = Watcher(
            store=self._store,
            clock=clock,
            launch_dir=paths.launch_dir,
            sight=OpenSessions(
                Folders.find(environ, claude_dir=paths.claude_dir, codex_dir=paths.codex_dir), processes
            ),
            presence=presence,
            changed=self.pinger.replan,
            ended=self._vault.drop_session,
            told_over=self._plugins.over,
        )
        self._signals = PluginSignals(
            store=self._store,
            plugins=self._plugins,
            clock=clock,
            changed=self.pinger.replan,
            ended=self._vault.drop_session,
        )
        self._follower = Follower(
            store=self._store,
            clock=clock,
            config=config,
            environ=environ,
            home=Path(environ.get("HOME") or Path.home()),
            changed=self.pinger.replan,
        )

    def stop(self) -> None:
        """Leave as soon as running requests allow."""
        self._stopping.set()

    async def run(self) -> None:
        """Serve until stopped. Whatever fails in one look is logged, and the next look happens."""
        await self._store.open()
        await self._store.write(self._announce)
        await self._gateway.start(self._sock)
        self._scheduler.start()
        await self.pinger.replan_all()
        loops = [
            asyncio.create_task(self._every(BUS_SECONDS, self._bus.poll)),
            asyncio.create_task(self._every(LOOK_SECONDS, self._look)),
            asyncio.create_task(self._every(FOLLOW_SECONDS, self._follower.poll)),
            asyncio.create_task(self._every(self._house_seconds, self._keep_house)),
        ]
        if self._reads_missed:
            loops.append(asyncio.create_task(catch_up.beside()))
        log.info("worker %d serves 127.0.0.1:%d", os.getpid(), self._port)
        try:
            await self._stopping.wait()
        finally:
            # First of all, so that whoever wants a keeper from now on starts the next one and waits for our end.
            await self._store.write(lambda connection: settings.delete(connection, STATUS))
            for task in loops:
                task.cancel()
            await asyncio.gather(*loops, return_exceptions=True)
            await self._bus.close()
            self._scheduler.close()
            await self._gateway.stop()
            await self._observer.close()
            await self.pinger.close()
            await self._store.write(lineages.release_all)
            await self._store.close()
            log.info("worker %d left", os.getpid())

    @property
    def _port(self) -> int:
        return int(self._sock.getsockname()[1])

    def _announce(self, connection: sqlite3.Connection) -> None:
        lineages.release_all(connection)
        lost = pings.abandon_unanswered(connection)
        if lost:
            log.warning("%d pings of an earlier worker have no known answer; their reservations stand", lost)
        settings.put(connection, PORT, self._port)
        idle_compaction.put(connection, self._client_settings.idle_compaction())
        self._write_status(connection, supervised=self._parent is not None)

    def _write_status(self, connection: sqlite3.Connection, *, supervised: bool) -> None:
        before = settings.get(connection, STATUS)
        same_parent = isinstance(before, dict) and before.get("pid") == self._parent
        since = before.get("since") if isinstance(before, dict) and same_parent else None
        settings.put(
            connection,
            STATUS,
            {
                "pid": self._parent if supervised and self._parent is not None else os.getpid(),
                "worker_pid": os.getpid(),
                "port": self._port,
                "upstream": self._upstream,
                "since": since if isinstance(since, int | float) else self._clock.wall(),
                "supervised": supervised,
            },
        )

    async def _every(self, seconds: float, look: Callable[[], Awaitable[None]]) -> None:
        while True:
            try:
                await look()
            except Exception:
                log.exception("a look failed")
            await asyncio.sleep(seconds)

    async def _look(self) -> None:
        if self._parent is not None and os.getppid() != self._parent:
            log.warning("the parent is gone; going on unsupervised")
            self._parent = None
            await self._store.write(lambda c: self._write_status(c, supervised=False))
        await self.pinger.check_clock()
        await self._watcher.poll()
        # After it: the client's own file may still name a session whose end its plugin has told.
        await self._signals.poll()

    async def _learn_habits(self) -> bool:
        """Beside the store's own thread: a long history takes a moment to read, and pings must not wait for it."""
        try:
            return await asyncio.to_thread(self._habits.refresh, self._store_file, self._clock.wall())
        except (StoreError, sqlite3.Error):
            # The prior, or what was learned before, is good enough to go on with.
            log.exception("nothing could be learned from the store")
            return False

    async def _keep_house(self) -> None:
        now = self._clock.wall()
        await self._store.write(lambda connection: idle.close_ended(connection, now))
        rule = self._client_settings.idle_compaction()
        changed = await self._store.write(lambda connection: idle_compaction.put(connection, rule))
        if await self._learn_habits() or changed:
            await self.pinger.replan_all()
        await asyncio.to_thread(self._plugin_folder.clean)
        if self._stay or self._gateway.active or self._plugins.any() or await self._store.read(_needed):
            self._needed_at = now
        elif now - self._needed_at >= self._leave_after:
            log.info("nobody needs a keeper; leaving")
            self.stop()


def _needed(connection: sqlite3.Connection) -> bool:
    return bool(launches.live(connection)) or front_ends_alive(connection)
