"""`show ID --why TURN`: text for people, one JSON object for scripts, one line for what is not there."""

from __future__ import annotations

import sqlite3

import pytest

from store import breaks
from store.break_models import BreakView, NewBreak, WhyView
from tests.tui.cli_home import FIRST, Cli


@pytest.fixture
def broken(db: sqlite3.Connection) -> str:
    breaks.save(
        db,
        NewBreak(
            message_id="msg_1",
            session_id=FIRST,
            at=1_790_000_000.0,
            cause="system_changed",
            part="system",
            position=1,
            name="1",
            field="text",
            size_before=10,
            size_after=11,
            hash_before="aa",
            hash_after="bb",
            expected_read=30_000,
            read=20_000,
            written=10_000,
            ttl_class="1h",
        ),
    )
    return FIRST


def test_it_is_a_block_of_text(cli: Cli, broken: str) -> None:
    text = cli("show", broken, "--why", "1").out
    assert text.startswith("turn 1, 2026-09-21T14:13:20.000Z: the system prompt changed\n  where    system block 1\n")
    assert "10k of them again" in text


def test_and_one_json_object(cli: Cli, broken: str) -> None:
    found = cli("show", broken[:8], "--why", "1", "--json").object()
    assert set(found) == set(WhyView.__struct_fields__)
    assert (found["session"], found["turn"], found["client_miss"]) == (FIRST, 1, None)
    assert isinstance(found["breaks"], list)
    (one,) = found["breaks"]
    assert isinstance(one, dict)
    assert set(one) == set(BreakView.__struct_fields__)
    assert (one["cause"], one["rewritten"]) == ("system_changed", 10_000)
    assert one["usd"] == pytest.approx(0.08)


@pytest.mark.usefixtures("db")
def test_what_is_not_there(cli: Cli) -> None:
    assert cli("show", FIRST, "--why", "1").out == "turn 1: no break was seen by the gateway\n"
    assert cli("show", FIRST, "--why", "9").refused() == f"no turn 9 in session '{FIRST}'"
    assert cli("show", FIRST, "--why", "-1").code == 2
    assert cli("show", FIRST, "--why", "1", "--markdown").code == 2
