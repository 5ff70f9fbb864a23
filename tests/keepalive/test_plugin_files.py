"""What an install writes: the plugin as it is in the tree, and the folder; the client's own checks pass."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from keepalive import plugin_files as shipped
from keepalive.paths import find_paths
from keepalive.plugin_files import keeper_start, plugin_files, plugin_version

SOURCE = Path(shipped.__file__).parent / "claude_plugin"
REPOSITORY = SOURCE.parents[1]
FOLDER = Path("/home/somebody/state/plugin")


def test_every_file_is_shipped() -> None:
    in_tree = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*") if path.is_file()}
    assert set(plugin_files(FOLDER)) == in_tree


def test_all_but_what_is_filled_in_is_as_in_the_tree() -> None:
    for name, data in plugin_files(FOLDER).items():
        if name not in (shipped.FOLDER_FILE, shipped.START_FILE):
            assert data == (SOURCE / name).read_bytes()


def constants(data: bytes) -> dict[str, object]:
    """What a file of constants says, each of them one line of ASCII."""
    lines = [line for line in data.decode("ascii").splitlines() if not line.startswith("//")]
    found = [re.fullmatch(r"export const (\w+): (?:readonly )?string(?:\[\])? = (.+)", line) for line in lines]
    return {match[1]: json.loads(match[2]) for match in found if match} if all(found) else {}


ODD = ["/plain", '/with "quotes"', "/with\\backslash", "/straße/日本", "/new\nline", "/a\u2028b", "/a b/$(x)/${y}/`z`"]


@pytest.mark.parametrize("name", ODD)
def test_any_path_is_one_string_of_one_line(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WARMSIDE_HOME", name)
    files = plugin_files(Path(name), [name, "keeper", "start"])
    assert constants(files[shipped.FOLDER_FILE]) == {"FOLDER": name}
    assert constants(files[shipped.START_FILE]) == {"START": [name, "keeper", "start"], "HOME": name}


def test_the_tree_itself_names_no_folder_and_starts_nothing() -> None:
    assert constants((SOURCE / shipped.FOLDER_FILE).read_bytes().replace(b"''", b'""')) == {"FOLDER": ""}
    assert constants((SOURCE / shipped.START_FILE).read_bytes().replace(b"''", b'""')) == {"START": [], "HOME": ""}


@pytest.mark.parametrize(
    ("folder", "start"), [("state/plugin", []), ("/state", ["warmside", "keeper", "start"]), ("/state", ["./warmside"])]
)
def test_a_relative_path_is_refused(folder: str, start: list[str]) -> None:
    with pytest.raises(ValueError, match="absolute"):
        plugin_files(Path(folder), start)


def test_the_keeper_is_started_for_the_home_of_the_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("WARMSIDE_HOME", "own")
    assert constants(plugin_files(FOLDER)[shipped.START_FILE]) == {
        "START": keeper_start(),
        "HOME": str(tmp_path / "own"),
    }
    monkeypatch.delenv("WARMSIDE_HOME")
    said = constants(plugin_files(FOLDER)[shipped.START_FILE])
    assert said["HOME"] == "", "an empty name is none, also where a session has one"
    assert find_paths({"WARMSIDE_HOME": ""}) == find_paths({})


def test_the_keeper_is_started_by_the_script_beside_the_interpreter(tmp_path: Path) -> None:
    python = tmp_path / "bin" / "python"
    python.parent.mkdir()
    assert keeper_start(python)[0] == str(python)
    (python.parent / "warmside").touch(mode=0o644)
    assert keeper_start(python)[0] == str(python), "a file that cannot be run"
    (python.parent / "warmside").chmod(0o755)
    assert keeper_start(python) == [str(python.parent / "warmside"), "keeper", "start"]


def test_without_a_script_the_interpreter_does_the_same(tmp_path: Path) -> None:
    nowhere = tmp_path / "python"
    command = [sys.executable, *keeper_start(nowhere)[1:-2], "keeper", "--help"]
    (tmp_path / "tui.py").write_text("raise SystemExit('a module of the current folder')", encoding="utf-8")
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=30, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Start it in the background, unless it runs." in done.stdout


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
        "process.run",
        "session.id",
        "session.messages",
        "session.model",
        "session.usage",
        "session.version",
    }
    assert code.count("$.model.fork(") == code.count("$.model.fork({ prompt: PROMPT })") == 1, "and never an effort"
    assert code.count("$.process.run(") == code.count("$.process.run([...START], {") == 1, "and nothing else"


def test_no_value_of_a_credential_is_looked_at() -> None:
    words = (SOURCE / "hooks" / "words.ts").read_text(encoding="utf-8")
    code = (SOURCE / "hooks" / "register.ts").read_text(encoding="utf-8")
    assert re.findall(r"(\w+\()?init\?\.headers", code) == ["isPlan("]
    (body,) = re.findall(r"function isPlan\(.*?\n}\n", words, re.DOTALL)
    assert re.findall(r"\(headers as any\)\[(.*?)\]", body) == ["find('anthropic-beta') ?? ''"]
    assert re.findall(r"\bheaders\b(?! as any\)\[)", body) == ["headers"] * 4, "its type and its names, nothing more"


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
