"""Files and failed commands, each told once, whatever of its witnesses a version wrote and in whatever order."""

from __future__ import annotations

import itertools
import json

import pytest

from store.transcripts.codex import CodexReader
from store.transcripts.events import (
    CommandFailedEvent,
    Event,
    FileChangedEvent,
    NoticeEvent,
    PromptEvent,
    ToolCallEvent,
    ToolResultEvent,
)
from tests.store.transcripts.codex_lines import AT, call, count, event, fixture, head, item, line, only, output, read

SUCCESS = "Success. Updated the following files:\n"
EXITED = "Chunk ID: 1\nWall time: 0.1 seconds\nProcess exited with code 3\nOriginal token count: 1\nOutput:\nno\n"


def failed(*lines: bytes) -> list[tuple[str, str, int]]:
    return [(found.call_id, found.command, found.exit_code) for found in only(CommandFailedEvent, read(*lines))]


def files(*lines: bytes) -> list[tuple[str, str]]:
    return told(read(*lines))


def told(events: list[Event]) -> list[tuple[str, str]]:
    return [(found.path, found.kind) for found in only(FileChangedEvent, events)]


def test_calls_are_pending_until_their_output() -> None:
    given = [call("c1", "exec_command", {"cmd": "make"}), output("c1", EXITED, after=2)]
    assert read(*given, output("c2", "x"))[:2] == [
        ToolCallEvent("c1", "exec_command", AT),
        ToolResultEvent("c1", AT + 2, True),
    ]
    custom = line("response_item", {"type": "custom_tool_call", "name": "exec", "input": "x", "call_id": "c"})
    done = output("c", [{"type": "input_text", "text": "x"}], kind="custom_tool_call_output")
    assert read(custom, done) == [ToolCallEvent("c", "exec", AT), ToolResultEvent("c", AT, False)]


@pytest.mark.parametrize("name", ["exec_command", "shell", "shell_command", "local_shell", "container.exec"])
@pytest.mark.parametrize("text", [EXITED, "Exit code: 3\nWall time: 0 seconds\nOutput:\nno"])
def test_the_output_of_a_shell_names_the_code(name: str, text: str) -> None:
    given = [call("c1", name, {"cmd": "make"}), output("c1", text)]
    assert failed(*given) == [("c1", "make", 3)]
    assert failed(*given, output("c1", text), *given) == [("c1", "make", 3)]


def test_the_clients_own_tool_without_a_function() -> None:
    action = {"type": "exec", "command": ["bash", "-lc", "make"]}
    asked = line("response_item", {"type": "local_shell_call", "call_id": "c1", "action": action})
    assert failed(asked, output("c1", EXITED)) == [("c1", "make", 3)]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("exec_command", EXITED.replace("code 3", "code 0")),
        ("exec_command", "Chunk ID: 1\nOutput:\nProcess exited with code 3\n"),
        ("exec_command", "Output:\nProcess exited with code 3\n"),
        ("exec_command", "a Process exited with code 3\nOutput:\n"),
        ("exec_command", "Process running with session ID 7\nOutput:\n"),
        ("shell", "It said\nExit code: 3"),
        ("view_image", EXITED),
        ("apply_patch", "Exit code: 3\nOutput:\nno"),
        ("write_stdin", EXITED),
    ],
)
def test_other_outputs_are_no_failed_command(name: str, text: str) -> None:
    assert failed(call("c1", name, {"cmd": "make"}), output("c1", text)) == []
    assert failed(output("c1", text)) == []


END = event("exec_command_end", call_id="c1", command=["/bin/zsh", "-lc", "make"], exit_code=3)


@pytest.mark.parametrize("order", list(itertools.permutations([END, output("c1", EXITED)])))
def test_a_command_with_both_witnesses_is_listed_once(order: tuple[bytes, ...]) -> None:
    assert failed(call("c1", "exec_command", {"cmd": "make"}), *order) == [("c1", "make", 3)]


def test_the_clients_own_record_is_the_better_witness() -> None:
    fine = event("exec_command_end", call_id="c1", command="make", exit_code=0)
    assert failed(call("c1", "exec_command", {"cmd": "make"}), fine, output("c1", EXITED)) == []


def test_a_command_that_went_on_is_listed_when_it_ends_and_not_for_the_poll() -> None:
    given = [
        call("c1", "exec_command", {"cmd": "make"}),
        output("c1", "Process running with session ID 7\nOutput:\n"),
        call("c2", "write_stdin", {"session_id": 7}),
        END,
        output("c2", EXITED),
    ]
    assert failed(*given) == [("c1", "make", 3)]


def test_the_newer_clients_item() -> None:
    ended = item("CommandExecution", id="c1", command=["/bin/bash", "-lc", "make"], exit_code=-1, status="failed")
    assert failed(ended, ended) == [("c1", "make", -1)]
    assert failed(item("CommandExecution", id="c1", command="x", exit_code=0)) == []
    assert failed(item("CommandExecution", id="c1", command="x", exit_code=None), item("CommandExecution")) == []


@pytest.mark.parametrize("code", [0, 6])
def test_a_command_that_the_person_typed_is_noticed(code: int) -> None:
    events = read(item("CommandExecution", id="c1", command=["sh", "-c", "ls"], exit_code=code, source="user_shell"))
    assert events[0] == NoticeEvent("shell_command", "ls", AT)
    assert len(events) == 1 + bool(code)


CHANGES = {
    "/w/new": {"type": "add", "content": ""},
    "/w/old": {"type": "update", "unified_diff": "", "move_path": None},
    "/w/gone": {"type": "delete", "content": ""},
    "/w/from": {"type": "update", "unified_diff": "", "move_path": "/w/to"},
}
KINDS = [("/w/new", "A"), ("/w/old", "M"), ("/w/gone", "D"), ("/w/from", "R")]
PATCHED = event("patch_apply_end", call_id="c1", success=True, changes=CHANGES)
CALLED = call("c1", "apply_patch", "*** Begin Patch")
ANSWERED = output("c1", "Exit code: 0\nWall time: 0 seconds\nOutput:\n" + SUCCESS + "A new\nM old\nM to\nD gone\n")


def test_files_of_the_clients_own_record() -> None:
    assert files(PATCHED) == KINDS
    assert files(PATCHED, PATCHED) == KINDS
    done = item("FileChange", id="c1", changes=CHANGES, status="completed")
    assert files(done, PATCHED) == KINDS


@pytest.mark.parametrize(
    "record",
    [
        event("patch_apply_end", call_id="c1", success=False, changes=CHANGES),
        event("patch_apply_end", call_id="c1", success=False, changes=CHANGES, status="completed"),
        event("patch_apply_end", call_id="c1", changes=CHANGES),
        event("patch_apply_end", success=True, changes=CHANGES),
        item("FileChange", id="c1", changes=CHANGES, status="declined"),
        item("FileChange", changes=CHANGES, status="completed"),
    ],
)
def test_a_patch_that_failed_changed_nothing(record: bytes) -> None:
    assert files(record) == []
    if b'"c1"' in record:
        assert files(CALLED, record, ANSWERED) == []


@pytest.mark.parametrize(
    "text",
    [
        SUCCESS + "M four\nA dir/five six\nD seven\n",
        "Exit code: 0\nWall time: 0 seconds\nOutput:\n" + SUCCESS + "M four\nA dir/five six\nD seven",
        json.dumps({"output": SUCCESS + "M four\nA dir/five six\nD seven\n", "metadata": {"exit_code": 0}}),
        SUCCESS + "M four\nA dir/five six\nD seven\n\nM not_this\n",
    ],
)
def test_files_of_an_output_alone(text: str) -> None:
    assert files(CALLED, output("c1", text)) == [("four", "M"), ("dir/five six", "A"), ("seven", "D")]
    custom = line("response_item", {"type": "custom_tool_call", "name": "apply_patch", "call_id": "c1"})
    assert len(files(custom, output("c1", text, kind="custom_tool_call_output"))) == 3
    assert files(call("c1", "exec_command", {"cmd": "cat"}), output("c1", text)) == []


@pytest.mark.parametrize("between", [[], [count(1)], [output("c2", "x"), END]])
def test_the_event_wins_in_either_order(between: list[bytes]) -> None:
    before, after = [CALLED, PATCHED, *between, ANSWERED], [CALLED, ANSWERED, PATCHED]
    assert files(*before) == KINDS
    assert files(*after) == KINDS


@pytest.mark.parametrize("between", [[], [output("c2", "x"), END]])
def test_an_event_right_behind_its_output_still_wins(between: list[bytes]) -> None:
    assert files(CALLED, ANSWERED, *between, PATCHED) == KINDS


def test_what_is_known_from_an_output_alone_stays_in_its_turn() -> None:
    for prompt in (event("user_message", message="next"), item("UserMessage", content=[])):
        events = read(CALLED, output("c1", SUCCESS + "M four\n"), prompt)
        assert [type(found) for found in events[-2:]] == [FileChangedEvent, PromptEvent]


def test_a_followed_file_loses_nothing_and_doubles_nothing() -> None:
    """The piece ends between the output and its event: the event adds only what the output did not name."""
    reader = CodexReader()
    first = list(reader.feed([CALLED, output("c1", SUCCESS + "A new\nM old\nD gone\n")]))
    second = list(reader.feed([PATCHED]))
    assert told(first) == [("new", "A"), ("old", "M"), ("gone", "D")]
    assert told(second) == [("/w/from", "R")]
    assert told(list(reader.feed([PATCHED, ANSWERED]))) == []


def test_as_the_newest_client_wrote_it() -> None:
    assert failed(*fixture("newest")) == [("call_a", "echo oops; exit 3", 3), ("call_c", "sleep 3; exit 4", -1)]
    folder = "/home/ann/harbour/"
    changed = [(folder + "gone.txt", "D"), (folder + "new.txt", "A"), (folder + "old.txt", "R")]
    assert files(*fixture("newest")) == changed
    assert sorted(files(*fixture("legacy"))) == sorted(changed)
    assert [found[1:] for found in failed(*fixture("code_mode"))] == [("echo hi; exit 7", 7), ("false", 1)]
    assert files(*fixture("code_mode")) == [(folder + "viajs.txt", "A")]
    assert [found[1:] for found in failed(*fixture("terminal"))] == [("exit 6", 6), ("sleep 60; exit 9", 9)]


def test_a_call_without_an_id_is_passed_over() -> None:
    nameless = [call("", "exec_command", {"cmd": "x"}), output("", EXITED), event("exec_command_end", exit_code=3)]
    assert read(head(), *nameless)[1:] == []
