"""What the user's own settings of Claude Code say that matters to us. Read tolerantly: the file is not ours."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from store.idle_compaction import Rule

MOST_BYTES = 4 << 20
_LEAST_TOKENS = "CLAUDE_CODE_IDLE_COMPACT_MIN_TOKENS"


class ClientSettings:
    """`settings.json` of the client, opened again only when it has changed."""

    def __init__(self, claude_dir: Path, environ: Mapping[str, str]) -> None:
        """`environ`: of a process that was started like the clients, the keeper's own."""
        self._file = claude_dir / "settings.json"
        self._environ = environ
        self._stamp: tuple[int, int] | None = None
        self._rule = self._of({})

    def idle_compaction(self) -> Rule:
        """When idle conversations are compacted; the client's defaults where nothing can be read."""
        try:
            stat = self._file.stat()
        except OSError:
            self._stamp, self._rule = None, self._of({})
            return self._rule
        if (stat.st_size, stat.st_mtime_ns) != self._stamp:
            self._stamp = (stat.st_size, stat.st_mtime_ns)
            self._rule = self._of(self._read() if stat.st_size <= MOST_BYTES else {})
        return self._rule

    def _read(self) -> object:
        if not self._file.is_file():  # (a pipe of that name would hold up the keeper)
            return {}
        try:
            return json.loads(self._file.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}

    def _of(self, settings: object) -> Rule:
        known = settings if isinstance(settings, dict) else {}
        given = known.get("env")
        wanted = given.get(_LEAST_TOKENS) if isinstance(given, dict) else None
        return Rule.of(known.get("idleCompaction"), self._environ.get(_LEAST_TOKENS) if wanted is None else wanted)
