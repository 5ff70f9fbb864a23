"""What happens beside the gateway in a course of events: turns, plugins, logins, ends; and what of it the keeper hears.

The client moves by itself. Its plugin announces that, the keeper looks or does not, and a transcript is read when a
turn is over.
"""

from __future__ import annotations

import sqlite3

from keepalive.exchange import Exchange
from keepalive.plugin_signals import PluginSignals
from store import idle, requests, sessions
from store.ingest import chains
from store.ingest.chains import LIFETIMES
from store.ingest.reading import RequestRow
from store.models import Evidence, Status, Usage, WaitingFor
from tests.keepalive.money_harness import World
from tests.keepalive.plugin_side import PluginSide
from tests.keepalive.safety_client import Client
from tests.keepalive.safety_oracle import Oracle
from tests.keepalive.safety_plugin import ForkOracle
from tests.keepalive.safety_subject import Call


class Beside:
    """The clients of a course, their plugins, and the keeper's ears."""

    def __init__(self, world: World, oracle: Oracle, forks: ForkOracle) -> None:
        self.world, self.oracle, self.forks = world, oracle, forks
        world.plugin_folder.make()
        world._new_worker()
        self.plugins = {name: PluginSide(world.plugin_folder.path, name) for name in forks.clients}
        self.hears = True
        """Whether the keeper looks at the folder: False for a moment in which something happens unseen."""
        self.heard_running: set[str] = set()
        forks.announced_turn = lambda session_id: session_id in self.heard_running
        self._listen()

    def _listen(self) -> None:
        async def changed(session_id: str) -> None:
            await self.world.pinger.replan(session_id)

        self.signals = PluginSignals(
            store=self.world.store,
            plugins=self.world.plugins,
            clock=self.world.clock,
            changed=changed,
            ended=self.world.vault.drop_session,
        )

    def restarted(self) -> None:
        """A new worker: it has seen no announcement yet, and does not know whether the clock was ever set back."""
        self.heard_running.clear()
        self._listen()
        for client in self.forks.clients.values():
            if not client.age_known:
                client.age_known = client.evicted = True

    def announce(self, client: Client, **more: object) -> None:
        said = {"running": bool(client.running), "instance": client.instance}
        if client.plugin != "gone":
            self.plugins[client.talk.session].announce(self.world.clock.wall(), **{**said, **more})

    async def look(self) -> None:
        """The plugins renew what they say, and the keeper looks."""
        for client in self.forks.clients.values():
            if not (client.ended or client.dead):
                self.announce(client)
        if self.hears:
            await self.hear()

    async def hear(self) -> None:
        await self.signals.poll()
        for name, client in self.forks.clients.items():
            heard = client.running and client.plugin != "gone"
            (self.heard_running.add if heard else self.heard_running.discard)(name)

    # --- turns ----------------------------------------------------------------------------------------------------

    def begins(self, client: Client) -> Call:
        """A turn and its request begin; whoever speaks is there (again)."""
        if client.ended or client.dead:
            client.ended = client.dead = False
            client.instance += "'"
            self.world.dead.discard(client.talk.session)
        client.changed = False
        client.waits = WaitingFor.YOU
        clock, talk = self.world.clock, client.talk
        exchange = Exchange("", "POST", "", talk.headers(), clock.wall(), clock.monotonic(), talk.body())
        claim = self.oracle.begin(exchange.body, exchange.headers)
        call = Call(exchange, claim, True, client.generation, talk.model, talk.ttl)
        client.running.append(call)
        return call

    async def is_over(self, client: Client, call: Call, answered: bool) -> None:
        """The turn is over, answered or broken off; the transcript has the answered request."""
        client.running.remove(call)
        if not answered:
            return
        self.oracle.cache.answer_began(call.claim)
        at, now = call.exchange.started_wall, self.world.clock.wall()
        known = client.heard_at < at
        await self.world.store.write(lambda connection: _transcribe(connection, client, call, now))
        if known:
            goes_on = client.learn(call)
            self.oracle.books.request(
                client.talk.session,
                at=at,
                goes_on=goes_on,
                read=call.claim.read,
                tokens=client.tokens,
                ttl=client.ttl,
            )
        await self.world.pinger.replan(client.talk.session)

    async def waits_for(self, client: Client, waits: WaitingFor) -> None:
        """The client shows a question, or its tool runs on, and the keeper knows."""
        now, session = self.world.clock.wall(), client.talk.session
        client.waits = waits
        status = Status.IDLE if waits is WaitingFor.YOU else Status.BUSY
        await self.world.store.write(lambda connection: sessions.set_state(connection, session, status, waits, now))
        await self.world.pinger.replan(session)


def _transcribe(connection: sqlite3.Connection, client: Client, call: Call, now: float) -> None:
    """What the follower does with a request's line, and the watcher with an open session."""
    claim, at, session = call.claim, call.exchange.started_wall, client.talk.session
    name = f"{session}-{call.exchange.started_monotonic}"
    sessions.save(connection, session, agent="claude", opened_at=at, last_activity_at=at, ended_at=None, end_reason="")
    if client.login:
        sessions.save(connection, session, login=client.login)
    usage = Usage(
        input=claim.input,
        output=client.reply,
        cache_read=claim.read,
        cache_write_5m=claim.write_5m,
        cache_write_1h=claim.write_1h,
    )
    requests.record(
        connection,
        message_id=name,
        session_id=session,
        agent_id="",
        lineage_id=None,
        evidence=Evidence.TRANSCRIPT,
        model=call.model,
        started_at=at,
        usage=usage,
    )
    figures = (claim.input, client.reply, claim.read, claim.write_5m, claim.write_1h, 0, call.ttl)
    row = RequestRow(name, 1, "", call.model, at, now, *figures)
    chains.write(connection, session, [row], [], LIFETIMES.get, attached=False)
    sessions.set_state(connection, session, Status.IDLE, WaitingFor.YOU, now)
    idle.open_passive(connection, session, now)
