"""`doctor` as a command, for real: in an empty home, and in one with the real clients on PATH."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.tui.cli_home import Cli
from tests.tui.test_cli import HEAVY, loaded_by
from tui.key_names import EXAMPLES

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".e2e" / "node_modules" / ".bin"
AREAS = {
    *("clients", "shells", "plugin", "statusline", "settings", "subscription", "sessions", "base_url", "keeper"),
    *("config", "store", "prices", "terminal"),
}
SECRET = "made-up-key-0123456789"


def doctor(home: Path, *arguments: str, path: str = "/usr/bin:/bin", **environ: str) -> tuple[int, str, str]:
    ran = subprocess.run(
        [sys.executable, "-c", "from tui.cli import main; main()", "doctor", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=home,
        env={"HOME": str(home), "PATH": path, "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), **environ},
    )
    return ran.returncode, ran.stdout, ran.stderr


def test_an_empty_home_has_no_problem_and_stays_empty(tmp_path: Path) -> None:
    code, out, err = doctor(tmp_path)
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    assert out.splitlines()[-1].startswith("No problem, ")
    assert all(len(line) <= 80 for line in out.splitlines() if "/" not in line)
    assert list(tmp_path.iterdir()) == []


def test_json_names_every_area_and_a_problem_is_the_exit_code(tmp_path: Path) -> None:
    (tmp_path / "ws").mkdir()
    (tmp_path / "ws" / "config.toml").write_text("[budget]\nusd = 1\n")
    gateway = f"http://127.0.0.1:1/s/{'ab' * 16}"
    code, out, err = doctor(
        tmp_path,
        "--json",
        "--deep",
        WARMSIDE_HOME=str(tmp_path / "ws"),
        ANTHROPIC_BASE_URL=gateway,
        ANTHROPIC_API_KEY=SECRET,
    )
    assert (code, err) == (1, "")
    found = json.loads(out)
    assert {one["area"] for one in found} == AREAS
    assert all(set(one) == {"area", "level", "text", "mend"} for one in found)
    assert [one["area"] for one in found if one["level"] == "problem"] == ["base_url", "config"]
    assert "~/ws/config.toml:2: budget.usd: unknown key" in out
    assert SECRET not in out
    assert "ab" * 16 not in out
    assert sorted(path.name for path in tmp_path.rglob("*")) == ["config.toml", "ws"]


@pytest.mark.skipif(not (BIN / "claude").exists(), reason=f"the real clients are not installed in {BIN}")
def test_the_real_clients_are_found_with_their_versions(tmp_path: Path) -> None:
    code, out, _ = doctor(tmp_path, "--json", path=f"{BIN}{os.pathsep}/usr/bin{os.pathsep}/bin")
    assert code == 0
    said = [one["text"] for one in json.loads(out) if one["area"] == "clients"]
    for name in ("claude", "codex", "opencode", "gemini"):
        package = json.loads(((BIN / name).resolve().parent.parent / "package.json").read_text())
        assert f"{name} {package['version']}: {BIN / name}" in said
    assert list(tmp_path.iterdir()) == []


def test_keys_that_cannot_be_used_are_told_as_the_sidebar_tells_them(cli: Cli) -> None:
    cli.config('[keys]\npnig = "x"\nhold = ["s", "slash"]\n')
    sidebar = cli()
    found = [one for one in json.loads(cli("doctor", "--json").out) if one["area"] == "config"]
    assert [(one["level"], one["text"].partition("config.toml:")[2]) for one in found] == [
        ("problem", "4: keys.pnig: no such action; did you mean ping?; the sidebar does not open"),
        ("problem", f"5: keys.hold: no such key: 'slash'; a key is {EXAMPLES}; the sidebar does not open"),
        ("problem", "5: keys.hold: 's' is already the key of sort; the sidebar does not open"),
    ]
    assert "4: keys.pnig: no such action; did you mean ping?" in sidebar.err


@pytest.mark.usefixtures("db")
def test_over_a_store_it_loads_nothing_heavy(cli: Cli) -> None:
    shown = cli("doctor", "--json")
    assert shown.code in (0, 1)
    assert "could not be checked" not in shown.out
    assert "2 sessions" in shown.out
    assert loaded_by("from tui.cli import main; main(['doctor'])", *HEAVY, "sqlite_utils") == []
