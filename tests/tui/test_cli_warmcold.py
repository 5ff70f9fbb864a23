"""`warmcold`: honest on nothing, JSON as promised, and words that claim no more than the figures."""

from __future__ import annotations

import re
import sqlite3
from dataclasses import replace

import pytest

from keepalive.warmcold import report
from store import database
from store.first_calls import FirstCalls
from store.warmcold import History, Outcome
from tests.keepalive.test_warmcold import back, drawn, many
from tests.tui.cli_home import Cli
from tui.cli_warmcold import text

CLAIMS = re.compile(r"\b(better|worse|smart\w*|significan\w*|proves?|harm\w*|hurts?|train of thought|forgets?)\b", re.I)


def shown(*history: object) -> str:
    return "\n".join(text(report(History(*history))))  # type: ignore[arg-type]


def test_nothing_at_all_says_what_it_takes(cli: Cli) -> None:
    out = cli("warmcold").out
    assert out.count("No prompt to compare yet.") == 3
    assert "lapse_probability = 0.1 below [experiment] in config.toml" in out
    assert "interval" not in out
    assert cli("warmcold", "--json").object()["since"] is None


@pytest.mark.usefixtures("db")
def test_the_contracts_object(cli: Cli) -> None:
    found = cli("warmcold", "--json", "--since", "2026-11-24T00:00Z").object()
    assert set(found) == {"since", "designs", "excluded", "without_transcript", "not_stored"}
    assert found["since"] == "2026-11-24T00:00:00.000Z"
    designs = found["designs"]
    assert isinstance(designs, list)
    assert [one["design"] for one in designs if isinstance(one, dict)] == ["A", "B", "C"]


@pytest.mark.parametrize("arguments", [["--since", "soon"], ["extra"], ["--nonsense"]])
def test_wrong_usage_is_exit_code_2(cli: Cli, arguments: list[str]) -> None:
    assert cli("warmcold", *arguments).code == 2


def test_the_configured_lifetimes_count(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[object] = []

    def read(connection: sqlite3.Connection, *, since: float, lifetimes: object) -> History:
        given.extend((since, lifetimes))
        return History()

    monkeypatch.setattr("store.warmcold.read", read)
    cli.config('ttl_seconds = {"5m" = 6.0}\n')
    assert cli("warmcold").code == 0
    assert given == [0.0, {"5m": 6.0, "1h": 3_600.0}]


@pytest.mark.usefixtures("db")
def test_a_store_that_may_only_be_read(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object) -> None:
        raise database.StoreError("not for writing")

    monkeypatch.setattr("tui.cli_context.open_store", refused)
    assert cli("warmcold").code == 0


def test_too_few_cannot_tell() -> None:
    told = Outcome(FirstCalls(1, 4), 1, requests=3, first_usd=0.25, usd=0.5)
    out = shown((back(gap=900.0, outcome=told), back("s2", gap=900.0, ttl="1h", read=100_000, outcome=told)))
    assert "Too few: this cannot tell. Both arms would need 3,700 Bash results." in out
    assert "warm     1 prompt in 1 session, 4 Bash results\n" in out
    assert re.search(r"failed Bash, first 10 calls +25\.0 % +25\.0 %\n", out)
    assert re.search(r"cost of the first request +\$0\.250 +\$0\.250\n", out)
    assert " less " not in out, "two sessions have no interval"
    assert out.count("Confounded") == 2


def test_enough_shows_the_interval_alone() -> None:
    out = shown((*many("ping", 400, 10), *many("lapse", 400, 40)), {"ping": 30, "lapse": 12})
    design = out.partition("\n\nB ")[0]
    assert "cannot tell" not in design
    assert "drawn: ping 30, lapse 12" in design
    assert re.search(r"failed Bash, first 10 calls +3\.0 % +10\.5 %   lapse less ping \+\d\.\d % to \+\d\.\d %\n", out)
    assert "ping     10 prompts in 10 sessions, 4,000 Bash results; found warm 10, cold 0, stripped 0" in design


def test_what_was_left_out_is_said() -> None:
    returns = (
        replace(drawn("lapse"), excluded="compacted"),
        drawn("ping"),
        replace(back(gap=900.0), excluded="small"),
        back(gap=900.0, read=100_000),
    )
    out = shown(returns, {"ping": 1, "lapse": 1}, 2)
    assert "excluded: compacted 1 (lapse)" in out
    assert "Not compared: compacted 1, prefix under 10k 1." in out
    assert "Transcript gone, so Bash results not known: 2 prompts." in out
    assert "in no arm, read past the lifetime or written again in time: 2" in out


def test_a_negative_difference_of_money_has_its_sign_before_the_dollar() -> None:
    returns = []
    for number in range(8):
        returns.append(drawn("ping", f"s{number}", outcome=Outcome(usd=4.0 + number / 10)))
        returns.append(drawn("lapse", f"s{number}", outcome=Outcome(usd=1.0 + number / 5)))
    out = shown(tuple(returns))
    assert re.search(r"cost of the turn +\$4\.350 +\$1\.700   lapse less ping -\$2\.\d+ to -\$2\.\d+\n", out)


@pytest.mark.parametrize("failed", [1, 300])
def test_no_verdict_in_any_words(failed: int) -> None:
    few = shown((*many("ping", 9, 1), *many("lapse", 9, 2)), {"ping": 30, "lapse": 12})
    lots = shown((*many("ping", 400, 1), *many("lapse", 400, failed)), {"ping": 30, "lapse": 12})
    for out in (shown(), few, lots):
        assert CLAIMS.search(out) is None
        assert "without a verdict" in out
        assert max(map(len, out.splitlines())) <= 130
