"""What sessions announce reaches the store at the next look: turns, ends, the context; and nothing that is old."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from keepalive.plugin_signals import SILENT, PluginSignals, _note_turn
from keepalive.plugin_words import Announcement
from store import lineages, sessions
from store.database import connect, data_version
from store.models import Status, WaitingFor
from tests.keepalive.money_harness import World
from tests.keepalive.passive_talk import PassiveTalk, with_forker
from tests.keepalive.plugin_side import OTHER, SESSION
from tests.store.made_up import add_session, memory_store


class Heard:
    """A session that is settled, its plugin, and who tells the store of it."""

    def __init__(self, world: World) -> None:
        with_forker(world)
        self.world, self.talk, self.other = world, PassiveTalk(world), PassiveTalk(world, OTHER)
        self.changed: list[str] = []
        self.ended: list[str] = []
        self.fails = ""
        """Whose plan cannot be made."""
        self.signals = PluginSignals(
            store=world.store,
            plugins=world.plugins,
            clock=world.clock,
            changed=self._changed,
            ended=self.ended.append,
        )

    async def _changed(self, session_id: str) -> None:
        if session_id == self.fails:
            raise sqlite3.OperationalError("locked")
        self.changed.append(session_id)
        await self.world.pinger.replan(session_id)

    async def settled(self) -> int:
        row = await self.talk.settled()
        await self.signals.poll()
        self.changed.clear()
        self.world.clock.advance(5.0)
        return row.id

    async def says(self, talk: PassiveTalk | None = None, at: float | None = None, **more: object) -> list[str]:
        """The plugin announces; we look. Sessions that changed."""
        talk = talk or self.talk
        talk.plugin.announce(self.world.clock.wall() if at is None else at, instance=talk.instance, **more)
        return await self.poll()

    async def poll(self) -> list[str]:
        self.changed.clear()
        await self.signals.poll()
        return list(self.changed)

    async def state(self, session: str = SESSION) -> tuple[Status, WaitingFor | None, float | None]:
        row = await self.world.session(session)
        return row.status, row.waiting_for, row.waiting_since

    async def period(self) -> tuple[object, ...]:
        return await self.world.one("SELECT closed_by, waiting_for FROM idle_periods ORDER BY id DESC LIMIT 1")


@pytest.fixture
def heard(world: World) -> Heard:
    return Heard(world)


class TestTurns:
    async def test_a_turn_that_begins_and_ends_is_known_at_once(self, heard: Heard) -> None:
        await heard.settled()
        began = heard.world.clock.wall() - 0.5
        assert await heard.says(running=True, turn_started_at=began) == [SESSION]
        assert await heard.state() == (Status.BUSY, None, began)
        assert await heard.talk.plan() == ("working", heard.world.alarm.at.get(1))
        heard.world.clock.advance(20.0)
        done = heard.world.clock.wall() - 0.5
        assert await heard.says(running=False, turn_started_at=began, turn_ended_at=done) == [SESSION]
        assert await heard.state() == (Status.IDLE, WaitingFor.YOU, done)
        assert await heard.period() == ("", "you")
        assert (await heard.talk.plan())[0] == "kept"

    async def test_what_was_said_before_moves_nothing_again(self, heard: Heard) -> None:
        """The turn goes on in a question, as the client's file says; the plugin writes its announcement again."""
        await heard.settled()
        began = heard.world.clock.wall()
        await heard.says(running=True, turn_started_at=began)
        asks = began + 3
        await heard.world.store.write(
            lambda c: sessions.set_state(c, SESSION, Status.BUSY, WaitingFor.PERMISSION, asks)
        )
        heard.world.clock.advance(10.0)
        tokens = {"tokens": 777, "window": None}
        assert await heard.says(running=True, turn_started_at=began, context=tokens) == [SESSION]
        assert await heard.state() == (Status.BUSY, WaitingFor.PERMISSION, asks)

    async def test_an_older_word_never_overrules_a_newer_state(self, heard: Heard) -> None:
        await heard.settled()
        newest = heard.world.clock.wall()
        await heard.world.store.write(lambda c: sessions.set_state(c, SESSION, Status.BUSY, None, newest))
        await heard.says(running=False, turn_ended_at=newest - 0.1)
        assert await heard.state() == (Status.BUSY, None, newest)
        await heard.world.store.write(lambda c: sessions.set_state(c, SESSION, Status.IDLE, WaitingFor.YOU, newest + 1))
        heard.world.clock.advance(2.0)
        await heard.says(running=True, turn_started_at=newest + 0.9)
        assert await heard.state() == (Status.IDLE, WaitingFor.YOU, newest + 1)

    async def test_a_module_that_has_seen_no_turn_says_nothing_of_them(self, heard: Heard) -> None:
        await heard.settled()
        before = await heard.state()
        await heard.says(running=None, turn_started_at=None)
        assert await heard.state() == before

    async def test_a_session_that_is_over_has_no_turns(self, heard: Heard) -> None:
        await heard.settled()
        now = heard.world.clock.wall()
        await heard.world.store.write(lambda c: sessions.end(c, SESSION, "dead", now))
        await heard.says(running=True, turn_started_at=now + 1)
        assert (await heard.world.session(SESSION)).status is Status.ENDED


MOMENTS = st.sampled_from([None, 10.0, 20.0, 30.0])


@settings(deadline=None)
@given(
    began=MOMENTS,
    done=MOMENTS,
    running=st.sampled_from([True, False, None]),
    before=st.one_of(st.none(), st.tuples(MOMENTS, MOMENTS)),
    since=st.sampled_from([10.0, 20.0, 30.0]),
    waits=st.sampled_from([None, *WaitingFor]),
)
def test_a_state_moves_forward_only_and_only_by_what_is_new(
    began: float | None,
    done: float | None,
    running: bool | None,
    before: tuple[float | None, float | None] | None,
    since: float,
    waits: WaitingFor | None,
) -> None:
    """Nor does a turn's beginning take away what is known of it already: that it asks, that a tool runs."""

    def said(began: float | None, done: float | None) -> Announcement:
        return Announcement(1, SESSION, "i", "0", "0", 40.0, running, began, done)

    with memory_store() as db:
        add_session(db, SESSION)
        was = Status.IDLE if waits is WaitingFor.YOU else Status.BUSY
        sessions.set_state(db, SESSION, was, waits, since)
        row = sessions.get(db, SESSION)
        assert row is not None
        _note_turn(db, row, None if before is None else said(*before), said(began, done))
        now = sessions.get(db, SESSION)
        assert now is not None
        assert (now.waiting_since or 0.0) >= since
        moment = began if running else done
        known = None if before is None else before[0] if running else before[1]
        moved = running is not None and moment is not None and moment >= since and moment != known
        if running and waits in (WaitingFor.PERMISSION, WaitingFor.TOOL):
            moved = False
        wanted = (Status.BUSY, None) if running else (Status.IDLE, WaitingFor.YOU)
        assert (now.status, now.waiting_for) == (wanted if moved else (was, waits))


class TestEnds:
    async def test_an_end_is_an_end(self, heard: Heard) -> None:
        lineage_id = await heard.settled()
        assert lineage_id in heard.world.alarm.at
        assert await heard.says(ended="prompt_input_exit") == [SESSION]
        row = await heard.world.session(SESSION)
        assert (row.status, row.end_reason, row.ended_at) == (Status.ENDED, "ended", heard.world.clock.wall())
        assert heard.ended == [SESSION]
        assert await heard.period() == ("end", "you")
        assert await heard.talk.plan() == ("ended", None)
        assert (await heard.world.lineage(SESSION)).replaced == ""

    async def test_clear_drops_the_prefix_too(self, heard: Heard) -> None:
        await heard.settled()
        await heard.says(ended="clear")
        assert (await heard.world.session(SESSION)).end_reason == "cleared"
        assert (await heard.world.lineage(SESSION)).replaced == "cleared"
        assert await heard.period() == ("end", "you")
        assert heard.ended == [SESSION]

    async def test_an_end_is_told_once_and_keeps_its_first_reason(self, heard: Heard) -> None:
        await heard.settled()
        now = heard.world.clock.wall()
        await heard.world.store.write(lambda c: sessions.end(c, SESSION, "dead", now))
        heard.world.clock.advance(1.0)
        await heard.says(ended="clear")
        row = await heard.world.session(SESSION)
        assert (row.end_reason, row.ended_at) == ("dead", now)
        assert heard.ended == []

    async def test_an_end_from_before_the_last_word_ends_nothing(self, heard: Heard) -> None:
        """A session that was resumed since: its own plugin has not announced itself yet."""
        await heard.settled()
        await heard.says(at=heard.world.clock.wall() - 100.0, ended="other")
        assert (await heard.world.session(SESSION)).ended_at is None
        assert heard.ended == []


class TestAPluginLoadedAnew:
    async def stopped(self, heard: Heard, reason: str) -> None:
        lineage_id = await heard.settled()
        await heard.world.store.write(lambda c: lineages.stop(c, lineage_id, reason, {}))
        await heard.world.pinger.replan(SESSION)
        assert await heard.talk.plan() == (reason, None)

    async def test_lifts_its_own_silence(self, heard: Heard) -> None:
        await self.stopped(heard, SILENT)
        await heard.says()
        assert await heard.talk.plan() == (SILENT, None), "the same module goes on being silent"
        heard.talk.instance = "another module"
        assert await heard.says() == [SESSION]
        assert (await heard.talk.plan())[0] == "kept"

    @pytest.mark.parametrize("reason", ["missed", "fork_tool", "limited", "refused", "nothing_to_fork", "provider"])
    async def test_lifts_no_other_stop(self, heard: Heard, reason: str) -> None:
        await self.stopped(heard, reason)
        heard.talk.instance = "another module"
        await heard.says()
        assert await heard.talk.plan() == (reason, None)

    async def test_lifts_nobody_elses(self, heard: Heard) -> None:
        await self.stopped(heard, SILENT)
        await heard.other.settled()
        heard.other.instance = "another module"
        await heard.says(heard.other)
        assert await heard.talk.plan() == (SILENT, None)

    async def test_one_that_comes_back_after_it_was_gone_lifts_it_too(self, heard: Heard) -> None:
        await self.stopped(heard, SILENT)
        heard.world.clock.advance(61.0)
        assert await heard.poll() == [SESSION]
        assert await heard.says() == [SESSION]
        assert (await heard.talk.plan())[0] == "kept"


class TestTheStore:
    @pytest.fixture
    def outside(self, heard: Heard) -> Iterator[sqlite3.Connection]:
        with closing(connect(heard.world.path)) as connection:
            yield connection

    async def test_the_context_is_kept(self, heard: Heard) -> None:
        await heard.settled()
        await heard.says(context={"tokens": 123_456, "window": 200_000})
        assert (await heard.world.session(SESSION)).context_tokens == 123_456
        await heard.says(context={"tokens": None, "window": 200_000})
        assert (await heard.world.session(SESSION)).context_tokens == 123_456
        await heard.says(context=None)
        assert (await heard.world.session(SESSION)).context_tokens == 123_456

    async def test_nothing_is_written_while_nothing_is_new(self, heard: Heard, outside: sqlite3.Connection) -> None:
        await heard.settled()
        said: dict[str, Any] = {
            "running": False,
            "turn_ended_at": heard.world.clock.wall(),
            "context": {"tokens": 5, "window": 9},
        }
        assert await heard.says(**said) == [SESSION]
        before = data_version(outside)
        for _ in range(3):
            heard.world.clock.advance(20.0)
            assert await heard.says(**said) == []
        assert data_version(outside) == before

    async def test_limits_alone_change_plans_and_no_row(self, heard: Heard) -> None:
        await heard.settled()
        reset = heard.world.clock.wall() + 60.0
        assert await heard.says(limits=[{"kind": "five_hour", "used": 0.99, "resets_at": reset}]) == [SESSION]
        assert await heard.talk.plan() == ("near_limit", reset)

    async def test_a_store_that_fails_is_told_again_at_the_next_look(
        self, heard: Heard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        await heard.settled()
        began = heard.world.clock.wall()

        def locked(*given: object) -> None:
            raise sqlite3.OperationalError("locked")

        with monkeypatch.context() as patch:
            patch.setattr(sessions, "set_state", locked)
            with pytest.raises(sqlite3.OperationalError):
                await heard.says(running=True, turn_started_at=began)
        assert (await heard.state())[0] is Status.IDLE
        assert not heard.world.plugins.there(SESSION), "nobody is asked for a fork on what is not stored"
        assert await heard.poll() == [SESSION]
        assert await heard.state() == (Status.BUSY, None, began)
        assert heard.world.plugins.there(SESSION)

    async def test_a_plan_that_could_not_be_made_is_made_at_the_next_look(self, heard: Heard) -> None:
        await heard.settled()
        await heard.other.settled()
        await heard.poll()
        for talk in (heard.talk, heard.other):
            talk.plugin.announce(heard.world.clock.wall(), ended="other")
        heard.fails = SESSION
        with pytest.raises(sqlite3.OperationalError):
            await heard.poll()
        heard.fails = ""
        await heard.poll()
        assert heard.world.alarm.at == {}
        assert sorted(heard.ended) == [SESSION, OTHER], "an end is told once"

    async def test_sessions_of_other_clients_are_left_alone(self, heard: Heard) -> None:
        await heard.settled()
        await heard.world.store.write(lambda c: sessions.save(c, SESSION, agent="codex"))
        before = await heard.world.session(SESSION)
        now = heard.world.clock.wall()
        await heard.says(running=True, turn_started_at=now, context={"tokens": 5, "window": 9})
        await heard.says(ended="clear")
        assert await heard.world.session(SESSION) == before
        assert heard.ended == []

    async def test_a_session_that_nobody_knows_is_no_row(self, heard: Heard) -> None:
        await heard.says(heard.other, running=True, turn_started_at=1.0)
        assert await heard.world.rows("SELECT id FROM sessions") == []
