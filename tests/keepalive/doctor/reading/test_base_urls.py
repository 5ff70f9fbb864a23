"""Base URLs are found in every place that sets one."""

from __future__ import annotations

import json
import socket

from keepalive.doctor.base_urls import BaseUrl
from keepalive.doctor.reading.around import Around
from keepalive.doctor.reading.base_urls import listens, read
from keepalive.supervisor import PORT
from store import settings
from store.launches import token_hash
from tests.fresh_store import fresh_store

TOKEN = "0123456789abcdef0123456789abcdef"


def test_environment_and_settings_in_their_order(around: Around) -> None:
    file = around.paths.claude_dir / "settings.json"
    file.parent.mkdir()
    file.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": "https://llm.example"}}))
    local = around.cwd / ".claude" / "settings.local.json"
    local.write_text(json.dumps({"env": {"ANTHROPIC_BASE_URL": 7}}))
    around.environ = {**around.environ, "ANTHROPIC_BASE_URL": f"http://127.0.0.1:1/s/{TOKEN}"}
    found = read(around)
    assert found.port is None
    assert found.found == [
        BaseUrl(f"http://127.0.0.1:1/s/{TOKEN}", None, listening=False, launch_over=True),
        BaseUrl("https://llm.example", file),
    ]


def test_the_stores_port_and_a_launch_that_lives(around: Around) -> None:
    connection = fresh_store(around.paths.store_file)
    settings.put(connection, PORT, 4242)
    connection.execute(
        "INSERT INTO launches (id, token_hash, agent, pid, cwd, upstream, started_at)"
        " VALUES ('launch-1', ?, 'claude', 1, '/', 'http://127.0.0.1:9', 1.0)",
        (token_hash(TOKEN),),
    )
    connection.close()
    around.environ = {**around.environ, "ANTHROPIC_BASE_URL": f"http://127.0.0.1:1/s/{TOKEN}"}
    found = read(around)
    assert found.port == 4242
    assert not found.found[0].launch_over


def test_a_port_is_asked() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert listens(port)
    assert not listens(port)
