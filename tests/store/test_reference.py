"""The reference counter itself: figures worked out by hand for the quirks, and the real files' own check sums."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store import quirks
from tests.store.reference_counter import TreeCount, count_tree
from tests.store.reference_model import FileCount, Tokens, total

REAL = Path(__file__).parents[3] / "shared" / "data" / "transcripts"
Count = Callable[[str], TreeCount]


@pytest.fixture
def count(tmp_path: Path) -> Count:
    """Counts a quirk by its name."""
    return lambda name: count_tree(quirks.write(quirks.QUIRKS[name](), tmp_path))


@pytest.fixture(scope="module")
def real() -> TreeCount:
    """The real files, where they lie."""
    if not REAL.is_dir():
        pytest.skip(f"no real transcripts at {REAL}")
    return count_tree(REAL.rglob("*.jsonl"))


def only(tree: TreeCount) -> FileCount:
    """The one file of a tree."""
    (file,) = tree.files
    return file


@pytest.mark.parametrize("name", quirks.QUIRKS)
def test_quirks_are_repeatable_and_countable(name: str, tmp_path: Path) -> None:
    tree = quirks.QUIRKS[name]()
    assert tree == quirks.QUIRKS[name]()
    counted = count_tree(quirks.write(tree, tmp_path))
    assert [file.path.relative_to(tmp_path).as_posix() for file in counted.files] == sorted(tree)
    assert all(file.session for file in counted.files)


def test_plain(count: Count) -> None:
    file = only(count("plain"))
    assert (len(file.requests), file.prompts, file.files) == (9, 3, [f"/home/x/harbour/part_{n}.py" for n in (1, 2, 3)])
    assert file.failed == [("make part-1", 1), ("make part-2", 2), ("make part-3", 3)]
    assert file.tokens == Tokens(27, 9000, 0, 1800, 6 * 40 + 101 + 102 + 103)
    assert (file.last_write, file.models, file.compactions) == ("1h", [quirks.OPUS], [])
    assert list(file.kept_turns) == [1, 2, 3]
    assert (file.first_at, file.last_at) == (quirks.START + 1, quirks.START + file.lines)


def test_malformed_lines_have_numbers_with_empty_lines_counted(count: Count) -> None:
    file = only(count("malformed_lines"))
    assert file.malformed == [9, 12, 13, 14, 15, 16, 17, 18, 19]
    assert len(file.requests) == 9


def test_last_line_without_newline_is_left(count: Count) -> None:
    file = only(count("torn_last_line"))
    assert (file.malformed, "msg_torn" in file.requests, len(file.requests)) == ([], False, 9)


def test_times_by_least_and_greatest(count: Count) -> None:
    file = only(count("steps_back_in_time"))
    assert (file.first_at, file.last_at) == (quirks.START - 7200, quirks.START + 14.6 * 3600)


def test_last_record_wins(count: Count) -> None:
    file = only(count("repeated_ids"))
    assert list(file.requests) == ["msg_a", "msg_b", "msg_c"]
    assert file.tokens == Tokens(3 + 9 + 3, 1000 + 7 + 1000, 5, 400, 250 + 900 + 40)
    assert file.requests["msg_b"].model == quirks.HAIKU


def test_synthetic_is_no_request(count: Count) -> None:
    file = only(count("synthetic_answers"))
    assert (list(file.requests), list(file.kept_turns)) == (["msg_a"], [1])
    assert list(only(count("only_synthetic")).kept_turns) == [1]


@pytest.mark.parametrize(("name", "kept"), [("fork_after_parent", (9, 6)), ("fork_before_parent", (12, 3))])
def test_forks_count_once(count: Count, name: str, kept: tuple[int, int]) -> None:
    tree = count(name)
    assert tuple(len(tree.kept(file)) for file in tree.files) == kept
    assert (tree.copies, len(tree.keeper)) == (6, 15)
    assert tree.tokens == total(request.tokens for file in tree.files for request in tree.kept(file))


def test_ids_in_four_files(count: Count) -> None:
    tree = count("copied_into_four_files")
    assert {file.session: len(tree.kept(file)) for file in tree.files} == {
        quirks.uuid(9): 9,  # another project, whose folder sorts first
        quirks.uuid(3): 3,
        quirks.uuid(5): 0,
        quirks.uuid(7): 3,
    }
    assert tree.copies == 18


def test_class_of_the_last_write(count: Count) -> None:
    tree = count("ttl_classes")
    assert [file.last_write for file in tree.files] == ["5m", "1h", "1h", "unknown", None, None, "5m"]
    assert (tree.files[3].tokens.write_5m, tree.files[3].tokens.write_1h) == (87, 0)


def test_prompts(count: Count) -> None:
    assert only(count("what_is_no_prompt")).prompts == 1
    assert only(count("what_is_a_prompt")).prompts == 9


def test_separate_counts(count: Count) -> None:
    file = only(count("separate_counts"))
    assert (file.prompts, file.slash_commands, file.shell_commands) == (2, 2, 1)
    assert (file.notifications, file.queued, file.interrupts) == (4, 1, 2)


def test_files_changed(count: Count) -> None:
    file = only(count("files_changed"))
    assert file.turns[1].files == ["/a/edit", "/a/created", "/a/rewritten", "/a/fine"]
    assert file.turns[2].files == ["/a/edit", "/a/other", "/a/edit"]


def test_failed_commands(count: Count) -> None:
    file = only(count("failed_commands"))
    assert file.turns[1].failed == [("make", 2), ("nope", 127), ("", 5), ("make twice", 3)]
    assert file.turns[2].failed == [("right", 8), ("left", 9)]
    assert only(count("same_command_fails_twice")).failed == [("make", 2), ("make", 2)]
    late = only(count("result_in_the_next_turn"))
    assert (late.turns[1].failed, late.turns[2].failed, late.turns[2].files) == ([], [("slow", 4)], ["/a/late"])


def test_compactions(count: Count) -> None:
    assert only(count("compactions")).compactions == ["auto", "manual", "auto"]


def test_subagents_belong_to_their_session(count: Count) -> None:
    tree = count("subagents")
    assert {(file.session, file.agent_id) for file in tree.files} == {
        (quirks.uuid(1), agent) for agent in ("", "a1f3", "a9c0")
    }
    assert len(tree.session(quirks.uuid(1))) == 6 + 3 + 3
    beside = count("subagent_beside").files[-1]
    assert (beside.session, beside.agent_id, beside.prompts) == (quirks.uuid(2), "4e1b2c3d", 0)


def test_turn_zero(count: Count) -> None:
    assert [list(file.kept_turns) for file in count("turn_zero").files] == [[0, 1], [0, 1], [0, 1], [1]]
    assert list(only(count("no_prompt_at_all")).kept_turns) == [0]


def test_codex_counts_a_running_total_once(count: Count) -> None:
    file = only(count("codex_token_count_repeats"))
    assert (len(file.requests), file.tokens) == (2, Tokens(105, 1000, 0, 0, 57, 20))
    assert len(only(count("codex_running_total_restarts")).requests) == 5


def test_codex_fork(count: Count) -> None:
    parent, child = count("codex_fork").files
    assert (len(parent.requests), len(parent.parents)) == (4, 0)
    assert (len(child.requests), len(child.parents), child.prompts) == (3, 4, 1)
    assert (child.turns[0].requests, child.failed) == (["4"], [("make other", 7)])
    resumed = only(count("codex_resumed"))
    assert (len(resumed.requests), len(resumed.parents), resumed.prompts) == (2, 0, 2)


def test_codex_files(count: Count) -> None:
    file = only(count("codex_files_changed"))
    assert file.turns[1].files == ["/a/one", "/a/two", "/a/three", "four", "dir/five six", "seven", "eight"]
    assert file.turns[2].files == ["nine", "ten"]


def test_codex_failed_commands(count: Count) -> None:
    file = only(count("codex_failed_commands"))
    assert file.turns[1].failed == [
        ("by event", 127),
        ("by text", 2),
        ("tool 0", 10),
        ("tool 1", 11),
        ("tool 2", 12),
        ("tool 3", 13),
    ]
    assert file.turns[2].failed == [("slow", 1), ("text first", 6)]
    assert (file.turns[3].failed, [code for _, code in file.polled]) == ([], [1])
    assert [code for _, code in only(count("codex_bad_arguments")).failed] == [1, 2, 3, 4, 5]


def test_codex_other_facts(count: Count) -> None:
    aborted = only(count("codex_compacted_and_aborted"))
    assert (len(aborted.compactions), aborted.interrupts) == (2, 1)
    models = only(count("codex_several_models"))
    assert [request.model for request in models.requests.values()] == ["gpt-5.4", "gpt-5.5", "gpt-5.4"]
    newest = only(count("codex_newest_records"))
    assert (len(newest.requests), len(newest.malformed)) == (3, 1)
    assert list(only(count("codex_turn_zero")).kept_turns) == [0, 1]
    written = only(count("codex_cache_write"))
    assert (written.last_write, written.tokens.write_5m) == ("unknown", 30)


def test_real_files_are_all_counted(real: TreeCount) -> None:
    assert len(real.files) == 29
    assert real.copies == 0
    assert sum(len(file.malformed) for file in real.files) == 2


def test_real_rollouts_add_up_to_their_final_total(real: TreeCount) -> None:
    checked = 0
    for file in real.files:
        if file.client != "codex":
            continue
        totals = [
            info["total_token_usage"]["total_tokens"]
            for line in file.path.read_bytes().splitlines()
            if b'"token_count"' in line and (info := json.loads(line)["payload"].get("info"))
        ]
        assert sum(request.total for request in [*file.requests.values(), *file.parents.values()]) == totals[-1]
        checked += 1
    assert checked == 8


def test_real_turns_hold_every_request(real: TreeCount) -> None:
    for file in real.files:
        in_turns = [request for turn in file.kept_turns.values() for request in turn.requests]
        assert in_turns == list(file.requests)
