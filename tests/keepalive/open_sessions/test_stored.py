"""Where each client keeps the sessions of a folder."""

from __future__ import annotations

import hashlib
import sqlite3
from pathlib import Path

import pytest

from keepalive.open_sessions.stored import MOST, gemini_sessions, opencode_sessions, pi_sessions, uuid7_time
from tests.keepalive.claude_folder import T0
from tests.keepalive.open_sessions.client_folders import (
    CWD,
    gemini_projects,
    gemini_session,
    opencode_database,
    opencode_session,
    pi_session,
    touched,
)

UUID7 = "01a21780-d443-7129-912a-c658c952c2a3"


def test_opencode_newest_first_without_subagents_and_other_folders(tmp_path: Path) -> None:
    stored = opencode_sessions(tmp_path / "opencode.db")
    assert stored(CWD) == []
    path = opencode_database(tmp_path)
    opencode_session(path, "ses_1", at=T0)
    opencode_session(path, "ses_2", at=T0 + 5)
    opencode_session(path, "ses_3", at=T0 + 6, parent="ses_2")
    opencode_session(path, "ses_4", at=T0 + 7, cwd="/src/other")
    found = stored(CWD)
    assert [candidate.session_id for candidate in found] == ["ses_2", "ses_1"]
    assert (found[0].created_at, found[0].updated_at, found[0].title, found[0].version) == (
        T0 + 5,
        T0 + 5,
        "a title",
        "1.18.33",
    )


def test_an_opencode_database_that_is_none_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "opencode.db").write_bytes(b"x" * 5000)
    with pytest.raises(sqlite3.Error):
        opencode_sessions(tmp_path / "opencode.db")(CWD)


def test_pi_takes_the_id_from_the_files_name(tmp_path: Path) -> None:
    stored = pi_sessions(tmp_path / "sessions")
    assert stored(CWD) == []
    file = pi_session(tmp_path, UUID7, at=T0 + 9)
    touched(file.with_name("notes.txt"), "", T0)
    (found,) = stored(CWD)
    assert (found.session_id, found.created_at, found.updated_at) == (UUID7, 1795690648.643, T0 + 9)
    assert stored("/src/made-up2") == []


def test_no_more_than_the_newest_are_looked_at(tmp_path: Path) -> None:
    for number in range(MOST + 5):
        pi_session(tmp_path, f"s{number}", at=T0 + number)
    found = pi_sessions(tmp_path / "sessions")(CWD)
    assert [candidate.session_id for candidate in found] == [f"s{MOST + 4 - number}" for number in range(MOST)]


def test_gemini_names_its_project_in_a_file_or_by_a_hash(tmp_path: Path) -> None:
    stored = gemini_sessions(tmp_path)
    assert stored(CWD) == []
    gemini_session(tmp_path, "aaaaaaaa", at=T0, project=hashlib.sha256(CWD.encode()).hexdigest())
    gemini_session(tmp_path, "bbbbbbbb", at=T0 + 5, project="made-up")
    gemini_session(tmp_path, "cccccccc", at=T0 + 6, project="made-up", kind="subagent")
    gemini_session(tmp_path, "dddddddd", at=T0 + 7, project="other")
    assert [candidate.session_id for candidate in stored(CWD)] == ["aaaaaaaa"]
    gemini_projects(tmp_path, **{CWD: "made-up", "/src/other": "other"})
    found = {candidate.session_id: candidate.created_at for candidate in stored(CWD)}
    assert found == {"aaaaaaaa": T0, "bbbbbbbb": T0 + 5}


@pytest.mark.parametrize("name", ["..", "a/b", "", 7])
def test_a_gemini_project_is_a_plain_name(tmp_path: Path, name: object) -> None:
    gemini_session(tmp_path, "aaaaaaaa", at=T0, project="a/b")
    gemini_projects(tmp_path, **{CWD: name})  # type: ignore[arg-type]
    assert gemini_sessions(tmp_path)(CWD) == []


def test_gemini_files_that_are_being_written_are_left_for_later(tmp_path: Path) -> None:
    gemini_projects(tmp_path, **{CWD: "made-up"})
    file = gemini_session(tmp_path, "aaaaaaaa", at=T0, project="made-up")
    whole = file.read_text()
    stored = gemini_sessions(tmp_path)
    for text in ("", whole[:20], "[]", '{"kind": "main"}'):
        file.write_text(text)
        assert stored(CWD) == []
    file.write_text(whole.replace("2026", "someday"))
    assert len(stored(CWD)) == 1
    (tmp_path / "projects.json").write_text("{")
    with pytest.raises(OSError, match="half-written"):
        stored(CWD)


def test_an_id_of_version_seven_holds_its_time() -> None:
    assert uuid7_time(UUID7) == 1795690648.643
    assert uuid7_time("0b1c2d3e-0000-4000-8000-00000000abcd") is None
    assert uuid7_time("x" * 12 + "7" + "0" * 19) is None
    assert uuid7_time("") is None
