"""The Claude Code plugin as it is installed: its files, with the keeper's folder and the way to start it filled in.

Whoever installs writes these and nothing else, so that an uninstall can name every file.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from keepalive.paths import HOME, fixed

NAME = "warmside"
"""The plugin's own name, and its folder's below `skills/`."""
FOLDER_FILE = "hooks/folder.ts"
START_FILE = "hooks/start.ts"

_SOURCE = Path(__file__).parent / "claude_plugin"
_SHIPPED = (".claude-plugin/plugin.json", "README.md", "hooks/hooks.json", "hooks/register.ts", "hooks/words.ts")


def plugin_files(folder: Path, start: Sequence[str] | None = None) -> dict[str, bytes]:
    """Every file of the plugin by its path below the plugin's folder.

    `folder` is where plugin and keeper meet. `start` is what the plugin runs so that a keeper is there: by itself this
    installation's own command, with `WARMSIDE_HOME` as it is set now; empty: nothing.

    Raises ValueError for a relative folder or program: the client works in folders of its own.
    """
    command = keeper_start() if start is None else list(start)
    for path in (folder, *map(Path, command[:1])):
        if not path.is_absolute():
            raise ValueError(f"the plugin needs an absolute path, not {path}")
    files = {name: (_SOURCE / name).read_bytes() for name in _SHIPPED}
    files[FOLDER_FILE] = _constants(
        "Where warmside's keeper and this plugin meet.", f"FOLDER: string = {_text(folder)}"
    )
    files[START_FILE] = _constants(
        "How warmside's keeper is started, and the WARMSIDE_HOME that this was installed for.",
        f"START: readonly string[] = {json.dumps(command)}",
        f"HOME: string = {_text(fixed().get(HOME, ''))}",
    )
    return files


def keeper_start(python: Path | None = None) -> list[str]:
    """The command that starts this installation's keeper: by the script beside the interpreter, where there is one.

    Not by the path that somebody called us by: whoever compares what is installed with what would be installed now
    may have been called by another.
    """
    python = python or Path(sys.executable)
    script = python.with_name("warmside")
    if os.access(script, os.X_OK):
        return [str(script), "keeper", "start"]
    return [str(python), "-P", "-c", "from tui.cli import main; main()", "keeper", "start"]


def plugin_version() -> str:
    """The version that is shipped; a session may still run an older one."""
    loaded = json.loads((_SOURCE / ".claude-plugin" / "plugin.json").read_bytes())
    return str(loaded["version"])


def _constants(comment: str, *values: str) -> bytes:
    lines = (f"// {comment}", *(f"export const {value}" for value in values))
    return "".join(f"{line}\n" for line in lines).encode()


def _text(value: Path | str) -> str:
    """Escaped to ASCII, a JSON string is a TypeScript string."""
    return json.dumps(str(value))
