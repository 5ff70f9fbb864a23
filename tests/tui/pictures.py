"""Pictures of a running app, each held beside the one that is kept of it.

The plugin's own comparison starts an app for each picture; here one app gives several, and a picture that differs
still stands beside the kept one in the plugin's report.
"""

from __future__ import annotations

import inspect
import pickle
from dataclasses import dataclass, field
from typing import Any

import pytest
from pytest_textual_snapshot import (  # type: ignore[import-untyped]
    PseudoApp,
    PseudoConsole,
    SVGImageExtension,
    node_to_report_path,
    normalize_svg,
)
from rich.console import Console
from syrupy.assertion import SnapshotAssertion
from textual.app import App
from textual.widgets import Input


def picture(app: App[Any]) -> str:
    """What the terminal shows now, as SVG: the same text for the same screen."""
    return str(normalize_svg(app.export_screenshot(title=app.title, simplify=True)))


def hold_still(app: App[Any]) -> None:
    """No cursor blinks: how long a test took would be in its picture."""
    for one in app.screen.query(Input):
        one.cursor_blink = False


@dataclass
class Pictures:
    """Those of one test, told apart by name. `differ` has the names of those that are not as they are kept."""

    snapshot: SnapshotAssertion
    request: pytest.FixtureRequest
    differ: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._kept = self.snapshot.use_extension(SVGImageExtension)

    def compare(self, app: App[Any], name: str) -> None:
        """Take one, and hold it beside the one that is kept under that name."""
        seen = picture(app)
        alike = self._kept(name=name) == seen
        if not alike:
            self.differ.append(name)
        self._report(name, seen, alike=alike)

    def _report(self, name: str, seen: str, *, alike: bool) -> None:
        """As the plugin wants it at the end of the run: of what is alike it only counts how many there are."""
        kept = self._kept.executions[self._kept.num_executions - 1].recalled_data
        console = Console(legacy_windows=False, force_terminal=True)
        path, line, test = self.request.node.reportinfo()
        told = (
            alike,
            "" if alike else str(kept or ""),
            "" if alike else seen,
            PseudoApp(PseudoConsole(console.legacy_windows, console.size)),
            path,
            line,
            f"{test} {name}",
            inspect.getdoc(self.request.function) or "",
            "",
            kept is not None,
        )
        place = node_to_report_path(self.request.node)
        place.with_name(f"{place.name}_{name}").write_bytes(pickle.dumps(told))
