"""Put a text on the clipboard of the terminal that the person sits at, also where tmux stands between.

A program asks its terminal by an escape sequence (OSC 52). tmux swallows that from a pane unless `set-clipboard` is
`on`, and it is `external` by default; told by its own command, it asks the terminal itself under every setting and
keeps the text as its newest buffer. No answer ever comes back, so what is said after is what was asked for.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from tui import tmux_places
from tui.tmux_talk import Talk, TmuxRefused, TmuxSilent, ask, own_socket

REMEDY = "if it is not there: tmux set -g set-clipboard on"


async def put(
    text: str,
    ask_terminal: Callable[[str], None],
    environ: Mapping[str, str] | None = None,
    *,
    talk: Talk = ask,
) -> str:
    """Put it there; `text` is already harmless and of bounded length. Returns what else has to be said, mostly ''.

    `ask_terminal`: the app's own way (`App.copy_to_clipboard`).
    """
    environ = os.environ if environ is None else environ
    socket = own_socket(environ)
    if socket is None:
        ask_terminal(text)
        return ""
    try:
        client = await _client(socket, environ.get("TMUX_PANE"), talk)
        await talk(socket, "load-buffer", "-w", *(("-t", client) if client else ()), "-", given=text)
    except (TmuxRefused, TmuxSilent):  # a tmux that is too old for -w, or one that does not answer
        ask_terminal(text)
        return REMEDY
    return ""


async def _client(socket: str, pane: str | None, talk: Talk) -> str | None:
    """The terminal that the person sits at."""
    places = await tmux_places.places(talk, socket)
    found = tmux_places.looking(await tmux_places.clients(talk, socket), places, pane)
    return found.name if found else None
