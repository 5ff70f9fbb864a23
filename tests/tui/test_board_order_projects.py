"""The order by project: a section a folder, told apart by as few words as do it."""

from __future__ import annotations

from msgspec.structs import replace

from store.models import BoardView
from tests.tui import sample
from tests.tui.order_sample import HOSTILE, PROJECTS, board, placed
from tests.tui.sample import NOW
from tui.board_order import Order, arrange


def told(view: BoardView) -> list[str]:
    """The projects as their labels name them."""
    sections = arrange(view, NOW, order=Order.PROJECT)
    return [f"{one.place}/{one.label}" if one.place else one.label for one in sections]


def named_in(*folders: str) -> BoardView:
    """A board with a session in each folder, the first one most in need."""
    return board(
        *(
            placed(sample.ETL, cwd, id=str(number), cache=sample.cache(100 + number))
            for number, cwd in enumerate(folders)
        )
    )


def test_projects_come_by_what_needs_you_first_and_so_do_their_sessions() -> None:
    sections = arrange(PROJECTS, NOW, order=Order.PROJECT)
    assert [(one.place, one.label, one.ids) for one in sections[:5]] == [
        ("client-a", "api", ("api-refactor", "docs-site")),
        ("", "etl-nightly", ("etl-nightly", "search-index")),
        ("", "notes-app", ("notes-app",)),
        ("", "[bold red]wide 日本語 名前 and much longer than any column", ("deploy-infra",)),
        ("client-b", "api", ("web-tests",)),
    ]


def test_one_name_in_two_folders_is_two_projects() -> None:
    assert told(named_in("/home/sam/src/api", "/home/sam/work/api", "/home/sam/src/web")) == [
        "src/api",
        "work/api",
        "web",
    ]


def test_as_many_folders_above_as_tell_them_apart_and_no_more() -> None:
    assert told(named_in("/a/x/api", "/b/x/api", "/b/y/api", "/api")) == ["a/x/api", "b/x/api", "y/api", "api"]


def test_a_slash_at_the_end_makes_no_other_project() -> None:
    assert told(named_in("/b/api", "/b/api/")) == ["api"]


def test_names_that_only_read_the_same_are_not_merged() -> None:
    view = named_in("/src/api", "/src/a\u200bpi")
    assert told(view) == ["src/api", "src/api"]
    assert [section.ids for section in arrange(view, NOW, order=Order.PROJECT)] == [("0",), ("1",)]


def test_a_session_without_a_folder_has_a_section_that_says_so() -> None:
    assert told(named_in("", "/src/api")) == ["no folder", "api"]


def test_a_folder_that_no_name_fits_is_told_by_its_path() -> None:
    odd = named_in("/x/y", "/src/api").sessions
    view = board(replace(odd[0], project="api"), odd[1])
    assert told(view) == ["y/api", "src/api"]


def test_labels_are_clean() -> None:
    view = named_in(HOSTILE, f"{HOSTILE}/api", "/src/\x1b[2Japi", "/src\x07/x/api")
    assert all(name.isprintable() for name in told(view))


def test_a_session_that_moves_to_another_folder_stands_there_by_project_alone() -> None:
    before = board(sample.API, *sample.BOARD.sessions[2:])
    moved = board(placed(sample.API, "/elsewhere"), *sample.BOARD.sessions[2:])
    assert arrange(moved, NOW, order=Order.PROJECT) != arrange(before, NOW, order=Order.PROJECT)
    assert arrange(moved, NOW) == arrange(before, NOW)
