"""Whether the person wants fork pings under a subscription login: asked once, stored, taken back at any time.

What the provider says is quoted and not interpreted; an answer to an older text is no answer to this one.
"""

from __future__ import annotations

import sqlite3

from store import settings

KEY = "fork.subscription"
"""Setting: {yes, at, text}; absent is no."""
TEXT = "2026-11"
"""Version of what follows. Another one asks again."""
TERMS = (
    (
        "code.claude.com/docs, legal and compliance (copy of August 2026)",
        'OAuth is "designed to support ordinary use of Claude Code and other native Anthropic applications". Anthropic'
        ' "does not permit third-party developers to offer Claude.ai login into their own applications, or to route'
        ' requests through Free, Pro, or Max plan credentials on behalf of their users", and enforces this "without'
        ' prior notice".',
    ),
    (
        "Consumer Terms (8 October 2025, quoted second hand)",
        'No access "through automated or non-human means", except by API key or explicit permission.',
    ),
)
"""Where it stands, and what it says."""
WHAT = (
    "Fork pings are requests that Claude Code itself sends with your login, when warmside asks it to.",
    "What a cache read counts against a plan's usage is not published.",
    "Off again: `warmside install claude --subscription no`, or `warmside uninstall claude`.",
)
"""What it is about, in our own words."""


def answered(connection: sqlite3.Connection) -> bool | None:
    """The answer to the present text; None: not asked yet."""
    stored = settings.get(connection, KEY)
    if not isinstance(stored, dict) or stored.get("text") != TEXT or not isinstance(stored.get("yes"), bool):
        return None
    return stored["yes"] is True


def given(connection: sqlite3.Connection) -> bool:
    """Whether forks may be sent under a subscription login."""
    return answered(connection) is True


def put(connection: sqlite3.Connection, yes: bool, now: float) -> None:
    """Store the answer. `now`: seconds since the epoch."""
    settings.put(connection, KEY, {"yes": yes, "at": now, "text": TEXT})


def forget(connection: sqlite3.Connection) -> None:
    """As if nobody had ever been asked."""
    settings.delete(connection, KEY)
