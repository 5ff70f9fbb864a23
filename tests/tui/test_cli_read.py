"""`sessions`, `show`: JSON as promised, and text that no transcript can turn against the terminal."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing

import pytest
from msgspec.structs import replace

from store import database, sessions
from store.migrations import open_store
from store.models import SessionDetail, SessionView
from tests.tui import sample
from tests.tui.cli_home import FIRST, SECOND, Cli, Json
from tui.cli_read import _line

UNSAFE = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]")


def objects(value: Json) -> list[dict[str, Json]]:
    assert isinstance(value, list)
    found = [entry for entry in value if isinstance(entry, dict)]
    assert len(found) == len(value)
    return found


def inner(value: dict[str, Json], key: str) -> dict[str, Json]:
    found = value[key]
    assert isinstance(found, dict)
    return found


@pytest.mark.usefixtures("db")
def test_sessions_are_the_contracts_objects_newest_first(cli: Cli) -> None:
    first, second = objects(cli("sessions", "--json").json())
    assert (first["id"], second["id"]) == (FIRST, SECOND)
    assert set(first) >= {
        "id", "agent", "project", "cwd", "title", "status", "waiting_for", "pid", "opened_at", "last_activity_at",
        "ended_at", "model", "context_tokens", "cache", "keepalive", "totals",
    }  # fmt: skip
    cache, keepalive, totals = inner(first, "cache"), inner(first, "keepalive"), inner(first, "totals")
    assert set(cache) >= {"state", "ttl", "expires_at", "evidence", "reason", "cold_tokens", "cold_usd"}
    assert set(keepalive) >= {
        "mode", "warmer", "pings", "usd", "idle_pings", "idle_max_pings", "max_usd", "next_ping_at", "why",
    }  # fmt: skip
    assert (cache["state"], cache["ttl"], cache["evidence"], cache["cold_tokens"]) == (
        "warm",
        "1h",
        "transcript",
        30_000,
    )
    assert cache["cold_usd"] == pytest.approx(0.24)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", str(cache["expires_at"]))
    assert totals == {
        "requests": 1, "input": 10, "output": 100, "cache_read": 20_000, "cache_write_5m": 0,
        "cache_write_1h": 10_000, "reasoning": 0, "usd": pytest.approx(0.08604),
    }  # fmt: skip
    assert (second["status"], second["ended_at"]) == ("ended", "1970-01-01T00:00:03.000Z")
    assert set(first) == set(SessionView.__struct_fields__)


@pytest.mark.usefixtures("db")
def test_open_and_limit_choose(cli: Cli) -> None:
    assert [entry["id"] for entry in objects(cli("sessions", "--open", "--json").json())] == [FIRST]
    assert [entry["id"] for entry in objects(cli("sessions", "--limit", "1", "--json").json())] == [FIRST]


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--project", "harbour"], ["a", "d"]),
        (["--project", "/src"], ["a", "b"]),
        (["--agent", "codex"], ["c"]),
        (["--agent", "claude", "--limit", "2"], ["a", "b"]),
        (["--project", "docs", "--open"], []),
        (["--project", "nowhere"], []),
    ],
)
def test_project_and_agent_choose(cli: Cli, options: list[str], found: list[str]) -> None:
    with closing(open_store(cli.paths.store_file)) as db:
        sessions.save(db, "a", agent="claude", cwd="/src/harbour", last_activity_at=9.0)
        sessions.save(db, "b", agent="claude", cwd="/src/docs", last_activity_at=8.0, ended_at=8.0)
        sessions.save(db, "c", agent="codex", cwd="/old/pier", last_activity_at=7.0)
        sessions.save(db, "d", agent="claude", cwd="/old/Harbour", last_activity_at=6.0)
    assert [entry["id"] for entry in objects(cli("sessions", "--json", *options).json())] == found


def test_an_empty_store_is_an_empty_list(cli: Cli) -> None:
    assert cli("sessions", "--json").json() == []
    assert "warmside run -- claude" in cli("sessions").out


@pytest.mark.usefixtures("db")
def test_show_is_the_session_and_its_turns(cli: Cli) -> None:
    shown = cli("show", FIRST, "--json").object()
    assert set(shown) == set(SessionDetail.__struct_fields__)
    (turn,) = objects(shown["turns"])
    assert (turn["n"], turn["started_at"], turn["requests"]) == (1, "2026-11-24T10:00:00.000Z", 1)
    assert str(turn["prompt"]).startswith("do \x1b[31mred"), "JSON keeps the text as it is"
    assert cli("show", "0b1c2d", "--json").object()["id"] == FIRST


@pytest.mark.usefixtures("db")
def test_an_id_that_names_none_or_several_is_one_line(cli: Cli) -> None:
    assert cli("show", "ffff").refused() == "no session 'ffff'"
    assert cli("show", "").refused() == "no session ''"
    message = cli("show", "0b1c2", "--json").refused()
    assert FIRST in message
    assert SECOND in message


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "arguments", [["sessions"], ["show", FIRST], ["sessions", "--json"], ["show", FIRST, "--json"]]
)
def test_no_control_of_a_transcript_reaches_the_terminal(cli: Cli, arguments: list[str]) -> None:
    result = cli(*arguments)
    assert result.code == 0
    assert UNSAFE.search(result.out) is None


@pytest.mark.usefixtures("db")
def test_text_keeps_its_lines_and_their_indentation(cli: Cli) -> None:
    assert "\ndef f():\n    return 1\nred" in cli("show", FIRST).out


def test_a_store_that_may_only_be_read_can_be_read(
    cli: Cli, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise database.StoreError("not for writing")

    monkeypatch.setattr("tui.cli_context.open_store", refused)
    for arguments in (["sessions", "--json"], ["show", FIRST, "--json"], ["ledger", "--json"], ["budget", FIRST]):
        assert cli(*arguments).code == 0, arguments
    assert "readonly" in cli("budget", FIRST, "--mode", "off").refused()
    assert sessions.get(db, FIRST) is not None


@pytest.mark.parametrize(("chance", "said"), [(0.9, "90% warm"), (0.05, "5% warm"), (0.03, "gone"), (None, "likely")])
def test_a_line_says_when_it_was_and_how_likely_its_cache_is_there(chance: float | None, said: str) -> None:
    cache = replace(sample.SEARCH.cache, probability=chance)
    line = _line(replace(sample.SEARCH, cache=cache, last_activity_at=1_790_000_000.0))
    assert line.startswith("search-i  21 Sep   claude ")
    assert f"  cache {said}  if cold $0.11  " in line
