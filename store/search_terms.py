"""What a person types into the search, read as terms. Pure, and total: every text is a query.

Words are joined by AND. Each becomes a quoted string of FTS5, so no character of it is an operator: `AND`, `*`, `^`
and brackets are text. The last word is taken as the beginning of one while nothing follows it, `"two words"` is a
phrase, `files:login.py` looks at one field. A minus sign excludes nothing: people search for `--json` and `-q`.

Two kinds of term are more than FTS5 can answer, so a turn's text is checked for them afterwards: signs without a letter
(`->`, `c++`), and text in scripts that do not separate words (to FTS5 a whole Chinese sentence is one word). Two more
are slow in it, since it has lists of beginnings for two and for three letters alone and else joins those of all words:
a single letter (up to 80 ms at 100,000 turns) and four or more (up to 30 ms, and memory). They have a `quick` form.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Literal

Field = Literal["prompt", "commands", "files", "answer"]
COLUMNS: dict[Field, str] = {"prompt": "prompt", "commands": "failed", "files": "paths", "answer": "answer"}
"""Fields and their columns; of fields that match equally well the first one is shown."""

_NAMES: dict[str, Field] = {
    "prompt": "prompt",
    "prompts": "prompt",
    "command": "commands",
    "commands": "commands",
    "failed": "commands",
    "file": "files",
    "files": "files",
    "path": "files",
    "answer": "answer",
    "answers": "answer",
}
MAX_QUERY = 1_000
"""Characters of a query that are looked at."""
MAX_TERMS = 32
LONGEST_LISTED = 3
"""Letters of the longest beginnings of words that the index has a list for."""

_PIECE = re.compile(
    rf'(?:(?P<phrase_field>{"|".join(_NAMES)}):)?"(?P<phrase>[^"]*)(?P<end>"?)'
    rf"|(?:(?P<field>{'|'.join(_NAMES)}):(?=\S))?(?P<word>\S+)",
    re.IGNORECASE,
)
# NUL ends a query for FTS5, and half of a surrogate pair cannot be passed on.
_UNUSABLE = re.compile("[\x00\ud800-\udfff]")
_TOKEN = re.compile(r"[^\W_]+")
_NOT_AFTER = r"(?![^\W_])"
_UNSEPARATED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff"  # Thai, Lao, Burmese, Khmer
    "\u3040-\u30ff\u31f0-\u31ff\uff66-\uff9f"  # Japanese syllables
    "\u3400-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"  # Chinese characters
)


@dataclass(frozen=True, slots=True)
class Term:
    """One thing that a turn must hold."""

    pattern: re.Pattern[str]
    """Finds it in a text that went through `fold`."""
    match: str
    """The same as an FTS5 expression; empty when FTS5 cannot help."""
    quick: str
    """One that is answered at once and finds as much or more; `match` itself where that is quick. Empty: everything."""
    exact: bool
    """Whether `match` says it all; else the turn's text has to be checked."""
    field: Field | None = None
    guesses: int = 0
    """Where `quick` is another expression: so many of its matches may be read for each that is wanted, before `match`
    is asked. A letter begins a word of most texts; what goes on after three letters is rarer."""
    literal: str = ""
    """What SQLite itself can look for in the texts before they are checked here; empty: nothing."""

    def looks_at(self, field: Field) -> bool:
        """Whether this field counts for the term."""
        return self.field is None or self.field == field


class _Folding(dict[int, str]):
    def __missing__(self, code: int) -> str:
        letter = chr(code)
        parts = unicodedata.normalize("NFD", letter)
        folded = (parts[0] if all(map(unicodedata.combining, parts[1:])) else letter).lower()
        self[code] = folded if len(folded) == 1 else letter
        return self[code]


_FOLDING = _Folding()


def fold(text: str) -> str:
    """Small letters without accents, as the index has them; every character keeps its place."""
    return text.lower() if text.isascii() else text.translate(_FOLDING)


def parse(query: str) -> tuple[Term, ...]:
    """The terms of a query, in its order; none for a query without anything to look for."""
    query = _UNUSABLE.sub(" ", unicodedata.normalize("NFC", query[:MAX_QUERY])).lstrip()
    terms = []
    for piece in _PIECE.finditer(query):
        last = piece.end() == len(query)
        if piece["word"] is not None:
            terms.append(_term(piece["word"], piece["field"], prefix=last))
        elif piece["phrase"].strip():
            terms.append(_term(piece["phrase"], piece["phrase_field"], prefix=last and not piece["end"]))
    return tuple(terms[:MAX_TERMS])


def expression(terms: tuple[Term, ...]) -> str:
    """All terms as one FTS5 expression; empty when FTS5 cannot help with any of them."""
    return " AND ".join(term.match for term in terms if term.match)


def quick_expression(terms: tuple[Term, ...]) -> str:
    """The same of what is answered at once."""
    return " AND ".join(term.quick for term in terms if term.quick)


def _term(text: str, name: str | None, *, prefix: bool) -> Term:
    field = _NAMES[name.lower()] if name else None
    prefix = prefix and not text[-1:].isspace()
    words = fold(text).split()
    tokens = _TOKEN.findall(" ".join(words))
    as_typed = re.compile(r"\s+".join(map(re.escape, words)))
    if not tokens or _UNSEPARATED.search(text):
        longest = max(text.split(), key=len)
        caseless = longest.lower() == longest.upper()  # SQLite would find it in one spelling alone
        return Term(as_typed, "", "", exact=False, field=field, literal=longest if caseless else "")
    if len(tokens) == 1 and len(tokens[0]) == 1 and words != tokens:
        letter = _expression(tokens, field)
        return Term(as_typed, letter, letter, exact=False, field=field)
    first, *others = map(re.escape, tokens)
    # The letter before is looked at after the first letter: a pattern that begins with a letter is found quickly.
    start = re.escape(tokens[0][0])
    whole = start + rf"(?<![^\W_]{start})" + first.removeprefix(start)
    pattern = re.compile(r"[\W_]+".join([whole, *others]) + ("" if prefix else _NOT_AFTER))
    match = _expression([text], field) + (" *" if prefix else "")
    if prefix and len(tokens[-1]) == 1:
        return Term(pattern, match, _expression(tokens[:-1], field), exact=True, field=field, guesses=8)
    if prefix and len(tokens[-1]) > LONGEST_LISTED and text.isascii():
        listed = _expression([*tokens[:-1], tokens[-1][:LONGEST_LISTED]], field) + " *"
        return Term(pattern, match, listed, exact=True, field=field, guesses=2)
    return Term(pattern, match, match, exact=True, field=field)


def _expression(words: list[str], field: Field | None) -> str:
    if not words:
        return ""
    quoted = '"' + " ".join(words).replace('"', '""') + '"'
    return quoted if field is None else f"{COLUMNS[field]} : {quoted}"
