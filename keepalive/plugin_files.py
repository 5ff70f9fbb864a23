"""The Claude Code plugin as it is installed: its files, with the keeper's folder filled in.

Whoever installs writes these and nothing else, so that an uninstall can name every file.
"""

from __future__ import annotations

import json
from pathlib import Path

NAME = "warmside"
"""The plugin's own name, and its folder's below `skills/`."""
FOLDER_FILE = "hooks/folder.ts"

_SOURCE = Path(__file__).parent / "claude_plugin"
_SHIPPED = (".claude-plugin/plugin.json", "README.md", "hooks/hooks.json", "hooks/register.ts", "hooks/words.ts")


def plugin_files(folder: Path) -> dict[str, bytes]:
    """Every file of the plugin by its path below the plugin's folder. `folder` is where plugin and keeper meet.

    Raises ValueError for a relative folder: the client works in folders of its own.
    """
    if not folder.is_absolute():
        raise ValueError(f"the plugin needs an absolute folder, not {folder}")
    files = {name: (_SOURCE / name).read_bytes() for name in _SHIPPED}
    # Escaped to ASCII, a JSON string is a TypeScript string.
    line = f"export const FOLDER: string = {json.dumps(str(folder))}\n"
    files[FOLDER_FILE] = f"// Where warmside's keeper and this plugin meet.\n{line}".encode()
    return files


def plugin_version() -> str:
    """The version that is shipped; a session may still run an older one."""
    loaded = json.loads((_SOURCE / ".claude-plugin" / "plugin.json").read_bytes())
    return str(loaded["version"])
