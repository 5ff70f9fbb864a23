"""Clients that talk to the provider themselves, with our plugin installed: how a test starts, asks and stops them."""

from __future__ import annotations

import os
import signal
import sqlite3
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from typing import Literal

import psutil

from tests.e2e.client import Client
from tests.e2e.harness import Stage
from tests.e2e.home import KEY, WARMSIDE
from tests.e2e.provider_log import Record
from tests.e2e.waiting import PATIENCE

TOKEN = "sk-ant-oat01-made-up-for-tests-0001"
LOGINS: Mapping[str, Mapping[str, str]] = {
    "api_key": {"ANTHROPIC_API_KEY": KEY},
    "subscription": {"CLAUDE_CODE_OAUTH_TOKEN": TOKEN},
}


class Beside:
    """A stage's clients beside the gateway."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage

    def install(self, consent: Literal["yes", "no"] | None = None) -> None:
        """`install claude`, with an answer to the question of a subscription's login or without one."""
        if consent == "yes":
            self.stage.note_consent(yes=True)
        self._run("install", "claude", "--yes", *(() if consent is None else ("--subscription", consent)))
        if consent == "no":
            self.stage.note_consent(yes=False)

    def without_status_line(self) -> None:
        """Take the line out of the settings again: by it the client tells its own clock, of lifetimes that it believes
        in and that are not scaled."""
        self.stage.write_settings({"permissions": {"defaultMode": "acceptEdits", "allow": ["Bash"]}})

    def uninstall(self) -> None:
        """`uninstall claude`, which takes a yes back too."""
        self._run("uninstall", "claude", "--yes")
        self.stage.note_consent(yes=False)

    def _run(self, *arguments: str) -> None:
        path = f"{self.stage.claude.parent}:{WARMSIDE.parent}:/usr/bin:/bin"
        done = self.stage.command(str(WARMSIDE), *arguments, PATH=path)
        assert done.returncode == 0, done.stderr

    def start(self, *logins: str) -> list[Client]:
        """A client with each of these logins."""
        return self.stage.start_passive_all(LOGINS[login] for login in logins)

    @staticmethod
    def ask(clients: Sequence[Client], text: str) -> None:
        """A prompt to each, and the end of all their turns. No two are the same: sessions with equal conversations and
        one login share an entry, and one would keep the other's."""
        answered = [(client, client.say(f"{text} in {client.window}")) for client in clients]
        for client, over in answered:
            client.wait(
                lambda over=over, client=client: over() and client.about().get("status") == "idle",  # type: ignore[misc]
                f"an answer to {text!r}",
                2 * PATIENCE,
            )

    def last(self, client: Client) -> Record:
        """The last real request of a client's session."""
        return self.stage.log.requests(client.session_id)[-1]

    def transcript(self, client: Client) -> bytes:
        """The client's own record of its conversation."""
        (file,) = (self.stage.home / ".claude" / "projects").glob(f"*/{client.session_id}.jsonl")
        return file.read_bytes()

    @staticmethod
    def conversation(client: Client) -> str:
        """What the screen shows of it: from the first prompt to the input line. Below that a countdown runs."""
        return client.screen().partition("❯ first question")[2].rpartition("❯")[0]

    def check_cost(self, told: float, records: Iterable[Record]) -> None:
        """`told` is what these requests cost, $, at the prices in the store and by the provider's usage.

        Under a subscription forks write for five minutes beside entries of an hour; no client says so, and the dearer
        price for those few tokens is no mistake.
        """
        with closing(sqlite3.connect(self.stage.ours / "warmside.db")) as connection:
            columns = "model, input, output, cache_read, cache_write_5m, cache_write_1h"
            found = connection.execute(f"SELECT {columns} FROM prices ORDER BY valid_from")  # noqa: S608
            prices = {row[0]: row[1:] for row in found}
        least = most = 0.0
        for record in records:
            *price, short, hour = prices[str(record.body["model"])]
            counts = (record.input, record.output, record.read)
            rest = sum(tokens * usd for tokens, usd in zip(counts, price, strict=True))
            least += (rest + record.written * short) / 1e6
            most += (rest + record.written * (hour if record.of_plan else short)) / 1e6
        assert least - 1e-9 <= told <= most + 1e-9

    @contextmanager
    def frozen(self, client: Client) -> Iterator[None]:
        """The client does nothing meanwhile. Neither does the multiplexer, which would wake it at once."""
        multiplexer = int(self.stage.tmux("display-message", "-p", "#{pid}"))
        os.kill(multiplexer, signal.SIGSTOP)
        try:
            with _stopped(client.pid):
                yield
        finally:
            os.kill(multiplexer, signal.SIGCONT)

    @contextmanager
    def worker_frozen(self) -> Iterator[None]:
        """The keeper's worker does nothing meanwhile."""
        keeper = self.stage.keeper()
        assert keeper is not None
        with _stopped(keeper.worker_pid):
            yield


@contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
        assert psutil.Process(pid).status() == psutil.STATUS_STOPPED, "nobody has woken it"
    finally:
        os.kill(pid, signal.SIGCONT)
