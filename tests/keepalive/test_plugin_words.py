"""The words of the plugin's folder as they stand in its files: the other side is written in another language."""

from __future__ import annotations

import json

import msgspec
import pytest

from keepalive.plugin_words import Announcement, Answer, Ask


def test_an_ask_is_written_with_the_names_that_the_plugin_reads() -> None:
    written = json.loads(msgspec.json.encode(Ask("a1", "me", 12.5, plan=True)))
    assert written == {"id": "a1", "to": "me", "notAfter": 12.5, "plan": True}


def test_an_ask_says_by_itself_that_nothing_may_leave_under_a_plans_login() -> None:
    assert json.loads(msgspec.json.encode(Ask("a1", "me", 12.5)))["plan"] is False
    assert msgspec.json.decode(b'{"id": "a1", "to": "me", "notAfter": 1}', type=Ask).plan is False


@pytest.mark.parametrize(
    "wrong",
    [{"at": -1}, {"at": "now"}, {"reason": "x" * 65}, {"state": "sent"}, {"usage": {"input": -1}}, {"status": 1000}],
)
def test_an_answer_has_bounds(wrong: dict[str, object]) -> None:
    said = {"v": 1, "id": "a1", "at": 1.0, "state": "done", **wrong}
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(json.dumps(said), type=Answer)


def test_what_another_version_adds_is_passed_over() -> None:
    said = {"v": 1, "session": "s", "instance": "i", "plugin": "9", "client": "9", "at": 1.0, "login": "plan"}
    assert msgspec.json.decode(json.dumps(said), type=Announcement).limits == ()
