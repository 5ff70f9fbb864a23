"""A resume brief: what it shows first, what it counts as left out, and that it keeps within its length."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from store import brief
from store.models import (
    CacheView,
    FailedCommand,
    FileChange,
    SessionDetail,
    Status,
    TurnView,
    WaitingFor,
)
from store.row import row_of

LONG = "word " * 4_000


def turn(n: int, prompt: str = "", answer: str = "", files: str = "", failed: str = "") -> TurnView:
    """`files` as `A:path M:path`, `failed` as commands with exit code 1."""
    return TurnView(
        n=n,
        prompt=prompt,
        answer=answer,
        files_changed=tuple(row_of(FileChange, {"kind": one[0], "path": one[2:]}) for one in files.split()),
        failed_commands=tuple(FailedCommand(command=one, exit_code=1) for one in failed.split()),
    )


def detail(*turns: TurnView, **known: object) -> SessionDetail:
    return row_of(
        SessionDetail,
        {"id": "s1", "agent": "claude", "project": "harbour", "cwd": "/src", "ended_at": 9.0, "turns": turns, **known},
    )


def test_the_whole_of_a_small_session() -> None:
    made = brief.make(
        detail(
            turn(1, "mend the crane", "mended, shall I test it?", "A:/src/crane.py M:/etc/x", "make"),
            turn(2, "yes", "tested", "M:/src/crane.py"),
            cache=CacheView(cold_tokens=100_000, cold_usd=1.0),
            title="Crane",
        )
    )
    assert made.markdown == (
        "# Resume brief: Crane\n\n"
        "What is left of an earlier claude session, from its record, to go on without reading all of it again."
        " Text in code is quoted. Tool outputs are not kept: look at a file before you change it.\n\n"
        "- session `s1`, 2 turns\n- folder `/src`\n"
        "- a cold resume of it writes 100,000 tokens again ($1.00); this brief is about 250 tokens (under $0.01),"
        " estimated at three bytes to a token\n\n"
        "## Asked (turn 1)\n\n```text\nmend the crane\n```\n\n"
        "## Asked (turn 2)\n\n```text\nyes\n```\n\n"
        "## Files changed, last changed first\n\n- added `crane.py`\n- modified `/etc/x`\n\n"
        "## Commands that failed, last failed first (a later success leaves no record)\n\n- exit 1, turn 1: `make`\n\n"
        "## Last answer (turn 2)\n\n```text\ntested\n```\n"
    )
    assert made.markdown == brief.markdown(
        detail(
            *(turn(1, "mend the crane", "mended, shall I test it?", "A:/src/crane.py M:/etc/x", "make"),),
            turn(2, "yes", "tested", "M:/src/crane.py"),
            cache=CacheView(cold_tokens=100_000, cold_usd=1.0),
            title="Crane",
        )
    )
    assert (made.chars, made.tokens) == (len(made.markdown), brief.estimated_tokens(made.markdown))
    assert made.usd == made.tokens * 1.0 / 100_000
    assert [(one.path, one.kind, one.turn) for one in made.files_changed] == [
        ("/src/crane.py", "A", 2),
        ("/etc/x", "M", 1),
    ]
    assert (made.open_ends, made.left_out) == ((), ())


def test_the_estimate_counts_bytes_and_rounds_up() -> None:
    assert [brief.estimated_tokens(text) for text in ("", "a", "abc", "abcd", "登录", "\ud800")] == [0, 1, 1, 2, 2, 1]


def test_the_first_and_the_last_telling_prompts_are_shown() -> None:
    asked = [turn(n, f"prompt number {n} with some words") for n in range(1, 9)]
    made = brief.make(detail(*asked, turn(9, "yes"), turn(10, "go on")))
    assert [text.turn for text in made.prompts] == [1, 6, 7, 8, 10]
    assert [(one.what, one.shown, one.of) for one in made.left_out] == [("prompts", 5, 10)]
    assert "5 of 10 prompts" in made.markdown


def test_earlier_answers_come_along_when_they_say_something() -> None:
    told = "x" * 250
    made = brief.make(detail(*(turn(n, "p", told) for n in range(1, 4)), turn(4, "p", "short"), turn(5, "p", "done")))
    assert [text.turn for text in made.answers] == [2, 3, 5]
    assert made.markdown.index("## Answer (turn 3)") < made.markdown.index("## Last answer (turn 5)")


def test_a_file_is_named_once_with_what_its_changes_amount_to() -> None:
    made = brief.make(detail(turn(1, files="A:a M:b M:c"), turn(2, files="M:a D:b"), turn(3, files="A:b")))
    assert [(one.path, one.kind, one.turn) for one in made.files_changed] == [
        ("b", "M", 3),
        ("a", "A", 2),
        ("c", "M", 1),
    ]


def test_a_command_is_named_once_with_its_last_failure() -> None:
    made = brief.make(detail(turn(1, failed="make lint"), turn(2, failed="make make")))
    assert [(one.command, one.turn, one.times) for one in made.failed_commands] == [("make", 2, 3), ("lint", 1, 1)]


def test_open_ends() -> None:
    asks = turn(1, "p", "Shall I go on?**", failed="make")
    assert brief.make(detail(asks)).open_ends == ("asks", "failed")
    assert brief.make(detail(turn(1, "p"))).open_ends == ("no_answer",)
    assert brief.make(detail(turn(1, "p"), ended_at=None, status=Status.BUSY)).open_ends == ("running",)
    waits = detail(turn(1, "p"), ended_at=None, status=Status.BUSY, waiting_for=WaitingFor.PERMISSION)
    assert brief.make(waits).open_ends == ("permission",)
    assert brief.make(detail(turn(1, "p", "done"))).open_ends == ()
    assert brief.make(detail()).open_ends == ()


def test_a_session_without_text_says_so() -> None:
    made = brief.make(detail(turn(1, files="M:a")))
    assert "The store holds no text of what was asked or answered." in made.markdown
    assert "modified `a`" in made.markdown
    assert made.open_ends == (), "nobody can tell whether it was answered"


def test_what_is_cut_is_counted_and_room_is_used() -> None:
    made = brief.make(detail(turn(1, LONG, LONG)))
    assert [text.cut for text in (*made.prompts, *made.answers)] == [True, True]
    (left,) = made.left_out
    assert (left.what, left.of) == ("characters", 2 * len(LONG.strip()))
    assert left.shown == sum(len(text.text) for text in (*made.prompts, *made.answers))
    assert brief.MAX_CHARS * 0.95 < made.chars <= brief.MAX_CHARS
    alone = brief.make(detail(turn(1, LONG)))
    assert alone.chars > brief.MAX_CHARS * 0.95, "nobody else needs the room"
    assert brief.make(detail(turn(1, LONG, LONG)), 100_000).left_out == ()


texts = st.text(st.sampled_from("`ab ?\n[]é登\x00\x1b*"), max_size=300) | st.integers(0, 9).map(
    lambda n: LONG[: n * 900]
)
entries = st.lists(st.sampled_from(["A:a", "M:b`c", "D:" + "d" * 400, "M:/src/e"]), max_size=40).map(" ".join)
turns = st.builds(turn, st.just(0), texts, texts, entries, entries)


@given(st.lists(turns, max_size=8), st.integers(0, 12_000), texts)
def test_a_brief_keeps_within_its_length_and_its_count(made_up: list[TurnView], most: int, title: str) -> None:
    numbered = [replace(one, n=n) for n, one in enumerate(made_up)]
    cache = CacheView(cold_tokens=10**8, cold_usd=10.0**4)
    session = detail(*numbered, title=title, cwd="/" + "f" * 900, model="m" * 900, agent="a" * 99, cache=cache)
    made = brief.make(session, most)
    assert made.chars == len(made.markdown) <= max(most, brief.MIN_CHARS)
    assert made.markdown.endswith("\n")
    assert made.markdown.replace("\n", "").isprintable()
    shown = {"prompts": len(made.prompts), "files": len(made.files_changed), "commands": len(made.failed_commands)}
    for left in made.left_out:
        assert left.shown < left.of
        assert shown.get(left.what, left.shown) == left.shown
    if most > 11_000 and not made.left_out:
        assert not any(text.cut for text in (*made.prompts, *made.answers))
