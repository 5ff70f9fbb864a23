"""A stage whose clients carry our plugin, and whose provider can be told what to answer to a fork.

The provider runs in a thread of the test, since no command line can say "answer this one request with a tool call".
"""

from __future__ import annotations

import asyncio
import shutil
import tempfile
import threading
from collections import deque
from collections.abc import Coroutine, Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from pathlib import Path

from keepalive.clock import SystemClock
from keepalive.fork import ForkWarmer
from keepalive.fork_mark import PROMPT, is_fork
from keepalive.plugin_files import plugin_files
from keepalive.plugin_folder import PluginFolder
from keepalive.plugin_words import Announcement
from keepalive.standin import Behaviour, Reply, StandIn
from keepalive.standin_cache import Body, PromptCache
from keepalive.standin_log import LogEntry
from keepalive.standin_script import ScriptedAgent
from keepalive.warmer import WarmAnswer, fork_request
from tests.e2e.client import Client
from tests.e2e.harness import Stage
from tests.e2e.home import KEY
from tests.e2e.provider_log import Record
from tests.e2e.waiting import PATIENCE, until

TOKEN = "sk-ant-oat01-made-up-for-tests-0001"
DOT = Reply(text=".")
SETTLED = 1.5
"""Seconds without a change."""


class PluginStage(Stage):
    """`folder` is where plugin and keeper meet; tests play the keeper."""

    def __init__(self, claude: Path, root: Path) -> None:
        super().__init__(claude, root)
        self.clock = SystemClock()
        self.folder = PluginFolder(self.ours / "plugin", self.clock)
        self.folder.make()
        self._loop = asyncio.new_event_loop()
        self.fork_replies: deque[Reply] = deque()
        self.standin = StandIn(
            PromptCache(self.clock), self.clock, Behaviour(replies=self._reply), on_entry=self._write_entry
        )

    def install(self) -> Path:
        """Lay a copy where every session finds it; returns its folder."""
        return self._lay(self.home / ".claude" / "skills" / "warmside")

    def lay_aside(self) -> Path:
        """Lay a copy for `--plugin-dir`."""
        return self._lay(self.root / "aside")

    def _lay(self, place: Path) -> Path:
        # Nothing is started: the test is the keeper.
        for name, data in plugin_files(self.folder.path, start=()).items():
            (place / name).parent.mkdir(parents=True, exist_ok=True)
            (place / name).write_bytes(data)
        return place

    def start_with(self, login: Mapping[str, str], *arguments: str) -> Client:
        """A client that talks to the provider itself."""
        own = {**login, "ANTHROPIC_BASE_URL": self.provider_url, "NO_PROXY": "127.0.0.1"}
        return self._window((), arguments, own)

    def announced(self, client: Client) -> Announcement:
        """What the client's session has announced, once it has."""
        session_id = client.session_id
        return client.wait(lambda: self.folder.active(session_id), "an announcement")

    def warm(self, session_id: str, seconds: float = 20.0, *, plan: bool = False) -> WarmAnswer:
        """One ping by fork, as the keeper would send it; `plan`: with consent to one under a plan's login."""
        request = fork_request(1, session_id, self.clock.wall() + seconds, plan_login=plan)
        return asyncio.run(ForkWarmer(self.folder, self.clock).warm(request))

    def warm_beside(self, session_id: str, not_after: float) -> Future[WarmAnswer]:
        """The same, while the test goes on."""
        request = fork_request(1, session_id, not_after)
        return asyncio.run_coroutine_threadsafe(ForkWarmer(self.folder, self.clock).warm(request), self._loop)

    def forks(self, session_id: str | None = None) -> list[Record]:
        """The forks that reached the provider, told apart by the test's own look at the last message."""
        return [r for r in self.log.pings(session_id) if self._carries_prompt(r.body)]

    @staticmethod
    def _carries_prompt(body: Mapping[str, object]) -> bool:
        messages = body.get("messages")
        return isinstance(messages, list) and any(m.get("content") == PROMPT for m in messages[-3:])

    def transcript(self, session_id: str) -> bytes:
        """The client's own record of a session."""
        found = list((self.home / ".claude" / "projects").glob(f"*/{session_id}.jsonl"))
        return found[0].read_bytes() if found else b""

    def settled_transcript(self, session_id: str) -> bytes:
        """The transcript once nothing was added for a while: the client notes some things behind a turn's end."""
        seen = [(0.0, b"")]

        def settled() -> bytes:
            now, text = self.clock.monotonic(), self.transcript(session_id)
            if text != seen[0][1]:
                seen[0] = (now, text)
            return text if now - seen[0][0] > SETTLED else b""

        return until(settled, PATIENCE, "a transcript at rest")

    def _reply(self, body: Body) -> Reply:
        if not is_fork(body):
            return ScriptedAgent()(body)
        return self.fork_replies.popleft() if self.fork_replies else DOT

    def _write_entry(self, entry: LogEntry) -> None:
        with (self.root / "provider.jsonl").open("a", encoding="utf-8") as file:
            file.write(entry.line() + "\n")

    @contextmanager
    def _provider(self) -> Iterator[None]:
        (self.root / "provider.jsonl").touch()
        thread = threading.Thread(target=self._loop.run_forever, name="provider", daemon=True)
        thread.start()
        self._in_loop(self.standin.start())
        self.provider_url = self.standin.url
        try:
            yield
        finally:
            self._in_loop(self.standin.stop())
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join(PATIENCE)
            self._loop.close()

    @contextmanager
    def provider_away(self) -> Iterator[None]:
        """Nobody listens on the provider's port."""
        port = int(self.provider_url.rpartition(":")[2])
        self._in_loop(self.standin.stop())
        try:
            yield
        finally:
            self._in_loop(self.standin.start(port=port))

    def _in_loop(self, work: Coroutine[None, None, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(PATIENCE)


LOGINS: dict[str, Mapping[str, str]] = {
    "api_key": {"ANTHROPIC_API_KEY": KEY},
    "subscription": {"CLAUDE_CODE_OAUTH_TOKEN": TOKEN},
}


@contextmanager
def new_plugin_stage(claude: Path) -> Iterator[PluginStage]:
    """A running stage in a new temporary folder, gone afterwards."""
    root = Path(tempfile.mkdtemp(prefix="ws-e2e-")).resolve()
    try:
        stage = PluginStage(claude, root)
        with stage.running():
            yield stage
    finally:
        shutil.rmtree(root, ignore_errors=True)


def wait_state(
    stage: PluginStage, session_id: str, field: str, value: object, seconds: float = PATIENCE
) -> Announcement:
    """The announcement of a session once one of its fields has a value."""

    def matching() -> Announcement | None:
        said = stage.folder.announcement(session_id)
        return said if said is not None and getattr(said, field) == value else None

    return until(matching, seconds, f"{field} {value!r} of {session_id}")
