"""The small JSON files that some clients keep about their own processes, one for each, named by its id."""

from __future__ import annotations

import json
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path

MAX_FILE_BYTES = 64 << 10
"""A session file is about 1 KB; a larger one is not the client's."""

_FILE_NAME = re.compile(r"[1-9][0-9]{0,9}\.json")


def session_files(folder: Path) -> Iterator[tuple[int, dict[str, object] | None]]:
    """Process id and content of each `<digits>.json` in a folder; None for one that is being rewritten or is none of
    the client's. Any other name is never opened: secrets lie there too."""
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return
    for name in names:
        if not _FILE_NAME.fullmatch(name):
            continue
        try:
            loaded = json.loads(_read_bounded(folder / name))
        except FileNotFoundError:
            continue
        except (OSError, ValueError, RecursionError):
            loaded = None
        yield int(name.removesuffix(".json")), loaded if isinstance(loaded, dict) else None


def _read_bounded(path: Path) -> bytes:
    # Neither a link out of the folder nor a pipe that never answers is followed.
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise ValueError("not a regular file")
        data = file.read(MAX_FILE_BYTES + 1)
    if len(data) > MAX_FILE_BYTES:
        raise ValueError("larger than a session file")
    return data


def text(loaded: dict[str, object], key: str) -> str | None:
    value = loaded.get(key)
    return value if isinstance(value, str) and value else None


def digits(value: object) -> str | None:
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def seconds(loaded: dict[str, object], key: str) -> float | None:
    value = loaded.get(key)
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 1e16:
        return None
    return value / 1000
