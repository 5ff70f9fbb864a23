"""`warmside statusline`: whatever it is given and whatever became of the store, no error reaches the screen."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from store.client_report import reports
from tests.store.test_reported import REAL
from tests.tui.cli_home import FIRST, Cli
from tui import statusline
from tui.statusline import quick, take

WARMSIDE = [sys.executable, "-c", "from tui.cli import main; main()"]


def call(session_id: str = FIRST, **cache: object) -> bytes:
    """A real call, its entry warm for another 200 seconds."""
    said = {**REAL["prompt_cache"], "expires_at": int(time.time()) + 200, **cache}  # type: ignore[dict-item]
    return json.dumps({**REAL, "session_id": session_id, "prompt_cache": said}).encode()


def run(given: bytes, *arguments: str, **more: str) -> bytes:
    """What a client sees; it is never an error."""
    done = subprocess.run(
        [*WARMSIDE, "statusline", *arguments],
        input=given,
        capture_output=True,
        env={**os.environ, "NO_COLOR": "1", **more},
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")
    return done.stdout


@pytest.fixture
def stored(cli: Cli, db: sqlite3.Connection) -> sqlite3.Connection:
    """A store with a session that its transcript calls warm for an hour."""
    assert cli.paths.store_file.exists()
    return db


def test_the_line_and_the_report(stored: sqlite3.Connection) -> None:
    shown = run(call()).decode()
    assert shown.startswith("◆ warm 3:")
    assert shown.endswith(" · cold $0.15\n")
    (kept,) = reports(stored, [FIRST]).values()
    assert (kept.report.warm, kept.report.ttl_class, kept.report.cold_tokens) == (True, "5m", 13_700)
    assert kept.report.last_miss_cause == "tools_changed,model_changed"


def test_colour_unless_it_is_not_wanted(stored: sqlite3.Connection) -> None:
    assert run(call(), NO_COLOR="", TERM="xterm").startswith(b"\x1b[32m\xe2\x97\x86 warm 3:")


@pytest.mark.usefixtures("cli")
def test_without_a_store_the_client_itself_is_believed_and_no_store_is_made(tmp_path: Path) -> None:
    assert run(call()).decode().endswith(" · cold 14k\n")
    assert not list(tmp_path.rglob("*.db*"))


def damaged(store: Path, how: str) -> None:
    if how == "garbage":
        store.write_bytes(b"this is no database" * 1000)
    elif how == "empty":
        store.write_bytes(b"")
    elif how == "half":
        store.write_bytes(store.read_bytes()[:20_000])
    elif how == "folder":
        store.unlink()
        store.mkdir()
    elif how == "newer":
        with sqlite3.connect(store) as connection:
            connection.execute("ALTER TABLE lineages RENAME COLUMN replaced TO something_else")
        connection.close()
    elif how == "narrower":
        with sqlite3.connect(store) as connection:
            connection.execute("DROP TABLE client_reports")
        connection.close()


@pytest.mark.parametrize("how", ["garbage", "empty", "half", "folder", "newer", "narrower"])
def test_a_store_that_cannot_be_used(cli: Cli, how: str) -> None:
    from contextlib import closing

    from store.migrations import open_store

    with closing(open_store(cli.paths.store_file)):
        pass
    damaged(cli.paths.store_file, how)
    assert run(call()).startswith("◆ warm 3:".encode())
    assert run(b"\x00") == b""


def test_a_store_that_somebody_writes_to(stored: sqlite3.Connection) -> None:
    stored.execute("BEGIN IMMEDIATE")
    assert run(call()).decode().endswith(" · cold $0.15\n")
    stored.execute("ROLLBACK")
    assert reports(stored, [FIRST]) == {}


def test_a_store_that_may_only_be_read(cli: Cli, stored: sqlite3.Connection) -> None:
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    stored.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    cli.paths.store_file.chmod(0o400)
    assert run(call()).startswith("◆ warm 3:".encode())


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary() | st.binary().map(lambda tail: call()[:200] + tail))
@example(b"")
@example(b"[" * 200_000)
@example(b'{"session_id": "\\ud800"}')
@example(b'{"session_id": "s", "prompt_cache": {"expires_at": 1e400, "misses": 1e308}}')
def test_no_input_is_an_error(stored: sqlite3.Connection, data: bytes) -> None:
    line = statusline._Line(data)
    printed = line.wait()
    line.finish()
    assert "\n" not in printed
    assert not line.failed, line.failed


@pytest.mark.parametrize(
    "data",
    [b"", b"\xff\x00" * 700_000, b"{}", b"null", call()[:-9]],
    ids=["empty", "huge", "no session", "no object", "cut"],
)
def test_garbage_prints_nothing(stored: sqlite3.Connection, data: bytes) -> None:
    assert run(data) == b""
    assert stored.execute("SELECT count(*) FROM client_reports").fetchone() == (0,)


def test_no_home_and_no_streams(tmp_path: Path) -> None:
    script = f"exec {sys.executable} -c 'from tui.cli import main; main()' statusline <&- >&- 2>&-"
    assert subprocess.run(["sh", "-c", script], check=False, timeout=60).returncode == 0
    assert run(call(), WARMSIDE_HOME="~nobody-of-this-name/x") == b""


def test_a_reader_that_has_gone(stored: sqlite3.Connection) -> None:
    done = subprocess.run(
        ["bash", "-c", f"set -o pipefail; {sys.executable} -c 'from tui.cli import main; main()' statusline | true"],
        input=call(),
        capture_output=True,
        check=False,
        timeout=60,
    )
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.parametrize(
    ("arguments", "own"),
    [
        (["--wrap=printf 'no line end'"], b"no line end\n"),
        (["--", "sh", "-c", "echo one; echo two; exit 7"], b"one\ntwo\n"),
        (["--wrap", "exit 1"], b""),
        (["--", "/no/such/program"], b""),
    ],
)
def test_the_own_line_comes_first(stored: sqlite3.Connection, arguments: Sequence[str], own: bytes) -> None:
    printed = run(call(), *arguments)
    assert printed.startswith(own + "◆ warm 3:".encode())
    assert len(reports(stored, [FIRST])) == 1


def test_the_own_line_gets_the_same_bytes(stored: sqlite3.Connection) -> None:
    data = call()
    assert run(data, "--wrap", "cat").startswith(data + "\n◆ warm 3:".encode())


def test_the_own_line_gets_bytes_that_we_cannot_use(stored: sqlite3.Connection) -> None:
    data = b"\x00\xff" * 1_000_000
    assert run(data, "--", "cat") == data


def test_a_store_that_hangs_costs_our_line_alone(stored: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    import threading

    release = threading.Event()
    monkeypatch.setattr("store.statusline_row.open_quickly", lambda path: release.wait(20))
    monkeypatch.setattr(statusline, "TEXT_SECONDS", 0.05)
    monkeypatch.setattr(statusline, "NOTE_SECONDS", 0.05)
    line = statusline._Line(call())
    assert line.wait() == ""
    line.finish()
    assert line._thread.is_alive(), "nobody waited for it"
    release.set()
    line._thread.join()


@pytest.mark.parametrize(
    ("arguments", "wrapped"),
    [
        ([], None),
        (["--wrap", "my line --help"], "my line --help"),
        (["--wrap=x"], "x"),
        (["--", "ls", "--help"], ("ls", "--help")),
    ],
)
def test_quick_takes_what_stands_in_settings(
    monkeypatch: pytest.MonkeyPatch, arguments: list[str], wrapped: statusline.Wrapped
) -> None:
    served: list[statusline.Wrapped] = []
    monkeypatch.setattr(statusline, "serve", served.append)
    assert quick(arguments)
    assert served == [wrapped]


@pytest.mark.parametrize("arguments", [["--help"], ["-h"], ["--wrap"], ["--wrap", ""], ["--wrap="], ["x"], ["--"]])
def test_quick_leaves_the_rest_to_the_command_line(arguments: list[str]) -> None:
    assert not quick(arguments)


def test_input_is_bounded_in_length_and_time() -> None:
    reads, writes = os.pipe()
    try:
        os.write(writes, b"abcdef")
        assert take(reads, limit=4) == (b"abcd", False)
        assert take(reads, seconds=0.01) == (b"ef", False)
        os.write(writes, b"g")
        os.close(writes)
        assert take(reads) == (b"g", True)
    finally:
        os.close(reads)
    assert take(reads) == (b"", True)


def test_a_terminal_is_not_read() -> None:
    master, terminal = os.openpty()
    try:
        assert take(terminal) == (b"", True)
    finally:
        os.close(master)
        os.close(terminal)


ALLOWED = {"store", "tui", "keepalive", "platformdirs"}


def test_nothing_but_the_standard_library_is_loaded(stored: sqlite3.Connection) -> None:
    script = (
        "import sys\nbefore = set(sys.modules)\nfrom tui.cli import main\nmain(['statusline', '--', 'true'])\n"
        "names = {name.partition('.')[0] for name in set(sys.modules) - before}\n"
        "print(*sorted(names - set(sys.stdlib_module_names)))"
    )
    done = subprocess.run([sys.executable, "-c", script], input=call(), capture_output=True, check=True, timeout=60)
    line, loaded = done.stdout.decode().splitlines()
    assert "warm" in line
    assert set(loaded.split()) <= ALLOWED
