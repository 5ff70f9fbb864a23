"""The bare command: what it opens, what it starts, and what it says once."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from keepalive import keeper
from keepalive.config import NotifyConfig
from keepalive.paths import Paths
from keepalive.supervisor import KeeperError
from store import database, settings
from store.models import KeeperView
from tests.tui.cli_home import Cli
from tui.board_order import SETTING, Order
from tui.days_reader import StoreDays
from tui.errors import need_terminal
from tui.history_reader import StoreHistory
from tui.keymap import DEFAULT, Keymap
from tui.store_feed import StoreFeed


class FakeApp:
    """Stands where the app would: runs the start-up work and notes what it was given."""

    opened: list[FakeApp]

    def __init__(
        self,
        feed: object,
        commands: object,
        clock: object,
        banner: str,
        *,
        look: object,
        startup: Callable[[], None] | None,
        notify: NotifyConfig | None = None,
        history: Callable[[], StoreHistory],
        days: StoreDays,
        order: Order,
        keymap: Keymap,
        no_start: str,
        log_file: Path,
        at_once: bool,
    ) -> None:
        assert isinstance(commands, StoreFeed)
        assert at_once
        self.banner, self.startup, self.notify, self.commands = banner, startup, notify, commands
        self.days, self.order, self.keymap, self.no_start = days, order, keymap, no_start
        self.history = history()
        self.seen = (self.history.overview().sessions, days.days(None).ever)
        self.error: Exception | None = None
        FakeApp.opened.append(self)

    def run(self) -> None:
        if self.startup is not None:
            try:
                self.startup()
            except KeeperError as error:  # as the app does: one line on the screen
                self.error = error


@pytest.fixture(autouse=True)
def app(monkeypatch: pytest.MonkeyPatch) -> list[FakeApp]:
    FakeApp.opened = []
    monkeypatch.setattr("tui.app.WarmsideApp", FakeApp)
    monkeypatch.setattr("tui.cli_sidebar.need_terminal", lambda: None)
    return FakeApp.opened


def test_without_a_terminal_it_is_one_line(cli: Cli, app: list[FakeApp], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tui.cli_sidebar.need_terminal", need_terminal)
    assert cli().refused() == "the sidebar needs a terminal; `warmside sessions` lists without one"
    assert app == []


@pytest.fixture
def ensured(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Whether this process was registered as a front end each time a keeper was asked for."""
    calls: list[bool] = []

    def ensure(connection: sqlite3.Connection, paths: Paths) -> KeeperView | None:
        calls.append(keeper.front_ends_alive(connection))
        return None

    monkeypatch.setattr(keeper, "ensure", ensure)
    return calls


def test_it_starts_a_keeper_that_knows_of_it_and_says_what_is_on_once(
    cli: Cli, db: sqlite3.Connection, app: list[FakeApp], ensured: list[bool]
) -> None:
    assert cli().code == 0
    assert cli().code == 0
    assert ensured == [True, True]
    assert "$0.25 a ping, $3.00 a day" in app[0].banner
    assert "--mode off" in app[0].banner
    assert app[1].banner == ""
    assert settings.keys(db, keeper.FRONT_END) == [], "and leaves"
    assert app[0].notify == NotifyConfig()
    assert (app[0].no_start, app[0].order, app[0].keymap) == ("", Order.NEED, DEFAULT)
    assert app[0].seen == (2, False), "both sessions of the store"


def test_without_keeper_nothing_is_started_or_written(
    cli: Cli, db: sqlite3.Connection, app: list[FakeApp], ensured: list[bool]
) -> None:
    before = db.execute("SELECT * FROM settings").fetchall()
    assert cli("--no-keeper").code == 0
    assert (app[0].startup, app[0].banner, ensured) == (None, "", [])
    assert app[0].no_start == "opened with --no-keeper"
    assert db.execute("SELECT * FROM settings").fetchall() == before


def test_a_read_only_store_is_shown_without_a_keeper(
    cli: Cli, db: sqlite3.Connection, app: list[FakeApp], ensured: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> None:
        raise database.StoreError("not for writing")

    monkeypatch.setattr("tui.store_feed.open_store", refused)
    assert cli().code == 0
    assert (app[0].startup, ensured) == (None, [])
    assert app[0].no_start == "no keeper: the store is read-only"


def test_a_keeper_that_does_not_start_is_said_on_the_screen(
    cli: Cli, app: list[FakeApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*args: object) -> KeeperView:
        raise KeeperError("port 1 is taken")

    monkeypatch.setattr(keeper, "ensure", refused)
    assert cli().code == 0
    assert str(app[0].error) == "port 1 is taken"


@pytest.mark.usefixtures("ensured")
def test_where_keep_alive_is_off_nothing_is_announced(cli: Cli, app: list[FakeApp]) -> None:
    cli.config("[budget]\nmode = 'off'\n")
    cli()
    assert app[0].banner == ""


@pytest.mark.usefixtures("ensured")
def test_a_machine_without_history_sees_the_demo_when_asked(
    cli: Cli, app: list[FakeApp], monkeypatch: pytest.MonkeyPatch
) -> None:
    shown: list[str] = []
    monkeypatch.setattr("tui.cli_demo.demo_with_screen", shown.append)
    assert cli("--demo-if-empty").code == 0
    assert len(shown) == 1
    assert (app, cli.paths.store_file.exists()) == ([], False)
    (cli.paths.claude_dir / "projects").mkdir(parents=True)
    assert cli("--demo-if-empty").code == 0
    assert (len(shown), len(app)) == (1, 1)


def test_the_key_starts_the_keeper_that_the_start_would(
    cli: Cli, db: sqlite3.Connection, app: list[FakeApp], ensured: list[bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    again: list[KeeperView] = []
    monkeypatch.setattr(FakeApp, "run", lambda self: again.append(self.commands.start_keeper()))
    assert cli().code == 0
    assert (len(again), ensured) == (1, [True]), "and it knows of us"


def test_the_list_begins_as_it_was_left(cli: Cli, db: sqlite3.Connection, app: list[FakeApp]) -> None:
    settings.put(db, SETTING, "cost")
    assert cli("--no-keeper").code == 0
    assert app[0].order is Order.COST


@pytest.mark.usefixtures("ensured")
def test_keys_are_the_persons_also_where_they_are_spoken_of(cli: Cli, app: list[FakeApp]) -> None:
    cli.config('[keys]\noff = ["ctrl+o", "O"]\nping = "P"\n')
    assert cli().code == 0
    assert app[0].keymap.by_key["P"] == "ping"
    assert "Off: ^o on a session, or `warmside" in app[0].banner


@pytest.mark.usefixtures("ensured")
def test_an_action_without_a_key_is_not_spoken_of_by_one(cli: Cli, app: list[FakeApp]) -> None:
    cli.config("[keys]\noff = []\n")
    assert cli().code == 0
    assert "Off: `warmside budget" in app[0].banner


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        ('pnig = "x"', 4, "keys.pnig: no such action; did you mean ping?"),
        ('ping = "x"\n\nhold = ["f2", "x"]', 6, "keys.hold: 'x' is already the key of ping"),
        ('\nping = "s"', 5, "keys.ping: 's' is already the key of sort"),
        ('ping = "ctrl+c"', 4, "keys.ping: no such key: 'ctrl+c'"),
        ("quit = []", 4, "keys.quit: needs a key"),
        ("quit = 3", 4, "keys.quit: not a key like"),
        ("quit = [3]", 4, "keys.quit: not a key like"),
    ],
)
def test_keys_that_cannot_be_meant_are_one_line_with_file_and_line(
    cli: Cli, app: list[FakeApp], text: str, line: int, said: str
) -> None:
    cli.config(f"[keys]\n{text}\n")
    refused = cli().refused()
    assert refused.startswith(f"{cli.paths.config_file}:{line}: {said}")
    assert app == []
    assert not cli.paths.store_file.exists(), "before anything is opened"
