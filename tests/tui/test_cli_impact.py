"""`impact`: a sentence, a table that fits, and what is estimated."""

from __future__ import annotations

import sqlite3

import pytest
from rich.cells import cell_len

from store import sessions
from store.models import Usage
from tests.store.made_up import NOW, add_lineage, add_request
from tests.tui.cli_home import FIRST, SECOND, Cli


@pytest.mark.usefixtures("db")
def test_all_in_words(cli: Cli) -> None:
    said = cli("impact").out
    sentence = "1 session: resumed cold, 30k tokens are written again ($0.24); with turn memory instead, 30k ($0.24)."
    assert " ".join(said.splitlines()[:2]) == sentence
    row = next(line for line in said.splitlines() if line.startswith("0b1c2d3e"))
    assert row.split() == ["0b1c2d3e", "parser", "1", "30k", "30k", "25", "$0.24", "$0.24"]
    assert "Without a request to compare: 1 session." in said
    assert "Estimated: turn memories, at three bytes to a token." in " ".join(said.split())
    assert cli("impact", "--project", "nothing").out == "No session with requests like that.\n"


@pytest.mark.usefixtures("db")
def test_one_in_words(cli: Cli) -> None:
    said = cli("impact", "0b1c2d").out.splitlines()
    assert said[0] == "parser  0b1c2d3e  1 turn"
    assert said[3].split() == ["full", "history,", "resumed", "cold", "30k", "$0.24", "$0.006"]
    assert said[5].startswith("fresh, with the resume brief")
    assert any(line.startswith("A fresh session begins with 30k") for line in said)


def test_without_text_it_says_that_it_knows_too_little(cli: Cli, db: sqlite3.Connection) -> None:
    db.execute("UPDATE turns SET prompt = '', answer = ''")
    assert "Of 1 session no text is stored: the turn memory looks too small.\n" in cli("impact").out
    assert "No text of it is stored: the turn memory looks too small.\n" in cli("impact", FIRST).out


@pytest.mark.usefixtures("db")
def test_as_json(cli: Cli) -> None:
    every = cli("impact", "--json").object()
    assert (every["full_tokens"], every["without_requests"]) == (30_000, 1)
    assert isinstance(every["sessions"], list)
    one = cli("impact", FIRST, "--json").object()
    brief = cli("brief", FIRST, "--json").object()
    assert (one["session"], one["brief_tokens"]) == (FIRST, brief["tokens"])


@pytest.mark.parametrize("columns", [40, 50, 60, 80, 200])
def test_it_is_no_wider_than_the_terminal(
    cli: Cli, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    for number in range(20):
        name = f"{number:02}登录登录"
        sessions.save(db, name, agent="claude", cwd="/src/a-project-of-a-long-name-登录登录", last_activity_at=NOW)
        lineage = add_lineage(db, name, prefix=999_499, model="of-no-price")
        add_request(db, name, name, lineage_id=lineage, usage=Usage(cache_read=999_499))
    said = cli("impact").out + cli("impact", FIRST).out
    assert "7 more: --json has all" in said
    assert "Without a known price, and not in the money: 20 sessions." in said.replace("\n", " ")
    assert max(cell_len(line) for line in said.splitlines()) <= columns


@pytest.mark.usefixtures("db")
def test_what_it_refuses(cli: Cli) -> None:
    assert cli("impact", FIRST, "--project", "x").code == 2
    assert cli("impact", "nobody").refused() == "no session 'nobody'"
    assert cli("impact", SECOND).refused() == f"session {SECOND} has no request to compare with"
