"""Our part of the client's status line: the command that runs ours below the person's own, in and out of settings.

Pure. What a person has set stays: their command goes into the wrapper as it is, and the members beside it (padding, an
interval of their own) are not touched.
"""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import PurePath

from keepalive.install.record import StatusLine
from keepalive.install.settings_edit import load, new, put, put_raw, raw, remove

KEY = "statusLine"
REFRESH_SECONDS = 5
"""How often the client runs the line between its own events: a countdown that stands still says nothing."""

_WORD = r"""(?:'[^']*'|"[^"$`\\]*"|[^\s'"$`\\;&|<>()])+"""
_CALL = re.compile(
    rf"\s*(?P<before>(?:env\s+)?(?:[A-Za-z_]\w*={_WORD}\s+)*)(?P<program>{_WORD})(?P<rest>\s+statusline(?:\s.*)?)",
    re.DOTALL,
)
_MENTION = re.compile(r"\bwarmside['\"]?\s+statusline\b")


@dataclass(frozen=True, slots=True)
class Call:
    """A command that is a call of ours: what stands before the program, the program, and all behind it as written."""

    before: str
    program: str
    rest: str

    @property
    def wrapped(self) -> str | None:
        """The person's own command in it; None where there is none, or in another form."""
        try:
            words = shlex.split(self.rest)
        except ValueError:
            return None
        return words[2] if len(words) == 3 and words[1] == "--wrap" else None

    def by(self, program: str) -> str:
        """The same call of another program."""
        return f"{self.before}{shlex.quote(program)}{self.rest}"


@dataclass(frozen=True, slots=True)
class Edited:
    """Settings with or without our line. `text` None: there was no file, and there is to be none."""

    text: str | None
    line: StatusLine | None
    note: str = ""


def command(program: str, own: str | None) -> str:
    """What the client is to run."""
    called = f"{shlex.quote(program)} statusline"
    return f"{called} --wrap {shlex.quote(own)}" if own and own.strip() else called


def call_of(command: str) -> Call | None:
    """The command as a call of ours, or None for anything else."""
    found = _CALL.fullmatch(command)
    if found is None:
        return None
    (program,) = shlex.split(found["program"])
    return Call(found["before"], program, found["rest"]) if PurePath(program).name == "warmside" else None


def add(text: str | None, program: str, recorded: StatusLine | None, runs: Callable[[str], bool]) -> Edited:
    """Settings with our line in them. `runs`: whether a program that stands there already can be started.

    Raises:
        InstallError: the file is none that can be edited.
    """
    fresh = {"type": "command", "command": command(program, None), "refreshInterval": REFRESH_SECONDS}
    if text is None:
        text = new(KEY, fresh)
        return Edited(text, StatusLine(None, raw(text, KEY) or ""))
    before = raw(text, KEY)
    if before is None:
        return _with(put(text, [KEY], fresh), None)
    value = load(text)[KEY]
    own = value.get("command") if isinstance(value, dict) else None
    if not isinstance(value, dict) or not isinstance(own, str) or value.get("type", "command") != "command":
        return Edited(text, None, f"{KEY} is no command: it stays as it is, without a line of ours")
    call = call_of(own)
    if call is not None:
        if recorded is None and runs(call.program):
            return Edited(text, None, f"{KEY} calls warmside already: it stays as it is, also when you uninstall")
        moved = call.by(program)
        if shlex.split(moved) == shlex.split(own):
            return Edited(text, recorded)
        return _with(put(text, [KEY, "command"], moved), recorded.before if recorded else before)
    if _MENTION.search(own):
        return Edited(text, None, f"{KEY} calls warmside already, in a way of your own: it stays as it is")
    text = put(text, [KEY, "command"], command(program, own))
    if "refreshInterval" not in value:
        text = put(text, [KEY, "refreshInterval"], REFRESH_SECONDS)
    return _with(text, before)


def take_out(text: str, recorded: StatusLine) -> Edited:
    """Settings without what `add` put into them; what somebody else has put there since stays, with a note.

    Raises:
        InstallError: the file is none that can be edited.
    """
    now = raw(text, KEY)
    if now in (None, recorded.before):  # an install or an uninstall that did not come to its end
        return Edited(text, None)
    if now == recorded.after:
        return Edited(_former(text, recorded), None)
    value, ours = load(text)[KEY], _command(recorded.after)
    own = value.get("command") if isinstance(value, dict) else None
    call = call_of(own) if isinstance(own, str) else None
    if call is None and own != ours:
        return Edited(text, None, f"{KEY} was changed since and is not warmside's any more: it stays as it is")
    wrapped = call.wrapped if call else None
    if recorded.before is None and (own == ours or wrapped is None):
        return Edited(remove(text, [KEY]), None)
    if own == ours or wrapped is None:
        literal = raw(recorded.before or "{}", "command") or '""'
        text = put_raw(text, [KEY, "command"], literal)
    else:
        text = put(text, [KEY, "command"], wrapped)
    if recorded.before is not None and raw(recorded.before, "refreshInterval") is None:
        added = raw(recorded.after, "refreshInterval")
        if added is not None and raw(text, KEY, "refreshInterval") == added:
            text = remove(text, [KEY, "refreshInterval"])
    return Edited(text, None)


def _with(text: str, before: str | None) -> Edited:
    return Edited(text, StatusLine(before, raw(text, KEY) or ""))


def _former(text: str, recorded: StatusLine) -> str:
    return remove(text, [KEY]) if recorded.before is None else put_raw(text, [KEY], recorded.before)


def _command(written: str) -> object:
    value = json.loads(written)
    return value.get("command") if isinstance(value, dict) else None
