"""Which sessions have a plugin to ask right now, as of the last look at its folder.

Plans are made from this memory, many times a minute; who really asks a plugin looks once more. It must not know what
follows from what a session announces.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from keepalive.clock import Clock
from keepalive.plugin_folder import PluginFolder
from keepalive.plugin_words import Announcement, Limit


@dataclass(frozen=True, slots=True)
class News:
    """A session whose announcement says something else than at the look before, or whose plugin came or went."""

    session_id: str
    before: Announcement | None
    now: Announcement | None
    """None: there is no plugin behind the session (any more)."""


class PluginSessions:
    """Not thread-safe, but for `look_at` which only reads files."""

    def __init__(self, folder: PluginFolder, clock: Clock) -> None:
        self._folder = folder
        self._clock = clock
        self._said: dict[str, Announcement] = {}
        self.installed = False
        """Whether the folder is there: then a session without an announcement has not loaded the plugin."""

    def look_at(self) -> dict[str, Announcement]:
        """Read the folder; ended sessions are among them. Off the loop: it is files."""
        self.installed = self._folder.path.is_dir()
        said = self._folder.announcements()
        return {name: one for name, one in said.items() if one.ended or self._folder.fresh(one)}

    def take(self, seen: dict[str, Announcement]) -> list[News]:
        """Remember a look; what is new in it."""
        before, self._said = self._said, seen
        return [
            News(name, before.get(name), seen.get(name))
            for name in before.keys() | seen.keys()
            if _told(before.get(name)) != _told(seen.get(name))
        ]

    def forget(self, session_ids: Iterable[str]) -> None:
        """Their news could not be stored: the next look finds it again."""
        for session_id in session_ids:
            self._said.pop(session_id, None)

    def there(self, session_id: str) -> bool:
        """Whether the session's plugin could be asked."""
        said = self._said.get(session_id)
        return said is not None and self._folder.fresh(said)

    def rests(self, session_id: str) -> bool:
        """Whether it could be asked now: it has not said that a turn runs."""
        said = self._said.get(session_id)
        return said is not None and self._folder.fresh(said) and not said.running

    def over(self, session_id: str) -> bool:
        """Whether it has told that the session ended, and nothing since."""
        said = self._said.get(session_id)
        return said is not None and said.ended != ""

    def limits(self, session_id: str) -> tuple[Limit, ...]:
        """The account's windows, as the client showed them last; those that have begun anew since are left out."""
        said, now = self._said.get(session_id), self._clock.wall()
        if said is None:
            return ()
        return tuple(limit for limit in said.limits if limit.resets_at is None or now < limit.resets_at)

    def any(self) -> bool:
        """Whether a plugin stands behind any session."""
        return any(self._folder.fresh(said) for said in self._said.values())


def _told(said: Announcement | None) -> tuple[object, ...] | None:
    """What an announcement says; that it was written again says nothing."""
    if said is None:
        return None
    return (
        said.instance,
        said.running,
        said.turn_started_at,
        said.turn_ended_at,
        said.ended,
        said.context,
        said.limits,
    )
