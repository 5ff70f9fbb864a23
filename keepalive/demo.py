"""The demo: simulated agents against the provider stand-in, through the real gateway, keeper and store.

Everything lies in one temporary folder that goes at the end, also on Ctrl-C and on SIGTERM; every process is ended by
its id. Nothing here knows how keep-alive works: only the lifetimes are sped up, by the ordinary configuration file.
The gateway's own upstream is the stand-in too, so that nothing can leave this machine. Light: no gateway code here,
the sidebar runs in this process.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import psutil

from keepalive import config, keeper
from keepalive.config import Config
from keepalive.demo_scenes import Scene, scenes
from keepalive.demo_script import Script, to_line
from keepalive.paths import CLAUDE_HOME, HOME, Paths, find_paths
from keepalive.supervisor import KeeperError, python_module
from store import budgets, launches, ledger
from store.database import data_version
from store.ledger_models import LedgerView
from store.migrations import open_store
from store.rows import LaunchRow

LIFETIME = 30.0
"""Seconds that stand for the five minutes of a 5m entry; an hour is twelve times as long."""
SHORTEST_LIFETIME = 12.0
"""A ping is sent at least five seconds before expiry; below this there is hardly time between."""
KEY = "sk-ant-demo-0001"
AT_MOST = 1_800.0
"""Seconds after which the agents take up nothing new: a forgotten demo comes to rest."""
ENDS_WITHIN = 5.0
ANSWERED_WITHIN = 5.0
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class DemoError(KeeperError):
    """The demo cannot go on; one line that says why."""


@dataclass(frozen=True, slots=True)
class Demo:
    """A running demo. The environment points to its folder as long as it runs."""

    paths: Paths
    config: Config
    connection: sqlite3.Connection
    processes: Mapping[str, subprocess.Popen[str]]
    """Stand-in and agents by name, started by us."""

    def wait(self, seconds: float) -> None:
        """Let it run for `seconds`.

        Raises:
            DemoError: the stand-in or an agent broke down.
        """
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            for name, process in self.processes.items():
                if process.poll() or (process.poll() is not None and name == "stand-in"):
                    raise DemoError(f"{name} ended with code {process.returncode}: {_last_line(self.paths)}")
            time.sleep(min(0.25, max(0.0, until - time.monotonic())))

    def ledger(self) -> LedgerView:
        """What was spent and saved so far, read at a moment at which no ping is under way (if one comes in time)."""
        deadline = time.monotonic() + ANSWERED_WITHIN
        while True:
            version = data_version(self.connection)
            under_way = self.connection.execute("SELECT 1 FROM pings WHERE outcome = '' LIMIT 1").fetchone()
            view = ledger.read(self.connection)
            quiet = under_way is None and version == data_version(self.connection)
            if quiet or time.monotonic() > deadline:
                return view
            time.sleep(0.05)


def lifetime_for(seconds: float) -> float:
    """The lifetime with which a run of `seconds` shows a ping and a return after the original expiry."""
    return max(SHORTEST_LIFETIME, min(LIFETIME, seconds / 2))


def config_text(upstream: str, lifetime: float) -> str:
    """The demo's config.toml. Lifetimes are shorter by this factor, so the day's cap is larger by it."""
    faster = 300.0 / lifetime
    return (
        "[providers.anthropic]\n"
        f'upstream = "{upstream}"\n'
        "[providers.anthropic.ttl_seconds]\n"
        f'"5m" = {lifetime}\n"1h" = {12 * lifetime}\n'
        "[budget]\n"
        f"usd_per_day = {3.0 * faster:.2f}\n"
    )


@contextmanager
def running(lifetime: float = LIFETIME) -> Iterator[Demo]:
    """Start everything in a temporary folder, and end and remove everything afterwards.

    SIGINT, SIGTERM and SIGHUP unwind this context once (SystemExit); further ones do not cut its end short.

    Raises:
        DemoError, KeeperError: something does not start.
    """
    with ExitStack() as stack:
        stack.enter_context(_orderly_end())
        home = Path(tempfile.mkdtemp(prefix="warmside-demo-")).resolve()
        stack.callback(shutil.rmtree, home, ignore_errors=True)
        stack.callback(_end_keeper_of, home)
        stack.enter_context(_environment({HOME: str(home), CLAUDE_HOME: str(home / "claude"), **_nobody_elses(home)}))
        paths = find_paths()
        provider, url = _start_provider(stack, paths, lifetime)
        paths.config_file.write_text(config_text(url, lifetime), encoding="utf-8")
        connection = stack.enter_context(closing(open_store(paths.store_file)))
        stack.callback(keeper.stop, connection)
        gateway = keeper.ensure(connection, paths).url
        processes = {"stand-in": provider}
        for scene in scenes(lifetime):
            processes[scene.project] = _start_agent(stack, connection, paths, scene, gateway, url)
        yield Demo(paths, config.load(paths.config_file), connection, processes)


def _start_provider(stack: ExitStack, paths: Paths, lifetime: float) -> tuple[subprocess.Popen[str], str]:
    command = [*python_module("keepalive.demo_provider"), f"--lifetime={lifetime}"]
    process = _start(stack, paths, command, stdout=subprocess.PIPE)
    assert process.stdout is not None  # noqa: S101 - asked for above
    url = process.stdout.readline().strip()
    if not url:
        raise DemoError(f"the provider stand-in does not start: {_last_line(paths)}")
    return process, url


def _start_agent(
    stack: ExitStack, connection: sqlite3.Connection, paths: Paths, scene: Scene, gateway: str, upstream: str
) -> subprocess.Popen[str]:
    """One agent as `warmside run` would start it: its launch is stored before its first request."""
    cwd = paths.state_dir / "work" / scene.project
    cwd.mkdir(parents=True)
    process = _start(stack, paths, python_module("keepalive.demo_agent"))
    token, session_id, now = secrets.token_hex(16), str(uuid.uuid4()), time.time()
    launches.record(
        connection,
        LaunchRow(
            id=f"launch-{secrets.token_hex(4)}",
            token_hash=launches.token_hash(token),
            agent="claude",
            pid=process.pid,
            pid_started_at=psutil.Process(process.pid).create_time(),
            cwd=str(cwd),
            upstream=upstream,
            proxy=None,
            ca_file=None,
            started_at=now,
            ended_at=None,
        ),
    )
    if scene.has_own_budget:
        budgets.put(connection, session_id, mode=scene.mode, pings=scene.pings, usd=None, until=None, now=now)
    script = Script(
        url=f"{gateway}/s/{token}",
        key=KEY,
        session_id=session_id,
        cwd=str(cwd),
        claude_dir=str(paths.claude_dir),
        title=scene.title,
        model=scene.model,
        ttl=scene.ttl,
        prefix_tokens=scene.prefix_tokens,
        starts_after=scene.starts_after,
        turns=scene.turns,
        again=scene.again,
        at_most=AT_MOST,
    )
    assert process.stdin is not None  # noqa: S101 - asked for above
    process.stdin.write(to_line(script))
    process.stdin.flush()
    return process


def _start(
    stack: ExitStack, paths: Paths, command: list[str], *, stdout: int = subprocess.DEVNULL
) -> subprocess.Popen[str]:
    """A process of ours that ends with the stack, or when its stdin closes because we were killed.

    It gets a session of its own: Ctrl-C reaches us alone, and we end everything in order.
    """
    with _error_log(paths).open("a", encoding="utf-8") as errors:
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=stdout, stderr=errors, text=True, cwd="/", start_new_session=True
        )
    stack.callback(_end, process)
    return process


def _end(process: subprocess.Popen[str]) -> None:
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with suppress(BrokenPipeError):
                pipe.close()
    process.terminate()
    try:
        process.wait(ENDS_WITHIN)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _end_keeper_of(home: Path) -> None:
    """A keeper that did not come up has no entry in the store to be stopped by, but it has our folder."""
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.environ().get(HOME) == str(home) and any("keepalive." in part for part in process.cmdline()):
                process.kill()
                process.wait(ENDS_WITHIN)


def _error_log(paths: Paths) -> Path:
    return paths.state_dir / "demo.log"


def _last_line(paths: Paths) -> str:
    lines = _error_log(paths).read_text(encoding="utf-8", errors="replace").split("\n")
    return next((line for line in reversed(lines) if line.strip()), "no message")


def _nobody_elses(home: Path) -> dict[str, str]:
    """Other clients' folders, so that the person's own sessions are not taken for the demo's."""
    moved = {"CODEX_HOME": "codex", "XDG_DATA_HOME": "data", "GEMINI_CLI_HOME": "gemini"}
    return {"HOME": str(home), "OPENCODE_DB": "", **{name: str(home / folder) for name, folder in moved.items()}}


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Point this process, and whatever it starts, to the demo's folders; the same variables as everywhere."""
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def _orderly_end() -> Iterator[None]:
    def leave(signum: int, frame: FrameType | None) -> None:
        for number in _SIGNALS:
            signal.signal(number, signal.SIG_IGN)
        raise SystemExit(128 + signum)

    before = {number: signal.signal(number, leave) for number in _SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
