from __future__ import annotations

import asyncio
import http.client
import os
import subprocess
from pathlib import Path

from keepalive.demo_agent import Agent
from keepalive.demo_provider import _Provider
from keepalive.supervisor import python_module
from tests.keepalive.demo_sample import script


async def test_it_keeps_nothing_of_what_it_saw(tmp_path: Path) -> None:
    provider = _Provider(30.0)
    await provider.start()
    read, write = os.pipe()
    try:
        with os.fdopen(read) as stdin:
            await asyncio.to_thread(Agent(script(tmp_path, url=provider.url), stdin).run)
        await provider.received(5)
        assert provider.log == []
    finally:
        os.close(write)
        await provider.stop()


def test_it_serves_until_its_starter_is_gone() -> None:
    with subprocess.Popen(
        [*python_module("keepalive.demo_provider"), "--lifetime=30"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=10)
        connection.request("HEAD", "/api/hello")
        assert connection.getresponse().status == 200
        connection.close()
        said, _ = process.communicate(timeout=20)  # closes stdin
    assert (process.returncode, said) == (0, "")
