"""Clients that say nothing: the process stands for the session until one shows up."""

from __future__ import annotations

import pytest

from keepalive.open_sessions.by_process import REFRESH_SECONDS, ByProcess
from keepalive.open_sessions.pairing import Candidate
from keepalive.open_sessions.types import OpenSession, SeenBy
from tests.keepalive.claude_folder import T0
from tests.keepalive.open_sessions.fake_machine import client, running


class Stored:
    """What a client has stored for each folder; counts how often it is asked."""

    def __init__(self) -> None:
        self.by_cwd: dict[str, list[Candidate]] = {}
        self.asked = 0
        self.now = 0.0

    def __call__(self, cwd: str) -> list[Candidate]:
        self.asked += 1
        return self.by_cwd.get(cwd, [])


PI = client("pi", running(60, "pi", cwd="/src/a", started=100, ancestors=(9,)))


@pytest.fixture
def stored() -> Stored:
    return Stored()


@pytest.fixture
def looked(stored: Stored) -> ByProcess:
    return ByProcess({"pi": stored}, lambda: stored.now)


def names(found: list[OpenSession]) -> dict[int, str]:
    return {session.pid: session.session_id for session in found}


def test_until_a_session_shows_up_the_process_stands_for_it(stored: Stored, looked: ByProcess) -> None:
    (found,) = looked.look("pi", [PI])
    assert (found.session_id, found.made_up, found.seen_by) == ("pi-60-100", True, SeenBy.PROCESS)
    assert (found.cwd, found.proc_start, found.started_at, found.ancestors) == ("/src/a", "100", T0 + 100, (9,))
    stored.by_cwd["/src/a"] = [Candidate("s1", T0 + 105, T0 + 110, "a title", "1.0")]
    (found,) = looked.look("pi", [PI])
    assert (found.session_id, found.made_up, found.name, found.version) == ("s1", False, "a title", "1.0")
    assert found.status_updated_at == T0 + 110


def test_a_client_without_ids_keeps_ours(looked: ByProcess) -> None:
    aider = client("aider", running(61, "aider", started=100))
    for _ in range(2):
        assert names(looked.look("aider", [aider])) == {61: "aider-61-100"}


def test_a_start_that_is_a_text_makes_an_id_without_blanks(looked: ByProcess) -> None:
    process = running(61, "aider")
    odd = type(process)(61, "1790000000.25 s", T0, ("aider",), "/src/a", ())
    assert names(looked.look("aider", [client("aider", odd)])) == {61: "aider-61-1790000000.25s"}


def test_who_has_a_session_is_asked_now_and_then(stored: Stored, looked: ByProcess) -> None:
    looked.look("pi", [PI])
    looked.look("pi", [PI])
    assert stored.asked == 2, "nothing known: each time"
    stored.by_cwd["/src/a"] = [Candidate("s1", T0 + 105, T0 + 110)]
    looked.look("pi", [PI])
    looked.look("pi", [PI])
    assert stored.asked == 3
    stored.by_cwd["/src/a"].append(Candidate("s2", T0 + 120, T0 + 120))
    stored.now += REFRESH_SECONDS
    assert names(looked.look("pi", [PI])) == {60: "s2"}, "the person went over to a new one"


def test_another_process_in_the_folder_is_news(stored: Stored, looked: ByProcess) -> None:
    stored.by_cwd["/src/a"] = [Candidate("s1", T0 + 105, T0 + 110)]
    looked.look("pi", [PI])
    other = client("pi", running(70, "pi", cwd="/src/a", started=300))
    elsewhere = client("pi", running(80, "pi", cwd="/src/b", started=50))
    assert names(looked.look("pi", [PI, other, elsewhere])) == {60: "s1", 70: "pi-70-300", 80: "pi-80-50"}
    assert names(looked.look("pi", [other])) == {70: "pi-70-300"}
