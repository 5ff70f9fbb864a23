"""Drives the real client in a real terminal, through `warmside run`, against the provider stand-in.

Everything lives below one temporary folder: the client's home, our home, the multiplexer's socket, the stand-in's log.
Waiting is polling for a condition with a deadline, never a fixed sleep.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

import psutil

from tests.e2e.client import Client
from tests.e2e.home import KEY, REPOSITORY, TTL_SECONDS, WARMSIDE
from tests.e2e.product import Product
from tests.e2e.provider_log import Consent, Gone, ProviderLog, Record
from tests.e2e.waiting import PATIENCE, until


class Stage(Product):
    """A home for clients, a provider, a terminal multiplexer, and our own home."""

    def __init__(self, claude: Path, root: Path) -> None:
        super().__init__(claude, root)
        self.log = ProviderLog(root / "provider.jsonl")
        self.provider_url = ""
        self.provider_pid = 0
        self.gone: list[Gone] = []
        self.consents: list[Consent] = []
        self.launch_tokens: dict[str, Path] = {}
        self._windows = 0

    @contextmanager
    def running(self) -> Iterator[Stage]:
        """Start provider and multiplexer; end them, our keeper and whatever the clients left."""
        with ExitStack() as stack:
            stack.callback(self._end_leftovers)
            stack.enter_context(self._provider())
            stack.callback(self._stop_keeper)
            stack.callback(self._kill_multiplexer)
            conf = self.root / "tmux.conf"
            # A window that stays after its client shows what the client said last.
            conf.write_text("set -g remain-on-exit on\nset -g exit-empty off\n", encoding="utf-8")
            self.tmux("-f", str(conf), "start-server")
            yield self

    @contextmanager
    def _provider(self) -> Iterator[None]:
        lifetimes = [f"--ttl={name}={TTL_SECONDS}" for name in ("5m", "1h")]
        log, says = self.root / "provider.jsonl", self.root / "provider.out"
        with says.open("wb") as out:
            process = subprocess.Popen(
                [sys.executable, "-m", "keepalive.standin", "--port=0", "--tell-streams", f"--log={log}", *lifetimes],
                cwd=REPOSITORY,
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
            )
        try:
            text = until(lambda: "\n" in (read := says.read_text(encoding="utf-8")) and read, PATIENCE, "a provider")
            self.provider_url, self.provider_pid = text.splitlines()[0], process.pid
            yield
        finally:
            process.send_signal(signal.SIGCONT)  # a test may have stopped it
            process.terminate()
            process.wait(10)

    def tmux(self, *arguments: str) -> str:
        """Ask our own multiplexer."""
        done = subprocess.run(
            ["tmux", "-L", "e2e", *arguments],
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
        assert done.returncode == 0, f"tmux {arguments[0]}: {done.stderr}"
        return done.stdout

    def start(self, *arguments: str, login: Mapping[str, str] | None = None) -> Client:
        """`warmside run --upstream PROVIDER -- claude ARGUMENTS` in a new window, up to its first prompt."""
        through_us = (str(WARMSIDE), "run", "--upstream", self.provider_url, "--")
        client = self._window(through_us, arguments, {"ANTHROPIC_API_KEY": KEY} if login is None else login)
        self._note_token(client.pid)
        return client

    def start_passive(self, *arguments: str) -> Client:
        """`claude ARGUMENTS` that talks to the provider itself."""
        return self._ready(self._open_passive(arguments, {"ANTHROPIC_API_KEY": KEY}))

    def start_passive_all(self, logins: Iterable[Mapping[str, str]]) -> list[Client]:
        """A client with each of these logins, all of them at once."""
        return [self._ready(client) for client in [self._open_passive((), login) for login in logins]]

    def _open_passive(self, arguments: Sequence[str], login: Mapping[str, str]) -> Client:
        own = {**login, "ANTHROPIC_BASE_URL": self.provider_url, "NO_PROXY": "127.0.0.1"}
        return self._open((), arguments, own)

    def _window(self, before: Sequence[str], arguments: Sequence[str], more: Mapping[str, str]) -> Client:
        return self._ready(self._open(before, arguments, more))

    @staticmethod
    def _ready(client: Client) -> Client:
        # The client has the pid of what we started: `run` became it.
        client.wait(lambda: client.about().get("status") == "idle", "the client is ready")
        return client

    def _open(self, before: Sequence[str], arguments: Sequence[str], more: Mapping[str, str]) -> Client:
        self._windows += 1
        window = f"w{self._windows}"
        environment = self.environment(**more)
        command = [*before, str(self.claude), *arguments]
        inner = ["env", "-i", *(f"{name}={value}" for name, value in environment.items()), *command]
        self.tmux("new-session", "-d", "-s", window, "-x", "160", "-y", "50", "-c", str(self.work), *inner)
        pid = int(self.tmux("list-panes", "-t", window, "-F", "#{pane_pid}"))
        return Client(self, window, pid)

    def _note_token(self, pid: int) -> None:
        """Remember a launch's token and the client's settings file, the only place where it may stand on disk."""
        arguments = psutil.Process(pid).cmdline()
        file = Path(arguments[arguments.index("--settings") + 1])
        url = json.loads(file.read_text(encoding="utf-8"))["env"]["ANTHROPIC_BASE_URL"]
        token = url.rpartition("/s/")[2]
        assert token
        assert token not in " ".join(arguments), "every user of the machine can read a command line"
        assert file.stat().st_mode & 0o077 == 0, "it is for its owner alone"
        self.launch_tokens[token] = file

    def print_run(self, *arguments: str, to: str | None) -> subprocess.CompletedProcess[str]:
        """`warmside run [--upstream TO] -- claude ARGUMENTS` without a terminal, for `-p`."""
        target = [] if to is None else ["--upstream", to]
        command = [str(WARMSIDE), "run", *target, "--", str(self.claude), *arguments]
        return self.command(*command, ANTHROPIC_API_KEY=KEY)

    def note_gone(self, session_id: str, why: str) -> None:
        """From now on a ping of this session, as it is, would be wrong."""
        self.gone.append(Gone(session_id, time.time(), why))

    def note_consent(self, *, yes: bool) -> None:
        """From now on the person allows forks under a subscription's login, or does not."""
        self.consents.append(Consent(time.time(), yes))

    def streams_begun(self) -> int:
        """How many streamed answers the provider has begun, finished or not."""
        return len((self.root / "provider.out").read_text(encoding="utf-8").splitlines()) - 1

    def wait_pings(self, session_id: str, count: int, seconds: float) -> list[Record]:
        """The session's pings once the provider has seen `count`."""
        return until(
            lambda: len(found := self.log.pings(session_id)) >= count and found,
            seconds,
            f"{count} pings of {session_id}, seen: {self.log.pings(session_id)!r:.200}",
        )

    def _kill_multiplexer(self) -> None:
        self.command("tmux", "-L", "e2e", "kill-server")

    def _stop_keeper(self) -> None:
        self.command(str(WARMSIDE), "keeper", "stop")

    def _end_leftovers(self) -> None:
        """End, one by one and by id, the processes that were started in our home and are still there."""
        for pid in self.leftovers():
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue

    def leftovers(self) -> list[int]:
        """Processes whose environment says that they belong to this stage."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("WARMSIDE_HOME") == str(self.ours):
                    found.append(process.pid)
            except psutil.Error:
                continue
        return found


@contextmanager
def new_stage(claude: Path) -> Iterator[Stage]:
    """A running stage in a new temporary folder. Its path is short: a socket's may have 108 characters at most."""
    root = Path(tempfile.mkdtemp(prefix="ws-e2e-")).resolve()
    try:
        with Stage(claude, root).running() as stage:
            yield stage
    finally:
        shutil.rmtree(root, ignore_errors=True)
