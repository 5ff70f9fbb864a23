"""Turn memory: what a turn leaves, each thing once, in the promised form."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import store.turn_memory
from store.turn_memory import (
    ChangedFile,
    ChangeKind,
    FailedCommand,
    TurnMemory,
    TurnMemoryAccumulator,
    exit_code_of,
    format_message_for_provider,
    render_memory,
)


def test_rendered_form_is_exact() -> None:
    memory = TurnMemory((ChangedFile("foo.go", "M"), ChangedFile("bar.go", "A")), (FailedCommand("go test ./...", 1),))
    assert format_message_for_provider("I fixed it.", memory) == (
        "I fixed it.\n\nTool memory:\n- Files changed: foo.go, bar.go\n- Failed bash: go test ./... (exit 1)"
    )


def test_a_kind_without_entries_has_no_line_and_nothing_leaves_nothing() -> None:
    assert render_memory(TurnMemory((ChangedFile("a", "M"),))) == "Tool memory:\n- Files changed: a"
    failed = (FailedCommand("make", 2), FailedCommand("ls x", 1))
    assert render_memory(TurnMemory((), failed)) == "Tool memory:\n- Failed bash: make (exit 2), ls x (exit 1)"
    assert render_memory(TurnMemory()) == ""
    assert format_message_for_provider("as it was\n", TurnMemory()) == "as it was\n"


def test_exactly_one_empty_line_before_the_record_and_none_without_a_text() -> None:
    memory = TurnMemory((ChangedFile("a", "M"),))
    assert format_message_for_provider("done\n\n\n", memory).startswith("done\n\nTool memory:")
    assert format_message_for_provider("", memory).startswith("Tool memory:")


def test_a_command_of_several_lines_stays_on_one() -> None:
    memory = TurnMemory((), (FailedCommand("cat <<EOF\n  text\nEOF", 1),))
    assert render_memory(memory).count("\n") == 1


def test_first_seen_order_without_repeats() -> None:
    turn = TurnMemoryAccumulator()
    for path in ("b", "a", "b", "c", "a"):
        turn.file_changed(path)
    for command, code in (("x", 1), ("y", 1), ("x", 2), ("x", 1), ("z", 0)):
        turn.command_failed(command, code)
    assert [file.path for file in turn.memory.files_changed] == ["b", "a", "c"]
    assert turn.memory.failed_commands == (("x", 1), ("y", 1), ("x", 2))


@pytest.mark.parametrize(
    ("kinds", "left"), [("AM", "A"), ("MM", "M"), ("MD", "D"), ("DA", "M"), ("AD", "D"), ("MR", "R")]
)
def test_several_changes_of_a_file_become_what_they_amount_to(kinds: list[ChangeKind], left: str) -> None:
    turn = TurnMemoryAccumulator()
    for kind in kinds:
        turn.file_changed("f", kind)
    assert turn.memory.files_changed == (("f", left),)


def test_finishing_a_turn_empties_it() -> None:
    turn = TurnMemoryAccumulator()
    turn.file_changed("f")
    assert turn.finish_turn().files_changed == (("f", "M"),)
    assert not turn.memory


def test_a_call_counts_by_its_result() -> None:
    turn = TurnMemoryAccumulator()
    turn.tool_call("1", "Edit", {"file_path": "failed.py"})
    turn.tool_call("2", "write_file", {"path": "plain.py"})
    turn.tool_call("3", "Read", {"file_path": "read.py"})
    turn.tool_call("4", "Edit", {"file_path": "waiting.py"})
    assert not turn.memory
    turn.tool_result("1", is_error=True, text="no match")
    turn.tool_result("2")
    turn.tool_result("3")
    assert turn.memory.files_changed == (("plain.py", "M"),)


def test_structured_results_know_better_than_inputs() -> None:
    turn = TurnMemoryAccumulator()
    for call, kind, patch in (("new.py", "create", []), ("same.py", "update", []), ("old.py", None, [{}])):
        turn.tool_call(call, "Write", {"file_path": call})
        turn.tool_result(call, structured={"filePath": call, "structuredPatch": patch, "type": kind})
    assert turn.memory.files_changed == (("new.py", "A"), ("old.py", "M"))


def test_failed_commands_come_from_the_text_or_from_the_code() -> None:
    turn = TurnMemoryAccumulator()
    for call, is_error, text, structured in (
        ("a", True, "Exit code 2\nboom", None),
        ("b", False, "Exit code 3 is what I print", None),
        ("c", True, "denied by the user", None),
        ("d", False, "", {"exit_code": 4}),
        ("e", False, "", {"exit_code": 0}),
    ):
        turn.tool_call(call, "Bash", {"command": call})
        turn.tool_result(call, is_error=is_error, text=text, structured=structured)
    assert turn.memory.failed_commands == (("a", 2), ("d", 4))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Exit code 1", 1),
        ("Exit code 127\nx", 127),
        ("exit code 1", None),
        (" Exit code 1", None),
        ("", None),
    ],
)
def test_exit_code_stands_at_the_start(text: str, code: int | None) -> None:
    assert exit_code_of(text) == code


@given(st.lists(st.tuples(st.text(), st.integers(1, 3))), st.lists(st.text(min_size=1)), st.text())
def test_record_has_one_line_per_kind_whatever_the_texts(
    failed: list[tuple[str, int]], paths: list[str], text: str
) -> None:
    turn = TurnMemoryAccumulator()
    for path in paths:
        turn.file_changed(path)
    for command, code in failed:
        turn.command_failed(command, code)
    memory = turn.memory
    assert len(set(memory.files_changed)) == len(memory.files_changed) == len(set(paths))
    assert len(set(memory.failed_commands)) == len(memory.failed_commands) == len(set(failed))
    record = render_memory(memory)
    kinds = bool(paths) + bool(failed)
    assert len(record.splitlines()) == (kinds + 1 if kinds else 0)
    assert format_message_for_provider(text, memory).endswith(record)


def test_depends_on_the_standard_library_alone() -> None:
    tree = ast.parse(Path(store.turn_memory.__file__).read_text(encoding="utf-8"))
    names = {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names |= {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    assert {name.split(".")[0] for name in names} <= set(sys.stdlib_module_names)
