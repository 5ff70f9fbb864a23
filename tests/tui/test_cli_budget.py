"""`budget`: what a session may spend, shown and set."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime

import pytest

from store import budgets
from store.models import BudgetMode
from tests.tui.cli_home import FIRST, SECOND, Cli, Json


def until(result: dict[str, Json]) -> float:
    return datetime.fromisoformat(str(result["until"])).timestamp() - time.time()


@pytest.mark.usefixtures("db")
def test_without_orders_it_shows_what_holds(cli: Cli) -> None:
    cli.config("[budget]\nmode = 'off'\npings = 4\n")
    assert cli("budget", FIRST, "--json").object() == {"mode": "off", "pings": 4, "usd": None, "until": None}
    assert cli("budget", FIRST).out == "mode off  pings 4  usd -  until -\n"


def test_a_session_is_set_and_the_rest_keeps_its_value(cli: Cli, db: sqlite3.Connection) -> None:
    assert cli("budget", FIRST, "--pings", "3", "--usd", "1.50", "--json").object() == {
        "mode": "auto",
        "pings": 3,
        "usd": 1.5,
        "until": None,
    }
    assert cli("budget", FIRST[:6], "--mode", "off", "--json").object()["pings"] == 3
    row = budgets.get(db, FIRST)
    assert row is not None
    assert (row.mode, row.pings, row.usd) == (BudgetMode.OFF, 3, 1.5)
    assert budgets.get(db, SECOND) is None


def test_the_default_is_for_sessions_without_their_own(cli: Cli, db: sqlite3.Connection) -> None:
    cli("budget", FIRST, "--mode", "auto")
    assert cli("budget", "--default", "--mode", "off", "--json").object()["mode"] == "off"
    assert cli("budget", SECOND, "--json").object()["mode"] == "off"
    assert cli("budget", FIRST, "--json").object()["mode"] == "auto"
    row = budgets.get(db, budgets.DEFAULT)
    assert row is not None
    assert row.mode is BudgetMode.OFF


@pytest.mark.usefixtures("db")
def test_a_hold_has_an_end(cli: Cli) -> None:
    assert until(cli("budget", FIRST, "--mode", "hold", "--json").object()) == pytest.approx(7200, abs=30)
    assert until(cli("budget", FIRST, "--mode", "hold", "--until", "30m", "--json").object()) == pytest.approx(
        1800, abs=30
    )
    assert until(cli("budget", FIRST, "--mode", "hold", "--json").object()) == pytest.approx(1800, abs=30)
    assert cli("budget", FIRST, "--mode", "auto", "--json").object()["until"] is None


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "arguments",
    [
        [],
        [FIRST, "--default"],
        [FIRST, "--mode", "always"],
        [FIRST, "--pings", "-1"],
        [FIRST, "--pings", "many"],
        [FIRST, "--usd", "nan"],
        [FIRST, "--usd", "inf"],
        [FIRST, "--usd", "-1"],
        [FIRST, "--until", "soon"],
        [FIRST, "--mode", "hold", "--until", "25:00"],
    ],
)
def test_wrong_orders_change_nothing(cli: Cli, db: sqlite3.Connection, arguments: list[str]) -> None:
    result = cli("budget", *arguments)
    assert (result.code, result.out) == (2, "")
    assert budgets.changed_since(db, 0.0) == []


@pytest.mark.usefixtures("db")
def test_an_unknown_session_is_one_line(cli: Cli) -> None:
    assert cli("budget", "ffff", "--mode", "off").refused() == "no session 'ffff'"
