"""Clients on PATH: found, their versions read, and only asked where no file says it."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from keepalive.doctor.reading import clients
from keepalive.doctor.reading.clients import read, version_of


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_a_package_beside_the_client_says_its_version(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@made" / "codex"
    real = program(package / "dist" / "bin" / "codex.js", f"touch {tmp_path / 'started'}")
    (package / "package.json").write_text(json.dumps({"version": "1.2.3", "bin": {"codex": "dist/bin/codex.js"}}))
    (package / "dist" / "package.json").write_text(json.dumps({"type": "module", "version": "9.9.9"}))
    link = tmp_path / "bin" / "codex"
    link.parent.mkdir()
    link.symlink_to(real)
    (found,) = read({"PATH": str(link.parent)})
    assert (found.name, found.path, found.version) == ("codex", link, "1.2.3")
    assert not (tmp_path / "started").exists()


def test_a_number_as_the_name_and_a_python_distribution_say_it_too(tmp_path: Path) -> None:
    native = tmp_path / "claude"
    native.symlink_to(program(tmp_path / "versions" / "2.1.331", "exit 1"))
    assert version_of("claude", native) == "2.1.331"
    aider = program(tmp_path / "tool" / "bin" / "aider", "exit 1")
    (tmp_path / "tool" / "lib" / "python3.12" / "site-packages" / "aider_chat-0.86.1.dist-info").mkdir(parents=True)
    assert version_of("aider", aider) == "0.86.1"


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("echo 'pi v0.9.2 (made up)'", "0.9.2"),
        ("echo sk-ant-4.5-secret; exit 3", ""),
        ("cat", ""),
        ("yes no", ""),
        ("echo 1.0.0; sleep 60 & wait", "1.0.0"),
    ],
)
def test_else_the_client_is_asked(tmp_path: Path, text: str, version: str) -> None:
    assert version_of("pi", program(tmp_path / "pi", text)) == version


def test_a_client_that_does_not_answer_costs_no_more_than_its_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "ASK_SECONDS", 0.3)
    for name in ("pi", "qwen", "copilot"):
        program(tmp_path / name, "sleep 60 & sleep 60")
    started = time.monotonic()
    found = read({"PATH": str(tmp_path)})
    assert [(one.name, one.version) for one in found] == [("qwen", ""), ("copilot", ""), ("pi", "")]
    assert time.monotonic() - started < 30


def test_a_file_that_cannot_be_started_has_no_version(tmp_path: Path) -> None:
    broken = tmp_path / "pi"
    broken.write_text("#!/no/such/interpreter\n")
    broken.chmod(0o755)
    assert version_of("pi", broken) == ""
    assert read({"PATH": "/nowhere"}) == ()
