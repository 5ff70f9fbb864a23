"""What a person types to say which sessions and turns count: a project, a day, a span of time."""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta, tzinfo
from pathlib import Path

from store.session_filter import SessionFilter

PROJECT_HELP = "Only this project; a path is a folder and all below it."
AGENT_HELP = "Only this agent, such as claude or codex."
MOMENT_EXAMPLE = "2026-11-24, 2026-11-24T18:00 or 7d"

_AGO = re.compile(r"(\d{1,6})\s*([hdw])")
_SECONDS = {"h": 3600.0, "d": 86_400.0, "w": 604_800.0}


def sessions(project: str | None, agent: str | None) -> SessionFilter:
    """Project and agent as typed: a project's name stays as it is, `.` and paths are folders as seen from here."""
    if project in (".", "..", "~") or (project is not None and "/" in project):
        project = str(Path(project).expanduser().resolve())
    return SessionFilter(project, agent)


def since(text: str, now: float, zone: tzinfo | None) -> float:
    """The first moment that counts, epoch seconds: the beginning of a day, a time, or so long ago.

    Raises ValueError with an example.
    """
    return _moment(text.strip(), now, zone, timedelta(0))


def until(text: str, now: float, zone: tzinfo | None) -> float:
    """The first moment that counts no longer: a day counts to its end. Raises ValueError with an example."""
    return _moment(text.strip(), now, zone, timedelta(days=1))


def _moment(text: str, now: float, zone: tzinfo | None, into_day: timedelta) -> float:
    """`zone` None is the machine's; a time that names its own zone keeps it."""
    ago = _AGO.fullmatch(text.lower())
    if ago is not None:
        return now - int(ago[1]) * _SECONDS[ago[2]]
    try:
        if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII):
            day = date.fromisoformat(text) + into_day
            return datetime(day.year, day.month, day.day, tzinfo=zone).timestamp()
        at = datetime.fromisoformat(text)
        return (at if at.tzinfo else at.replace(tzinfo=zone)).timestamp()
    except (ValueError, OverflowError) as error:
        raise ValueError(f"try {MOMENT_EXAMPLE}") from error
