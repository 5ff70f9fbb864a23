"""Where a mistake in `[keys]` stands."""

from __future__ import annotations

from pathlib import Path

from tui.keys_of_file import mistakes


def test_each_mistake_is_a_line_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "config.toml"
    file.write_text('[keys]\nping = "P"\n\nhold = ["f2", "s"]\nzzzz = "x"\n')
    assert mistakes({"ping": ("P",), "hold": ("f2", "s"), "zzzz": ("x",)}, file) == (
        f"{file}:5: keys.zzzz: no such action",
        f"{file}:4: keys.hold: 's' is already the key of sort",
    )


def test_without_one_no_file_is_needed(tmp_path: Path) -> None:
    assert mistakes({"ping": ("P",)}, tmp_path / "none.toml") == ()
