"""One client under `warmside run` on the way to a provider on this machine, with a tap before our gateway."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from keepalive.launching.start import PASSING
from store import launches, settings
from store.database import connect
from store.rows import LaunchRow
from tests.e2e.contracts import Session
from tests.e2e.fixed_upstream import Message
from tests.e2e.home import WARMSIDE
from tests.e2e.product import Product
from tests.e2e.tap import Tap
from tests.e2e.three_providers import ANSWER, Provider
from tests.e2e.waiting import PATIENCE, until

PER_CONNECTION = (b"host", b"connection", b"keep-alive", b"transfer-encoding", b"content-length")


class Rig(Product):
    """A home, a keeper with a tap before it, and a provider."""

    def __init__(self, root: Path, provider: Provider) -> None:
        super().__init__(Path("claude"), root)
        self.provider = provider

    @contextmanager
    def running(self) -> Iterator[Rig]:
        self.warmside("keeper", "start")
        found = self.keeper()
        assert found is not None
        try:
            with Tap(found.port).open() as self.tap:
                store = connect(self.ours / "warmside.db")
                try:
                    status = settings.get(store, "keeper.status")
                    assert isinstance(status, dict)
                    settings.put(store, "keeper.status", {**status, "port": self.tap.port})
                finally:
                    store.close()
                yield self
        finally:
            self.warmside("keeper", "stop")

    @contextmanager
    def client(self, *command: str, upstream: str | None, **environ: str) -> Iterator[subprocess.Popen[str]]:
        """A client under `run`, or without an upstream as it stands. It ends with the block; its answers are held back
        until it is told."""
        through = [] if upstream is None else [str(WARMSIDE), "run", "--upstream", upstream, "--"]
        process = subprocess.Popen(
            [*through, *command],
            cwd=self.work,
            start_new_session=True,  # an interactive shell would take the terminal of whoever runs the tests
            env=self.environment(**environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                for child in psutil.Process(process.pid).children(recursive=True):
                    child.kill()
                process.kill()
                process.wait(10)
            assert process.stdout is not None
            process.stdout.close()

    def finish(self, process: subprocess.Popen[str]) -> str:
        """Let the provider answer; what the client said until it ended well."""
        self.provider.may_answer.set()
        said, _ = process.communicate(timeout=2 * PATIENCE)
        assert process.returncode == 0, said
        assert ANSWER in said
        return said

    def launch(self) -> LaunchRow:
        """The only one."""
        store = connect(self.ours / "warmside.db", read_only=True)
        try:
            [identity] = [row[0] for row in store.execute("SELECT id FROM launches")]
            found = launches.get(store, identity)
            assert found is not None
            return found
        finally:
            store.close()

    def seen(self, agent: str, condition: Callable[[Session], bool] = lambda _: True) -> Session:
        """The client's session while it is open, once this holds."""

        def there() -> Session | None:
            own = [row for row in self.sessions() if row.agent == agent and row.ended_at is None]
            return next(filter(condition, own), None)

        return until(there, PATIENCE, f"an open session of {agent}")

    def lineages(self) -> int:
        store = connect(self.ours / "warmside.db", read_only=True)
        try:
            return int(store.execute("SELECT count(*) FROM lineages WHERE evidence = 'gateway'").fetchone()[0])
        finally:
            store.close()

    def judge_bytes(self) -> list[Message]:
        """What the client sent is what the provider got; those that the gateway declines are returned."""
        sent: list[Message] = []
        declined: list[Message] = []
        for message in self.tap.messages():
            method, target, version = message.start.split(b" ")
            _, s, token, rest = target.split(b"/", 3)
            assert s == b"s"
            assert token.startswith(PASSING.encode()) is (self.launch().agent in ("codex", "gemini"))
            bare = Message(b" ".join((method, b"/" + rest, version)), message.headers, message.body)
            (declined if message.header(b"upgrade") else sent).append(bare.without(*PER_CONNECTION))
        got = [message.without(*PER_CONNECTION) for message in self.provider.received]
        prefix = self.launch().upstream.removeprefix(self.provider.url).encode()
        got = [Message(m.start.replace(b" " + prefix, b" ", 1), m.headers, m.body) for m in got]
        assert sorted(map(repr, sent)) == sorted(map(repr, got))
        assert got
        return declined

    def snapshot(self) -> dict[str, bytes]:
        """Every file of the person's that we could have written: their configuration."""
        names = (".codex/config.toml", ".codex/auth.json", ".gemini/settings.json", ".claude/settings.json")
        files = [self.home / name for name in names] + [self.work / "opencode.json"]
        return {str(file): file.read_bytes() for file in files if file.exists()}
