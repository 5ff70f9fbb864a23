"""Caches that break under the real client: each cause is named, with the tokens that the provider counted."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.e2e.client import Client
from tests.e2e.harness import Stage
from tests.e2e.home import KEY, TTL_SECONDS
from tests.e2e.provider_log import Record
from tests.e2e.waiting import PATIENCE, until, wait_past

pytestmark = pytest.mark.e2e

PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
)
NO_SEARCH = {"ANTHROPIC_API_KEY": KEY, "ENABLE_TOOL_SEARCH": "false"}
"""Else the tools of servers stay outside the prefix, which is what warmside asks for."""


@dataclass(frozen=True)
class Found:
    """What `show ID --why TURN` says of the newest turn's only break."""

    cause: str
    part: str
    name: str
    field: str
    expected: int
    read: int
    written: int
    usd: float


def broke(stage: Stage, session: str) -> Found:
    turn = len(stage.show(session).turns)
    (found,) = json.loads(stage.warmside("show", session, "--json", "--why", str(turn)))["breaks"]
    assert f"turn {turn}, " in stage.warmside("show", session, "--why", str(turn))
    return Found(
        found["cause"],
        found["part"],
        found["name"],
        found["field"],
        found["expected_read"],
        found["read"],
        found["written"],
        found["usd"],
    )


def causes(stage: Stage, session: str) -> list[str]:
    """Of all breaks of all turns."""
    turns = [turn.n for turn in stage.show(session).turns]
    told = [json.loads(stage.warmside("show", session, "--json", "--why", str(n)))["breaks"] for n in turns]
    return [found["cause"] for breaks in told for found in breaks]


def asked(stage: Stage, client: Client, text: str) -> tuple[Record, Record]:
    """Ask one more question; returns the session's last request before it and the first one of it."""
    session = client.session_id
    before = conversation(stage, session)
    turns = len(stage.show(session).turns)
    client.ask(text)
    until(lambda: len(stage.show(session).turns) > turns, PATIENCE, "the turn in the store")
    return before[-1], conversation(stage, session)[len(before)]


def conversation(stage: Stage, session: str) -> list[Record]:
    """The main thread's requests without those beside it, such as a compaction's summary: their beta tells them."""
    return [
        record
        for record in stage.log.requests(session, agent_id="")
        if not any(name.lower() == "anthropic-beta" and "fallback-credit-" in value for name, value in record.headers)
    ]


def check(stage: Stage, session: str, records: tuple[Record, Record], cause: str, **more: str) -> Found:
    """The break has this cause, and its tokens are those that the provider counted."""
    last, now = records
    found = broke(stage, session)
    assert found.cause == cause, found
    assert {name: getattr(found, name) for name in more} == more
    assert (found.expected, found.read, found.written) == (last.prefix, now.read, now.written)
    assert found.usd > 0
    return found


def settled(stage: Stage, *arguments: str, login: dict[str, str] | None = None) -> Client:
    client = stage.start(*arguments, login=login)
    client.ask("first question")
    client.ask("second question")
    until(lambda: len(stage.show(client.session_id).turns) == 2, PATIENCE, "two turns in the store")
    return client


def resumed(stage: Stage, client: Client, *arguments: str, login: dict[str, str] | None = None) -> Client:
    session = client.leave()
    again = stage.start("--resume", session, *arguments, login=login)
    assert again.session_id == session
    return again


def forget_system_prompt(stage: Stage, session: str) -> None:
    """A resumed client sends the system prompt that its transcript remembers, whatever it is told to append."""
    (transcript,) = (stage.home / ".claude" / "projects").rglob(f"{session}.jsonl")
    lines = transcript.read_text(encoding="utf-8").splitlines(keepends=True)
    transcript.write_text("".join(line for line in lines if '"prompt_snapshot"' not in line), encoding="utf-8")


def test_a_lifetime_that_passes_and_a_compaction(stage: Stage) -> None:
    client = settled(stage)
    session = client.session_id
    stage.warmside("budget", session, "--mode", "off")
    last = stage.log.requests(session, agent_id="")[-1]
    wait_past(last.at + 1.1 * TTL_SECONDS)
    check(stage, session, asked(stage, client, "third question"), "expired")
    quiet = json.loads(stage.warmside("show", session, "--json", "--why", "2"))
    assert quiet["breaks"] == []

    client.ask("/compact")
    stage.note_gone(session, "/compact")
    client.wait_row(lambda row: row.cache.reason == "compacted", "the compaction on the row")
    check(stage, session, asked(stage, client, "fourth question"), "compacted", part="messages")
    assert causes(stage, session) == ["expired", "compacted"]


def test_a_model_switch_and_an_edited_system_prompt(stage: Stage) -> None:
    client = settled(stage)
    session = client.session_id
    client = resumed(stage, client, "--model", "claude-sonnet-5-5")
    found = check(stage, session, asked(stage, client, "third question"), "model_changed", part="settings")
    assert "claude-sonnet-5-5" in found.field

    client.leave()
    forget_system_prompt(stage, session)
    client = stage.start("--resume", session, "--model", "claude-sonnet-5-5", "--append-system-prompt", "Use rhymes.")
    check(stage, session, asked(stage, client, "fourth question"), "system_changed", part="system")


def test_a_tool_that_appears(stage: Stage) -> None:
    client = settled(stage, login=NO_SEARCH)
    session = client.session_id
    known = stage.root / "known"
    server = {"command": sys.executable, "args": [str(Path(__file__).with_name("mcp_server.py")), str(known)]}
    config = stage.root / "mcp.json"
    config.write_text(json.dumps({"mcpServers": {"harbour": server}}), encoding="utf-8")
    client = resumed(stage, client, "--mcp-config", str(config), login=NO_SEARCH)
    client.wait(known.exists, "the server's tools")
    records = asked(stage, client, "third question")
    check(stage, session, records, "tool_added", part="tools", name="mcp__harbour__harbour_tide")


def test_an_image(stage: Stage) -> None:
    client = settled(stage)
    picture = stage.work / "pixel.png"
    picture.write_bytes(PIXEL)
    stage.tmux("set-buffer", str(picture))
    stage.tmux("paste-buffer", "-p", "-t", client.window)
    client.wait(lambda: "Image" in client.screen(), "the image in the input line")
    check(stage, client.session_id, asked(stage, client, " what is this"), "image_added", part="messages")


def test_an_ordinary_session_has_no_break(stage: Stage) -> None:
    client = settled(stage)
    session = client.session_id
    client.ask("run: exit 3")
    client.ask(f"write: {stage.work / 'written.txt'}")
    client.ask("agent: run: true")
    client.wait(lambda: len(subagents(stage, session)) == 1, "the subagent")
    until(lambda: len(stage.show(session).turns) == 5, PATIENCE, "five turns in the store")
    client = resumed(stage, client)
    asked(stage, client, "and again")
    assert causes(stage, session) == []


def subagents(stage: Stage, session: str) -> set[str]:
    return {record.agent_id for record in stage.log.requests(session) if record.agent_id}
