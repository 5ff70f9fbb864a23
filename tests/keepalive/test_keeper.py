"""The keeper from outside, with real processes: it starts once, keeps its port, survives its halves, and ends."""

from __future__ import annotations

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import psutil
import pytest

from keepalive import keeper
from keepalive.supervisor import PORT, STATUS, KeeperError
from store import budgets, lineages, settings
from store.migrations import open_store
from store.models import BudgetMode, KeeperView
from store.rows import LineageRow
from tests.keepalive.keeper_home import KEY, Home, ask, ended, eventually, made_home

SESSION = "0b1c2d3e-0000-4000-8000-00000000abcd"
SECRET_PROMPT = "made-up secret prompt"


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Home]:
    with made_home(tmp_path, monkeypatch) as made:
        yield made


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)
    eventually(lambda: ended(pid))


def test_it_starts_apart_from_its_starter_keeps_its_port_and_stops(home: Home, tmp_path: Path) -> None:
    # Started by a shell that leaves at once, from a folder whose modules must not be taken for ours.
    folder = tmp_path / "project"
    (folder / "store").mkdir(parents=True)
    (folder / "store" / "__init__.py").write_text("raise SystemExit('the wrong store')")
    (folder / "random.py").write_text("raise SystemExit('the wrong random')")
    start = (
        "from keepalive import keeper; from keepalive.paths import find_paths;"
        "from store.migrations import open_store; p = find_paths();"
        "print(keeper.ensure(open_store(p.store_file), p).pid)"
    )
    shell = subprocess.run(
        ["/bin/sh", "-c", f'exec "{sys.executable}" -P -c "{start}"'],
        cwd=folder,
        capture_output=True,
        text=True,
        check=True,
    )
    found = home.status()
    assert found is not None
    assert (found.pid, found.supervised, found.upstream) == (int(shell.stdout), True, home.upstream.url)
    assert home.ensure() == found, "a second start finds the first"

    for pid in (found.pid, found.worker_pid):
        assert os.getsid(pid) == found.pid != os.getsid(0)
        assert psutil.Process(pid).terminal() is None
        assert psutil.Process(pid).cwd() == "/"
    assert psutil.Process(found.pid).ppid() != os.getpid()
    if sys.platform == "linux":
        for pid in (found.pid, found.worker_pid):  # where a worker that cannot even start says why
            assert Path(f"/proc/{pid}/fd/2").readlink() == home.paths.log_file

    (status, body) = ask(found.port)
    assert (status, json.loads(body)["id"]) == (200, "msg_1")

    assert keeper.stop(home.connection) is True
    assert ended(found.pid)
    assert ended(found.worker_pid)
    assert keeper.status(home.connection) is None
    assert keeper.stop(home.connection) is False

    again = home.ensure()
    assert again.port == found.port
    assert again.pid != found.pid


def test_a_killed_worker_is_replaced_and_queued_requests_are_answered(home: Home) -> None:
    found = home.ensure()
    assert ask(found.port)[0] == 200
    os.kill(found.worker_pid, signal.SIGKILL)
    killed = time.monotonic()
    assert ask(found.port)[0] == 200, "queued while nobody served"
    waited = time.monotonic() - killed

    def replaced() -> KeeperView | None:
        now = home.status()
        return now if now is not None and now.worker_pid != found.worker_pid else None

    now = eventually(replaced)
    assert (now.pid, now.port, now.supervised, now.since) == (found.pid, found.port, True, found.since)
    assert waited < 10.0, waited


def test_an_orphaned_worker_goes_on_alone_until_the_next_start(home: Home) -> None:
    found = home.ensure()
    kill(found.pid)

    def alone() -> KeeperView | None:
        now = home.status()
        return now if now is not None and not now.supervised else None

    orphan = eventually(alone)
    assert orphan.worker_pid == found.worker_pid
    eventually(lambda: settings.get(home.connection, STATUS) and _status(home)["supervised"] is False)
    assert ask(found.port)[0] == 200

    replaced = home.ensure()
    assert replaced.supervised
    assert replaced.port == found.port
    assert replaced.pid not in (found.pid, found.worker_pid)
    assert ended(found.worker_pid)
    assert ask(found.port)[0] == 200


def _status(home: Home) -> dict[str, settings.JsonValue]:
    value = settings.get(home.connection, STATUS)
    assert isinstance(value, dict)
    return value


def test_two_starts_at_once_make_one_keeper(home: Home) -> None:
    connections = [open_store(home.paths.store_file) for _ in range(2)]
    ready = threading.Barrier(2)

    def start(number: int) -> KeeperView:
        ready.wait()
        return keeper.ensure(connections[number], home.paths)

    try:
        with ThreadPoolExecutor(2) as pool:
            views = list(pool.map(start, range(2)))
    finally:
        for connection in connections:
            connection.close()
    for view in views:
        home.pids |= {view.pid, view.worker_pid}
    assert views[0].pid == views[1].pid
    assert len(_keepers(home)) == 2, "one parent and one worker, and no second starter that waits"


def _keepers(home: Home) -> list[int]:
    """Processes of keepers of this test's folder."""
    found = []
    for process in psutil.process_iter(["cmdline"]):
        if {"keepalive.keeper_main", "keepalive.worker_main"} & set(process.info["cmdline"] or ()):
            try:
                if process.environ().get("WARMSIDE_HOME") == str(home.paths.state_dir):
                    found.append(process.pid)
            except psutil.Error:
                continue
    return found


def conversation(turns: int) -> bytes:
    """A request's body with so many turns of one growing conversation."""
    said = [{"role": role, "content": SECRET_PROMPT} for _ in range(turns) for role in ("user", "assistant")][:-1]
    system = [{"type": "text", "text": SECRET_PROMPT, "cache_control": {"type": "ephemeral"}}]
    return json.dumps(
        {"model": "claude-opus-5-5", "max_tokens": 64, "tools": [], "system": system, "messages": said}
    ).encode()


HEADERS = {"x-api-key": KEY, "X-Claude-Code-Session-Id": SESSION, "anthropic-version": "2023-06-01"}


@pytest.mark.parametrize("broken", [True, False])
def test_with_a_broken_config_requests_pass_nothing_is_pinged_and_the_log_says_so(home: Home, broken: bool) -> None:
    if broken:
        home.paths.config_file.write_text("[budget]\nusd_per_dya = 1\n", encoding="utf-8")
    home.launch("tok_made_up_1")
    # A budget of the session's own, which says more than the file's default would.
    budgets.put(home.connection, SESSION, mode=BudgetMode.HOLD, pings=None, usd=None, until=None, now=1.0)
    found = home.ensure()
    for turns in (1, 2):
        assert ask(found.port, "/s/tok_made_up_1/v1/messages", conversation(turns), **HEADERS)[0] == 200
    assert home.upstream.requests[-1][0] == "/v1/messages"

    def planned() -> LineageRow | None:
        row = lineages.current(home.connection, SESSION)
        return (
            row if row is not None and row.requests == 2 and row.why not in ("", "one_request", "in_flight") else None
        )

    row = eventually(planned)
    if not broken:
        assert row.next_ping_at is not None
        return
    assert row.next_ping_at is None
    log = home.paths.log_file.read_text(encoding="utf-8")
    assert f"{home.paths.config_file}:2: budget.usd_per_dya: unknown key, did you mean usd_per_day?" in log


def test_the_log_is_private_and_holds_nothing_of_what_passed(home: Home) -> None:
    token = "tok_made_up_1"
    launch = home.launch(token)
    found = home.ensure()
    for path in (f"/s/{token}/v1/messages", "/v1/messages", f"/s/{token}/v1/messages"):
        assert ask(found.port, path, conversation(1), **HEADERS)[0] == 200
    assert ask(found.port, f"/s/{token}/v1/messages", b"{broken " + KEY.encode(), **HEADERS)[0] == 200

    def learned() -> bool:
        row = home.connection.execute("SELECT launch_id FROM sessions WHERE id = ?", (SESSION,)).fetchone()
        return row is not None and row[0] == launch

    eventually(learned)
    assert keeper.stop(home.connection)
    for file in (home.paths.log_file, home.paths.store_file, home.paths.lock_file):
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert stat.S_IMODE(home.paths.state_dir.stat().st_mode) == 0o700
    log = home.paths.log_file.read_text(encoding="utf-8")
    assert f"serves 127.0.0.1:{found.port}" in log
    for file in (path for path in home.paths.state_dir.rglob("*") if path.is_file()):
        data = file.read_bytes()
        for secret in (KEY, SECRET_PROMPT, token):
            assert secret.encode() not in data, (file, secret)


def test_a_taken_port_is_an_error_at_once_while_a_launch_lives_and_else_a_new_port(home: Home) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        taken = other.getsockname()[1]
        settings.put(home.connection, PORT, taken)
        launch = home.launch("tok_made_up_1")
        began = time.monotonic()
        with pytest.raises(KeeperError, match=rf"port {taken} on 127.0.0.1 is taken .*restart the agents"):
            home.ensure()
        assert time.monotonic() - began < 10.0
        home.connection.execute("UPDATE launches SET ended_at = 1 WHERE id = ?", (launch,))
        assert home.ensure().port != taken


def test_front_ends_count_while_their_process_lives(home: Home) -> None:
    assert not keeper.front_ends_alive(home.connection)
    keeper.register_front_end(home.connection)
    assert keeper.front_ends_alive(home.connection)
    keeper.leave_front_end(home.connection)
    assert not keeper.front_ends_alive(home.connection)

    me = psutil.Process()
    settings.put(home.connection, f"{keeper.FRONT_END}{me.pid}", me.create_time() - 100.0)
    settings.put(home.connection, f"{keeper.FRONT_END}4194399", 1.0)
    assert not keeper.front_ends_alive(home.connection), "a pid that was used again, and one that is gone"
    assert settings.keys(home.connection, keeper.FRONT_END) == []


def test_a_status_whose_processes_are_gone_or_others_is_no_keeper(home: Home) -> None:
    value: dict[str, settings.JsonValue] = {
        "pid": os.getpid(),  # alive, but no keeper
        "worker_pid": 4194399,
        "port": 1,
        "upstream": "http://127.0.0.1:1",
        "since": 1.0,
        "supervised": True,
    }
    settings.put(home.connection, STATUS, value)
    assert keeper.status(home.connection) is None
    settings.put(home.connection, STATUS, "nonsense")
    assert keeper.status(home.connection) is None
