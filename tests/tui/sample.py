"""The whole made-up board under one name: sessions, turns, and the feed that hands them out."""

from __future__ import annotations

from tests.tui.feed_sample import SampleCommands, SampleFeed
from tests.tui.session_sample import (
    API,
    BILLING,
    BOARD,
    BOARD_ENDED,
    DEPLOY,
    DOCS,
    ENDED,
    ETL,
    KEEPER,
    NO_KEEPER,
    NOTES,
    NOW,
    SEARCH,
    WEB,
    ZONE,
    at,
    cache,
    keep,
    session,
)
from tests.tui.turn_sample import TURN, TURNS

__all__ = [
    "API",
    "BILLING",
    "BOARD",
    "BOARD_ENDED",
    "DEPLOY",
    "DOCS",
    "ENDED",
    "ETL",
    "KEEPER",
    "NOTES",
    "NOW",
    "NO_KEEPER",
    "SEARCH",
    "TURN",
    "TURNS",
    "WEB",
    "ZONE",
    "SampleCommands",
    "SampleFeed",
    "at",
    "cache",
    "keep",
    "session",
]
