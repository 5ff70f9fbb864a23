"""aider is told by its library's variable."""

from __future__ import annotations

import pytest

from tests.keepalive.launching.asking import DEFAULT, GATEWAY, NO_PROXY, Place


def test_its_variable_is_set_and_its_arguments_stay(place: Place) -> None:
    start = place.prepare("/opt/aider", "--model", "sonnet", "--", "a file")
    assert start.argv == ("/opt/aider", "--model", "sonnet", "--", "a file")
    assert start.environment == {"ANTHROPIC_API_BASE": GATEWAY, **NO_PROXY}
    assert (start.agent, start.upstream, start.note) == ("aider", DEFAULT, "")


@pytest.mark.parametrize("said", ["https://mine.example.com/x", "https://mine.example.com/x/v1/messages"])
def test_what_was_set_before_becomes_the_upstream(place: Place, said: str) -> None:
    place.environ["ANTHROPIC_BASE_URL"] = "https://second.example.com"
    assert place.prepare("aider").upstream == "https://second.example.com"
    place.environ["ANTHROPIC_API_BASE"] = said
    assert place.prepare("aider").upstream == "https://mine.example.com/x"
    assert place.prepare("aider", upstream="https://option.example.com/").upstream == "https://option.example.com"


def test_a_file_of_variables_that_beats_ours_is_said(place: Place) -> None:
    for folder in (place.home, place.cwd):
        file = place.write(
            folder / ".env", "ANTHROPIC_API_KEY=x\nexport ANTHROPIC_API_BASE='https://mine.example.com'\n"
        )
        assert str(file) in place.prepare("aider").note
        file.unlink()
    assert place.prepare("aider").note == ""
