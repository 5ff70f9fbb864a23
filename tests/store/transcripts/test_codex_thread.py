"""Whose file it is, and which of its records are a parent's."""

from __future__ import annotations

import pytest

from store.transcripts.codex import CodexReader, Copied
from store.transcripts.events import CommandFailedEvent, Event, FileChangedEvent, MetaEvent, PromptEvent, RequestEvent
from tests.store.transcripts.codex_lines import (
    PARENT,
    THREAD,
    call,
    count,
    event,
    fixture,
    head,
    line,
    only,
    output,
    read,
    usage_record,
)

OWN_TURN = "019e0000-0000-7000-9000-000000000003"
OLD_TURN = "019d0000-0000-7000-9000-000000000004"


def prompt(text: str, *, after: float = 0.0) -> bytes:
    return event("user_message", message=text, after=after)


def context(turn_id: str = OLD_TURN, *, after: float = 0.0) -> bytes:
    return line("turn_context", {"turn_id": turn_id, "model": "made-up"}, after=after)


def asked(events: list[Event]) -> list[str]:
    return [found.text for found in only(PromptEvent, events)]


def test_facts_are_those_of_the_first_head() -> None:
    events = read(
        head(git={"branch": "spring"}),
        head(PARENT, cwd="/elsewhere", cli_version="0.1"),
        event("thread_name_updated", thread_id=PARENT, thread_name="the parent's"),
        event("thread_name_updated", thread_id=THREAD, thread_name="Harbour"),
        head(cwd="/moved", cli_version="0.169.0"),
    )
    assert events == [
        MetaEvent(THREAD, "/home/ann/harbour", "0.145.0", "spring", None),
        MetaEvent(THREAD, "/home/ann/harbour", "0.145.0", "spring", "Harbour"),
        MetaEvent(THREAD, "/home/ann/harbour", "0.169.0", "spring", "Harbour"),
    ]


def test_request_ids_are_made_of_the_thread_and_the_place_in_the_file() -> None:
    ids = [found.message_id for found in only(RequestEvent, read(head(), count(1), count(1), count(2)))]
    assert ids == [f"codex:{THREAD}:1", f"codex:{THREAD}:2"]


@pytest.mark.parametrize("first", [b'{"torn', head()[:40], event("task_started"), head("")])
def test_without_its_head_a_file_still_has_ids_of_its_own(first: bytes) -> None:
    """The next head may be the parent's, whose ids are taken."""
    ids = [found.message_id for found in only(RequestEvent, read(first, head(PARENT), count(1)))]
    again = [found.message_id for found in only(RequestEvent, read(first, head(PARENT), count(1)))]
    other = [found.message_id for found in only(RequestEvent, read(first + b" ", b"7", head(PARENT), count(1)))]
    assert len(ids) == 1
    assert PARENT not in ids[0]
    assert ids == again == other
    assert ids != [found.message_id for found in only(RequestEvent, read(b"[]", head(PARENT), count(1)))]


def test_a_forks_copies_are_left_out_and_counted() -> None:
    reader = CodexReader()
    patch = {"/a": {"type": "add"}}
    events = list(
        reader.feed(
            [
                head(forked_from_id=PARENT),
                head(PARENT),
                context(after=0.1),
                prompt("the parent's", after=0.1),
                call("c1", "exec_command", {"cmd": "make"}, after=0.2),
                output("c1", "Process exited with code 2\nOutput:\n", after=0.2),
                event("patch_apply_end", call_id="c2", success=True, changes=patch, after=0.2),
                call("c3", "apply_patch", "", after=0.2),
                output("c3", "Success. Updated the following files:\nM b\n", after=0.2),
                event("agent_message", message="the parent's", after=0.3),
                line("compacted", {}, after=0.3),
                event("turn_aborted", after=0.3),
                event("task_complete", after=0.3),
                count(110, after=0.3),
                count(220, after=0.499),
                count(220, after=0.5),
                count(330, after=0.5),
                prompt("its own", after=1),
                output("c1", "Process exited with code 2\nOutput:\n", after=1),
                event("patch_apply_end", call_id="c2", success=True, changes=patch, after=1),
            ]
        )
    )
    assert asked(events) == ["its own"]
    assert [found.message_id for found in only(RequestEvent, events)] == [f"codex:{THREAD}:3"]
    assert only(RequestEvent, events)[0].model == "made-up"
    assert (only(CommandFailedEvent, events), only(FileChangedEvent, events)) == ([], [])
    assert only(MetaEvent, events)[0].forked_from == PARENT
    assert len(events) == 4
    assert reader.copied == Copied(requests=2, prompts=1)
    assert reader.first_at is not None
    assert reader.last_at == reader.first_at + 1


def test_without_a_fork_a_fast_start_is_the_files_own() -> None:
    events = read(head(), prompt("fast"), count(1), head(PARENT, forked_from_id="x"), prompt("faster"), count(2))
    assert asked(events) == ["fast", "faster"]
    assert len(only(RequestEvent, events)) == 2


def test_a_fork_that_names_its_base_copies_nothing() -> None:
    for more in ({"history_base": {"thread_id": PARENT}}, {"forked_from_ordinal_exclusive": 45}):
        assert asked(read(head(forked_from_id=PARENT, **more), prompt("its own"))) == ["its own"]


def test_where_records_are_numbered_the_number_decides() -> None:
    given = [
        head(forked_from_id=PARENT, forked_from_ordinal_exclusive=2),
        line("event_msg", {"type": "user_message", "message": "the parent's"}, after=9, ordinal=1),
        line("event_msg", {"type": "user_message", "message": "its own"}, ordinal=2),
    ]
    assert asked(read(*given)) == ["its own"]


def test_a_turn_that_began_after_the_fork_is_its_own_however_fast() -> None:
    given = [context(), prompt("the parent's"), context(OWN_TURN), prompt("its own"), usage_record(110)]
    events = read(head(forked_from_id=PARENT), *given)
    assert (asked(events), len(only(RequestEvent, events))) == (["its own"], 1)
    subagent: dict[str, object] = {"subagent": {"thread_spawn": {}}}
    assert asked(read(head(forked_from_id=PARENT, source=subagent), *given)) == []
    assert asked(read(head("made-up id", forked_from_id=PARENT), *given)) == []


def test_a_fork_of_the_old_kind_as_a_client_wrote_it() -> None:
    reader = CodexReader()
    events = list(reader.feed(fixture("legacy_fork")))
    assert asked(events) == ["Try another gate."]
    assert [found.message_id[-2:] for found in only(RequestEvent, events)] == [":5"]
    assert reader.copied == Copied(requests=4, prompts=2)


def test_a_fork_of_the_new_kind_as_a_client_wrote_it() -> None:
    reader = CodexReader()
    events = list(reader.feed(fixture("newest_fork")))
    assert asked(events) == ["Try another lantern."]
    assert only(MetaEvent, events)[0].forked_from == "01a2177f-83d8-7c32-8000-000000000001"
    assert (len(only(RequestEvent, events)), reader.copied) == (1, Copied())
