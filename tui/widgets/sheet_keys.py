"""The last line of a sheet: its keys, and each is a button, as in the footer."""

from __future__ import annotations

from collections.abc import Mapping

from textual.events import Click

from tui.chrome import key_at
from tui.widgets.line_view import LineView, Source


class SheetKeys(LineView):
    """`actions`: the sheet's action by the key that stands for it in bold. A key that is not bold does nothing."""

    def __init__(self, source: Source, actions: Mapping[str, str], *, ascii_only: bool) -> None:
        super().__init__(source, id="sheet-keys", ascii_only=ascii_only)
        self._actions = actions

    async def on_click(self, event: Click) -> None:
        """As if the key had been pressed."""
        line = self._lines[event.y] if event.y < len(self._lines) else ()
        action = self._actions.get(key_at(line, event.x))
        if action is not None:
            event.stop()
            await self.screen.run_action(action)
