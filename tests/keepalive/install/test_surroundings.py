"""What around an install decides whether it works, read from files that are not ours."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from keepalive.install import surroundings
from keepalive.install.surroundings import Hook, Layer, find_client, hidden_line, login, obstacles, version_of


def write(path: Path, value: object) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_the_version_is_read_where_a_file_says_it(tmp_path: Path) -> None:
    package = tmp_path / "node_modules" / "@anthropic-ai" / "claude-code"
    started = tmp_path / "started"
    client = program(package / "bin" / "claude.exe", f"touch {started}")
    write(package / "package.json", {"name": "@anthropic-ai/claude-code", "version": "2.1.331"})
    link = tmp_path / "bin" / "claude"
    link.parent.mkdir()
    link.symlink_to(client)
    assert find_client({"PATH": str(link.parent)}) == link
    assert find_client({"PATH": "/nowhere"}) is None
    assert version_of(link) == "2.1.331"
    native = tmp_path / "native"
    native.symlink_to(program(tmp_path / "versions" / "2.1.300", f"touch {started}"))
    assert version_of(native) == "2.1.300"
    assert not started.exists(), "no client was started for it"


@pytest.mark.parametrize(
    ("says", "version"), [("echo '2.1.290 (Claude Code)'", "2.1.290"), ("echo no; exit 1", ""), ("exec sleep 60", "")]
)
def test_else_the_client_is_asked_for_a_while(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, says: str, version: str
) -> None:
    monkeypatch.setattr(surroundings, "ASK_SECONDS", 0.3 if "sleep" in says else 10.0)
    assert version_of(program(tmp_path / "claude", says)) == version


def test_a_client_that_cannot_be_started_has_no_version(tmp_path: Path) -> None:
    assert version_of(tmp_path / "gone") == ""


def test_layers_are_the_files_that_exist(tmp_path: Path) -> None:
    claude, project, managed = tmp_path / "claude", tmp_path / "project", tmp_path / "managed"
    there = [
        write(managed / "managed-settings.json", {"a": 1}),
        write(managed / "managed-settings.d" / "10.json", {"a": 1}),
        write(claude / "remote-settings.json", {"a": 1}),
        write(claude / "settings.json", {"a": 1}),
        write(project / ".claude" / "settings.local.json", {"a": 1}),
    ]
    (project / ".claude" / "settings.json").write_text("{broken", encoding="utf-8")
    found = surroundings.layers(claude, project, managed)
    assert [layer.path for layer in found] == there
    assert [layer.managed for layer in found] == [True, True, True, False, False]


def test_nothing_stands_in_the_way_of_a_plain_client() -> None:
    layers = [Layer(Path("/s"), {"disableAllHooks": False, "allowManagedHooksOnly": True, "env": {"A": "1"}})]
    assert obstacles(layers, {"CLAUDE_CODE_SIMPLE": "0"}, "2.1.287") == []
    assert obstacles([], {}, "") == []


@pytest.mark.parametrize(
    ("layer", "environ", "version", "said"),
    [
        (Layer(Path("/s"), {}), {}, "2.1.286", "Claude Code 2.1.286 ignores the plugin: it needs 2.1.287 or newer"),
        (Layer(Path("/s"), {"disableAllHooks": True}), {}, "", "/s: disableAllHooks is set: plugin and status line"),
        (Layer(Path("/m"), {"allowManagedHooksOnly": True}, managed=True), {}, "", "/m: allowManagedHooksOnly is set"),
        (Layer(Path("/m"), {"p": {"o": {"allowManagedModsOnly": True}}}, managed=True), {}, "", "allowManagedModsOnly"),
        (Layer(Path("/s"), {}), {"CLAUDE_CODE_SIMPLE": "1"}, "", "CLAUDE_CODE_SIMPLE is set, which means --bare"),
        (Layer(Path("/s"), {"env": {"CLAUDE_CODE_SAFE_MODE": "1"}}), {}, "", "which means --safe-mode"),
    ],
)
def test_what_keeps_the_plugin_inactive_is_said(layer: Layer, environ: dict[str, str], version: str, said: str) -> None:
    (line,) = obstacles([layer], environ, version)
    assert said in line


def test_other_status_lines_are_named() -> None:
    own, project = Layer(Path("/s"), {"statusLine": {}}), Layer(Path("/p"), {"statusLine": {}})
    assert hidden_line([own, project, Layer(Path("/q"), {})], Path("/s")) == [Path("/p")]


def test_hooks_that_forks_fire(tmp_path: Path) -> None:
    def hooks(*inner: object) -> dict[str, object]:
        return {"hooks": {"SubagentStop": [{"matcher": "", "hooks": list(inner)}], "Stop": [{"hooks": [{}]}]}}

    own = Layer(Path("/s"), hooks({"type": "command", "command": "notify"}, {"type": "prompt"}, "odd"))
    market = tmp_path / "market" / "one"
    write(market / "hooks" / "hooks.json", hooks({"type": "http", "url": "http://x"}))
    write(
        tmp_path / "plugins" / "installed_plugins.json",
        {"version": 2, "plugins": {"one@m": [{"installPath": str(market)}, 3], "two@m": {"installPath": "relative"}}},
    )
    skill = write(tmp_path / "skills" / "two" / "hooks" / "hooks.json", hooks({"type": "command", "command": "say"}))
    write(tmp_path / "skills" / "warmside" / "hooks" / "hooks.json", {"modules": ["./register.ts"]})
    assert surroundings.subagent_hooks(tmp_path, [own]) == [
        Hook(Path("/s"), "notify"),
        Hook(Path("/s"), "prompt"),
        Hook(market / "hooks" / "hooks.json", "http://x"),
        Hook(skill, "say"),
    ]


@pytest.mark.parametrize("odd", [{"hooks": 3}, {"hooks": {"SubagentStop": 3}}, {"hooks": {"SubagentStop": [3, {}]}}])
def test_odd_hooks_are_none(tmp_path: Path, odd: dict[str, object]) -> None:
    assert surroundings.subagent_hooks(tmp_path, [Layer(Path("/s"), odd)]) == []


def test_the_kind_of_login_is_told_without_reading_a_credential(tmp_path: Path) -> None:
    claude = tmp_path / ".claude"
    claude.mkdir()
    assert login(claude, [], {}) == ""
    assert login(claude, [], {"ANTHROPIC_API_KEY": "k"}) == "api_key"
    assert login(claude, [Layer(Path("/s"), {"apiKeyHelper": "x"})], {}) == "api_key"
    assert login(claude, [Layer(Path("/s"), {"env": {"CLAUDE_CODE_OAUTH_TOKEN": "t"}})], {}) == "subscription"
    write(tmp_path / ".claude.json", {"customApiKeyResponses": {"approved": ["x"]}})
    assert login(claude, [], {}) == "api_key"
    write(tmp_path / ".claude.json", {"oauthAccount": {"x": 1}})
    assert login(claude, [], {"ANTHROPIC_API_KEY": "k"}) == "subscription"
    assert login(claude, [], {"CLAUDE_CONFIG_DIR": str(claude)}) == ""
    credentials = claude / ".credentials.json"
    credentials.mkdir()  # whatever it is, it is not opened
    assert login(claude, [], {"CLAUDE_CONFIG_DIR": str(claude)}) == "subscription"
