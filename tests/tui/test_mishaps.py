"""What is told and kept of a fault of ours: where it was, and nothing that was in it."""

from __future__ import annotations

import importlib
import stat
import sys
from pathlib import Path

import pytest

from tui.mishaps import MOST_BYTES, UPDATED, keep, recorded, told

SECRET = "the prompt of a transcript"


def fault() -> Exception:
    text = SECRET
    try:
        try:
            raise KeyError(text)
        except KeyError as error:
            raise ValueError(f"cannot read {text}") from error
    except ValueError as error:
        return error


def test_a_fault_is_told_by_its_kind_and_where_more_stands() -> None:
    assert told(fault(), None) == "that did not work (ValueError)"
    assert told(fault(), Path("/s/sidebar.log")) == "that did not work (ValueError), see /s/sidebar.log"


def test_what_is_kept_leads_to_the_line_and_holds_nobodys_text() -> None:
    text = recorded(fault(), 1_790_000_000.0)
    assert text.startswith("2026-09-21T14:13:20Z\n  ValueError\n    ")
    assert "test_mishaps.py:" in text
    assert " fault\n  KeyError\n" in text
    assert "transcript" not in text


def test_the_file_is_its_owners_and_does_not_grow_for_ever(tmp_path: Path) -> None:
    file = tmp_path / "state" / "sidebar.log"
    keep(file, fault(), 0.0)
    keep(file, fault(), 1.0)
    assert (file.read_text(encoding="utf-8").count("ValueError"), stat.S_IMODE(file.stat().st_mode)) == (2, 0o600)
    file.write_text("x" * (MOST_BYTES + 1), encoding="utf-8")
    keep(file, fault(), 2.0)
    assert file.read_text(encoding="utf-8").startswith("1970-01-01T00:00:02Z")


def test_code_that_was_replaced_under_the_running_program_asks_for_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "made_anew.py").write_text("from tui.format import a_name_of_tomorrow\n", encoding="utf-8")
    (tmp_path / "made_anew_too.py").write_text("import tui.format\ntui.format.a_name_of_tomorrow\n", encoding="utf-8")
    for name in ("made_anew", "made_anew_too", "no_module_any_more"):
        with pytest.raises((ImportError, AttributeError)) as raised:
            importlib.import_module(name)
        assert told(raised.value, None) == UPDATED
    assert not {"made_anew", "made_anew_too"} & set(sys.modules)
    with pytest.raises(AttributeError) as ours:
        _ = object().missing  # type: ignore[attr-defined]
    assert told(ours.value, None) == "that did not work (AttributeError)"
