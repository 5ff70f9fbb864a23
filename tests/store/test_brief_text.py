"""The words of a brief: rounded sizes, cut texts, lists within bounds."""

from __future__ import annotations

import pytest

from store import brief_text as words
from store.brief_models import BriefFailure, BriefFile, LeftOut
from store.models import CacheView, FailedCommand, SessionDetail, TurnView
from store.row import row_of


def detail(**known: object) -> SessionDetail:
    return row_of(SessionDetail, {"id": "s1", "agent": "claude", "project": "harbour", "cwd": "/src/h", **known})


def test_the_head_says_what_this_is() -> None:
    told = detail(
        title="Mend *it*", compactions=2, last_at=1_790_000_000.0, model="opus", turns=[TurnView(n=1), TurnView(n=2)]
    )
    assert words.head(told).splitlines()[0] == r"# Resume brief: Mend \*it\*"
    assert words.head(told).splitlines()[4:] == [
        "- session `s1`, 2 turns, compacted 2 times, last active 2026-09-21 14:13 UTC",
        "- folder `/src/h`",
        "- model `opus`",
        words.SIZES_HERE,
    ]
    assert words.head(detail(cwd="", project="")).splitlines()[4:] == ["- session `s1`, 0 turns", words.SIZES_HERE]


def test_sizes_are_rounded_and_said_to_be_estimates() -> None:
    cache = CacheView(cold_tokens=123_456, cold_usd=1.2345)
    assert words.sizes(detail(cache=cache), 1_234, 0.004) == (
        "- a cold resume of it writes 120,000 tokens again ($1.23); this brief is about 1,200 tokens (under $0.01),"
        " estimated at three bytes to a token"
    )
    plan = words.sizes(detail(cache=cache, login="subscription"), 1_234, 0.4)
    assert "$" not in plan, "a plan is not billed by token"
    assert "120,000" in plan
    unknown = words.sizes(detail(), 7, None)
    assert unknown == "- this brief is about 7 tokens, estimated at three bytes to a token"
    dear = CacheView(cold_tokens=10**12, cold_usd=10.0**7)
    assert len(words.sizes(detail(cache=dear), 10**6, 10.0**6)) <= words.SIZES_CHARS


def test_open_ends_name_their_turn() -> None:
    last = TurnView(n=3, failed_commands=(FailedCommand(command="make", exit_code=2),))
    said = words.ends(("running", "no_answer", "permission", "asks", "failed"), detail(turns=[last]))
    assert said.splitlines()[2:] == [
        "- turn 3 was still going on",
        "- turn 3 has no final text; it may have been interrupted",
        "- turn 3 waited for a permission",
        "- the last answer ends with a question",
        "- 1 command failed in the last turn",
    ]
    assert words.ends((), detail()) == ""


def test_what_was_left_out_is_counted() -> None:
    found = [LeftOut(what="files", shown=2, of=1_234), LeftOut(what="characters", shown=5, of=9)]
    assert words.left_out(found) == (
        "Left out here: 1,232 of 1,234 files changed, 4 of 9 characters of the texts above. `warmside show` has them."
    )
    assert words.left_out([]) == ""
    most = [LeftOut(what=what, shown=0, of=10**7) for what in ("prompts", "files", "commands", "characters")]
    assert len(words.left_out(most)) <= words.LEFT_OUT_CHARS


@pytest.mark.parametrize("most", [0, 100, 150, 200, 400, 1_003, 1_004, 5_000])
def test_a_text_is_cut_in_its_middle(most: int) -> None:
    text = "é" * 700 + "ü" * 285
    found = words.quoted("## Asked", text, most)
    if most < 145:
        assert found is None
        return
    assert found is not None
    assert len(found[0]) <= most
    assert (found[1] == text) == (most >= words.quoted_chars("## Asked", text))
    if found[1] != text:
        left = 985 - found[1].count("é") - found[1].count("ü")
        assert f"\n[… {left:,} characters left out …]\n" in found[1]
        assert found[1][0] == "é"
        assert found[1][-1] == "ü"


def test_a_list_stops_where_the_room_ends() -> None:
    assert words.listed("## X", ["- a", "- b"], 100) == ("## X\n\n- a\n- b", 2)
    assert words.listed("## X", ["- a", "- b"], 10) == ("## X\n\n- a", 1)
    assert words.listed("## X", ["- a"], 8) == ("", 0)
    assert words.listed("## X", [], 100) == ("", 0)


def test_lines_of_lists() -> None:
    changed = BriefFile(path="/src/h/a`b.py", kind="A", turn=1)
    assert words.file_line(changed, "/src/h") == "- added ``a`b.py``"
    assert words.file_line(changed, "/src") == "- added ``h/a`b.py``"
    assert words.file_line(changed, "/sr") == "- added ``/src/h/a`b.py``"
    assert words.file_line(changed, "/") == words.file_line(changed, "") == "- added ``/src/h/a`b.py``"
    failed = BriefFailure(command="make\n  all " + "x" * 500, exit_code=2, turn=4, times=3)
    assert words.failure_line(failed).startswith("- exit 2, turn 4, 3 times: `make all xxx")
    assert words.failure_line(failed).endswith("x…`")
    assert len(words.failure_line(failed)) < 300
    unnamed = BriefFailure(command="", exit_code=2, turn=4, times=1)
    assert words.failure_line(unnamed) == "- exit 2, turn 4: (not stored)"
