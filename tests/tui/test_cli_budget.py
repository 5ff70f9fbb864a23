"""`budget`: what a session may spend, shown and set."""

from __future__ import annotations

import sqlite3
import time
from datetime import datetime

import pytest

from store import budgets
from store.models import BudgetMode
from tests.tui.cli_home import FIRST, SECOND, Cli, Json
from tui.json_out import iso

KEYS = ["mode", "pings", "usd", "until"]


def until(result: dict[str, Json]) -> float:
    return datetime.fromisoformat(str(result["until"])).timestamp() - time.time()


@pytest.mark.usefixtures("db")
def test_without_orders_it_shows_what_holds(cli: Cli) -> None:
    cli.config("[budget]\nmode = 'off'\npings = 4\n")
    shown = cli("budget", FIRST, "--json").object()
    assert list(shown) == [
        *KEYS,
        "until_back",
        "usd_per_ping",
        "min_prefix_tokens",
        "usd_per_day",
        "paused_until",
        "origins",
    ]
    assert [shown[key] for key in KEYS] == ["off", 4, None, None]
    assert (shown["usd_per_ping"], shown["min_prefix_tokens"], shown["usd_per_day"]) == (0.25, 20_000, 3.0)
    assert cli("budget", FIRST).out.splitlines() == [
        "mode          off                                     config.toml [budget]",
        "pings         4 an idle period                        config.toml [budget]",
        "usd           no cap, $0.00 spent                     built-in default",
        "usd-per-ping  at most $0.25 a ping                    built-in default",
        "until         no end                                  config.toml [budget]",
        "prefix        20,000 tokens or more                   built-in default",
        "day           $3.00 over all sessions, $0.00 spent    built-in default",
    ]


@pytest.mark.usefixtures("db")
def test_a_limit_that_is_set_says_nothing_of_the_mode(cli: Cli) -> None:
    """Who caps the pings of a session, and later switches everything off, has switched that session off too."""
    cli("budget", FIRST, "--pings", "1")
    cli("budget", "--default", "--pings", "2")
    assert cli("budget", FIRST, "--json").object()["mode"] == "auto"
    cli.config('[budget]\nmode = "off"\n')
    assert cli("budget", FIRST, "--json").object()["mode"] == "off"
    cli.config("")
    cli("budget", "--default", "--mode", "off")
    found = cli("budget", FIRST, "--json").object()
    assert (found["mode"], found["pings"]) == ("off", 1)
    cli("budget", FIRST, "--mode", "auto")
    assert cli("budget", FIRST, "--json").object()["mode"] == "auto"
    cli("budget", FIRST, "--usd", "0.5")
    assert cli("budget", FIRST, "--json").object()["mode"] == "auto", "a mode that was said stays"


@pytest.mark.usefixtures("db")
def test_each_value_says_where_it_comes_from(cli: Cli) -> None:
    cli.config(
        '[budget.project.docs]\npings = 1\n[budget.agent.claude]\nusd_per_session = 2\n[budget.ttl."1h"]\npings = 9\n'
    )
    cli("budget", "--default", "--usd-per-ping", "0.0005")
    found = cli("budget", SECOND, "--json").object()
    assert [found[key] for key in KEYS] == ["auto", 1, 2.0, None]
    assert found["usd_per_ping"] == 0.0005
    assert found["origins"] == {
        "mode": "built_in",
        "pings": "budget.project.docs",
        "usd": "budget.agent.claude",
        "usd_per_ping": "stored",
        "until": "built_in",
        "min_prefix_tokens": "built_in",
    }
    assert cli("budget", FIRST, "--json").object()["pings"] == 9
    text = cli("budget", SECOND).out
    assert "config.toml [budget.project.docs]" in text
    assert "at most $0.0005 a ping                  stored default" in text
    assert (
        cli("budget", "--default")
        .out.splitlines()[-1]
        .startswith("but           other values for ttl 1h, agent claude, project docs")
    )


def test_a_session_is_set_and_the_rest_keeps_its_value(cli: Cli, db: sqlite3.Connection) -> None:
    shown = cli("budget", FIRST, "--pings", "3", "--usd", "1.50", "--json").object()
    assert [shown[key] for key in KEYS] == ["auto", 3, 1.5, None]
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


def test_a_row_takes_along_what_was_in_force_but_the_cap_a_ping(cli: Cli, db: sqlite3.Connection) -> None:
    """A hold keeps the caps of the defaults; what a ping may cost stays the configuration's to change."""
    cli.config("[budget]\npings = 4\nusd_per_session = 2\nusd_per_ping = 0.1\n")
    cli("budget", FIRST, "--mode", "hold")
    row = budgets.get(db, FIRST)
    assert row is not None
    assert (row.pings, row.usd, row.usd_per_ping) == (4, 2.0, None)
    assert cli("budget", FIRST, "--usd-per-ping", "0.05", "--json").object()["usd_per_ping"] == 0.05
    assert cli("budget", FIRST, "--pings", "1", "--json").object()["usd_per_ping"] == 0.05
    assert cli("budget", FIRST, "--usd-per-ping", "none", "--json").object()["usd_per_ping"] == 0.1


@pytest.mark.usefixtures("db")
def test_a_limit_is_taken_away(cli: Cli) -> None:
    cli.config("[budget]\npings = 4\nusd_per_session = 2\n")
    cli("budget", FIRST, "--until", "30m")
    shown = cli("budget", FIRST, "--pings", "none", "--usd", "none", "--until", "none", "--json").object()
    assert [shown[key] for key in KEYS] == ["auto", None, None, None]
    asked = cli("budget", FIRST, "--mode", "hold", "--until", "none")
    assert asked.code == 2
    assert "a hold has an end" in asked.err


def test_the_default_holds_what_was_said_and_the_config_the_rest(cli: Cli, db: sqlite3.Connection) -> None:
    cli.config("[budget]\npings = 4\n")
    shown = cli("budget", "--default", "--usd", "2", "--json").object()
    assert [shown[key] for key in KEYS] == ["auto", 4, 2.0, None]
    row = budgets.get(db, budgets.DEFAULT)
    assert row is not None
    assert (row.pings, row.usd) == (None, 2.0)
    assert cli("budget", "--default", "--pings", "2", "--json").object()["usd"] == 2.0
    assert cli("budget", "--default", "--pings", "none", "--json").object()["pings"] == 4


def test_a_reset_forgets_what_was_set(cli: Cli, db: sqlite3.Connection) -> None:
    cli("budget", FIRST, "--mode", "off")
    cli("budget", "--default", "--pings", "2")
    shown = cli("budget", FIRST, "--reset", "--json").object()
    assert [shown[key] for key in KEYS] == ["auto", 2, None, None]
    assert cli("budget", "--default", "--reset", "--json").object()["pings"] is None
    assert budgets.every(db) == {}


def test_all_of_it_is_paused_and_goes_on(cli: Cli, db: sqlite3.Connection) -> None:
    assert "paused        no pings at all until" in cli("budget", "--pause", "2h").out
    end = budgets.paused_until(db)
    assert end == pytest.approx(time.time() + 7200, abs=30)
    assert end is not None
    assert cli("budget", FIRST, "--json").object()["paused_until"] == iso(end)
    assert cli("budget", FIRST).out.splitlines()[-1].endswith("warmside budget --resume")
    today = cli("budget", "--pause", "today", "--json").object()["paused_until"]
    assert datetime.fromisoformat(str(today)).astimezone().strftime("%H:%M") == "00:00"
    assert cli("budget", "--resume").out == "No pause: pings go on as the budgets say.\n"
    assert budgets.paused_until(db) is None
    budgets.pause(db, 1.0)
    assert cli("budget", FIRST, "--json").object()["paused_until"] is None, "it is over"


@pytest.mark.usefixtures("db")
def test_what_stops_spending_works_with_a_broken_config(cli: Cli) -> None:
    cli.config("[budget]\npnigs = 4\n")
    assert cli("budget", FIRST, "--pings", "1").refused().endswith("budget.pnigs: unknown key, did you mean pings?")
    assert cli("budget", FIRST, "--mode", "off").code == 0
    assert cli("budget", "--pause", "today").code == 0


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
        [FIRST, "--until", "today 0:00"],
        [FIRST, "--pings", ""],
        [FIRST, "--usd", ""],
        [FIRST, "--usd-per-ping", "nan"],
        [FIRST, "--usd-per-ping", "-inf"],
        [FIRST, "--reset", "--pings", "1"],
        [FIRST, "--pause", "today"],
        ["--default", "--resume"],
        ["--pause", "today", "--resume"],
        ["--pause", "none"],
        ["--pause", "yesterday"],
        ["--reset"],
    ],
)
def test_wrong_orders_change_nothing(cli: Cli, db: sqlite3.Connection, arguments: list[str]) -> None:
    result = cli("budget", *arguments)
    assert (result.code, result.out) == (2, "")
    assert (budgets.every(db), budgets.paused_until(db)) == ({}, None)
    assert len([line for line in result.err.splitlines() if line.startswith("Error: ")]) == 1


@pytest.mark.usefixtures("db")
def test_a_time_that_is_over_is_refused_in_words(cli: Cli) -> None:
    result = cli("budget", FIRST, "--until", "today 0:00")
    assert result.err.splitlines()[-1] == "Error: Invalid value for '--until': that time is over, try tomorrow 9:00"


@pytest.mark.usefixtures("db")
def test_an_unknown_session_is_one_line(cli: Cli) -> None:
    assert cli("budget", "ffff", "--mode", "off").refused() == "no session 'ffff'"


@pytest.mark.usefixtures("db")
def test_a_hold_may_end_when_somebody_is_back(cli: Cli) -> None:
    shown = cli("budget", FIRST, "--mode", "hold", "--until", "back", "--json").object()
    assert (shown["mode"], shown["until_back"]) == ("hold", True)
    assert until(shown) == pytest.approx(24 * 3600, abs=30)
    assert "until         you are back, or " in cli("budget", FIRST).out
    assert cli("budget", FIRST, "--pings", "4", "--json").object()["until_back"] is True, "other changes leave it"
    timed = cli("budget", FIRST, "--until", "2h", "--json").object()
    assert timed["until_back"] is False
    assert until(timed) == pytest.approx(7200, abs=30)
    assert cli("budget", FIRST, "--mode", "auto", "--json").object()["until_back"] is False
