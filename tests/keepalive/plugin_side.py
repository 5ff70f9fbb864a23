"""The plugin's side of the folder, for tests: writes what the plugin would."""

from __future__ import annotations

import json
from pathlib import Path

SESSION = "11111111-2222-3333-4444-555555555555"
OTHER = "66666666-7777-8888-9999-000000000000"
INSTANCE = "aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee"


class PluginSide:
    """One session's plugin."""

    def __init__(self, folder: Path, session_id: str = SESSION) -> None:
        self.folder, self.session_id = folder, session_id

    def path(self, kind: str) -> Path:
        return self.folder / f"{self.session_id}.{kind}.json"

    def announce(self, at: float, **more: object) -> None:
        said = {"v": 1, "session": self.session_id, "instance": INSTANCE, "plugin": "0.1.0", "client": "2.1.331"}
        self.write("state", {**said, "at": at, "running": False, "limits": [], "context": None, **more})

    def asked(self) -> dict[str, object]:
        """The ask that lies there; empty without one."""
        try:
            loaded: dict[str, object] = json.loads(self.path("ask").read_bytes())
        except FileNotFoundError:
            return {}
        return loaded

    def answer(self, at: float, state: str, **more: object) -> None:
        self.write("answer", {"v": 1, "id": self.asked().get("id", "?"), "at": at, "state": state, **more})

    def write(self, kind: str, value: object) -> None:
        self.path(kind).write_text(json.dumps(value) + "\n", encoding="utf-8")
