"""The app's last net: a fault of ours in a key's action or a message's handler is one line, and the screen goes on.

The library ends the app for any exception and prints it with all local variables, transcripts among them. Under a test
(headless) it does so here too: there a fault has to be seen.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path

from rich.text import Text
from textual import on
from textual.app import ScreenStackError
from textual.css.query import NoMatches
from textual.message import Message

from keepalive.clock import Clock
from tui import mishaps
from tui.dressed_app import DressedApp
from tui.messages import Mishap


class EnduringApp(DressedApp):
    """`log_file`: where faults are noted; None: nowhere."""

    def __init__(self, clock: Clock, *, ansi: bool | None, log_file: Path | None) -> None:
        super().__init__(ansi_color=ansi)
        self._clock, self._log_file = clock, log_file

    async def _dispatch_message(self, message: Message) -> None:
        """What is raised here would end the app's own loop: of its handlers, and of screens that they open."""
        try:
            await super()._dispatch_message(message)
        except Exception as error:  # any fault of ours
            self.mishap(error)

    @on(Mishap)
    def _screen_failed(self, event: Mishap) -> None:
        self.mishap(event.error)

    def mishap(self, error: Exception) -> None:
        """Tell it in one line and note where it was."""
        if self._is_of_closing(error):
            return
        if self.is_headless:
            raise error
        self._note(error)
        self._say(mishaps.told(error, self._log_file), bad=True)

    def _handle_exception(self, error: Exception) -> None:
        if not self._is_of_closing(error):
            super()._handle_exception(error)

    def _is_of_closing(self, error: Exception) -> bool:
        """A message may come after the screens have gone: nobody is left to be told, and nothing is wrong."""
        return not self.is_running and isinstance(error, (ScreenStackError, NoMatches))

    def _fatal_error(self) -> None:
        """What nothing caught ends the app in one line too, without a trace that holds anybody's text."""
        error = self._exception
        if self.is_headless or error is None:
            super()._fatal_error()
            return
        self._note(error)
        self._exit_renderables.append(Text(f"warmside: {mishaps.told(error, self._log_file)}"))
        self._close_messages_no_wait()

    def _note(self, error: Exception) -> None:
        if self._log_file is not None:
            with suppress(OSError):
                mishaps.keep(self._log_file, error, self._clock.wall())
