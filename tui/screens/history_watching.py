"""When the history is read again while it is open: once the store has changed, its last reading is long enough ago, and
nobody has just pressed a key. What is read again comes quietly: see history_reading.py.
"""

from __future__ import annotations

from typing import NamedTuple

from textual import on
from textual.events import Click, Key, MouseScrollDown, MouseScrollUp
from textual.widgets import Input

from tui.board_state import KEY_QUIET_SECONDS
from tui.failure import cause
from tui.history_messages import ReadFailed, ResultsRead
from tui.screens.history_reading import HistoryReading

LOOK_SECONDS = 1.0
"""How often it is asked whether anything changed."""
REST = 10
"""So many times as long as a reading took nothing is read again: a busy store must not keep the history reading."""
FAILED_SECONDS = 1.0
"""A reading that failed counts as one that took so long."""


class Again(NamedTuple):
    """A reading that is under way."""

    number: int
    """Of its query."""
    version: int | None
    """The store's, when it was asked for."""
    since: float
    """Monotonic."""


class HistoryWatching(HistoryReading):
    """The history with its look at the store."""

    _seen: int | None = None
    """The store's version of what is shown."""
    _again: Again | None = None
    _rest_until = _last_key = float("-inf")
    """Monotonic."""

    def on_mount(self) -> None:
        self.set_interval(LOOK_SECONDS, self.look_again)

    def on_key(self, event: Key) -> None:
        """Before the key is looked up; a letter for the field does not come here."""
        self._touched()

    @on(Click)
    @on(MouseScrollDown)
    @on(MouseScrollUp)
    @on(Input.Changed, "#wanted")
    def _touched(self) -> None:
        self._last_key = self._clock.monotonic()

    def look_again(self) -> None:
        """Read again if the store has changed and this is no bad moment."""
        now = self._clock.monotonic()
        busy = self._asking is not None or bool(self._reading)
        if self.app.screen is not self or busy or now < max(self._rest_until, self._last_key + KEY_QUIET_SECONDS):
            return
        version = self._version()
        if version is not None and version != self._seen:
            self.read_again(quiet=True)

    def read_again(self, *, quiet: bool = False) -> None:
        """Also remember of which version that will be."""
        version = self._version()
        super().read_again(quiet=quiet)
        self._again = Again(self._number_asked, version, self._clock.monotonic())

    def _version(self) -> int | None:
        try:
            return self._feed.version()
        except Exception as error:  # any feed, any error: the history must outlive it and say why
            self.say(cause(error), bad=True)
            return None

    @on(ResultsRead)
    def _read_anew(self, event: ResultsRead) -> None:
        """One that a query overtook is left out: what is shown is still older than the store."""
        if self._again is not None and event.number == self._again.number:
            self._seen = self._again.version
            self._rest(0.0)

    @on(ReadFailed)
    def _not_read(self, event: ReadFailed) -> None:
        if self._again is not None and event.number == self._again.number:
            self._rest(FAILED_SECONDS)

    def _rest(self, least: float) -> None:
        if self._again is not None:
            now = self._clock.monotonic()
            self._rest_until = now + REST * max(least, now - self._again.since)
        self._again = None
