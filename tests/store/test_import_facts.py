"""The import against the reference counter, fact by fact: on quirks and real files, in any order, bit by bit."""

from __future__ import annotations

import itertools
import sqlite3
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from store.ingest.importer import import_paths
from tests.store import quirks
from tests.store.damaged import folder
from tests.store.made_up import memory_store
from tests.store.quirks import QUIRKS, Tree, claude_path, rollout_path, uuid
from tests.store.reference_counter import count_tree
from tests.store.stored_facts import detail, disagreements, dump, imported, search_is_whole
from tests.store.test_reference import REAL

GROWING = sorted(set(QUIRKS) - {"large_lines", "queued_notification"})
SEVERAL_FILES = [name for name, build in QUIRKS.items() if len(build()) > 1]


@pytest.mark.parametrize("name", QUIRKS)
def test_quirk(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    paths = quirks.write(QUIRKS[name](), tmp_path)
    totals = import_paths(db, [tmp_path])
    tree = count_tree(paths)
    assert disagreements(db, tree, tmp_path) == []
    assert search_is_whole(db)
    assert (totals.files, totals.errors) == (len(paths), 0)
    assert totals.malformed_lines == sum(len(file.malformed) for file in tree.files)
    assert totals.requests == len(tree.keeper)


@pytest.mark.parametrize("name", QUIRKS)
def test_twice_is_once(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    paths = quirks.write(QUIRKS[name](), tmp_path)
    import_paths(db, [tmp_path])
    once = dump(db)
    again = import_paths(db, [tmp_path])
    assert (again.files, again.unchanged) == (0, len(paths))
    assert dump(db) == once
    for path in paths:  # touched, not changed: read again, to the same end
        path.touch()
        import_paths(db, [path])
    assert dump(db) == once


@pytest.mark.parametrize("name", SEVERAL_FILES)
def test_order_of_files_does_not_matter(name: str, tmp_path: Path) -> None:
    paths = quirks.write(QUIRKS[name](), tmp_path)
    at_once = imported([tmp_path])
    for order in itertools.islice(itertools.permutations(paths), 24):
        assert imported(order) == at_once


@pytest.mark.parametrize("name", SEVERAL_FILES)
def test_several_readers_give_the_same(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    quirks.write(QUIRKS[name](), tmp_path)
    import_paths(db, [tmp_path], workers=2)
    assert dump(db) == imported([tmp_path])


@settings(deadline=None, max_examples=60)
@given(st.data())
def test_growing_bit_by_bit(data: st.DataObject) -> None:
    """Every file of a tree grows by pieces of any length; after each piece the store says what the file says."""
    tree: Tree = QUIRKS[data.draw(st.sampled_from(GROWING))]()
    with folder() as root, memory_store() as connection:
        written = dict.fromkeys(tree, 0)
        for _ in range(data.draw(st.integers(1, 6))):
            name = data.draw(st.sampled_from(sorted(tree)))
            written[name] = data.draw(st.integers(written[name], len(tree[name])))
            paths = quirks.write({name: tree[name][: written[name]] for name in tree if written[name]}, root)
            if paths:
                import_paths(connection, paths)
                assert disagreements(connection, count_tree(paths), root) == []
        paths = quirks.write(tree, root)
        import_paths(connection, [root])
        assert disagreements(connection, count_tree(paths), root) == []
        assert dump(connection) == imported([root])


@pytest.mark.parametrize("name", ["repeated_ids", "id_goes_on_after_a_prompt", "codex_token_count_repeats"])
def test_growing_line_by_line_and_mid_line(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    ((where, data),) = QUIRKS[name]().items()
    ends = [number + 1 for number, byte in enumerate(data) if byte == 10]
    for cut in sorted({end - back for end in ends for back in (30, 1, 0)}):
        paths = quirks.write({where: data[:cut]}, tmp_path)
        import_paths(db, [tmp_path])
        assert disagreements(db, count_tree(paths), tmp_path) == []


@pytest.mark.parametrize("name", ["fork_after_parent", "fork_before_parent"])
def test_fork_and_parent_add_up(name: str, tmp_path: Path, db: sqlite3.Connection) -> None:
    quirks.write(QUIRKS[name](), tmp_path)
    import_paths(db, [tmp_path])
    first, second = (detail(db, uuid(number)).totals.requests for number in (1, 2))
    assert (first + second, second) == (15, 6 if name == "fork_after_parent" else 3)


def test_fork_outlives_its_parent(tmp_path: Path, db: sqlite3.Connection) -> None:
    """The parent's file goes away after it was read: what it kept stays its own, also when the fork grows."""
    tree = QUIRKS["fork_after_parent"]()
    parent, child = quirks.write(tree, tmp_path)
    import_paths(db, [tmp_path])
    before = dump(db)
    parent.unlink()
    child.write_bytes(tree[claude_path(2)] + b"\n")
    import_paths(db, [tmp_path])
    assert dump(db)["requests"] == before["requests"]
    assert [detail(db, uuid(number)).totals.requests for number in (1, 2)] == [9, 6]


def test_codex_fork_alone(tmp_path: Path, db: sqlite3.Connection) -> None:
    """A fork whose parent is not there: its parent's part is not its own all the same."""
    tree = {rollout_path(2): QUIRKS["codex_fork"]()[rollout_path(2)]}
    paths = quirks.write(tree, tmp_path)
    import_paths(db, [tmp_path])
    assert disagreements(db, count_tree(paths), tmp_path) == []
    assert detail(db, uuid(2)).totals.requests == 3


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real transcripts at {REAL}")
@pytest.mark.parametrize("workers", [1, 2])
def test_real_files(workers: int, db: sqlite3.Connection) -> None:
    tree = count_tree(REAL.rglob("*.jsonl"))
    totals = import_paths(db, [REAL], workers=workers)
    assert disagreements(db, tree, REAL) == []
    assert (totals.files, totals.requests, totals.malformed_lines) == (29, len(tree.keeper), 2)
    assert totals.turns == sum(len(file.kept_turns) for file in tree.files)


@pytest.mark.skipif(not REAL.is_dir(), reason=f"no real transcripts at {REAL}")
def test_real_files_growing(tmp_path: Path, db: sqlite3.Connection) -> None:
    """Each real file in three pieces, cut within lines."""
    names = sorted(path.relative_to(REAL) for path in REAL.rglob("*.jsonl"))
    for share in (0.3, 0.71, 1.0):
        for name in names:
            data = (REAL / name).read_bytes()
            quirks.write({name.as_posix(): data[: int(len(data) * share)]}, tmp_path)
        import_paths(db, [tmp_path])
        assert disagreements(db, count_tree(tmp_path.rglob("*.jsonl")), tmp_path) == []
    assert dump(db) == imported([tmp_path])
