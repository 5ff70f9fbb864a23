"""What an install writes: the plugin as it is in the tree, and the folder; the client's own checks pass."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

from keepalive import plugin_files as shipped
from keepalive.plugin_files import plugin_files, plugin_version

SOURCE = Path(shipped.__file__).parent / "claude_plugin"
REPOSITORY = SOURCE.parents[1]
FOLDER = Path("/home/somebody/state/plugin")


def test_every_file_is_shipped() -> None:
    in_tree = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()}
    assert set(plugin_files(FOLDER)) == in_tree


def test_all_but_the_folder_is_as_in_the_tree() -> None:
    for name, data in plugin_files(FOLDER).items():
        if name != shipped.FOLDER_FILE:
            assert data == (SOURCE / name).read_bytes()


@pytest.mark.parametrize(
    "name", ["/plain", '/with "quotes"', "/with\\backslash", "/straße/日本", "/new\nline", "/a\u2028b"]
)
def test_any_folder_is_one_string_of_one_line(name: str) -> None:
    text = plugin_files(Path(name))[shipped.FOLDER_FILE].decode("ascii")
    lines = [line for line in text.splitlines() if not line.startswith("//")]
    assert len(lines) == 1
    value = re.fullmatch(r"export const FOLDER: string = (\".*\")", lines[0])
    assert value
    assert json.loads(value[1]) == name


def test_a_relative_folder_is_refused() -> None:
    with pytest.raises(ValueError, match="absolute"):
        plugin_files(Path("state/plugin"))


def test_one_version_everywhere() -> None:
    words = (SOURCE / "hooks" / "words.ts").read_text(encoding="utf-8")
    assert f"export const PLUGIN_VERSION = '{plugin_version()}'" in words


def test_nothing_is_asked_of_the_client_that_could_cost_or_leak() -> None:
    code = (SOURCE / "hooks" / "register.ts").read_text(encoding="utf-8")
    called = set(re.findall(r"\$\.(\w+\.\w+)", code))
    assert called == {
        "clock.after",
        "clock.now",
        "fs.exists",
        "fs.list",
        "fs.read",
        "fs.write",
        "model.fork",
        "session.id",
        "session.messages",
        "session.model",
        "session.usage",
        "session.version",
    }
    assert code.count("$.model.fork(") == code.count("$.model.fork({ prompt: PROMPT })") == 1, "and never an effort"


@pytest.fixture
def client() -> Path:
    """The real client, where it is installed."""
    named = os.environ.get("WARMSIDE_CLAUDE") or REPOSITORY / ".e2e" / "node_modules" / ".bin" / "claude"
    if not os.access(named, os.X_OK):
        pytest.skip("Claude Code is not installed (set WARMSIDE_CLAUDE)")
    return Path(named)


def run(client: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`claude plugin …` with a home of its own, and no way out of the machine."""
    closed = "http://127.0.0.1:9"
    environment: Mapping[str, str] = {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "HTTP_PROXY": closed,
        "HTTPS_PROXY": closed,
        "CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC": "1",
        "DISABLE_AUTOUPDATER": "1",
    }
    command = [str(client), "plugin", *arguments]
    return subprocess.run(command, cwd=home, env=environment, capture_output=True, text=True, timeout=60, check=False)


def laid(place: Path) -> Path:
    for name, data in plugin_files(FOLDER).items():
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(data)
    return place


def test_the_client_finds_the_plugin_valid(client: Path, tmp_path: Path) -> None:
    done = run(client, tmp_path, "validate", str(laid(tmp_path / "warmside")))
    assert done.returncode == 0, done.stdout
    assert "Validation passed" in done.stdout
    assert "✘" not in done.stdout


def test_the_plugins_own_tests_pass_in_the_client(client: Path, tmp_path: Path) -> None:
    place = laid(tmp_path / "warmside")
    shutil.copytree(Path(__file__).parent / "claude_plugin", place / "tests")
    done = run(client, tmp_path, "test", str(place))
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"^ 0 fail$", done.stdout + done.stderr, re.MULTILINE)
