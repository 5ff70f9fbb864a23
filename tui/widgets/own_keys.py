"""Lets a widget run its own bindings where a key arrives.

As a rule a binding is looked up when its key has travelled up to the app, and for the widget that has the focus by
then. Of keys that come in a burst (a paste, a slow line) a later one may have moved the focus, and a letter may have
been written before the deletion that was typed ahead of it.
"""

from __future__ import annotations

from textual.events import Key
from textual.widget import Widget
from textual.widgets import Input


async def run_own(widget: Widget, event: Key) -> None:
    """To be called from the widget's `on_key`; a key that none of its bindings takes goes on its way."""
    for binding in widget._bindings.key_to_bindings.get(event.key, ()):
        if await widget.app.run_action(binding.action, widget):
            event.stop()
            event.prevent_default()
            return


class Field(Input):
    """An input in which everything that was typed is done before the next key is looked at."""

    async def on_key(self, event: Key) -> None:
        """Before the input's own handling, which writes letters."""
        await run_own(self, event)
