"""What a person types into the history's field: words to look for, with filters among them. Pure.

`project:api agent:codex after:7d before:2026-11-20 failed: lock` - everything that is no filter goes to the search as
it is, so that quotes and field names mean there what they mean on the command line. A filter that cannot be read
spoils nothing: the query says why in one line, and whoever shows results keeps those that it has. While it is still
being typed (nothing follows it) that line is a hint and no complaint, and the query asks for the rest.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta, tzinfo

from msgspec import Struct
from msgspec.structs import replace

from store.history import Overview
from store.search import EVERYTHING, Filters
from store.search_terms import Term, parse
from store.session_filter import SessionFilter
from tui import filters
from tui.format import clean

EXAMPLE, SHORT_EXAMPLE = "words, project:api, failed:, after:7d", "words, project:api, failed:"
CALLED = {"since": "after", "until": "before"}
"""The name under which a filter is shown."""
MOMENT_EXAMPLE = "today, 7d or 2026-11-24"
FAILED_ONLY, FAILED_OR_NOT = frozenset({"", "yes", "true", "only", "1"}), frozenset({"no", "false", "any", "0"})
"""What may follow `failed:` as a filter; anything else is looked for in the commands that failed."""
SUGGESTED = 4
"""So many names are told where one is not known."""

_PIECE = re.compile(
    r'(?P<name>project|agent|after|since|before|until):(?P<value>"[^"]*"?|\S*)'
    r'|failed:(?P<failed>"[^"]*"?|\S*)'
    r'|(?:\w+:)?"[^"]*"?|\S+',
    re.IGNORECASE,
)


class Query(Struct, frozen=True):
    """A query as read: what to look for, or why it cannot be said."""

    text: str = ""
    words: str = ""
    """For the search."""
    filters: Filters = EVERYTHING
    told: tuple[tuple[str, str], ...] = ()
    """The filters as typed: (name, value)."""
    problem: str = ""
    """What is wrong with a filter: one line."""
    typing: bool = False
    """Only with the last one, which is still being typed: the rest can be asked meanwhile."""
    terms: tuple[Term, ...] = ()

    @property
    def askable(self) -> bool:
        """Whether an answer to it would be what was meant."""
        return not self.problem or self.typing

    def asks_like(self, other: Query) -> bool:
        """Whether both have the same answer."""
        return (self.words, self.filters) == (other.words, other.filters)

    @property
    def phrase(self) -> str:
        """Bare words that could have been meant as one phrase; '' where there is nothing to tell apart."""
        words = self.words.split()
        return " ".join(words) if len(words) > 1 and not set(self.words) & {'"', ":"} else ""

    @property
    def of_signs(self) -> bool:
        """Whether it looks for signs alone, `->`: the index has none, so turns are read for it, the newest first."""
        return bool(self.terms) and not any(map(str.isalnum, self.words))

    @property
    def of_turns(self) -> bool:
        """Whether it looks for turns; else it only says which sessions are listed."""
        return bool(self.terms) or self.filters.failed


def read(text: str, known: Overview, now: float, zone: tzinfo | None) -> Query:
    """The query that `text` is. `known` has the names that filters may use; `zone` None is the machine's."""
    query = Query(text)
    words, told = text, list[tuple[str, str]]()
    for piece in _PIECE.finditer(text):
        if piece["failed"] is not None:
            value = piece["failed"].lower()
            only, either = value in FAILED_ONLY, value in FAILED_OR_NOT
            told.append(("failed", "" if only else "any" if either else piece["failed"].strip('"')))
            if not (only or either):
                continue  # words, for the search's field of that name
            query = replace(query, filters=replace(query.filters, failed=only))
        elif piece["name"] is not None:
            name, value = piece["name"].lower(), piece["value"].strip('"')
            try:
                query = replace(query, filters=_with(query.filters, name, value, known, now, zone))
            except ValueError as error:
                last = piece.end() == len(text)
                # The first complaint stands: it will not go away by typing on.
                if not query.problem:
                    query = replace(query, problem=f"{name}: {error}", typing=last)
            told.append((name, value))
        else:
            continue
        # Blanked and not cut out: the words before it are whole ones now.
        words = words[: piece.start()] + " " * len(piece[0]) + words[piece.end() :]
    if not words.strip():
        words = ""
    return replace(query, words=words, told=tuple(told), terms=parse(words))


def completed(text: str, known: Overview) -> str | None:
    """`text` with the name at its end written out, as the most used one that begins so; None where there is none.

    Only what can go on where it was begun: a name of several words needs the quote before it.
    """
    last = next(reversed([*_PIECE.finditer(text)]), None)
    name_of = {"project": known.projects, "agent": known.agents}
    names = name_of.get((last["name"] or "").lower(), ()) if last is not None and last.end() == len(text) else ()
    if last is None or not names:
        return None
    quote = '"' if last["value"].startswith('"') else ""
    begun = last["value"].removeprefix('"')
    if begun.casefold() in map(str.casefold, names):
        return None
    for name in names:
        typeable = clean(name) == name and not set(name) & {'"', "/"} and (quote or " " not in name)
        if typeable and name[: len(begun)].casefold() == begun.casefold():
            return text + name[len(begun) :] + quote
    return None


def with_filter(text: str, name: str) -> tuple[str, int]:
    """`text` with this filter's word in it, and where its value is typed. `failed:` needs none: it is put in or taken
    out."""
    for piece in _PIECE.finditer(text):
        if name == "failed" and piece["failed"] is not None:
            rest = f"{text[: piece.start()].rstrip()} {text[piece.end() :].lstrip()}".strip()
            return rest, len(rest)
        if piece["name"] is not None and CALLED.get(piece["name"].lower(), piece["name"].lower()) == name:
            return text, piece.end()
    begun = f"{text.rstrip()} {name}:".lstrip() + (" " if name == "failed" else "")
    return begun, len(begun)


def _with(old: Filters, name: str, value: str, known: Overview, now: float, zone: tzinfo | None) -> Filters:
    if name in ("project", "agent"):
        return replace(old, sessions=_sessions(old.sessions, name, value, known))
    moment: Callable[[str, float, tzinfo | None], float] = filters.until if name == "until" else filters.since
    try:
        at = moment(_day(value, now, zone), now, zone)
    except ValueError:
        raise ValueError(f"try {MOMENT_EXAMPLE}") from None
    return replace(old, since=at) if name in ("after", "since") else replace(old, until=at)


def _sessions(old: SessionFilter, name: str, value: str, known: Overview) -> SessionFilter:
    names = known.projects if name == "project" else known.agents
    is_folder = name == "project" and (value in (".", "..", "~") or "/" in value)
    if not is_folder and value.casefold() not in map(str.casefold, names):
        raise ValueError(_names(value, names))
    read_now = filters.sessions(value, None) if name == "project" else filters.sessions(None, value)
    return SessionFilter(read_now.project or old.project, read_now.agent or old.agent)


def _names(value: str, names: Sequence[str]) -> str:
    """The names that come near, or those used most."""
    wanted = value.casefold()
    near = [one for one in names if one.casefold().startswith(wanted)]
    near += [one for one in names if wanted in one.casefold() and one not in near]
    shown = [clean(one) for one in (near or names)[:SUGGESTED]]
    listed = ", ".join(shown) + (" …" if len(near or names) > len(shown) else "")
    return listed if near else f"none is called {clean(value)}: {listed or 'nothing is stored yet'}"


def _day(value: str, now: float, zone: tzinfo | None) -> str:
    """`today` and `yesterday` as dates, anything else as it is."""
    days = {"today": 0, "yesterday": 1}.get(value.strip().lower())
    if days is None:
        return value
    today: date = datetime.fromtimestamp(now, zone).date()
    return (today - timedelta(days=days)).isoformat()
