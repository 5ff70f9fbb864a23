"""The worker in this process: when it leaves, what it says of itself, and how quickly it hears."""

from __future__ import annotations

import asyncio
import os
import socket
import sqlite3
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import pytest

from keepalive import consent, keeper
from keepalive.clock import ManualClock
from keepalive.config import Config, section
from keepalive.paths import Paths, find_paths
from keepalive.supervisor import PORT, STATUS
from keepalive.worker import Worker
from store import budgets, idle_compaction, intents, launches, lineages, sessions, settings
from store.migrations import open_store
from store.models import BudgetMode, Evidence, Status, WaitingFor
from store.rows import LaunchRow
from store.waits import Wait
from tests.keepalive.plugin_side import SESSION, PluginSide

A = "aaaaaaaa-0000-4000-8000-000000000001"
LEAVE_AFTER = 600.0
CONFIG = section(Config, {"providers": {"anthropic": {"upstream": "http://127.0.0.1:9"}}})


class Running:
    """A worker, its clock and a connection of ours to its store."""

    def __init__(self, worker: Worker, clock: ManualClock, connection: sqlite3.Connection, port: int) -> None:
        self.worker, self.clock, self.db, self.port = worker, clock, connection, port
        self.task = asyncio.create_task(worker.run())

    async def until(self, look: Callable[[], object], seconds: float = 10.0) -> None:
        deadline = time.monotonic() + seconds
        while not look():
            assert not self.task.done() or self.task.exception() is None, self.task
            assert time.monotonic() < deadline, f"not within {seconds} s"
            await asyncio.sleep(0.01)

    @property
    def status(self) -> dict[str, settings.JsonValue] | None:
        value = settings.get(self.db, STATUS)
        return value if isinstance(value, dict) else None


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return find_paths({"WARMSIDE_HOME": str(tmp_path / "warmside"), "CLAUDE_CONFIG_DIR": str(tmp_path / "claude")})


@asynccontextmanager
async def running(paths: Paths, *, parent: int | None = None, stay: bool = False) -> AsyncIterator[Running]:
    connection = open_store(paths.store_file)
    sock = socket.create_server(("127.0.0.1", 0))
    clock = ManualClock()
    worker = Worker(
        paths=paths,
        config=CONFIG,
        clock=clock,
        sock=sock,
        parent=parent,
        stay=stay,
        environ={"HOME": str(paths.state_dir), "CLAUDE_CONFIG_DIR": str(paths.claude_dir)},
        leave_after=LEAVE_AFTER,
        house_seconds=0.02,
    )
    run = Running(worker, clock, connection, sock.getsockname()[1])
    try:
        await run.until(lambda: run.status)
        yield run
    finally:
        worker.stop()
        async with asyncio.timeout(10):
            await run.task
        connection.close()
        sock.close()


async def test_it_announces_itself_keeps_the_port_and_withdraws(paths: Paths) -> None:
    async with running(paths) as run:
        assert run.status == {
            "pid": os.getpid(),
            "worker_pid": os.getpid(),
            "port": run.port,
            "upstream": "http://127.0.0.1:9",
            "since": run.clock.wall(),
            "supervised": False,
        }
        assert settings.get(run.db, PORT) == run.port
        run.worker.stop()
        await run.task
        assert run.status is None
        assert settings.get(run.db, PORT) == run.port


async def test_it_notices_that_its_parent_is_gone(paths: Paths) -> None:
    async with running(paths, parent=os.getppid()) as run:
        status = run.status
        assert status is not None
        assert (status["pid"], status["supervised"]) == (os.getppid(), True)
    async with running(paths, parent=4_194_399) as run:
        await run.until(lambda: run.status and not run.status["supervised"])
        assert run.status is not None
        assert run.status["pid"] == os.getpid()


async def test_it_leaves_when_nobody_needs_it(paths: Paths) -> None:
    async with running(paths) as run:
        run.clock.advance(LEAVE_AFTER - 1)
        await asyncio.sleep(0.1)
        assert not run.task.done()
        run.clock.advance(2)
        await run.until(run.task.done)


async def test_it_stays_while_a_front_end_is_open(paths: Paths) -> None:
    async with running(paths) as run:
        keeper.register_front_end(run.db)
        await asyncio.sleep(0.1)
        run.clock.advance(10 * LEAVE_AFTER)
        await asyncio.sleep(0.1)
        assert not run.task.done()
        keeper.leave_front_end(run.db)
        await asyncio.sleep(0.1)
        run.clock.advance(LEAVE_AFTER - 1)
        await asyncio.sleep(0.1)
        assert not run.task.done(), "the time counts from when it was last needed"
        run.clock.advance(2)
        await run.until(run.task.done)


async def test_it_stays_while_a_launch_lives(paths: Paths) -> None:
    async with running(paths) as run:
        launches.record(run.db, launch())
        await asyncio.sleep(0.1)
        run.clock.advance(10 * LEAVE_AFTER)
        await asyncio.sleep(0.1)
        assert not run.task.done()
        run.db.execute("UPDATE launches SET pid_started_at = 1.0")  # another process has its pid now
        await run.until(lambda: not launches.live(run.db))
        run.clock.advance(LEAVE_AFTER + 1)
        await run.until(run.task.done)


async def test_it_stays_when_told_so(paths: Paths) -> None:
    async with running(paths, stay=True) as run:
        run.clock.advance(10 * LEAVE_AFTER)
        await asyncio.sleep(0.1)
        assert not run.task.done()


def launch() -> LaunchRow:
    return LaunchRow(
        id="launch-00000001",
        token_hash="x",
        agent="claude",
        pid=os.getpid(),
        pid_started_at=psutil.Process().create_time(),
        cwd="/",
        upstream="http://127.0.0.1:9",
        proxy=None,
        ca_file=None,
        started_at=1.0,
        ended_at=None,
    )


def held_session(db: sqlite3.Connection, at: float) -> int:
    sessions.save(db, A, agent="claude", opened_at=at)
    lineage = lineages.start(db, A, "", model="claude-opus-5-5", evidence=Evidence.GATEWAY, at=at)
    db.execute("UPDATE lineages SET held = 1, next_ping_at = 5.0 WHERE id = ?", (lineage,))
    return lineage


async def test_a_new_worker_holds_no_prefix(paths: Paths) -> None:
    connection = open_store(paths.store_file)
    lineage = held_session(connection, 1.0)
    connection.close()
    async with running(paths) as run:
        row = lineages.get(run.db, lineage)
        assert row is not None
        assert (row.held, row.next_ping_at) == (False, None)


async def test_an_intent_is_taken_within_a_quarter_second_while_another_ping_runs(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(paths) as run:
        released = asyncio.Event()
        asked: list[str] = []

        async def slow(session_id: str) -> str:
            asked.append(session_id)
            await released.wait()
            return "hit"

        monkeypatch.setattr(run.worker.pinger, "ping_now", slow)
        first = intents.ask_ping(run.db, A, run.clock.wall())
        await run.until(lambda: asked == [A], 0.6)
        second = intents.ask_ping(run.db, "other", run.clock.wall())
        await run.until(lambda: asked == [A, "other"], 0.6)
        released.set()
        for number in (first, second):
            await run.until(lambda number=number: _result(run, number) == "hit")  # type: ignore[misc]


def _result(run: Running, number: int) -> str:
    found = intents.get(run.db, number)
    assert found is not None
    return found.result


async def test_a_budget_is_heard(paths: Paths) -> None:
    async with running(paths) as run:
        sessions.save(run.db, A, agent="claude", opened_at=1.0)
        lineage = lineages.start(run.db, A, "", model="claude-opus-5-5", evidence=Evidence.GATEWAY, at=1.0)

        def why() -> str:
            row = lineages.get(run.db, lineage)
            assert row is not None
            return row.why

        def put(key: str, mode: BudgetMode, at: float) -> None:
            budgets.put(run.db, key, mode=mode, pings=None, usd=None, until=None, now=run.clock.wall() + at)

        put(budgets.DEFAULT, BudgetMode.OFF, 1)
        await run.until(lambda: why() == "off")
        put(A, BudgetMode.AUTO, 2)
        await run.until(lambda: why() not in ("", "off"))
        put(A, BudgetMode.OFF, 3)
        await run.until(lambda: why() == "off")


async def test_a_look_that_fails_is_logged_and_the_next_one_happens(
    paths: Paths, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(paths) as run:

        def broken(connection: sqlite3.Connection) -> None:
            raise sqlite3.OperationalError("made-up trouble")

        with monkeypatch.context() as patch:
            patch.setattr(keeper, "front_ends_alive", broken)
            patch.setattr("keepalive.worker.front_ends_alive", broken)
            await run.until(lambda: "made-up trouble" in caplog.text)
        run.clock.advance(LEAVE_AFTER + 1)
        await run.until(run.task.done)


async def test_the_clients_own_settings_are_kept_for_every_reader(paths: Paths) -> None:
    paths.claude_dir.mkdir(parents=True)
    file = paths.claude_dir / "settings.json"
    file.write_text('{"idleCompaction": false}')
    async with running(paths) as run:
        assert idle_compaction.get(run.db) == idle_compaction.Rule(on=False)
        file.write_text('{"env": {"CLAUDE_CODE_IDLE_COMPACT_MIN_TOKENS": "150000"}}')
        await run.until(lambda: idle_compaction.get(run.db) == idle_compaction.Rule(min_tokens=150_000))


async def test_habits_are_read_from_the_store_and_plans_made_anew(
    paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[float] = []

    def waits(connection: sqlite3.Connection, now: float, least_seconds: float) -> list[Wait]:
        read.append(now)
        return [Wait("claude", "user", "5m", 400.0, "returned", now, True)] * 1_000

    monkeypatch.setattr("keepalive.habits.waits", waits)
    async with running(paths) as run:
        await run.until(lambda: run.worker.pinger._habits.hazards.chance("claude", "user", "5m", 0, 0.0) > 0.8)
    assert len(read) == 1, "and not again before it is old"


class TestPlugins:
    """Sessions that no gateway sees, with a plugin in their client."""

    async def test_it_stays_while_a_plugin_session_is_there_and_leaves_after(self, paths: Paths) -> None:
        plugin = plugin_at(paths)
        async with running(paths) as run:
            for _ in range(3):
                run.clock.advance(LEAVE_AFTER - 30)
                plugin.announce(run.clock.wall())
                await run.until(lambda: run.worker._plugins.any())
                await asyncio.sleep(0.1)
                assert not run.task.done()
            plugin.announce(run.clock.wall(), ended="other")
            await run.until(lambda: not run.worker._plugins.any())
            await asyncio.sleep(0.1)
            run.clock.advance(LEAVE_AFTER - 1)
            await asyncio.sleep(0.1)
            assert not run.task.done(), "the time counts from when it was last needed"
            run.clock.advance(2)
            await run.until(run.task.done)

    async def test_a_session_that_is_silent_keeps_nobody(self, paths: Paths) -> None:
        plugin = plugin_at(paths)
        async with running(paths) as run:
            plugin.announce(run.clock.wall() - 61)
            run.clock.advance(LEAVE_AFTER + 1)
            await run.until(run.task.done)

    async def test_a_change_of_mind_about_plan_logins_makes_every_plan_anew(self, paths: Paths) -> None:
        plugin = plugin_at(paths)
        async with running(paths, stay=True) as run:
            sessions.save(run.db, SESSION, agent="claude", opened_at=1.0, login="subscription")
            sessions.set_state(run.db, SESSION, Status.IDLE, WaitingFor.YOU, 1.0)
            lineage = lineages.start(run.db, SESSION, "", model="claude-opus-5-5", evidence=Evidence.TRANSCRIPT, at=1.0)
            plugin.announce(run.clock.wall())

            def why() -> str:
                row = lineages.get(run.db, lineage)
                assert row is not None
                return row.why

            await run.until(lambda: why() == "no_consent")
            consent.put(run.db, True, run.clock.wall())
            await run.until(lambda: why() == "no_request")
            consent.put(run.db, False, run.clock.wall())
            await run.until(lambda: why() == "no_consent")

    async def test_turns_are_in_the_store_within_a_look(self, paths: Paths) -> None:
        plugin = plugin_at(paths)
        async with running(paths, stay=True) as run:
            sessions.save(run.db, SESSION, agent="claude", opened_at=1.0)
            now = run.clock.wall()
            plugin.announce(now, running=True, turn_started_at=now - 1)
            await run.until(lambda: _status(run) is Status.BUSY)
            plugin.announce(now, running=False, turn_started_at=now - 1, turn_ended_at=now)
            await run.until(lambda: _status(run) is Status.IDLE)
            plugin.announce(now, ended="clear")
            await run.until(lambda: _status(run) is Status.ENDED)


def plugin_at(paths: Paths) -> PluginSide:
    paths.plugin_dir.mkdir(parents=True, mode=0o700)
    return PluginSide(paths.plugin_dir)


def _status(run: Running) -> Status | None:
    row = sessions.get(run.db, SESSION)
    return row.status if row else None
