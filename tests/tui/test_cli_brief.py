"""`brief`: to stdout, within its length, and never a control of a transcript's."""

from __future__ import annotations

import sqlite3

import pytest

from store.brief import MAX_CHARS, MIN_CHARS
from tests.store.written_turns import add_turn
from tests.tui.cli_home import FIRST, Cli


@pytest.mark.usefixtures("db")
def test_a_brief_as_text_and_as_json(cli: Cli) -> None:
    shown = cli("brief", "0b1c2d")
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("# Resume brief: ")
    assert "a cold resume of it writes 30,000 tokens again ($0.24); this brief is about " in shown.out
    assert shown.out.replace("\n", "").isprintable()
    told = cli("brief", FIRST, "--json").object()
    assert (told["session"], told["cold_tokens"], told["markdown"]) == (FIRST, 30_000, shown.out)
    assert told["prompts"] == [{"turn": 1, "at": "2026-11-24T10:00:00.000Z", "text": "do red C1", "cut": False}]


def test_it_is_as_long_as_wished(cli: Cli, db: sqlite3.Connection) -> None:
    add_turn(db, 2, FIRST, prompt="word " * 9_000)
    assert MAX_CHARS * 0.9 < len(cli("brief", FIRST).out) <= MAX_CHARS
    assert len(cli("brief", FIRST, "--max-chars", str(MIN_CHARS)).out) <= MIN_CHARS
    assert len(cli("brief", FIRST, "--max-chars", "90000").out) > 45_000


@pytest.mark.usefixtures("db")
def test_errors_are_one_line_and_usage_is_exit_code_2(cli: Cli) -> None:
    assert cli("brief", "nobody").refused() == "no session 'nobody'"
    assert cli("brief").code == cli("brief", FIRST, "--max-chars", "10").code == 2
