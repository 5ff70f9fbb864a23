"""What of the transcripts is kept: everything, numbers without the text, or nothing of some folders.

A rule of the person, applied to what was read and before anything is stored.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING

from store.words import SEPARATOR

if TYPE_CHECKING:
    from store.ingest.reading import FileRead, TurnRow


@dataclass(frozen=True, slots=True)
class Keeping:
    """Which sessions are stored, and how much of them."""

    text: bool = True
    """Without it no prompt, answer, command or title is stored; times, tokens, paths of changed files and exit codes
    are."""
    ignored: tuple[str, ...] = ()
    """Patterns of folders (`*` is any text, `/` too). A pattern counts for a folder and for all below it, and is held
    against a session's working folder and its transcript's path."""

    @property
    def rule(self) -> str:
        """Names the ignored folders, to remember which files they kept out; '' without any."""
        return sha256("\n".join(self.ignored).encode()).hexdigest() if self.ignored else ""

    def ignores(self, path: str) -> bool:
        """Whether a folder or file is ignored."""
        if not self.ignored:
            return False
        above = [path.rstrip("/")]
        while (end := above[-1].rfind("/")) > 0:
            above.append(above[-1][:end])
        return any(fnmatchcase(folder, pattern.rstrip("/")) for folder in above if folder for pattern in self.ignored)

    def keeps(self, read: FileRead) -> FileRead | None:
        """What is to be stored of a file that was read, or None for nothing at all."""
        if self.ignores(read.found.path) or (read.facts.cwd and self.ignores(read.facts.cwd)):
            return None
        if self.text:
            return read
        return replace(read, facts=replace(read.facts, title=""), turns=[_without_text(turn) for turn in read.turns])


def _without_text(turn: TurnRow) -> TurnRow:
    failures = len(turn.exit_codes.split())
    return turn._replace(prompt="", answer="", failed=SEPARATOR * max(0, failures - 1))


EVERYTHING = Keeping()
