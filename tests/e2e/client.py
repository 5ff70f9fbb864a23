"""One real client in one window of the multiplexer: what it shows, what it says of itself, what is typed into it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import psutil

from tests.e2e.contracts import Session
from tests.e2e.waiting import PATIENCE, until

if TYPE_CHECKING:
    from tests.e2e.harness import Stage

T = TypeVar("T")


@dataclass
class Client:
    """`window` is its name in the multiplexer, `pid` its process, which was `warmside run` before."""

    stage: Stage
    window: str
    pid: int

    @property
    def session_file(self) -> Path:
        return self.stage.home / ".claude" / "sessions" / f"{self.pid}.json"

    def about(self) -> Mapping[str, object]:
        """What the client says of itself; empty when it has gone or is rewriting its file."""
        try:
            loaded = json.loads(self.session_file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return loaded if isinstance(loaded, dict) else {}

    @property
    def session_id(self) -> str:
        return until(lambda: str(self.about().get("sessionId", "")), PATIENCE, "a session id")

    @property
    def alive(self) -> bool:
        try:
            return psutil.Process(self.pid).status() != psutil.STATUS_ZOMBIE
        except psutil.NoSuchProcess:
            return False

    def screen(self) -> str:
        shown = self.stage.tmux("capture-pane", "-p", "-t", self.window)
        return "\n".join(line.rstrip() for line in shown.splitlines() if line.strip())

    def wait(self, condition: Callable[[], T | bool | None], what: str, seconds: float = PATIENCE) -> T:
        """`until`, with the screen in the message when it does not happen."""
        try:
            return until(condition, seconds, what)
        except AssertionError as error:
            raise AssertionError(f"{error}\nscreen of {self.window}:\n{self.screen()}") from None

    def type(self, text: str) -> None:
        """Type a line and press Enter as soon as the client shows it."""
        self.stage.tmux("send-keys", "-t", self.window, "-l", text)
        self.wait(lambda: _squeezed(text) in _squeezed(_prompt_line(self.screen())), f"{text!r} in the input line")
        self.press("Enter")

    def press(self, key: str) -> None:
        self.stage.tmux("send-keys", "-t", self.window, key)

    def ask(self, text: str, seconds: float = PATIENCE) -> None:
        """Send a prompt (or a command of the client) and wait until its turn is over."""
        answered = self.say(text)
        self.wait(lambda: answered() and self.about().get("status") == "idle", f"an answer to {text!r}", seconds)

    def say(self, text: str) -> Callable[[], bool]:
        """Send a prompt; the returned function tells whether the main thread has its last answer.

        The client's own status does not tell: an answer that comes at once never shows up in it.
        """
        session_id = self.session_id
        before = len(self.stage.log.requests(session_id, agent_id=""))

        def answered() -> bool:
            new = self.stage.log.requests(session_id, agent_id="")[before:]
            return bool(new) and not new[-1].cut and new[-1].stop_reason == "end_turn"

        self.type(text)
        return answered

    def row(self) -> Session:
        """This client's session as `sessions --json` shows it."""
        return self.stage.session(self.session_id)

    def wait_row(self, condition: Callable[[Session], bool], what: str, seconds: float = PATIENCE) -> Session:
        session_id = self.session_id
        return self.stage.wait_row(session_id, condition, what, seconds)

    def clear(self) -> str:
        """`/clear`; returns the id of the new session and notes the end of the old one."""
        before = self.session_id
        self.type("/clear")
        after = self.wait(lambda: (now := self.session_id) != before and now, "another session id after /clear")
        self.stage.note_gone(before, "/clear")
        return after

    def leave(self) -> str:
        """`/exit`; returns the id of the session that ended."""
        session_id = self.session_id
        self.type("/exit")
        self.wait(lambda: not self.alive, "the client has left after /exit")
        self.stage.note_gone(session_id, "/exit")
        return session_id


def _prompt_line(screen: str) -> str:
    """From the last input mark on: a long line wraps."""
    return screen.rpartition("❯")[2]


def _squeezed(text: str) -> str:
    return "".join(text.split())
