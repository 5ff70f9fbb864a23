"""`search`: the contract's JSON, filters, and lines in which no text of a transcript acts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import UTC

import click
import pytest
from msgspec.structs import replace

from store import database
from store.search import Found, Hit
from tests.fresh_store import fresh_store
from tests.store.made_up import NOW, add_session
from tests.store.written_turns import add_turn
from tests.tui.cli_home import EVIL, Cli
from tui import cli_search
from tui.cli_search import line

ID = "0b1c2d3e-0000-4000-8000-00000000abcd"


@pytest.fixture
def written(cli: Cli) -> Iterator[sqlite3.Connection]:
    """Two sessions with a turn each."""
    connection = fresh_store(cli.paths.store_file)
    add_session(connection, ID, cwd="/src/par\x07\x9b2Jser")
    add_session(connection, "codex-1", agent="codex", cwd="/src/harbour")
    add_turn(connection, 3, ID, prompt=f"mend the pier {EVIL}", at=NOW)
    add_turn(connection, 1, "codex-1", answer="the pier stands", at=NOW + 86_400)
    yield connection
    connection.close()


@pytest.mark.usefixtures("written")
def test_the_contracts_list_newest_first(cli: Cli) -> None:
    assert cli("search", "pier", "--json").json() == [
        {
            "session": "codex-1", "turn": 1, "at": "2026-09-22T14:13:20.000Z", "field": "answer",
            "snippet": "the pier stands",
        },
        {
            "session": ID, "turn": 3, "at": "2026-09-21T14:13:20.000Z", "field": "prompt",
            "snippet": "mend the pier red C1",
        },
    ]  # fmt: skip


@pytest.mark.usefixtures("written")
@pytest.mark.parametrize(
    ("options", "found"),
    [
        ([], ["codex-1", ID]),
        (["--project", "harbour"], ["codex-1"]),
        (["--project", "/src"], ["codex-1", ID]),
        (["--agent", "claude"], [ID]),
        (["--since", "2026-09-22T00:00Z"], ["codex-1"]),
        (["--until", "2026-09-22T00:00Z"], [ID]),
        (["--limit", "1"], ["codex-1"]),
    ],
)
def test_filters(cli: Cli, options: list[str], found: list[str]) -> None:
    hits = cli("search", "pier", "--json", *options).json()
    assert isinstance(hits, list)
    assert [hit["session"] for hit in hits if isinstance(hit, dict)] == found


@pytest.mark.usefixtures("written")
def test_words_need_no_quotes(cli: Cli) -> None:
    assert cli("search", "mend", "pier").out.count("\n") == 1
    assert cli("search", '"pier mend"').out == "Nothing found.\n"
    assert cli("search", "--", "--pier").out.count("\n") == 2


@pytest.mark.usefixtures("written")
def test_no_control_of_a_transcript_reaches_the_terminal(cli: Cli) -> None:
    out = cli("search", "mend").out
    assert out.removesuffix("\n").isprintable()
    assert "0b1c2d3e  parser" in out


def test_matches_are_set_off_on_a_terminal() -> None:
    hit = Hit(session=ID, turn=3, at=NOW, field="prompt", snippet="… the pier", ranges=((6, 10),), project="harbour")
    shown = line(hit, UTC)
    assert shown.endswith("… the " + click.style("pier", bold=True))
    assert click.unstyle(shown) == "2026-09-21 14:13  0b1c2d3e  harbour               turn 3    prompt    … the pier"
    assert line(replace(hit, at=None, ranges=()), UTC).startswith("-     ")


def test_an_empty_store_is_an_empty_list(cli: Cli) -> None:
    assert cli("search", "pier", "--json").json() == []
    assert cli("search", "pier").out == "Nothing found.\n"


@pytest.mark.parametrize(
    "arguments", [[], ["x", "--since", "soon"], ["x", "--until", "2026-13-01"], ["x", "--limit", "0"]]
)
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: list[str]) -> None:
    assert cli("search", *arguments).code == 2


def test_a_search_that_was_cut_short_says_so(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli_search, "search", lambda *args, **options: Found(complete=False))
    result = cli("search", "--json", "--", "->")
    assert (result.code, result.json()) == (0, [])
    assert "newest turns" in result.err


@pytest.mark.usefixtures("written")
def test_a_store_that_may_only_be_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object) -> None:
        raise database.StoreError("not for writing")

    monkeypatch.setattr("tui.cli_context.open_store", refused)
    assert cli("search", "stands").out.count("\n") == 1
