"""What commands open first: for writing, or for reading alone where no more can be had."""

from __future__ import annotations

import sqlite3

import pytest

from store import database, settings
from tests.tui.cli_home import UPSTREAM, Cli
from tui.cli_context import here


def test_the_store_is_made_on_first_use(cli: Cli) -> None:
    at = here()
    assert at.paths == cli.paths
    assert at.config.providers.anthropic.upstream == UPSTREAM
    settings.put(at.connection, "x", 1)
    assert at.keeper is None
    at.connection.close()


@pytest.mark.parametrize("error", [database.StoreError("no"), sqlite3.OperationalError("readonly")])
def test_else_it_is_opened_for_reading(
    cli: Cli, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    settings.put(db, "x", 1)

    def refused(*args: object) -> None:
        raise error

    monkeypatch.setattr("tui.cli_context.open_store", refused)
    at = here()
    assert settings.get(at.connection, "x") == 1
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        settings.put(at.connection, "x", 2)
    at.connection.close()


def test_no_store_at_all_is_said(cli: Cli, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(*args: object) -> None:
        raise database.StoreError("no")

    monkeypatch.setattr("tui.cli_context.open_store", refused)
    with pytest.raises(database.StoreError, match=f"no store at {cli.paths.store_file} yet"):
        here()
