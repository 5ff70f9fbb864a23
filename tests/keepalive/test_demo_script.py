from __future__ import annotations

from pathlib import Path

from keepalive.demo_script import from_line, to_line
from tests.keepalive.demo_sample import script


def test_a_script_survives_its_way_through_a_pipe(tmp_path: Path) -> None:
    sent = script(tmp_path, again=0, ttl="1h")
    line = to_line(sent)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert from_line(line) == sent
