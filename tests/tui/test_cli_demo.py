"""`warmside demo` as a person starts it: real processes, loopback only, a folder of its own for all temporary files."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from click.testing import CliRunner

from keepalive import keeper
from keepalive.config import Config
from keepalive.paths import find_paths
from tui.cli_demo import demo, demo_with_screen
from tui.days_reader import StoreDays
from tui.history_reader import StoreHistory
from tui.store_feed import NoStart, StoreFeed

WARMSIDE = [sys.executable, "-c", "from tui.cli import main; main()"]


def environment(temporary: Path) -> dict[str, str]:
    plain = {name: value for name, value in os.environ.items() if name not in ("WARMSIDE_HOME", "CLAUDE_CONFIG_DIR")}
    return {**plain, "TMPDIR": str(temporary), "HOME": str(temporary / "home")}


def left_behind(temporary: Path) -> list[str]:
    """Folders of the demo, and processes that were started with one of them."""

    def named() -> Iterator[str]:
        for process in psutil.process_iter():
            try:
                home = process.environ().get("WARMSIDE_HOME", "")
                if home.startswith(str(temporary)) and process.status() != psutil.STATUS_ZOMBIE:
                    yield " ".join(process.cmdline())
            except psutil.Error:
                continue

    return [*(path.name for path in temporary.glob("warmside-demo-*")), *named()]


def test_without_a_screen_it_prints_a_ledger_with_pings_hits_and_a_saving(tmp_path: Path) -> None:
    ran = subprocess.run(
        [*WARMSIDE, "demo", "--seconds", "28", "--json"],
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        timeout=90,
        check=False,
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    ledger = json.loads(ran.stdout)
    assert ledger["pings"] > 0
    assert ledger["hits"] == ledger["pings"]
    assert ledger["saved_usd"] > 0
    assert ledger["net_usd"] == pytest.approx(ledger["saved_usd"] - ledger["spent_usd"])
    by_project = {line["label"]: line for line in ledger["by_session"]}
    assert by_project["etl-nightly"]["saved_usd"] == pytest.approx(ledger["saved_usd"])
    assert by_project["docs-site"]["pings"] == 1, "one ping was allowed"
    assert not by_project.keys() & {"release-notes", "checkout-tests"}, "ended, and switched off"
    assert left_behind(tmp_path) == []
    assert not (tmp_path / "home").exists(), "nothing was written to the person's own folders"


def test_a_signal_ends_everything_that_was_started(tmp_path: Path) -> None:
    with subprocess.Popen(
        [*WARMSIDE, "demo", "--seconds", "600", "--json"],
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        deadline = time.monotonic() + 30
        while not list(tmp_path.glob("warmside-demo-*/claude/projects/*/*.jsonl")):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.05)
        assert len(left_behind(tmp_path)) >= 4, "folder, stand-in, keeper and its worker, agents"
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, out, err) == (128 + signal.SIGTERM, "", "")
    assert left_behind(tmp_path) == []


def test_json_needs_an_end() -> None:
    result = CliRunner().invoke(demo, ["--json"])
    assert result.exit_code == 2
    assert "--json needs --seconds" in result.output


@pytest.mark.parametrize("seconds", ["4", "601", "x"])
def test_the_time_has_bounds(seconds: str) -> None:
    assert CliRunner().invoke(demo, ["--seconds", seconds]).exit_code == 2


def test_the_screens_process_loads_nothing_of_the_gateway() -> None:
    code = (
        "import sys, tui.cli_demo, keepalive.demo, keepalive.keeper, tui.app, tui.store_feed;"
        "print([name for name in ('aiohttp', 'anthropic', 'apscheduler', 'genai_prices') if name in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_the_screen_has_the_demos_history_ledger_and_keeper_and_starts_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The stage is set and cleared by its own tests; here is what the sidebar is handed."""
    home = find_paths({"HOME": str(tmp_path), "WARMSIDE_HOME": str(tmp_path / "home")})
    home.store_file.parent.mkdir(parents=True)
    shown: dict[str, object] = {}

    class Stage:
        paths, config = home, Config()

    @contextmanager
    def running() -> Iterator[Stage]:
        yield Stage()

    class Shown:
        def __init__(self, feed: StoreFeed, commands: object, clock: object, banner: str, **given: object) -> None:
            shown.update(given, feed=feed, banner=banner)

        def run(self) -> None:
            feed, made, days = (shown[name] for name in ("feed", "history", "days"))
            assert isinstance(feed, StoreFeed)
            assert callable(made)
            history = made()
            assert isinstance(history, StoreHistory)
            assert isinstance(days, StoreDays)
            assert keeper.front_ends_alive(feed.connection)
            assert history.overview().sessions == 0
            assert not days.days(1).ever
            with pytest.raises(NoStart, match="the demo has a keeper of its own"):
                feed.start_keeper()

    monkeypatch.setattr("keepalive.demo.running", running)
    monkeypatch.setattr("tui.app.WarmsideApp", Shown)
    monkeypatch.setattr("tui.errors.need_terminal", lambda: None)
    demo_with_screen("made-up money")
    assert (shown["banner"], shown["no_start"]) == ("made-up money", "the demo has a keeper of its own")
