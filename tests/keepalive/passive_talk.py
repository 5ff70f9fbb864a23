"""A session beside the gateway, as the keeper comes to know it: its requests from a transcript, its turns and its end
from a plugin in the client. What the client itself is at is another matter, and moves without the keeper.
"""

from __future__ import annotations

import sqlite3

from keepalive import consent
from keepalive.state import Login
from keepalive.warmer import WarmAnswer
from store import idle, lineages, requests, sessions
from store.ingest import chains
from store.ingest.chains import LIFETIMES
from store.ingest.reading import RequestRow
from store.models import Evidence, Status, TTLClass, Usage, WaitingFor
from store.rows import LineageRow
from tests.keepalive.money_harness import MODEL, PREFIX, ScriptedWarmer, World
from tests.keepalive.plugin_side import INSTANCE, SESSION, PluginSide

REPLY = 400
"""Tokens of the last answer."""


class PassiveTalk:
    """One such session in a world whose forks are answered by `forker`."""

    def __init__(
        self, world: World, session: str = SESSION, *, ttl: TTLClass = "5m", login: Login | None = None
    ) -> None:
        world.plugin_folder.make()
        self.world, self.session, self.ttl, self.login = world, session, ttl, login
        self.plugin = PluginSide(world.plugin_folder.path, session)
        self.instance = INSTANCE
        self.said = 0

    # --- what the keeper comes to know ----------------------------------------------------------------------------

    async def announce(self, **more: object) -> None:
        """The plugin announces itself, and the keeper looks."""
        self.plugin.announce(self.world.clock.wall(), instance=self.instance, **more)
        await self.look()

    async def look(self) -> None:
        self.world.plugins.take(self.world.plugins.look_at())
        await self.world.pinger.replan(self.session)

    async def ask(
        self, read: int = PREFIX, write: int = 0, *, output: int = REPLY, waits: WaitingFor | None = None
    ) -> None:
        """One request of the client, two seconds long, and its line in the transcript; then it waits for the person."""
        at = self.world.clock.wall()
        self.world.clock.advance(2.0)
        self.said += 1
        name = f"{self.session}-{self.said}"

        def store(connection: sqlite3.Connection) -> None:
            sessions.save(
                connection, self.session, agent="claude", opened_at=at, last_activity_at=at, ended_at=None, model=MODEL
            )
            if self.login:
                sessions.save(connection, self.session, login=self.login)
            w5, w1 = (write, 0) if self.ttl == "5m" else (0, write)
            row = RequestRow(name, 1, "", MODEL, at, at + 1, 3, output, read, w5, w1, 0, self.ttl)
            usage = Usage(input=3, output=output, cache_read=read, cache_write_5m=w5, cache_write_1h=w1)
            requests.record(
                connection,
                message_id=name,
                session_id=self.session,
                agent_id="",
                lineage_id=None,
                evidence=Evidence.TRANSCRIPT,
                model=MODEL,
                started_at=at,
                usage=usage,
            )
            chains.write(connection, self.session, [row], [], LIFETIMES.get, attached=False)
            sessions.set_state(connection, self.session, Status.IDLE, waits or WaitingFor.YOU, at + 2)
            idle.open_passive(connection, self.session, at + 2)

        await self.world.store.write(store)
        await self.look()

    async def settled(self) -> LineageRow:
        """Two requests and a plugin that rests, so that the lineage may be pinged; returns it."""
        await self.ask(read=0, write=PREFIX - 1_000)
        self.world.clock.advance(10.0)
        await self.ask(read=PREFIX - 1_000, write=1_000)
        await self.announce()
        return await self.world.lineage(self.session)

    async def fire(self, *, late: float = 0.0) -> None:
        """Let time pass to the alarm, through which the plugin renews its announcement, and fire it."""
        row = await self.world.lineage(self.session)
        self.plugin.announce(self.world.alarm.at[row.id] + late, instance=self.instance)
        at = self.world.alarm.at.pop(row.id)
        self.world.clock.advance(max(0.0, at - self.world.clock.wall()) + late + 1e-6)
        self.world.plugins.take(self.world.plugins.look_at())
        await self.world.pinger.fire(row.id)

    async def plan(self) -> tuple[str, float | None]:
        return await self.world.plan(self.session)

    async def consent(self, yes: bool) -> None:
        """The person answers the question, and the keeper hears it."""
        now = self.world.clock.wall()
        await self.world.store.write(lambda connection: consent.put(connection, yes, now))
        await self.world.pinger.replan_all()


def with_forker(world: World) -> ScriptedWarmer:
    """Let forks be answered apart from replays, from now on; returns who answers them."""
    forker = ScriptedWarmer(world.clock)
    forker.name = "fork"
    world.forker = forker
    world._new_worker()
    return forker


def fork_of(world: World, read: int = PREFIX, write: int = REPLY, *, output: int = 2, uncached: int = 30) -> WarmAnswer:
    """What a fork comes back with: the last reply is written, the shortest answer paid for."""
    now = world.clock.wall()
    usage = Usage(input=uncached, output=output, cache_read=read, cache_write_5m=write)
    return WarmAnswer("answered", usage=usage, sent_at=now, answered_at=now)


async def stop_of(world: World, session: str = SESSION) -> str:
    row = await world.store.read(lambda connection: lineages.current(connection, session))
    assert row is not None
    return row.stop
