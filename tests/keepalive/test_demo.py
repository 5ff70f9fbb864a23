from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest
from msgspec.structs import replace

from keepalive import config, demo
from keepalive.demo import DemoError, config_text, lifetime_for
from keepalive.paths import CLAUDE_HOME, HOME


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where temporary folders go."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize(("seconds", "lifetime"), [(5, 12), (28, 14), (45, 22.5), (60, 30), (600, 30)])
def test_a_short_run_has_a_shorter_lifetime(seconds: float, lifetime: float) -> None:
    assert lifetime_for(seconds) == lifetime


def test_the_configuration_speeds_up_lifetimes_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text(config_text("http://127.0.0.1:9", 30.0), encoding="utf-8")
    loaded = config.load(file)
    assert (loaded.ttl("5m"), loaded.ttl("1h")) == (30.0, 360.0)
    assert loaded.providers.anthropic.upstream == "http://127.0.0.1:9"
    plain = config.Config()
    assert loaded.budget.usd_per_day == 10 * plain.budget.usd_per_day
    assert replace(loaded.budget, usd_per_day=3.0, said=frozenset()) == plain.budget


def test_what_cannot_start_is_said_in_a_line_and_leaves_nothing(
    temporary: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = {name: os.environ.get(name) for name in (HOME, CLAUDE_HOME)}
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    monkeypatch.setattr(demo, "python_module", lambda name: [sys.executable, "-c", f"raise SystemExit('no {name}')"])
    with (
        pytest.raises(DemoError, match=r"the provider stand-in does not start: no keepalive\.demo_provider"),
        demo.running(),
    ):
        pass
    assert list(temporary.iterdir()) == []
    assert {name: os.environ.get(name) for name in before} == before
    assert {number: signal.getsignal(number) for number in handlers} == handlers


def test_a_signal_unwinds_once_and_later_ones_do_not_disturb() -> None:
    cleaned = []

    def interrupted() -> None:
        with demo._orderly_end():
            try:
                os.kill(os.getpid(), signal.SIGTERM)
            finally:
                os.kill(os.getpid(), signal.SIGINT)
                os.kill(os.getpid(), signal.SIGHUP)
                cleaned.append(True)

    with pytest.raises(SystemExit) as raised:
        interrupted()
    assert raised.value.code == 128 + signal.SIGTERM
    assert cleaned


def test_a_keeper_without_an_entry_is_found_by_its_folder(tmp_path: Path) -> None:
    """One that never came up: only its environment says whose it is. Its neighbours stay."""
    sleeper = [sys.executable, "-c", "import time; time.sleep(60)"]
    named = [*sleeper, "keepalive.keeper_main"]
    mine = subprocess.Popen(named, env={**os.environ, HOME: str(tmp_path / "a")})
    other_home = subprocess.Popen(named, env={**os.environ, HOME: str(tmp_path / "b")})
    other_program = subprocess.Popen(sleeper, env={**os.environ, HOME: str(tmp_path / "a")})
    try:
        demo._end_keeper_of(tmp_path / "a")
        assert not psutil.pid_exists(mine.pid)
        assert other_home.poll() is None
        assert other_program.poll() is None
    finally:
        for process in (mine, other_home, other_program):
            process.kill()
            process.wait()
