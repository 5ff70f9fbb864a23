"""The sentence: what to do, by when, for how much."""

from __future__ import annotations

from datetime import UTC

import pytest
from msgspec.structs import replace

from store.models import CacheStateName, SessionView
from tests.tui import sample
from tests.tui.sample import NOW, at
from tui.lines import text_of
from tui.sentence import sentence

HELD = replace(sample.API, keepalive=sample.keep("held", {"n": 4, "until": at(18, 0)}, next_usd=0.145))
SHORT = replace(HELD, keepalive=replace(HELD.keepalive, why_args={"n": 4, "until": at(15, 4), "ends": "money"}))
FADED = replace(sample.SEARCH, cache=replace(sample.SEARCH.cache, probability=0.4))
SLOW = replace(sample.DOCS, cache=replace(sample.DOCS.cache, cold_extra_seconds=6.2))
PROMISED = sample.session("codex", sample.cache(48, ttl=None, usd=0.46), sample.keep("watch_only"))
STALLS = replace(sample.WEB, keepalive=sample.keep("off"))
FRESH = sample.session("fresh", sample.cache(state=CacheStateName.UNKNOWN), sample.keep(""))


@pytest.mark.parametrize(
    ("session", "text"),
    [
        (sample.API, "Answer by 14:32 or pay $2.41"),
        (sample.NOTES, "Answer by 15:12 or rewrite 164k"),
        (sample.DEPLOY, "Kept to 14:44, then $0.89"),
        (HELD, "Held to 18:00, up to $0.58"),
        (SHORT, "Held to 15:04, up to $0.58: the money ends it"),
        (sample.DOCS, "Cold: the next prompt pays $1.31"),
        (sample.BILLING, "Next prompt rewrites 121k, $0.76"),
        (sample.SEARCH, "Probably warm, $0.11 if not"),
        (FADED, "Probably cold: then the next prompt pays $0.11"),
        (SLOW, "Cold: the next prompt pays $1.31, 6 s later"),
        (PROMISED, "Warm to 14:32 at least, then $0.46 if gone"),
        (sample.WEB, "Working; kept warm past 14:35"),
        (STALLS, "Working; cold 14:35 if it stalls"),
        (FRESH, "No request seen yet"),
        (sample.ENDED[0], "Ended 1h ago"),
    ],
)
def test_sentences(session: SessionView, text: str) -> None:
    assert text_of(sentence(session, NOW, UTC, 60)) == text


def test_the_sentence_changes_on_the_tick_and_is_cut_to_its_width() -> None:
    assert text_of(sentence(sample.API, NOW + 48, UTC, 60)) == "Cold: the next prompt pays $2.41"
    assert text_of(sentence(FRESH, NOW, UTC, 12)) == "No request…"


@pytest.mark.parametrize(
    ("session", "width", "text"),
    [
        (sample.API, 26, "By 14:32 or pay $2.41"),
        (sample.API, 20, "By 14:32: $2.41"),
        (sample.NOTES, 20, "By 15:12: 164k"),
        (sample.DOCS, 28, "Cold: next prompt pays $1.31"),
        (sample.DOCS, 20, "Cold: pays $1.31"),
        (sample.DOCS, 12, "Cold: $1.31"),
        (SLOW, 34, "Cold: the next prompt pays $1.31"),
        (sample.BILLING, 28, "Rewrites 121k, $0.76"),
        (FADED, 28, "Maybe cold: then pays $0.11"),
        (PROMISED, 34, "Warm to 14:32, then $0.46 if gone"),
        (sample.WEB, 26, "Working; kept past 14:35"),
    ],
)
def test_a_number_is_said_in_fewer_words_and_not_cut(session: SessionView, width: int, text: str) -> None:
    assert text_of(sentence(session, NOW, UTC, width)) == text


@pytest.mark.parametrize(
    ("width", "text"),
    [(40, "Held to 15:04: the money ends it"), (30, "Held to 15:04: money ends it"), (26, "Held to 15:04: money")],
)
def test_what_ends_a_hold_is_said_shorter_and_not_cut(width: int, text: str) -> None:
    assert text_of(sentence(SHORT, NOW, UTC, width)) == text
