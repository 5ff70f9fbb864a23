"""Why a cache broke, as it is stored and shown: codes, places, sizes and digests, and what it cost. No content."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from store.models import CacheEvent, TTLClass
from store.row import Row

BreakCause = Literal[
    "model_changed",
    "tool_added",
    "tool_removed",
    "tool_changed",
    "tools_reordered",
    "speed_changed",
    "system_changed",
    "betas_changed",
    "tool_choice_changed",
    "thinking_changed",
    "effort_changed",
    "context_management_changed",
    "image_added",
    "image_removed",
    "message_edited",
    "message_dropped",
    "message_inserted",
    "messages_shrunk",
    "compacted",
    "marks_out_of_reach",
    "expired",
    "prefix_changed",
    "unexplained",
]
"""In the order in which the provider comes to what differs. `messages_shrunk` is a compaction as its requests show it,
`compacted` one that the client reported too; `prefix_changed` is what can be said when nobody saw the request before;
`unexplained`: the same prefix in time, and yet it was not read."""

REMEDIES: Mapping[str, str] = {
    "model_changed": "switch_early",
    "effort_changed": "switch_early",
    "thinking_changed": "switch_early",
    "speed_changed": "switch_early",
    "tool_added": "tools_early",
    "tool_removed": "tools_early",
    "tool_changed": "tools_early",
    "tools_reordered": "tools_early",
    "system_changed": "stable_system",
    "image_added": "images_apart",
    "image_removed": "images_apart",
    "message_edited": "edit_cold",
    "message_dropped": "edit_cold",
    "message_inserted": "edit_cold",
    "messages_shrunk": "compact_cold",
    "compacted": "compact_cold",
    "marks_out_of_reach": "fewer_blocks",
    "expired": "longer_life",
}
"""What a person can do about a cause next time, as a code; most settings of a client have none."""


class NewBreak(Row, frozen=True, kw_only=True):
    """One break, as the gateway found it: a request that read clearly less than the one before had left."""

    message_id: str
    """The request that paid."""
    session_id: str
    agent_id: str = ""
    at: float
    cause: BreakCause
    part: Literal["", "tools", "system", "messages", "settings"] = ""
    position: int | None = None
    """In its part, from 0; the billing block and deferred tools are not counted."""
    name: str = ""
    """Of the tool, the system block (its number), the message's block (role and type), the setting."""
    field: str = ""
    """Which field of it changed; of a setting, from which value to which."""
    size_before: int | None = None
    """Bytes."""
    size_after: int | None = None
    hash_before: str = ""
    hash_after: str = ""
    expected_read: int
    """Tokens that an unbroken prefix would have read."""
    read: int
    written: int
    """All tokens that the request wrote: what was lost, and what is new."""
    ttl_class: TTLClass | None = None


class BreakView(NewBreak, frozen=True, kw_only=True):
    """A break with its turn and its money."""

    turn: int | None = None
    rewritten: int = 0
    """Tokens written again: of what it wrote, at most what it should have read."""
    usd: float | None = None
    """Price of writing them, and of reading them instead; None without a known price."""
    read_usd: float | None = None
    remedy: str = ""


class ClientMiss(Row, frozen=True, kw_only=True):
    """The newest miss that the client itself reported, in its own words."""

    at: float
    cause: str
    misses: int | None = None


class WhyView(Row, frozen=True, kw_only=True):
    """`show ID --why TURN`."""

    session: str
    turn: int
    breaks: tuple[BreakView, ...] = ()
    """What the gateway found out."""
    events: tuple[CacheEvent, ...] = ()
    """What the usage of its requests tells, also where no gateway was."""
    client_miss: ClientMiss | None = None
