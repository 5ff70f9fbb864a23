"""`simulate`: from a file, from the store, as text, JSON and a picture; and what it refuses."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path
from xml.etree import ElementTree as Tree

import pytest

from store import requests
from store.models import Evidence, Usage
from tests.keepalive.simulate.made_gaps import REAL, line, needs_real, write
from tests.tui.cli_home import FIRST, Cli, Json


@pytest.fixture
def gaps(tmp_path: Path) -> str:
    """Six sessions: each comes back after 8 minutes, and once after a while that is never twice the same."""
    lines = [
        line(session=session, request_to_request_seconds=seconds, ttl_before=ttl, ttl_after=ttl, last_of_session=last)
        for session in range(6)
        for ttl, seconds, last in (("5m", 480, 0), ("1h", 4_000 * (session + 1), 0), ("5m", 90, 1))
    ]
    return str(write(tmp_path / "gaps.csv", lines))


@pytest.fixture
def history(db: sqlite3.Connection) -> float:
    """A session in the store: seven requests ten minutes apart, the last one two days ago."""
    last = time.time() - 2 * 86_400
    for n in range(7):
        requests.record(
            db, message_id=f"old_{n}", session_id=FIRST, agent_id="", lineage_id=1, evidence=Evidence.TRANSCRIPT,
            model="claude-opus-5-5", started_at=last - 600 * (6 - n),
            usage=Usage(input=10, output=100, cache_read=40_000, cache_write_5m=1_000),
        )  # fmt: skip
    db.execute("DELETE FROM requests WHERE message_id = 'msg_1'")
    return last


def cells(value: dict[str, Json]) -> list[dict[str, Json]]:
    found = value["cells"]
    assert isinstance(found, list)
    return [cell for cell in found if isinstance(cell, dict)]


def test_text_of_the_whole_grid(cli: Cli, gaps: str) -> None:
    shown = cli("simulate", gaps)
    assert (shown.code, shown.err) == (0, "")
    assert shown.out.startswith("gaps.csv: 18 requests of 6 sessions, 24 idle periods")
    assert shown.out.count("\n> warmside ") == 4
    assert "read at 0.025" in shown.out


def test_the_grid_can_be_narrowed(cli: Cli, gaps: str) -> None:
    arguments = ("--read-price", "0.05", "--read-price", "0.05", "--ttl", "5m", "--ends", "0.9", "--ends", "1")
    found = cells(cli("simulate", gaps, *arguments, "--json").object())
    assert [(cell["ttl"], cell["read_multiplier"], cell["ends_signalled"]) for cell in found] == [
        ("5m", 0.05, 0.9),
        ("5m", 0.05, 1.0),
    ]
    one = cli("simulate", gaps, *arguments[2:-2]).out
    assert "Entries that live 5 minutes, a cache read at 0.05 of the input price, 90 % of ends signalled at once" in one
    assert one.count("> warmside") == 1


def test_json_has_the_whole_grid(cli: Cli, gaps: str) -> None:
    found = cli("simulate", gaps, "--json").object()
    assert found["unit"] == "input_tokens"
    assert len(cells(found)) == 24


def test_a_picture(cli: Cli, gaps: str, tmp_path: Path) -> None:
    file = tmp_path / "front.svg"
    shown = cli("simulate", gaps, "--svg", str(file), "--ttl", "1h", "--ends", "0", "--read-price", "0.1")
    assert shown.out.endswith(f"\nPicture: {file}\n")
    root = Tree.parse(file).getroot()  # noqa: S314 - our own
    assert root.tag.endswith("svg")
    assert "Picture" not in cli("simulate", gaps, "--svg", str(file), "--json").out
    refused = cli("simulate", gaps, "--svg", str(tmp_path / "no" / "front.svg")).refused()
    assert refused == f"cannot write {tmp_path / 'no' / 'front.svg'}: No such file or directory"


@pytest.mark.usefixtures("history")
def test_ones_own_history_at_models_own_prices(cli: Cli) -> None:
    found = cli("simulate", "--from-store", "--json").object()
    assert found["unit"] == "usd"
    short, long = cells(found)
    assert (short["ttl"], short["read_multiplier"], short["ends_signalled"]) == ("5m", None, None)
    assert (short["idle_periods"], short["lapses"], short["ends"], short["sessions"]) == (7, 6, 1, 1)
    assert long["idle_periods"] == 0
    # six requests that follow one: 40,000 tokens read at $0.2, 1,000 written at $5, 10 sent at $4 per million
    assert short["input_cost"] == pytest.approx(6 * (0.008 + 0.005 + 0.000_04))
    shown = cli("simulate", "--from-store").out
    assert shown.startswith("your history: 6 requests of 1 session, 7 idle periods")
    assert "warmside would have saved $" in shown
    assert "! 1 session and 6 lapses are very few sessions: no ranges, and nothing to conclude" in shown
    assert "1 hour" not in shown


@pytest.mark.usefixtures("history")
def test_ones_own_history_at_another_price(cli: Cli) -> None:
    found = cli("simulate", "--from-store", "--read-price", "0.1", "--ends", "0.5", "--ttl", "5m", "--json").object()
    (cell,) = cells(found)
    assert (found["unit"], cell["read_multiplier"], cell["ends_signalled"]) == ("input_tokens", 0.1, 0.5)


@pytest.mark.usefixtures("history")
def test_a_history_without_prices_has_nothing_to_score(cli: Cli, db: sqlite3.Connection) -> None:
    db.execute("DELETE FROM prices")
    refused = cli("simulate", "--from-store").refused()
    assert refused == "your history: nobody knows the prices of its models; name one with --read-price"


@pytest.mark.usefixtures("db")
def test_a_store_without_gaps(cli: Cli) -> None:
    assert cli("simulate", "--from-store").refused() == (
        "the store has no request after another yet; read transcripts with: warmside import"
    )


def test_files_that_cannot_be_scored(cli: Cli, tmp_path: Path) -> None:
    assert cli("simulate", str(tmp_path / "no.csv")).refused().startswith("cannot read ")
    wrong = write(tmp_path / "wrong.csv", [line(), line(prefix_tokens="many")])
    assert cli("simulate", str(wrong)).refused() == (
        "wrong.csv: line 3: prefix_tokens must be a whole number of tokens, not 'many'"
    )
    small = write(tmp_path / "small.csv", [line(prefix_tokens=100)])
    assert cli("simulate", str(small)).refused() == (
        "small.csv has no idle period with a prefix of 10,000 tokens to score"
    )


@pytest.mark.parametrize(
    "arguments",
    [
        (), ("gaps.csv", "--from-store"), ("gaps.csv", "--ends", "1.1"), ("gaps.csv", "--ends", "nan"),
        ("gaps.csv", "--read-price", "0"), ("gaps.csv", "--read-price", "cheap"), ("gaps.csv", "--ttl", "2h"),
    ],
)  # fmt: skip
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: tuple[str, ...]) -> None:
    assert cli("simulate", *arguments).code == 2


@needs_real
def test_the_whole_grid_of_real_gaps(cli: Cli) -> None:
    assert len(cells(cli("simulate", str(REAL), "--json").object())) == 24
