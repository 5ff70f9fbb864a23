"""`ledger`: the contract's JSON, a sentence and tables for people, filters and the list of idle periods."""

from __future__ import annotations

import re
import sqlite3
import sys
from itertools import pairwise

import pytest
from msgspec.structs import replace

from store.models import LedgerLine, WaitingFor
from tests.store import idle_sample
from tests.store.idle_sample import MadePeriod, MadePing
from tests.store.made_up import NOW
from tests.tui.cli_home import EVIL, Cli, Json
from tui.cli_ledger import bars

NUMBERS = {"pings", "hits", "spent_usd", "saved_usd", "lost_usd", "net_usd", "closed"}
GROUPS = {"by_session", "by_day", "by_project", "by_agent", "by_login", "by_result"}
PING = MadePing("replay", True, 280.0)
KEPT = MadePeriod("a", "5m", WaitingFor.YOU, NOW, "request", 500.0, 1.0, (PING,))
STORED = [
    KEPT,
    KEPT._replace(session="b", opened=NOW + 86_400, closed_by="end", pings=(PING, PING)),
    KEPT._replace(session="c", opened=NOW + 2 * 86_400, ttl="1h", gap=60.0, pings=(PING._replace(after=50.0),)),
    KEPT._replace(session="c", opened=NOW + 3 * 86_400, pings=()),
]


@pytest.fixture
def spent(db: sqlite3.Connection) -> sqlite3.Connection:
    """One saved, one never came back, one came back early, one was never pinged."""
    idle_sample.fill(db, STORED)
    return db


def objects(value: Json) -> list[dict[str, Json]]:
    assert isinstance(value, list)
    return [entry for entry in value if isinstance(entry, dict)]


@pytest.mark.usefixtures("db")
def test_an_empty_ledger(cli: Cli) -> None:
    assert cli("ledger", "--json").object() == {
        **dict.fromkeys(NUMBERS, 0),
        **{name: [] for name in GROUPS},
    }
    assert cli("ledger").out == "No ping sent: nothing spent, nothing saved.\n"
    assert cli("ledger", "--periods").out == "No ping sent: nothing spent, nothing saved.\n"


@pytest.mark.usefixtures("spent")
def test_the_contracts_object(cli: Cli) -> None:
    view = cli("ledger", "--json").object()
    assert set(view) == NUMBERS | GROUPS
    assert [view[name] for name in ("pings", "hits", "closed")] == [4, 4, 3]
    assert [view[name] for name in ("spent_usd", "saved_usd", "lost_usd", "net_usd")] == pytest.approx(
        [0.08, 0.48, 0.06, 0.40]
    )
    keys = {name: [line["key"] for line in objects(view[name])] for name in GROUPS - {"by_day"}}
    assert keys == {
        "by_session": ["c", "b", "a"],
        "by_project": ["pier", "harbour"],
        "by_agent": ["claude", "other"],
        "by_login": [""],
        "by_result": ["kept", "early", "never_back"],
    }
    assert set(objects(view["by_day"])[0]) == NUMBERS | {"key", "label"}


@pytest.mark.usefixtures("spent")
def test_periods_are_listed_newest_first(cli: Cli) -> None:
    view = cli("ledger", "--periods", "--json").object()
    assert set(view) == NUMBERS | GROUPS | {"periods"}
    periods = objects(view["periods"])
    assert [(one["session"], one["result"]) for one in periods] == [("c", "early"), ("b", "never_back"), ("a", "kept")]
    assert set(periods[0]) == {
        *("session", "project", "agent", "opened_at", "original_expires_at", "closed_at", "closed_by", "waiting_for"),
        *("ttl", "prefix_tokens", "warmer", "pings", "hits", "spent_usd", "saved_usd", "lost_usd", "result"),
    }
    assert (periods[2]["opened_at"], periods[2]["ttl"]) == ("2026-09-21T14:13:20.000Z", "5m")
    newest = cli("ledger", "--periods", "--limit", "1", "--json").object()
    assert objects(newest["periods"]) == periods[:1]
    assert newest["pings"] == 4, "the totals are of all"


@pytest.mark.usefixtures("spent")
@pytest.mark.parametrize(
    ("arguments", "sessions"),
    [
        (["--project", "Harbour"], ["a"]),
        (["--project", "/home/x"], ["c", "b", "a"]),
        (["--agent", "other"], ["c"]),
        (["--since", "2026-09-22T12:00"], ["c", "b"]),
        (["--since", "2026-09-30"], []),
        (["--agent", "claude", "--project", "pier"], ["b"]),
    ],
)
def test_filters(cli: Cli, arguments: list[str], sessions: list[str]) -> None:
    view = cli("ledger", "--periods", "--json", *arguments).object()
    assert [line["key"] for line in objects(view["by_session"])] == sessions
    assert [line["session"] for line in objects(view["periods"])] == sessions


@pytest.mark.usefixtures("spent")
def test_a_person_reads_a_sentence_and_tables(cli: Cli) -> None:
    lines = cli("ledger").out.splitlines()
    assert lines[0] == (
        "Spent $0.08 on 4 pings, saved $0.48 in 1 idle period that was read after expiry; $0.06 of it lost: "
        "$0.04 on 1 that never came back, $0.02 on 1 that came back early."
    )
    heads = [after for line, after in pairwise(lines) if not line]
    assert [head[:25].rstrip() for head in heads] == [
        *("what came of it", "day, newest first", "agent", "project", "session, newest first"),
    ]
    assert "pier                             3        3    $0.06        –    $0.06   -$0.06" in lines
    assert "a  harbour                       1        1    $0.02    $0.48        –   +$0.46" in lines
    assert len({len(line) for line in lines[1:] if line}) == 1, "columns stand under each other"


@pytest.mark.usefixtures("spent")
def test_a_person_reads_the_periods(cli: Cli) -> None:
    sentence, _, head, *rows = cli("ledger", "--periods").out.splitlines()
    assert sentence.startswith("Spent $0.08 on 4 pings")
    assert head.startswith("from           idle  waited for  ttl  size    pings   spent  what came of it")
    assert [re.split(r"  +", row)[-3:] for row in rows] == [
        ["back early", "c", "pier"],
        ["never back", "b", "pier"],
        ["saved $0.48", "a", "harbour"],
    ]


def test_a_long_table_is_cut_and_says_so(cli: Cli, db: sqlite3.Connection) -> None:
    idle_sample.fill(db, [KEPT._replace(opened=NOW + 86_400 * n) for n in range(20)])
    assert "6 more: --json has all" in cli("ledger").out


@pytest.mark.parametrize("arguments", [["ledger"], ["ledger", "--periods"], ["ledger", "--periods", "--json"]])
def test_no_control_of_a_name_reaches_the_terminal(cli: Cli, spent: sqlite3.Connection, arguments: list[str]) -> None:
    spent.execute("UPDATE sessions SET project = ?, agent = ? WHERE id = 'a'", (EVIL, EVIL))
    result = cli(*arguments)
    assert result.code == 0
    assert re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f]", result.out) is None


DAYS = (
    LedgerLine(key="2026-11-21", pings=2, spent_usd=0.5, saved_usd=3.0),
    LedgerLine(key="2026-11-23", pings=2, spent_usd=0.5, lost_usd=0.5),
)
UTF8 = {"LANG": "C.UTF-8"}


def drawn(days: tuple[LedgerLine, ...] = DAYS, columns: int = 60, environ: dict[str, str] = UTF8) -> list[str]:
    return [re.sub(r"\x1b\[\d*m", "", row).rstrip() for row in bars(days, "2026-11-24", columns, environ)]


def test_a_terminal_gets_the_days_as_bars() -> None:
    assert drawn() == [
        "",
        " $3.00 █████                      █ saved",
        "       █████",
        "       █████",
        "       █████",
        "       █████",
        "       █████",
        "     0 ───────────────────────",
        " $0.50 █████       █████          █ spent",
        "      21 Nov 22    23    24",
    ]


def test_no_bars_where_there_is_nothing_to_see() -> None:
    assert drawn(columns=39) == []
    assert drawn(()) == []
    assert drawn((replace(DAYS[0], key="2026-11-24"),)) == []
    assert max(map(len, drawn(columns=400))) <= 88


@pytest.mark.parametrize("columns", [40, 60, 200])
def test_bars_without_unicode_or_colour(columns: int) -> None:
    assert "\n".join(drawn(columns=columns, environ={"LANG": "C"})).isascii()
    coloured, plain = ("".join(bars(DAYS, "2026-11-24", columns, {**UTF8, **more})) for more in ({}, {"NO_COLOR": "1"}))
    assert "\x1b[32m" in coloured
    assert "\x1b[3" not in plain


@pytest.mark.usefixtures("spent")
def test_bars_only_for_a_terminal(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    assert "█" not in cli("ledger").out
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LANG", "C.UTF-8")
    monkeypatch.delenv("LC_ALL", raising=False)
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    rows = cli("ledger").out.splitlines()
    assert rows[0].startswith("Spent $0.08 on 4 pings")
    assert "\x1b[32m█\x1b[0m" in rows[2]
    assert any(row.startswith("pier ") for row in rows)


@pytest.mark.usefixtures("db")
def test_wrong_use(cli: Cli) -> None:
    assert "--limit goes with --periods" in cli("ledger", "--limit", "3").err
    assert "try 2026-11-24" in cli("ledger", "--since", "soon").err
    assert cli("ledger", "--since", "soon").code == 2
