"""Our part of the status line: in around the person's own command, and out again."""

from __future__ import annotations

import json
import shlex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from keepalive.install.record import StatusLine
from keepalive.install.settings_edit import load
from keepalive.install.status_line import Edited, add, call_of, command, take_out
from tests.keepalive.install.found import PROGRAM, runs
from tests.keepalive.install.json_documents import OBJECTS

OWN = "~/.claude/line.sh 'a b' | tr x y"


def written(**line: object) -> str:
    return json.dumps({"model": "opus", "statusLine": line, "env": {"A": "ü"}}, indent=2, ensure_ascii=False)


def line_of(text: str | None) -> dict[str, object]:
    value = load(text or "")["statusLine"]
    assert isinstance(value, dict)
    return value


def test_without_a_line_of_ones_own() -> None:
    for text in (None, "{}", '{"a": 1}'):
        edited = add(text, PROGRAM, None, runs)
        assert line_of(edited.text) == {"type": "command", "command": f"{PROGRAM} statusline", "refreshInterval": 5}
        assert edited.line is not None
        assert edited.line.before is None


def test_ones_own_line_goes_into_the_wrapper_and_keeps_its_members() -> None:
    text = written(type="command", command=OWN, padding=2, hideVimModeIndicator=True)
    edited = add(text, "/opt/my tools/warmside", None, runs)
    line = line_of(edited.text)
    assert shlex.split(str(line["command"])) == ["/opt/my tools/warmside", "statusline", "--wrap", OWN]
    assert line == {**line_of(text), "command": line["command"], "refreshInterval": 5}
    assert add(written(type="command", command=OWN, refreshInterval=30), PROGRAM, None, runs).text == written(
        type="command", command=command(PROGRAM, OWN), refreshInterval=30
    ), "an interval of their own stays"


@pytest.mark.parametrize("own", ["", "  \n"])
def test_an_empty_command_is_not_wrapped(own: str) -> None:
    assert command(PROGRAM, own) == f"{PROGRAM} statusline"


@pytest.mark.parametrize("line", [None, "x", {"type": "other", "command": "x"}, {"type": "command"}, {"command": 3}])
def test_what_is_no_command_stays(line: object) -> None:
    text = json.dumps({"statusLine": line})
    edited = add(text, PROGRAM, None, runs)
    assert (edited.text, edited.line) == (text, None)
    assert "is no command: it stays" in edited.note


@pytest.mark.parametrize(
    "own", ["warmside statusline", f"{PROGRAM} statusline --wrap 'date'", "WARMSIDE_HOME=/x warmside statusline"]
)
def test_a_call_that_the_person_has_written_stays(own: str) -> None:
    edited = add(written(type="command", command=own), PROGRAM, None, runs)
    assert (edited.text, edited.line) == (written(type="command", command=own), None)
    assert "calls warmside already" in edited.note


def test_a_call_in_a_script_of_ones_own_stays() -> None:
    text = written(type="command", command="date; warmside statusline")
    assert add(text, PROGRAM, None, runs).text == text


def test_a_call_of_a_program_that_has_gone_is_mended() -> None:
    text = written(type="command", command="A=1 '/old one/warmside' statusline --wrap 'date'")
    edited = add(text, PROGRAM, None, runs)
    assert line_of(edited.text)["command"] == f"A=1 {PROGRAM} statusline --wrap 'date'"
    assert edited.line is not None
    assert take_out(edited.text or "", edited.line).text == text


def test_a_second_install_changes_nothing_and_another_program_keeps_the_former_line() -> None:
    text = written(type="command", command=OWN)
    first = add(text, "/old/warmside", None, runs)
    assert first.text is not None
    assert add(first.text, "/old/warmside", first.line, runs) == first
    second = add(first.text, PROGRAM, first.line, runs)
    assert line_of(second.text)["command"] == command(PROGRAM, OWN)
    assert second.line is not None
    assert take_out(second.text or "", second.line).text == text


def test_another_line_of_the_persons_is_wrapped_anew() -> None:
    first = add(written(type="command", command=OWN), PROGRAM, None, runs)
    changed = written(type="command", command="date")
    second = add(changed, PROGRAM, first.line, runs)
    assert line_of(second.text)["command"] == command(PROGRAM, "date")
    assert second.line is not None
    assert take_out(second.text or "", second.line).text == changed


@given(OBJECTS, st.text(max_size=20), OBJECTS)
def test_in_and_out_again_leaves_nothing(others: dict[str, object], own: str, members: dict[str, object]) -> None:
    line = {**members, "type": "command", "command": own}
    text = json.dumps({**others, "statusLine": line}, indent=2)
    edited = add(text, PROGRAM, None, runs)
    if edited.line is not None:
        assert take_out(edited.text or "", edited.line).text == text


def installed(**line: object) -> tuple[dict[str, object], StatusLine]:
    edited = add(written(**line) if line else '{\n  "model": "opus"\n}', PROGRAM, None, runs)
    assert edited.line is not None
    return load(edited.text or ""), edited.line


def test_out_of_a_file_that_somebody_has_written_anew() -> None:
    now, line = installed(type="command", command=OWN, padding=0)
    now["model"] = "sonnet"
    edited = take_out(json.dumps(now), line)
    assert load(edited.text or "") == {**now, "statusLine": {"type": "command", "command": OWN, "padding": 0}}
    assert edited.note == ""


def test_out_of_a_line_that_was_changed_beside_the_command() -> None:
    now, line = installed(type="command", command=OWN)
    now["statusLine"] = {**line_of(json.dumps(now)), "padding": 3, "refreshInterval": 60}
    assert line_of(take_out(json.dumps(now), line).text) == {
        "type": "command",
        "command": OWN,
        "padding": 3,
        "refreshInterval": 60,
    }
    now, line = installed()
    now["statusLine"] = {**line_of(json.dumps(now)), "padding": 3}
    assert take_out(json.dumps(now), line).text == '{"model": "opus"}', "what is left of ours is no status line"


def test_out_of_a_wrapper_in_which_the_own_command_was_changed() -> None:
    for own in ({}, {"type": "command", "command": OWN}):
        now, line = installed(**own)
        now["statusLine"] = {**line_of(json.dumps(now)), "command": command("/else/warmside", "date -u")}
        assert line_of(take_out(json.dumps(now), line).text)["command"] == "date -u"


def test_a_line_that_is_not_ours_any_more_stays_and_is_named() -> None:
    now, line = installed(type="command", command=OWN)
    for other in ({"type": "command", "command": "date"}, {"type": "static"}, "x"):
        text = json.dumps({**now, "statusLine": other})
        edited = take_out(text, line)
        assert edited.text == text
        assert "it stays as it is" in edited.note
    assert take_out('{"a": 1}', line).text == '{"a": 1}'


def test_what_is_back_already_stays_without_a_word() -> None:
    _, line = installed(type="command", command=OWN)
    text = written(type="command", command=OWN)
    assert take_out(text, line) == Edited(text, None)


@pytest.mark.parametrize(
    "other", ["echo warmside statusline", "/x/warmsider statusline", "warmside sessions", "warmside 'statusline"]
)
def test_what_is_no_call_of_ours(other: str) -> None:
    assert call_of(other) is None


def test_a_call_in_a_form_of_ones_own_has_no_wrapped_command() -> None:
    for rest in (" statusline -- date -u", " statusline --wrap 'date", " statusline"):
        call = call_of(f"warmside{rest}")
        assert call is not None
        assert (call.rest, call.wrapped) == (rest, None)
