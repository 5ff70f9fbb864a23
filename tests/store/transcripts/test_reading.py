"""The facts of a file beside its turns, whole or in pieces."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from store.transcripts.claude_client import CLAUDE
from store.transcripts.clients import Client
from store.transcripts.events import (
    CompactionEvent,
    Event,
    MetaEvent,
    NoticeEvent,
    NoticeKind,
    PromptEvent,
    RequestEvent,
    TokenCounts,
    WriteClass,
)
from store.transcripts.reading import Facts, Reading
from store.transcripts.turns import Request, Turn
from tests.store.quirk_lines import START, Claude, conversation


class Scripted:
    """A reader that says one event for each line."""

    def __init__(self, events: list[Event]) -> None:
        self._events = iter(events)
        self.line_no = 0
        self.malformed = 0
        self.first_at: float | None = None
        self.last_at: float | None = None

    def feed(self, lines: Iterable[bytes]) -> Iterator[Event]:
        for _ in lines:
            self.line_no += 1
            yield next(self._events)


def reading(*events: Event) -> Reading:
    made = Reading(replace(CLAUDE, reader=lambda: Scripted(list(events))))
    made.feed([b""] * len(events))
    return made


def meta(
    session_id: str | None = None,
    cwd: str | None = None,
    version: str | None = None,
    title: str | None = None,
    forked_from: str | None = None,
) -> MetaEvent:
    return MetaEvent(session_id, cwd, version, None, title, forked_from)


def test_nothing_read_is_nothing_known() -> None:
    assert reading().facts == Facts()
    assert reading().take_changes().turns == ()


def test_what_came_into_the_conversation_is_counted_by_kind() -> None:
    told: dict[NoticeKind, int] = {
        "background": 2,
        "queued": 3,
        "interrupt": 4,
        "slash_command": 5,
        "shell_command": 6,
        "api_error": 7,
    }
    kinds = [kind for kind, times in told.items() for _ in range(times)]
    facts = reading(PromptEvent(1, "", 1, None), *(NoticeEvent(kind, "", 2) for kind in kinds)).facts
    assert (facts.prompts, facts.notifications, facts.queued, facts.interrupts) == (1, 2, 3, 4)
    assert (facts.slash_commands, facts.shell_commands) == (5, 6)


def test_where_it_began_and_what_it_is_called_now() -> None:
    facts = reading(
        meta("parent", "/src", "2.0", "one", "older"),
        meta("own", "/src/below", "2.1", "two"),
        meta(),
    ).facts
    assert (facts.session_id, facts.cwd, facts.client_version) == ("own", "/src", "2.1")
    assert (facts.title, facts.forked_from) == ("two", "older")


def test_compactions_with_and_without_a_time() -> None:
    assert reading(CompactionEvent("auto", 5), CompactionEvent("manual", None)).facts.compacted_at == [5, None]


def test_the_last_class_that_was_written() -> None:
    def wrote(message_id: str, written: WriteClass | None) -> RequestEvent:
        return RequestEvent(message_id, 1, "m", TokenCounts(), written, "", None, False, None)

    assert reading(wrote("m1", "1h"), wrote("m2", "5m"), wrote("m3", None)).facts.last_write == "5m"


def conversation_lines() -> list[bytes]:
    lines = conversation(Claude(), turns=2)
    lines.raw(b"{no json")
    lines.add("custom-title", customTitle="the pier")
    lines.user("<command-name>/cost</command-name>")
    lines.add("system", subtype="compact_boundary")
    return lines.lines


@given(st.lists(st.integers(1, 4)))
def test_in_pieces_it_says_what_it_says_as_a_whole(sizes: list[int]) -> None:
    lines = conversation_lines()
    whole, pieces = Reading(CLAUDE), Reading(CLAUDE)
    whole.feed(lines)
    done = 0
    turns: dict[int, Turn] = {}
    requests: dict[str, Request] = {}
    for size in [*sizes, len(lines)]:
        pieces.feed(lines[done : done + size])
        done += size
        changes = pieces.take_changes()
        turns |= {turn.n: turn for turn in changes.turns}
        requests |= {request.message_id: request for request in changes.requests}
    assert pieces.facts == whole.facts
    everything = whole.take_changes()
    assert tuple(turns.values()) == everything.turns
    assert tuple(requests.values()) == everything.requests


def test_a_conversation() -> None:
    known = Reading(CLAUDE)
    known.feed(conversation_lines())
    facts = known.facts
    assert (facts.lines, facts.malformed, facts.prompts, facts.slash_commands) == (18, 1, 2, 1)
    assert (facts.first_at, facts.last_at) == (START + 1, START + 17)
    assert (facts.title, facts.last_write, facts.compacted_at) == ("the pier", "1h", [START + 17])
    assert [turn.n for turn in known.take_changes().turns] == [1, 2]
    assert known.take_changes().turns == ()


def test_each_reading_has_facts_of_its_own() -> None:
    client: Client = CLAUDE
    first, second = Reading(client), Reading(client)
    first.feed(conversation_lines())
    assert second.facts == Facts()
