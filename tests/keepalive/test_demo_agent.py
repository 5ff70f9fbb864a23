from __future__ import annotations

import asyncio
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import TextIO

import pytest

from keepalive.demo_agent import Agent, Gone, SessionFile, Transcript, result_text, tool_use_result
from keepalive.demo_script import Call, to_line
from keepalive.demo_wire import Answer, Body
from keepalive.liveness import SystemProcesses, alive
from keepalive.open_sessions.claude import read_session_files
from keepalive.standin import Behaviour, StandIn
from keepalive.standin_script import ScriptedAgent
from keepalive.supervisor import python_module
from store.models import Status, WaitingFor
from store.transcripts.claude import ClaudeReader
from store.transcripts.events import CommandFailedEvent, Event, FileChangedEvent, MetaEvent, PromptEvent, RequestEvent
from tests.keepalive.demo_sample import SESSION, TURN, script

ANSWER = Answer("msg_1", "tool_use", {"input_tokens": 1, "output_tokens": 2}, "toolu_1")


@pytest.fixture
def open_stdin() -> Iterator[TextIO]:
    read, write = os.pipe()
    with os.fdopen(read) as stdin, os.fdopen(write, "w"):
        yield stdin


def events(folder: Path) -> list[Event]:
    (path,) = (folder / "claude" / "projects").glob(f"*/{SESSION}.jsonl")
    reader = ClaudeReader()
    found = list(reader.feed(path.read_bytes().splitlines()))
    assert reader.malformed == 0
    return found


def test_the_session_file_says_what_the_client_would(tmp_path: Path) -> None:
    file = SessionFile(script(tmp_path))
    for status, asked, expected in (
        ("idle", "", (Status.IDLE, WaitingFor.YOU)),
        ("busy", "", (Status.BUSY, None)),
        ("waiting", "permission prompt", (Status.BUSY, WaitingFor.PERMISSION)),
    ):
        file.write(status, asked)
        (found,) = read_session_files(tmp_path / "claude").sessions
        assert (found.status, found.waiting_for) == expected
        assert (found.pid, found.session_id, found.cwd) == (os.getpid(), SESSION, script(tmp_path).cwd)
        assert alive(found, SystemProcesses())
    assert [path.name for path in (tmp_path / "claude" / "sessions").iterdir()] == [f"{os.getpid()}.json"]
    file.remove()
    file.remove()
    assert read_session_files(tmp_path / "claude").sessions == ()


def test_the_transcript_is_read_as_a_turn_with_its_memory(tmp_path: Path) -> None:
    transcript = Transcript(script(tmp_path))
    transcript.title()
    transcript.prompt("Do it.")
    for call in (Call("write", "a.py", 0.0, creates=True), Call("write", "b.py", 0.0), Call("run", "x", 0.0, "no", 3)):
        transcript.assistant(
            ANSWER,
            {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": call.what}},
        )
        transcript.result(ANSWER, call, *result_text(call))
    transcript.turn_ended(1.5)

    found = events(tmp_path)

    cwd = script(tmp_path).cwd
    assert [(e.path, e.kind) for e in found if isinstance(e, FileChangedEvent)] == [
        (f"{cwd}/a.py", "A"),
        (f"{cwd}/b.py", "M"),
    ]
    assert [(e.command, e.exit_code) for e in found if isinstance(e, CommandFailedEvent)] == [("x", 3)]
    assert [e.text for e in found if isinstance(e, PromptEvent)] == ["Do it."]
    assert [e.title for e in found if isinstance(e, MetaEvent)][-1] == "A title"


def test_results_in_the_clients_words() -> None:
    assert result_text(Call("run", "x", 0.0, "out")) == ("out", False)
    assert result_text(Call("run", "x", 0.0, "out", 2)) == ("Exit code 2\nout", True)
    created: Body = {
        "type": "create",
        "filePath": "/w/f",
        "content": "made up\n",
        "structuredPatch": [],
    }
    assert tool_use_result(Call("write", "f", 0.0, creates=True), "/w") == created
    assert tool_use_result(Call("run", "x", 0.0, "out", 2), "/w") == "Error: Exit code 2\nout"


async def test_a_turn_is_played_on_the_wire_and_on_disk(
    tmp_path: Path, open_stdin: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[tuple[str, str]] = []
    write = SessionFile.write

    def note(self: SessionFile, status: str, waiting_for: str = "") -> None:
        said.append((status, waiting_for))
        write(self, status, waiting_for)

    monkeypatch.setattr(SessionFile, "write", note)
    standin = StandIn(behaviour=Behaviour(replies=ScriptedAgent("From the provider.")))
    await standin.start()
    try:
        await asyncio.to_thread(Agent(script(tmp_path, url=standin.url), open_stdin).run)
        sent = list(standin.log)
    finally:
        await standin.stop()

    assert [entry.status for entry in sent] == [200] * 5
    assert all(json.loads(entry.body)["stream"] and entry.session_id == SESSION for entry in sent)
    usages = [entry.usage or {} for entry in sent]
    for before, after in pairwise(usages):
        assert after["cache_read_input_tokens"] == (
            int(str(before["cache_read_input_tokens"])) + int(str(before["cache_creation_input_tokens"]))
        )
    assert said == [
        ("idle", ""),
        ("busy", ""),
        ("waiting", "permission prompt"),
        ("busy", ""),
        ("idle", ""),
    ]
    assert read_session_files(tmp_path / "claude").sessions == ()
    asked = [event for event in events(tmp_path) if isinstance(event, RequestEvent)]
    assert [event.stop_reason for event in asked] == ["tool_use"] * 4 + ["end_turn"]
    assert asked[-1].text == "Done."
    assert asked[-1].usage is not None
    assert asked[-1].usage.cache_read == usages[-1]["cache_read_input_tokens"]


async def test_a_provider_that_is_away_is_asked_again(
    tmp_path: Path, open_stdin: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("keepalive.demo_agent.RETRY_SECONDS", 0.0)
    standin = StandIn()
    standin.behaviour.fail_next(2, 529)
    standin.behaviour.disconnect_after_events = 2
    await standin.start()
    try:
        playing = asyncio.create_task(asyncio.to_thread(Agent(script(tmp_path, url=standin.url), open_stdin).run))
        await standin.entries(3)
        standin.behaviour.disconnect_after_events = None
        await playing
        assert [entry.status for entry in standin.log][:3] == [529, 529, 200]
    finally:
        await standin.stop()
    assert len({e.message_id for e in events(tmp_path) if isinstance(e, RequestEvent)}) == 5


def test_a_script_repeats_from_where_it_says_until_its_time_is_up(
    tmp_path: Path, open_stdin: TextIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (replace(TURN, prompt=prompt) for prompt in ("one", "two"))
    played: list[str] = []
    monkeypatch.setattr(Agent, "_turn", lambda self, turn: played.append(turn.prompt))
    ticks = iter(range(100))
    monkeypatch.setattr("keepalive.demo_agent.time.monotonic", lambda: float(next(ticks)))
    Agent(script(tmp_path, turns=(first, second), again=1, at_most=5.0), open_stdin).run()
    assert played == ["one", "two", "two", "two"]


def test_a_closed_stdin_ends_a_wait(tmp_path: Path) -> None:
    read, write = os.pipe()
    os.close(write)
    with os.fdopen(read) as stdin, pytest.raises(Gone):
        Agent(script(tmp_path, starts_after=60.0), stdin).run()
    assert read_session_files(tmp_path / "claude").sessions == ()


def test_the_process_leaves_when_its_starter_is_gone(tmp_path: Path) -> None:
    with subprocess.Popen(
        python_module("keepalive.demo_agent"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        said, _ = process.communicate(to_line(script(tmp_path, starts_after=60.0)), timeout=20)
    assert (process.returncode, said) == (0, "")
    assert list((tmp_path / "claude" / "sessions").iterdir()) == []
    assert (tmp_path / "claude" / "projects").is_dir()  # it had begun
