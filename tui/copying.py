"""What can be copied of a session at a moment, each with a key, words for the menu and the text itself. Pure.

The texts come from transcripts and go where a person pastes them, often into a shell: no control character or escape
sequence survives, what names one thing is one line, and nothing ends with a line feed that a shell would take for
Enter. Inside a command or an answer lines and tabs stay as they were.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, NamedTuple

from store.models import SessionView, TurnView
from store.plain_text import plain
from tui.amounts import plural
from tui.format import clean

MAX_BYTES = 74_000
"""Of UTF-8: in base64 that is just under 100,000 characters, from where on some terminals drop the whole request."""
MAX_LISTED = 4
"""Files and failed commands of a turn that have a key of their own; all of them are in its memory."""

What = Literal["id", "folder", "brief", "answer", "memory", "files", "file", "command"]


class Copyable(NamedTuple):
    """One thing to copy."""

    key: str
    what: What
    label: str
    """Which one it is, in one clean line of any length."""
    text: str
    """Harmless and bounded. '' for a brief that is to be made when it is chosen."""
    name: str
    """How it is called when it was copied."""
    aside: str = ""
    """A word at the end of its line: what became of the file, how the command ended."""
    note: str = ""
    """What `text` lacks of the original."""

    @property
    def said(self) -> str:
        """What to tell when it was copied."""
        return f"copied: {self.name}" + (f" ({self.note})" if self.note else "")


def of_session(session: SessionView, brief: str | None = None) -> tuple[Copyable, ...]:
    """What is the session's own. `brief` is its text where it is made already."""
    folder = [_single("d", "folder", session.cwd, "folder")] if session.cwd else []
    return (_single("i", "id", session.id, "session id"), *folder, brief_of(brief or ""))


def brief_of(markdown: str) -> Copyable:
    """The resume brief; of '' one that is still to be made."""
    return _text("b", "brief", "for a fresh session", markdown, "resume brief")


def of_turn(turn: TurnView, cwd: str) -> tuple[Copyable, ...]:
    """What a turn left; nothing that it has not. Paths may be told from `cwd`, and are copied whole."""
    return tuple(_of_turn(turn, cwd))


def count(turn: TurnView) -> int:
    """How many things `of_turn` has, without making them."""
    files, failures = turn.files_changed, turn.failed_commands
    texts = bool(turn.answer.strip()) + bool(turn.memory.strip()) + (len(files) > 1)
    return texts + len(files[:MAX_LISTED]) + len(failures[:MAX_LISTED])


def _of_turn(turn: TurnView, cwd: str) -> Iterator[Copyable]:
    files, failures = turn.files_changed, turn.failed_commands
    if turn.answer.strip():
        yield _text("a", "answer", clean(turn.answer), turn.answer, f"answer of turn {turn.n}")
    if turn.memory.strip():
        left = [plural(len(files), "file")] if files else []
        left += [f"{len(failures)} failed"] if failures else []
        yield _text("m", "memory", ", ".join(left) or "what it left", turn.memory, f"memory of turn {turn.n}")
    if len(files) > 1:
        paths = [_whole(one.path, cwd) for one in files]
        listed, note = _ready("\n".join(_one(path) for path in paths))
        note = note or _lost("".join(paths), "".join(_one(path) for path in paths))
        yield Copyable("f", "files", f"all {len(files)} paths", listed, f"{len(files)} paths", note=note)
    keys = iter("123456789")
    for one in files[:MAX_LISTED]:
        path = _single(next(keys), "file", _whole(one.path, cwd), "path")
        yield path._replace(label=clean(one.path), aside=one.kind)
    # The last ones are what the turn was left with.
    for failed in failures[-MAX_LISTED:]:
        command = _text(next(keys), "command", clean(failed.command), failed.command, "failed command")
        yield command._replace(aside=f"exit {failed.exit_code}")


def _whole(path: str, cwd: str) -> str:
    """A path from the root on."""
    if path.startswith("/") or not cwd:
        return path
    return f"{cwd.rstrip('/')}/{path.removeprefix('./')}"


def _text(key: str, what: What, label: str, text: str, name: str) -> Copyable:
    harmless, note = _ready(text)
    return Copyable(key, what, label, harmless, name, note=note)


def _single(key: str, what: What, text: str, name: str) -> Copyable:
    """Something that is one line whatever it is made of."""
    item = _text(key, what, clean(text), _one(text), name)
    return item._replace(note=item.note or _lost(text, item.text))


def _ready(text: str) -> tuple[str, str]:
    """The text as it may be pasted, and what it lacks."""
    most = text[:MAX_BYTES]  # (no character has less than a byte)
    harmless = _trimmed(_harmless(most))
    data = harmless.encode()
    if len(most) == len(text) and len(data) <= MAX_BYTES:
        return harmless, _lost(_trimmed(text.replace("\r\n", "\n")), harmless)
    kept = data[:MAX_BYTES].decode("utf-8", "ignore").rstrip()
    whole = len(text.encode("utf-8", "replace"))
    return kept, f"the first {len(kept.encode()) // 1000} of {-(-whole // 1000)} kB"


def _trimmed(text: str) -> str:
    return text.lstrip("\n").rstrip()


def _lost(text: str, harmless: str) -> str:
    return "" if text == harmless else "hidden characters left out"


def _harmless(text: str) -> str:
    """`plain`, but that a tab stays one: in a command it means something."""
    return "\t".join(plain(part) for part in text.split("\t"))


def _one(text: str) -> str:
    """One line: a line feed in a path is Enter where it is pasted, and a tab asks a shell to complete."""
    return "".join(_harmless(text).split("\n")).replace("\t", "")
