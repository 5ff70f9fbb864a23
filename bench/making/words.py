"""Made-up text in bulk: words by Zipf's law, prose and code made of them, cut out of blocks that are built once.

A gigabyte of transcripts needs no gigabyte of randomness: a block of some megabytes is built word by word, and every
text is a run of its lines. All text is JSON string content already (quotes, newlines and tabs escaped), so a record is
put together without encoding anything.
"""

from __future__ import annotations

import random
from bisect import bisect_left
from dataclasses import dataclass
from itertools import accumulate

VOCABULARY = 30_000
_PROSE_LINES, _CODE_LINES = 14_000, 45_000
_ONSETS = (*"bcdfghjklmnprstvwz", "br", "ch", "dr", "fl", "gr", "kl", "pl", "qu", "st", "tr")
_NUCLEI = (*"aeiou", "ai", "ea", "io", "ou")
_CODAS = ("", "", "", *"lmnrst", "nd", "rk", "st")
_SPECIAL = ("’", "→", "✓", "é", "—", "ü")
_CODE = (
    "{i}{a} := {b}.{c}({d}, {e})",
    '{i}if {a} != nil {{ return \\"{b} {c}\\" }}',
    "{i}def {a}_{b}(self, {c}: {d}) -> {e}:",
    "{i}for {a}, {b} in {c}.{d}({e}):",
    "\\t{a} = append({a}, {b}{{{c}: {d}, {e}: 0}})",
    "{i}// {a} {b} {c} {d} {e}",
    "{i}return {a}.{b}({c})",
    "{a}/{b}/{c}_{d}.go:{n}: {e}",
    "}}",
    "",
)


@dataclass(frozen=True)
class Block:
    """Lines of text as JSON string content; `starts[i]` is where line i begins."""

    text: str
    starts: list[int]

    @classmethod
    def of(cls, lines: list[str]) -> Block:
        """The block of some lines."""
        starts = [0, *accumulate(len(line) + 2 for line in lines)]
        return cls("\\n".join(lines) + "\\n", starts[:-1])

    def span(self, rng: random.Random, size: int) -> tuple[int, int]:
        """A random run of whole lines of about `size` characters, as line numbers."""
        size = min(size, len(self.text) // 2)
        first = int(rng.random() * bisect_left(self.starts, len(self.text) - size))
        return first, max(first + 1, bisect_left(self.starts, self.starts[first] + size))

    def lines(self, first: int, end: int) -> str:
        """The text of the lines first..end-1, without the last newline."""
        last = self.starts[end] if end < len(self.starts) else len(self.text)
        return self.text[self.starts[first] : last - 2]

    def cut(self, rng: random.Random, size: int) -> str:
        """A random run of about `size` characters: whole lines, or words of one where less is asked for."""
        text = self.lines(*self.span(rng, size))
        if len(text) > 2 * size:
            text = text[: text.rfind(" ", 0, size) if " " in text[:size] else size].rstrip("\\")
        return text


class Words:
    """The vocabulary of one corpus and the blocks built from it."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"{seed}/words")
        words = dict.fromkeys(_word(rng) for _ in range(int(VOCABULARY * 1.3)))
        self.words = list(words)[:VOCABULARY]
        """Most common first: the word of rank r comes up in proportion to 1 / (r + 2.7)."""
        self._weights = list(accumulate(1 / (rank + 2.7) for rank in range(len(self.words))))
        self.prose = Block.of(self._prose(rng))
        code = self._code(rng)
        self.code = Block.of(code)
        self.numbered = Block.of([f"{number % 2000 + 1:6}→{line}" for number, line in enumerate(code)])
        """The same lines of code as a tool shows a file: line n here is line n there."""

    def some(self, rng: random.Random, count: int) -> list[str]:
        """Words by their frequency."""
        return rng.choices(self.words, cum_weights=self._weights, k=count)

    def rare(self, rng: random.Random) -> str:
        """A word that few texts have."""
        return self.words[int(len(self.words) * (0.3 + 0.7 * rng.random()))]

    def _prose(self, rng: random.Random) -> list[str]:
        lines = []
        for _ in range(_PROSE_LINES):
            words = self.some(rng, rng.randint(6, 34))
            words[0] = words[0].capitalize()
            if rng.random() < 0.15:
                words[len(words) // 2] = f"`{words[len(words) // 2]}.{words[-1]}`"
            if rng.random() < 0.04:
                words.append(rng.choice(_SPECIAL))
            lines.append(" ".join(words) + ".")
        return lines

    def _code(self, rng: random.Random) -> list[str]:
        lines = []
        for _ in range(_CODE_LINES):
            names = dict(zip("abcde", self.some(rng, 5), strict=True))
            form = _CODE[int(rng.random() * len(_CODE))]
            lines.append(form.format(i="    " * rng.randint(0, 4), n=rng.randint(1, 900), **names))
        return lines


def _word(rng: random.Random) -> str:
    syllables = 1 + (rng.random() < 0.75) + (rng.random() < 0.35)
    return "".join([*(rng.choice(_ONSETS) + rng.choice(_NUCLEI) for _ in range(syllables)), rng.choice(_CODAS)])
