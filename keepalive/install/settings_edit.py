"""The smallest change of a JSON file that makes it say something else: every byte around the change stays. Pure.

A settings file belongs to a person, who ordered and indented it, and whose client may have left things in it that
nobody here knows. So nothing is written again but the member that changes. What is no plain JSON object is refused:
to guess at comments or broken brackets is how files are lost.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from keepalive.install.refusal import InstallError

BOM = "\ufeff"
_HALF = re.compile("[\ud800-\udfff]")
_SPACE = re.compile(r"[ \t\n\r]*")
_INDENT = "  "
"""Where the file itself has no line to learn from."""


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no JSON")


_DECODER = json.JSONDecoder(parse_constant=_no_constant)


@dataclass(frozen=True, slots=True)
class _Member:
    """One member of an object: its name, and where name and value stand in the text."""

    name: str
    start: int
    name_end: int
    value_start: int
    end: int


@dataclass(frozen=True, slots=True)
class _Object:
    """Where an object stands, brackets included, and its members in their order."""

    start: int
    end: int
    members: tuple[_Member, ...]

    def named(self, name: str) -> _Member | None:
        """The member of this name. Raises InstallError where there are two: readers disagree on which one counts."""
        found = [member for member in self.members if member.name == name]
        if len(found) > 1:
            raise InstallError(f"{json.dumps(name)} stands in it twice")
        return found[0] if found else None


@dataclass(frozen=True, slots=True)
class _Style:
    """What stands around a member of one object: between comma and name, and between name and value."""

    separator: str
    colon: str

    def written(self, value: object) -> str:
        """A value as it would stand there: on lines of its own where members have them."""
        if "\n" not in self.separator:
            return _dumps(value, None, (", ", ": ") if self.colon.endswith(" ") else (",", ":"))
        line_end, _, indent = self.separator.rpartition("\n")
        lines = _dumps(value, indent or _INDENT, (",", ": "))
        return lines.replace("\n", f"{line_end}\n{indent}")


def decode(data: bytes) -> str:
    """The text of a file, its byte order mark included; `text.encode()` gives the same bytes.

    Raises:
        InstallError: it is no JSON object in UTF-8; the message is the end of a sentence that names the file.
    """
    try:
        text = data.decode()
    except UnicodeDecodeError as error:
        raise InstallError("it is not UTF-8") from error
    load(text)
    return text


def load(text: str) -> dict[str, object]:
    """The object that the text is. Raises InstallError."""
    plain = text.removeprefix(BOM)
    if not plain.strip():
        raise InstallError("it is empty: write {} into it, or remove it")
    try:
        value = json.loads(plain, parse_constant=_no_constant)
    except json.JSONDecodeError as error:
        hint = " (comments cannot be kept)" if re.search(r"^\s*(//|/\*)", plain, re.MULTILINE) else ""
        raise InstallError(f"it is no valid JSON: {error.msg} in line {error.lineno}{hint}") from error
    except (ValueError, RecursionError) as error:
        raise InstallError("it is no valid JSON, or nested too deeply") from error
    if not isinstance(value, dict):
        raise InstallError("it is no JSON object")
    return value


def raw(text: str, *path: str) -> str | None:
    """A member's value as it is written, or None where there is no such member."""
    *outer, name = path
    place = _object(text, outer)
    member = place.named(name) if place else None
    return None if member is None else text[member.value_start : member.end]


def put(text: str, path: Sequence[str], value: object) -> str:
    """The text with this member set: in its place where it is there, else behind the last one."""
    return _put(text, path, lambda style: style.written(value))


def put_raw(text: str, path: Sequence[str], literal: str) -> str:
    """The same with a value that is JSON already, to the byte."""
    return _put(text, path, lambda style: literal)


def remove(text: str, path: Sequence[str]) -> str:
    """The text without this member; takes a member that `put` has added out again without a trace."""
    *outer, name = path
    place = _object(text, outer)
    member = place.named(name) if place else None
    if place is None or member is None:
        return text
    at = place.members.index(member)
    if at > 0:
        start, end = place.members[at - 1].end, member.end
    elif len(place.members) > 1:
        start, end = member.start, place.members[1].start
    else:
        start, end = place.start + 1, place.end - 1
    return text[:start] + text[end:]


def new(name: str, value: object) -> str:
    """A new file with one member."""
    return put("{}", [name], value) + "\n"


def _put(text: str, path: Sequence[str], write: Callable[[_Style], str]) -> str:
    *outer, name = path
    place = _object(text, outer)
    if place is None:
        raise InstallError(f"{json.dumps(outer[-1] if outer else name)} in it is no object")
    style = _style(text, place)
    member = place.named(name)
    if member is not None:
        return text[: member.value_start] + write(style) + text[member.end :]
    addition = f"{style.separator}{json.dumps(name)}{style.colon}{write(style)}"
    if place.members:
        end = place.members[-1].end
        return f"{text[:end]},{addition}{text[end:]}"
    closing = style.separator.removesuffix(_INDENT)
    return text[: place.start + 1] + addition + closing + text[place.end - 1 :]


def _object(text: str, path: Sequence[str]) -> _Object | None:
    """The object at a path, or None where something else stands there."""
    place = _scan(text, _skip(text, len(BOM) if text.startswith(BOM) else 0))
    for name in path:
        member = place.named(name)
        if member is None or text[member.value_start] != "{":
            return None
        place = _scan(text, member.value_start)
    return place


def _scan(text: str, start: int) -> _Object:
    """The members of the object that begins here, in a text that is known to be valid."""
    members: list[_Member] = []
    at = _skip(text, start + 1)
    while text[at] != "}":
        name, name_end = _DECODER.raw_decode(text, at)
        value_start = _skip(text, _skip(text, name_end) + 1)
        _, end = _DECODER.raw_decode(text, value_start)
        members.append(_Member(str(name), at, name_end, value_start, end))
        at = _skip(text, end)
        if text[at] == ",":
            at = _skip(text, at + 1)
    return _Object(start, at + 1, tuple(members))


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at


def _style(text: str, place: _Object) -> _Style:
    """How the last member is written; for an object without any, one line for each."""
    if not place.members:
        line_end = "\r\n" if "\r\n" in text else "\n"
        line = text[text.rfind("\n", 0, place.start) + 1 : place.start]
        return _Style(line_end + line[: len(line) - len(line.lstrip(" \t"))] + _INDENT, ": ")
    last = place.members[-1]
    colon = text[last.name_end : last.value_start]
    if "\n" in colon:
        colon = ": "
    gap = text[place.members[-2].end if len(place.members) > 1 else place.start : last.start]
    separator = gap.rpartition("," if len(place.members) > 1 else "{")[2]
    if "\n" in separator:
        line_end = "\r\n" if "\r\n" in separator else "\n"
        separator = line_end + separator.rpartition("\n")[2]
    elif len(place.members) == 1 and not separator and colon.endswith(" "):
        separator = " "
    return _Style(separator, colon)


def _dumps(value: object, indent: str | None, separators: tuple[str, str]) -> str:
    text = json.dumps(value, ensure_ascii=False, indent=indent, separators=separators)
    if _HALF.search(text):  # valid as an escape alone
        return json.dumps(value, indent=indent, separators=separators)
    return text
