"""The client's own settings file, whatever it holds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from keepalive.client_settings import MOST_BYTES, ClientSettings
from store.idle_compaction import Rule

NAME = "CLAUDE_CODE_IDLE_COMPACT_MIN_TOKENS"


def rule(folder: Path, environ: dict[str, str] | None = None) -> Rule:
    return ClientSettings(folder, environ or {}).idle_compaction()


def test_without_a_file_it_is_the_default(tmp_path: Path) -> None:
    assert rule(tmp_path) == Rule()
    assert rule(tmp_path / "nowhere") == Rule()
    assert rule(tmp_path, {NAME: "150000"}) == Rule(min_tokens=150_000)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('{"idleCompaction": false}', Rule(on=False)),
        (f'{{"idleCompaction": true, "env": {{"{NAME}": "120000"}}}}', Rule(min_tokens=120_000)),
        (f'{{"env": {{"{NAME}": "7"}}}}', Rule(min_tokens=100_000)),
        ('{"env": []}', Rule()),
        ('{"env": null, "idleCompaction": "x"}', Rule()),
        ("[]", Rule()),
        ("", Rule()),
        ("{", Rule()),
        ("\udcff", Rule()),
        ("[" * 100_000, Rule()),
        (" " * MOST_BYTES + "{}", Rule()),
    ],
)
def test_anything_may_be_in_it(tmp_path: Path, text: str, expected: Rule) -> None:
    (tmp_path / "settings.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    assert rule(tmp_path) == expected


def test_the_file_comes_before_the_environment(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text(json.dumps({"env": {NAME: 120_000}}))
    assert rule(tmp_path, {NAME: "150000"}) == Rule(min_tokens=120_000)


def test_a_pipe_or_a_folder_of_that_name_holds_nothing_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "settings.json")
    assert rule(tmp_path) == Rule()
    other = tmp_path / "other"
    (other / "settings.json").mkdir(parents=True)
    assert rule(other) == Rule()


def test_a_change_is_seen_and_an_unchanged_file_is_not_read_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "settings.json"
    file.write_text('{"idleCompaction": false}')
    settings = ClientSettings(tmp_path, {})
    assert settings.idle_compaction() == Rule(on=False)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", lambda self: pytest.fail("read again"))
        assert settings.idle_compaction() == Rule(on=False)
    file.write_text('{"idleCompaction": true}')
    assert settings.idle_compaction() == Rule()
    file.unlink()
    assert settings.idle_compaction() == Rule()
