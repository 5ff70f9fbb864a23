"""The place in a turn that a search found: its field, a few words around it, and where in them the terms are."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from store.plain_text import one_line
from store.search_terms import COLUMNS, Field, Term, fold
from store.words import SEPARATOR

LENGTH = 110
"""Characters of a snippet, about a dozen words and their surroundings."""
BEFORE = 40
"""Characters that may stand before the match."""
REACH = LENGTH - BEFORE
MATCHES = 20
"""So many matches of a term are compared: behind them the text is more of the same."""

Range = tuple[int, int]


class Snippet(NamedTuple):
    """One line of plain text; `ranges` are the places of the terms in it, in order and apart."""

    field: Field
    text: str
    ranges: tuple[Range, ...]


class _Span(NamedTuple):
    start: int
    end: int
    term: int


def cut(fields: Mapping[Field, str], terms: Sequence[Term]) -> Snippet:
    """The snippet of the field in which most terms are found; of equal fields the first in the order of `COLUMNS`."""
    most = 0
    at: Field = next((field for field in COLUMNS if fields[field]), "prompt")
    text = fields[at].replace(SEPARATOR, " · ")
    for field in COLUMNS:
        looked_for = [term for term in terms if term.looks_at(field)]
        # A list is shown by its best entry: the others say nothing about the match.
        for entry in fields[field].split(SEPARATOR) if field in ("files", "commands") else (fields[field],):
            folded = fold(_composed(entry))
            found = sum(term.pattern.search(folded) is not None for term in looked_for)
            if found > most:
                most, at, text = found, field, entry
    shown = [term for term in terms if term.looks_at(at)]
    line = _window(_composed(text), shown)
    return Snippet(at, line, ranges_of(line, shown))


def _composed(text: str) -> str:
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def _window(text: str, terms: Sequence[Term]) -> str:
    start, end = _densest(fold(text), terms)
    begin = max(0, start - BEFORE)
    if begin and (gap := re.search(r"\s", text[begin:start])):
        begin += gap.end()
    stop = min(len(text), max(begin + LENGTH, min(end, begin + 2 * LENGTH)))
    if stop < len(text) and (cut_off := re.search(r"\s\S*\Z", text[end:stop])):
        stop = end + cut_off.start()
    before = "… " if text[:begin].strip() else ""
    after = " …" if text[stop:].strip() else ""
    return before + one_line(text[begin:stop]) + after


def _densest(folded: str, terms: Sequence[Term]) -> Range:
    """The first match with as many different terms within reach behind it as one line can show."""
    spans = sorted(
        _Span(*match.span(), number)
        for number, term in enumerate(terms)
        for match in islice(term.pattern.finditer(folded), MATCHES)
    )
    best, most, within, ahead = (0, 0), 0, Counter[int](), 0
    for span in spans:
        while ahead < len(spans) and spans[ahead].start < span.start + REACH:
            within[spans[ahead].term] += 1
            ahead += 1
        if len(within) > most:
            best, most = (span.start, span.end), len(within)
        within[span.term] -= 1
        if not within[span.term]:
            del within[span.term]
    return best


def ranges_of(text: str, terms: Sequence[Term]) -> tuple[Range, ...]:
    folded = fold(text)
    ranges: list[Range] = []
    for start, end in sorted(match.span() for term in terms for match in term.pattern.finditer(folded)):
        if ranges and start < ranges[-1][1]:
            ranges[-1] = (ranges[-1][0], max(end, ranges[-1][1]))
        elif end > start:
            ranges.append((start, end))
    return tuple(ranges)
