"""Which sessions count, as a person says it: a project or folder, an agent. One rule for every command."""

from __future__ import annotations

from msgspec import Struct


class SessionFilter(Struct, frozen=True):
    """Sessions of a project and of an agent; None is any."""

    project: str | None = None
    """A project's name, in any case, or (with a `/` in it) a folder: sessions in it or below it."""
    agent: str | None = None
    """In any case."""

    def condition(self) -> tuple[str, dict[str, str]]:
        """The condition for rows of the table `sessions`, and its parameters; empty when every session counts."""
        conditions, values = [], dict[str, str]()
        if self.project is not None:
            if "/" in self.project:
                conditions.append("substr(cwd || '/', 1, length(:project)) = :project")
                values["project"] = self.project.rstrip("/") + "/"
            else:
                conditions.append("project = :project COLLATE NOCASE")
                values["project"] = self.project
        if self.agent is not None:
            conditions.append("agent = :agent COLLATE NOCASE")
            values["agent"] = self.agent
        return " AND ".join(conditions), values


EVERY_SESSION = SessionFilter()
