"""The keeper's log: a few small files that only their owner may read.

Nothing that is logged anywhere carries a body, a header or a path of a request.
"""

from __future__ import annotations

import io
import logging
import os
from logging.handlers import RotatingFileHandler
from pathlib import Path

MAX_BYTES = 1 << 20
BACKUPS = 3


class _PrivateFiles(RotatingFileHandler):
    """Every file is 0600 from its first byte, also the one after a rotation."""

    def _open(self) -> io.TextIOWrapper:
        descriptor = os.open(self.baseFilename, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        return io.TextIOWrapper(io.FileIO(descriptor, "a"), encoding=self.encoding, write_through=True)


def log_to(path: Path, max_bytes: int = MAX_BYTES) -> logging.Handler:
    """Send what is logged to `path`, our own words from INFO on, others' from WARNING on."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    handler = _PrivateFiles(path, maxBytes=max_bytes, backupCount=BACKUPS, encoding="utf-8")
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.WARNING)
    logging.getLogger("warmside").setLevel(logging.INFO)
    return handler
