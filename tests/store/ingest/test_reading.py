"""One file becomes rows: whole lines alone, plain columns, and whatever is wrong with it is in the result."""

from __future__ import annotations

import os
import pickle
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from store.ingest import reading as reading_module
from store.ingest.reading import FileRead, RequestRow, TurnRow, read
from store.ingest.scan import scan_paths
from store.transcripts.claude_client import CLAUDE
from store.transcripts.clients import Client, Found
from tests.store.quirk_lines import HAIKU, OPUS, START, Claude, conversation, tokens, uuid


def put(folder: Path, data: bytes | Claude, name: str = f"{uuid(1)}.jsonl") -> Found:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data if isinstance(data, bytes) else data.bytes())
    (found,) = scan_paths([path]).found
    return found


def test_a_conversation_as_rows(tmp_path: Path) -> None:
    lines = conversation(Claude(), turns=1)
    lines.user("<task-notification>done</task-notification>")
    lines.add("system", subtype="compact_boundary", compactMetadata={"trigger": "auto"})
    found = put(tmp_path, lines)
    told = read(found)
    assert (told.found, told.offset, told.error) == (found, found.size, "")
    assert told.turns == [
        TurnRow(
            n=1,
            started_at=START + 1,
            ended_at=START + 9,
            prompt="Please look at part 1.",
            answer="An answer, msg_1_c.",
            model=OPUS,
            paths="/home/x/harbour/part_1.py",
            path_kinds="M",
            failed="make part-1",
            exit_codes="1",
            prompt_id=uuid(1, 1),
            background=1,
            compactions=1,
        )
    ]
    assert told.requests[2] == RequestRow("msg_1_c", 1, "", OPUS, START + 5, START + 7, 3, 101, 1000, 0, 200, 0, "1h")
    assert [request.started_at - START for request in told.requests] == [1, 3, 5]  # what each of them answers
    facts = told.facts
    assert (facts.lines, facts.malformed, facts.prompts, facts.notifications) == (9, 0, 1, 1)
    assert (facts.first_at, facts.last_at, facts.last_write) == (START + 1, START + 9, "1h")
    assert (facts.cwd, facts.client_version, facts.compacted_at) == ("/home/x/harbour", "2.1.150", [START + 9])


def test_it_travels_between_processes(tmp_path: Path) -> None:
    told = read(put(tmp_path, conversation(Claude())))
    assert pickle.loads(pickle.dumps(told)) == told  # noqa: S301 - our own bytes


def test_a_torn_last_line_waits(tmp_path: Path) -> None:
    data = conversation(Claude()).bytes()
    whole = read(put(tmp_path, data))
    last = data.rindex(b"\n", 0, -1) + 1
    for end in (last, last + 1, len(data) - 1):
        told = read(put(tmp_path, data[:end]))
        assert (told.offset, told.facts.lines, told.facts.malformed) == (last, whole.facts.lines - 1, 0)
    assert (whole.offset, read(put(tmp_path, b"")).offset) == (len(data), 0)


def test_malformed_lines_count_and_hide_nothing(tmp_path: Path) -> None:
    first, *others = conversation(Claude()).bytes().splitlines(keepends=True)
    told = read(put(tmp_path, b"".join([first, b"{not json\n", b"\n", b"[]\n", *others])))
    assert (told.facts.lines, told.facts.malformed) == (len(others) + 4, 2)
    assert len(told.turns) == 3


def test_a_subagents_file_has_requests_alone(tmp_path: Path) -> None:
    lines = Claude(agent="7")
    lines.user("look")
    lines.answer("m1", model=HAIKU)
    told = read(put(tmp_path, lines, f"{uuid(1)}/subagents/agent-7.jsonl"))
    assert told.turns == []
    assert [(one.message_id, one.agent_id, one.turn, one.model) for one in told.requests] == [("m1", "7", None, HAIKU)]


def test_a_sidechain_within_the_main_file_is_told_apart(tmp_path: Path) -> None:
    lines = Claude()
    lines.user("look")
    lines.answer("m1")
    lines.answer("m2", isSidechain=True)
    lines.answer("m3", isSidechain=True, agentId="9")
    told = read(put(tmp_path, lines))
    assert [(one.agent_id, one.turn) for one in told.requests] == [("", 1), ("sidechain", 1), ("9", 1)]


def test_requests_without_a_time_count_from_the_files_first(tmp_path: Path) -> None:
    lines = Claude()
    lines.answer("m1", timestamp=None)
    found = put(tmp_path, lines)
    os.utime(found.path, (5.0, 5.0))
    (found,) = scan_paths([Path(found.path)]).found
    assert [one.started_at for one in read(found).requests] == [5.0]
    lines.user("now")
    assert [one.started_at for one in read(put(tmp_path, lines)).requests] == [START + 2]


@pytest.mark.parametrize(
    ("usage", "ttl"),
    [
        (tokens(five=10, hour=0), "5m"),
        (tokens(five=0, hour=10), "1h"),
        (tokens(five=0, hour=10, classes=False), None),
        (tokens(five=0, hour=0), None),
    ],
)
def test_the_class_is_what_was_named(tmp_path: Path, usage: object, ttl: str | None) -> None:
    lines = Claude()
    lines.answer("m1", usage=usage)
    assert [one.ttl_class for one in read(put(tmp_path, lines)).requests] == [ttl]


def test_a_turns_model_is_its_last_requests(tmp_path: Path) -> None:
    lines = Claude()
    lines.user("look")
    lines.answer("m1", model=OPUS)
    lines.answer("m2", model=HAIKU)
    lines.answer("m3", model=None)
    assert [turn.model for turn in read(put(tmp_path, lines)).turns] == [HAIKU]


def test_a_separator_in_a_path_or_a_command_separates_nothing(tmp_path: Path) -> None:
    lines = Claude()
    lines.user("look")
    lines.edit("m1", "/a\x1eb")
    lines.result(lines.bash("m2", "x\x1ey"), "Exit code 2", error=True)
    (turn,) = read(put(tmp_path, lines)).turns
    assert (turn.paths, turn.path_kinds, turn.failed, turn.exit_codes) == ("/a b", "M", "x y", "2")


# --- what cannot be read ---------------------------------------------------------------------------------------------


def vanish(path: Path) -> None:
    path.unlink()


def become_a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def become_a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (vanish, "No such file or directory"),
        (become_a_pipe, "not a regular file"),
        (become_a_folder, "not a regular file"),
    ],
)
def test_a_file_that_is_none_any_longer(tmp_path: Path, change: Callable[[Path], None], why: str) -> None:
    found = put(tmp_path, conversation(Claude()))
    change(Path(found.path))
    assert read(found) == FileRead(found, error=why)


def test_a_file_that_breaks_off_says_why_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = put(tmp_path, conversation(Claude()))

    def broken(file: object, chunk_bytes: int) -> Iterator[tuple[list[bytes], int]]:
        yield [conversation(Claude()).lines[0]], 5
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(reading_module, "whole_lines", broken)
    assert read(found) == FileRead(found, error="Input/output error")


def database(fail: Exception | None = None) -> Client:
    def lines(found: Found) -> Iterator[bytes]:
        yield from conversation(Claude(), turns=1).lines
        if fail is not None:
            raise fail

    return replace(CLAUDE, name="made-up", sessions_in=lambda path: iter(()), lines=lines)


def test_a_session_of_a_database_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "client", lambda name: database())
    found = Found("made-up", "/t/made-up.db#one", "one", "", 5, 7)
    told = read(found)
    assert (told.offset, len(told.turns), len(told.requests)) == (5, 1, 3)


def test_a_database_that_breaks_off_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading_module, "client", lambda name: database(sqlite3.DatabaseError("malformed")))
    found = Found("made-up", "/t/made-up.db#one", "one", "", 5, 7)
    assert read(found) == FileRead(found, error="malformed")


def test_a_reader_that_fails_costs_its_own_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = put(tmp_path, conversation(Claude()))

    def lines(_: Found) -> Iterator[bytes]:
        raise ZeroDivisionError("made up")
        yield b""

    monkeypatch.setattr(reading_module, "client", lambda name: replace(CLAUDE, lines=lines))
    assert read(found) == FileRead(found, error="its reader failed (ZeroDivisionError)")
