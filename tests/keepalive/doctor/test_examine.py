"""All checks together: each area speaks, a failure stays in its own line, and nothing secret comes out."""

from __future__ import annotations

import json
import os
import sqlite3
import stat
from pathlib import Path

from keepalive.doctor.examine import AREAS, examine
from keepalive.doctor.finding import Finding, ok, problem
from keepalive.doctor.reading.around import Around

TOKEN = "0123456789abcdef0123456789abcdef"
KEY = "made-up-key-0123456789"


def tree(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mode, path.lstat().st_mtime_ns) for path in folder.rglob("*")}


def test_an_empty_home_has_no_problem_and_stays_empty(around: Around) -> None:
    before = tree(around.home)
    found = examine(around)
    assert {one.area for one in found} == set(AREAS)
    assert [one for one in found if one.level == "problem"] == []
    assert tree(around.home) == before


def test_a_home_that_cannot_be_written_is_looked_at_too(around: Around) -> None:
    around.home.chmod(stat.S_IRUSR | stat.S_IXUSR)
    try:
        found = examine(around)
    finally:
        around.home.chmod(0o700)
    assert {one.area for one in found} == set(AREAS)
    assert not [one for one in found if "could not be checked" in one.text]


def test_a_check_that_fails_says_so_and_the_rest_goes_on(around: Around) -> None:
    def broken(around: Around) -> list[Finding]:
        raise RuntimeError(f"it was {KEY}")

    def locked(around: Around) -> list[Finding]:
        raise sqlite3.OperationalError("database is locked")

    def forbidden(around: Around) -> list[Finding]:
        raise PermissionError(13, "Permission denied", str(around.home / "x"))

    found = examine(around, {"a": broken, "b": locked, "c": forbidden, "d": lambda around: [ok("fine")]})
    assert found == [
        Finding("problem", "could not be checked: RuntimeError", area="a"),
        Finding("problem", "could not be checked: database is locked", area="b"),
        Finding("problem", "could not be checked: ~/x: Permission denied", area="c"),
        Finding("ok", "fine", area="d"),
    ]


def test_nothing_secret_and_nothing_that_acts_on_a_terminal_comes_out(around: Around) -> None:
    around.environ = {
        **around.environ,
        "ANTHROPIC_API_KEY": KEY,
        "ANTHROPIC_BASE_URL": f"http://me:{KEY}@127.0.0.1:1/s/{TOKEN}",
    }
    settings = around.paths.claude_dir / "settings.json"
    settings.parent.mkdir()
    hook = {"hooks": [{"type": "command", "command": f"curl -H {KEY}"}]}
    env = {
        "ANTHROPIC_AUTH_TOKEN": "another-made-up-one",
        "ANTHROPIC_BASE_URL": f"https://host/{KEY}?k=another-made-up-one",
    }
    settings.write_text(json.dumps({"env": env, "hooks": {"SubagentStop": [hook]}, "statusLine": {"command": KEY}}))

    def tells(around: Around) -> list[Finding]:
        return [problem(f"\x1b[31m{KEY}\nat /s/{TOKEN}", "run another-made-up-one")]

    found = examine(around, {**AREAS, "tells": tells})
    text = "\n".join(f"{one.text} {one.mend}" for one in found)
    for secret in (KEY, TOKEN, "another-made-up-one", "\x1b"):
        assert secret not in text
    assert found[-1] == Finding("problem", "*** at /s/***", "run ***", "tells")
    assert [one.level for one in found if one.area == "base_url"] == ["problem", "note"]


def test_a_file_that_is_no_store_is_told(around: Around) -> None:
    around.paths.store_file.parent.mkdir()
    around.paths.store_file.write_bytes(os.urandom(8_192))
    found = examine(around)
    store = [one for one in found if one.area == "store"]
    assert store[0].level == "problem"
    assert "not a database" in store[0].text
    assert {one.area for one in found} == set(AREAS)
