"""What can be copied: each thing under its key, and nothing in it that acts where it is pasted."""

from __future__ import annotations

import base64
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store.models import FailedCommand, FileChange, TurnView
from store.plain_text import plain
from tests.tui import sample
from tui.copying import MAX_BYTES, MAX_LISTED, Copyable, brief_of, count, of_session, of_turn
from tui.turn import below

HOSTILE = "\x1b]52;c;ZXZpbA==\x07ls\x00 \x1b[31m-l\x9b2J\u202e\r\n\tdone\x7f\n"
HIDDEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\ud800-\udfff]")
texts = st.text(st.characters() | st.sampled_from("\x1b\x07\x00\x9b\x9d]52;c\n\r\t\u202e\ud800"), max_size=60)


def turn(
    *,
    files: tuple[str, ...] = (),
    failed: tuple[str, ...] = (),
    answer: str = "",
    memory: str = "",
) -> TurnView:
    return TurnView(
        n=12,
        answer=answer,
        memory=memory,
        files_changed=tuple(FileChange(path=path, kind="M") for path in files),
        failed_commands=tuple(FailedCommand(command=command, exit_code=2) for command in failed),
    )


def by_key(items: tuple[Copyable, ...]) -> dict[str, Copyable]:
    assert len({item.key for item in items}) == len(items)
    return {item.key: item for item in items}


def test_a_session_has_its_id_folder_and_brief() -> None:
    items = by_key(of_session(sample.API))
    assert {key: (item.what, item.text) for key, item in items.items()} == {
        "i": ("id", sample.API.id),
        "d": ("folder", sample.API.cwd),
        "b": ("brief", ""),
    }
    assert by_key(of_session(sample.API, "# Resume brief: it\n"))["b"].text == "# Resume brief: it"
    assert items["d"].said == "copied: folder"
    assert [item.what for item in of_session(replace(sample.API, cwd=""))] == ["id", "brief"]


def test_a_turn_has_what_it_left() -> None:
    left = turn(files=("a.py", "./b.py", "/etc/hosts"), failed=("make",), answer="Done.\n\n  yes\n", memory="M a.py\n")
    items = by_key(of_turn(left, "/src/it/"))
    assert {key: item.text for key, item in items.items()} == {
        "a": "Done.\n\n  yes",
        "m": "M a.py",
        "f": "/src/it/a.py\n/src/it/b.py\n/etc/hosts",
        "1": "/src/it/a.py",
        "2": "/src/it/b.py",
        "3": "/etc/hosts",
        "4": "make",
    }
    assert [items[key].label for key in "am14"] == ["Done. yes", "3 files, 1 failed", "a.py", "make"]
    assert [items[key].aside for key in "a14"] == ["", "M", "exit 2"]
    assert [items[key].said for key in "af4"] == [
        "copied: answer of turn 12",
        "copied: 3 paths",
        "copied: failed command",
    ]
    assert of_turn(turn(answer=" \n"), "/src") == ()


def test_paths_told_from_the_folder_are_whole_again() -> None:
    left = turn(files=("/src/it/deep/a.py",))
    assert [item.text for item in of_turn(below(left, "/src/it"), "/src/it")] == ["/src/it/deep/a.py"]
    assert [item.text for item in of_turn(turn(files=("a.py",)), "")] == ["a.py"], "no folder is known"


def test_a_long_turn_has_keys_for_its_first_files_and_its_last_failures() -> None:
    left = turn(files=tuple(f"{n}.py" for n in range(40)), failed=tuple(f"try {n}" for n in range(9)))
    items = by_key(of_turn(left, "/src"))
    assert [items[key].label for key in "12345678"] == [
        *("0.py", "1.py", "2.py", "3.py"),
        *("try 5", "try 6", "try 7", "try 8"),
    ]
    assert items["f"].text.count("\n") == 39
    assert len(items) == count(left) == 1 + 2 * MAX_LISTED


def test_keys_leave_those_that_move_and_close() -> None:
    left = turn(files=("a", "b"), failed=("c",), answer="d", memory="e")
    keys = {item.key for item in (*of_session(sample.API), *of_turn(left, "/"))}
    assert not keys & set("jkhlqgG?")


def test_a_hostile_command_is_its_words_alone() -> None:
    (item,) = of_turn(turn(failed=(HOSTILE,)), "/src")
    assert item.text == "ls -l\n\tdone"
    assert item.label == "ls -l done"
    assert item.said == "copied: failed command (hidden characters left out)"


def test_a_path_is_one_line_whatever_it_is_made_of() -> None:
    left = turn(files=("a  b\nrm -rf ~\n", "c\td"))
    items = by_key(of_turn(left, "/src"))
    assert (items["1"].text, items["2"].text) == ("/src/a  brm -rf ~", "/src/cd")
    assert items["f"].text == "/src/a  brm -rf ~\n/src/cd"
    assert all(items[key].note == "hidden characters left out" for key in "f12")
    assert of_session(replace(sample.API, cwd="/src/a  b"))[1].note == ""


def test_what_is_too_long_is_cut_and_says_so() -> None:
    (item,) = of_turn(turn(answer="é" * 60_000), "/src")
    assert item.text == "é" * (MAX_BYTES // 2)
    assert item.said == "copied: answer of turn 12 (the first 74 of 120 kB)"
    assert len(base64.b64encode(item.text.encode())) < 100_000
    (item,) = of_turn(turn(answer="x" * MAX_BYTES), "/src")
    assert (len(item.text), item.note) == (MAX_BYTES, "")
    assert brief_of("x" * (MAX_BYTES + 1)).note == "the first 74 of 75 kB"


@given(texts, texts, texts)
def test_nothing_that_is_copied_acts_where_it_is_pasted(one: str, other: str, third: str) -> None:
    session = replace(sample.API, id=one or "x", cwd=other)
    left = turn(files=(one, other), failed=(one, third), answer=other, memory=third)
    assert count(left) == len(of_turn(left, other))
    for item in (*of_session(session, third), *of_turn(left, other)):
        assert not HIDDEN.search(item.text)
        assert not item.text.endswith("\n")
        assert len(item.text.encode()) <= MAX_BYTES
        if item.what in ("id", "folder", "file"):
            assert "\n" not in item.text
        assert item.label.isprintable()
        assert item.said.isprintable()


@given(st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S")) | st.sampled_from(" \n\t"), max_size=80))
def test_what_is_harmless_is_copied_as_it_is(command: str) -> None:
    (item,) = of_turn(turn(failed=("x" + command + "x",)), "/src")
    assert (item.text, item.note) == ("x" + command + "x", "")


def test_a_text_of_many_megabytes_is_cut_before_it_is_cleaned(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def counting(text: str) -> str:
        seen.append(len(text))
        return plain(text)

    monkeypatch.setattr("tui.copying.plain", counting)
    of_turn(turn(answer="x" * 5_000_000), "/src")
    assert 0 < max(seen) <= MAX_BYTES
