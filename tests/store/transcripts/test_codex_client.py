"""Which paths are rollouts, and where they lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from store.transcripts.clients import Claim
from store.transcripts.codex_client import CODEX

THREAD = "019d7d4c-fef7-7d21-908c-d8850b805a6d"


def test_roots_follow_the_clients_own_setting() -> None:
    home = Path("/home/ann")
    assert CODEX.roots({}, home) == (home / ".codex/sessions", home / ".codex/archived_sessions")
    assert CODEX.roots({"CODEX_HOME": "/data/codex"}, home)[0] == Path("/data/codex/sessions")
    assert CODEX.roots({"CODEX_HOME": ""}, home)[0] == home / ".codex/sessions"


@pytest.mark.parametrize("folder", [".codex/sessions/2026/04/11", ".codex/archived_sessions", "", "subagents"])
def test_a_rollout_is_known_by_its_name_wherever_it_lies(folder: str) -> None:
    path = Path(folder) / f"rollout-2026-04-11T16-08-11-{THREAD}.jsonl"
    assert CODEX.claim(path) == Claim(THREAD)


@pytest.mark.parametrize(
    "name",
    [
        f"{THREAD}.jsonl",
        f"rollout-{THREAD}.jsonl",
        f"rollout-2026-04-11T16-08-11-{THREAD}.json",
        f"rollout-2026-04-11T16-08-11-{THREAD}.jsonl.zst",
        f"rollout-2026-04-11T16-08-11-{THREAD[:-1]}.jsonl",
        f"rollout-2026-04-11-{THREAD}.jsonl",
        f"xrollout-2026-04-11T16-08-11-{THREAD}.jsonl",
    ],
)
def test_other_files_are_nobody_of_ours(name: str) -> None:
    assert CODEX.claim(Path(name)) is None


def test_the_reader_is_made_anew_for_each_file() -> None:
    first, second = CODEX.reader(), CODEX.reader()
    assert first is not second
    assert (first.line_no, first.malformed, first.first_at, first.last_at) == (0, 0, None, None)
