"""A session's Markdown file, written from the sidebar by the rules of `warmside export --output`: whole or not at all,
for its owner alone, in the place of an earlier export of the same session and never of another file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from keepalive.paths import HOME
from store.models import SessionDetail


def export_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where exports go: under `WARMSIDE_HOME` if that is set, else a folder that is easy to find.

    Not the current one: a sidebar is mostly started inside somebody's repository.
    """
    home = environ.get(HOME)
    return Path(home).expanduser().absolute() / "exports" if home else Path.home() / "warmside-exports"


def export(detail: SessionDetail, folder: Path) -> str:
    """Write the file; returns the line that says where it is.

    Raises:
        ExportError: the folder cannot be written, or another file has that name.
    """
    from tui.cli_export import file_name, write_all  # a command's: with the history alone it would only take memory

    path = folder / file_name(detail, "md")
    again = path.exists()
    write_all(folder, iter((detail,)), as_json=False, force=False)
    return f"{'exported again' if again else 'exported'}: {short(path)}"


def short(path: Path) -> str:
    """The path with the home folder as a tilde."""
    try:
        return f"~/{path.relative_to(Path.home())}"
    except ValueError:
        return str(path)
