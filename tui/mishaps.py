"""A fault of ours while the sidebar runs: one line for the screen, and where it happened for a file.

Neither the error's text nor any local variable is told or kept: both may hold what stands in transcripts.
"""

from __future__ import annotations

import os
import traceback
from datetime import UTC, datetime
from pathlib import Path

UPDATED = "warmside was updated: restart it"
MOST_BYTES = 200_000
"""From this size on the file begins anew."""


def told(error: Exception, log_file: Path | None) -> str:
    """One line. A part that is imported when it is needed fits no more once other code lies in its place."""
    if isinstance(error, ImportError | AttributeError) and _while_importing(error):
        return UPDATED
    where = f", see {log_file}" if log_file is not None else ""
    return f"that did not work ({type(error).__name__}){where}"


def recorded(error: Exception, now: float) -> str:
    """Its kinds and the lines of code that it came through, as text for the file."""
    lines = [f"{datetime.fromtimestamp(now, UTC):%Y-%m-%dT%H:%M:%SZ}"]
    found: BaseException | None = error
    while found is not None:
        lines.append(f"  {type(found).__name__}")
        lines += [
            f"    {frame.filename}:{frame.lineno} {frame.name}" for frame in traceback.extract_tb(found.__traceback__)
        ]
        found = found.__cause__ or found.__context__
    return "\n".join(lines) + "\n"


def keep(log_file: Path, error: Exception, now: float) -> None:
    """Add it to the file, which only its owner may read. Raises OSError where that cannot be done."""
    log_file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    anew = log_file.exists() and log_file.stat().st_size > MOST_BYTES
    flags = os.O_WRONLY | os.O_CREAT | (os.O_TRUNC if anew else os.O_APPEND)
    with os.fdopen(os.open(log_file, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(recorded(error, now))


def _while_importing(error: Exception) -> bool:
    """Whether it came from an import: of a module that is gone, or of a name that its module has not (any more)."""
    frames = traceback.extract_tb(error.__traceback__)
    return isinstance(error, ImportError) or any(frame.name == "<module>" for frame in frames[1:])
